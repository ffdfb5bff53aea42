"""The `derivative` estimator: power from the counter's own changes, integrated from a window's start to its end.

Between two changes the counter rose by so much in such a time: that is the mean power in between, told `delay` later.
Its integral over the window needs no power at rest and no settled rest, so what is wrong with those shows here. What it
cannot know is where within a step the load began: a step across an edge is taken as even.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.errors import TraceIncomplete
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.energy.changes import Changes
    from joulemark.record.trace import Span, Timing

EVEN_SHARE = 0.25
"""Of a step, or of the time over which a counter blurs, times the change of power: the most that taking it as even can
misplace at an edge, f (1 - f) at its largest."""


@dataclass(frozen=True, kw_only=True)
class Derivative:
    """Joules of each window.

    `edge_j`: what taking the steps at its two edges as even may misplace, standard (k = 1), and of one sign in all
    windows. `read_j`: from the times and the resolution of these steps, independent from window to window.
    """

    energy_j: tuple[float, ...]
    edge_j: tuple[float, ...]
    read_j: tuple[float, ...]


def derivative(changes: Changes, windows: Sequence[Span], timing: Timing) -> Derivative:
    """Every window, from all changes of one counter. Raises TraceIncomplete where none lies beyond an edge."""
    delay_s = timing.delay_us / 1e6
    t_s = changes.middle_s() - delay_s
    starts_s = np.array([span.start_us for span in windows]) / 1e6
    ends_s = np.array([span.end_us for span in windows]) / 1e6
    if not len(t_s) or starts_s.min() < t_s[0] or ends_s.max() > t_s[-1]:
        raise TraceIncomplete(_("The counter did not move on both sides of every window."))
    energies_j = np.interp(ends_s, t_s, changes.energy_j) - np.interp(starts_s, t_s, changes.energy_j)
    blur_s = max(timing.settle_us - abs(timing.delay_us), 0) / 1e6
    lengths_s = np.diff(t_s)
    powers_w = np.diff(changes.energy_j) / np.maximum(lengths_s, 1e-9)
    edges = [
        _edges(changes, t_s, at_s, lengths_s=lengths_s, powers_w=powers_w, blur_s=blur_s)
        for at_s in (starts_s, ends_s)
    ]
    return Derivative(
        energy_j=tuple(energies_j.tolist()),
        edge_j=tuple(((edges[0][0] + edges[1][0]) / sqrt(3)).tolist()),
        read_j=tuple(np.sqrt(edges[0][1] ** 2 + edges[1][1] ** 2 + changes.resolution_j**2 / 6).tolist()),
    )


def _edges(
    changes: Changes,
    t_s: NDArray[np.float64],
    at_s: NDArray[np.float64],
    *,
    lengths_s: NDArray[np.float64],
    powers_w: NDArray[np.float64],
    blur_s: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the steps across these times, in joules: the most that evenness misplaces, and what their times leave open.

    `lengths_s` and `powers_w` are those of every step. A counter that blurs shows the change of power over the whole of
    its blur: so far to both sides it is looked for.
    """
    last = len(t_s) - 1
    after = np.clip(t_s.searchsorted(at_s, side="left"), 1, last)
    step = after - 1  # of the powers, the one that ends with change `after`
    spread_s = np.maximum(lengths_s[step], blur_s)
    first = np.clip(t_s.searchsorted(at_s - spread_s, side="left") - 2, 0, last - 1)
    behind = np.clip(t_s.searchsorted(at_s + spread_s, side="left") + 1, 1, last)
    edges = np.column_stack((first, behind)).ravel()  # of them every second begins a part that is looked at
    bounded_w = np.append(powers_w, powers_w[-1])  # a part may end behind the last step
    highest_w, lowest_w = (of.reduceat(bounded_w, edges)[::2] for of in (np.maximum, np.minimum))
    widths_s = (changes.high_s - changes.low_s)[after] / sqrt(12)
    return EVEN_SHARE * (highest_w - lowest_w) * spread_s, widths_s * highest_w
