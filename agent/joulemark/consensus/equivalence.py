"""Degrees of equivalence: how far each contributor lies from all others, and whether that is more than chance.

As in key comparisons of national laboratories (Cox 2002, 2007, doi:10.1088/0026-1394/44/3/005), in the leave-one-out
form: the reference is the centre without the one that is judged, so the two are independent and their variances add.
Nobody is excluded for a degree of equivalence; it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot
from typing import TYPE_CHECKING

import numpy as np

from joulemark.consensus.interval import relative, shifts

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from joulemark.consensus.centre import Centre, Floats

COVERAGE = 2.0
"""k of U(d)."""


@dataclass(frozen=True, kw_only=True)
class DegreeOfEquivalence:
    """`energy_per_query_j` is what the contributor says, `d` that over the others' centre less 1, `expanded_u` its U.

    U has k = 2 and is relative. `heed` is how much of the contributor's voice the cell's value heeds, from 0 to 1;
    `shift` is what leaving it out does to the value, relative.
    """

    contributor: Hashable
    energy_per_query_j: float
    d: float
    expanded_u: float
    heed: float
    shift: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within its uncertainty."""
        return abs(self.d) <= self.expanded_u


def equivalences(
    contributors: Sequence[Hashable],
    centre: Centre,
    values: Floats,
    weights: Floats,
    uncertainties: Sequence[float],
    dark: float,
) -> list[DegreeOfEquivalence]:
    """One for each voice, in the given order; none where there is nobody to compare with."""
    if len(values) < 2:
        return []
    moved = shifts(centre, values)
    u_reference = centre.spread / np.sqrt(max(centre.effective - 1, 1.0))
    return [
        DegreeOfEquivalence(
            contributor=contributor,
            energy_per_query_j=exp(float(values[place])),
            d=relative(float(values[place] - centre.value - moved[place])),
            expanded_u=COVERAGE * hypot(uncertainties[place], dark, float(u_reference)),
            heed=float(centre.pull[place] / weights[place]),
            shift=relative(float(moved[place])),
        )
        for place, contributor in enumerate(contributors)
    ]
