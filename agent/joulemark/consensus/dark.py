"""Dark uncertainty: what voices differ by beyond what they state (Thompson and Ellison 2011).

By the condition of Paule and Mandel 1982 (J. Res. NBS 87, 377): with it added to every stated uncertainty, the weighted
squares of the differences from the centre sum to their degrees of freedom. Each square counts as much as the centre
heeds its voice, so that one far voice does not make everybody's uncertainty.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.consensus.centre import Floats


def paule_mandel(
    values: Floats,
    uncertainties: Sequence[float] | Floats,
    *,
    centre: float | None = None,
    heed: Floats | None = None,
) -> float:
    """The dark uncertainty (standard, in the unit of `values`); 0 where the stated ones explain the differences.

    `centre` None: the weighted mean under each trial value, as Paule and Mandel have it. `heed` between 0 and 1, 1 each
    when None. Found by bisection to a part in 1e10.
    """
    stated = np.square(np.asarray(uncertainties, dtype=np.float64))
    heed = np.ones(len(values)) if heed is None else heed
    freedom = float(heed.sum()) - 1
    if freedom <= 0:
        return 0.0

    def excess(squared: float) -> float:
        weights = heed / (stated + squared)
        middle = centre if centre is not None else float(weights @ values) / float(weights.sum())
        return float(weights @ np.square(values - middle)) - freedom

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.square(values - values.mean()).sum() + np.square(np.ptp(values)))
    while high - low > 1e-10 * max(high, 1e-6):
        half = (low + high) / 2
        low, high = (half, high) if excess(half) > 0 else (low, half)
    return sqrt(high)
