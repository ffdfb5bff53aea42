"""How a counter answers to a load that is switched on and off: how late it tells, and when it has told all."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.errors import TraceIncomplete
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.energy.changes import Changes

STEP_S = 2.0
"""How long each load of the probe lasts; and at least so long it rests after each."""
LOOKED_BACK_S = 1.5
PLATEAU_AFTER_S = 1.3
"""A counter that blurs over a second, the slowest that is known, shows the load alone from here on."""
SETTLED_WITHIN = 0.03
"""A counter has settled once the power is within this share of the load's step above the power at rest."""
MARGIN = 1.05
"""The last of a blur is below SETTLED_WITHIN: a twentieth more lets it pass."""
LONGEST_SETTLE_S = 1.5


@dataclass(frozen=True, kw_only=True)
class Response:
    """Seconds: mean time between an energy and its being told, and the time after which nothing is left to tell.

    `settled` is False when the counter was still telling when the probe ended; `settle_s` is then the longest.
    """

    period_s: float
    delay_s: float
    settle_s: float
    settled: bool


def median_period_s(changes: Changes) -> float:
    """The median time between two changes. Raises TraceIncomplete below ten."""
    if len(changes.low_s) < 10:
        raise TraceIncomplete(_("The counter hardly moves: its period cannot be told."))
    return float(np.median(np.diff(changes.middle_s())))


def response(changes: Changes, loads: Sequence[tuple[float, float]], *, period_s: float) -> Response:
    """From (on, off) times in seconds of loads of STEP_S or more with rests of STEP_S or more around them.

    Raises TraceIncomplete when the counter did not move around a load.
    """
    delays, settles = [], []
    for on_s, off_s in loads:
        rest_w, rest_at = _line(changes, on_s - LOOKED_BACK_S, on_s)
        load_w, load_at = _line(changes, on_s + PLATEAU_AFTER_S, off_s)
        if load_w <= rest_w:
            raise TraceIncomplete(_("The counter does not rise faster under load than at rest."))
        delays.append((rest_at - load_at) / (load_w - rest_w) - on_s)
        settles.append(_settle_s(changes, off_s, step_w=load_w - rest_w))
    settle_s = max(settles) * MARGIN + period_s / 2
    return Response(
        period_s=period_s,
        delay_s=fsum(delays) / len(delays),
        settle_s=min(settle_s, LONGEST_SETTLE_S),
        settled=settle_s < LONGEST_SETTLE_S,
    )


def _between(changes: Changes, from_s: float, to_s: float) -> NDArray[np.int64]:
    places = np.flatnonzero((changes.low_s >= from_s) & (changes.high_s <= to_s))
    if len(places) < 3:
        raise TraceIncomplete(
            _("The counter hardly moves between {from_s:.1f} s and {to_s:.1f} s.").format(
                from_s=from_s, to_s=to_s
            )
        )
    return places


def _line(changes: Changes, from_s: float, to_s: float) -> tuple[float, float]:
    """Slope in watts, and energy at time 0, of the straight line through the changes."""
    inside = _between(changes, from_s, to_s)
    t_s = changes.middle_s()[inside]
    slope, at_mean = np.polyfit(t_s - t_s.mean(), changes.energy_j[inside], 1)
    return float(slope), float(at_mean - slope * t_s.mean())


def _settle_s(changes: Changes, off_s: float, *, step_w: float) -> float:
    """When the last change came that told of more than rest, after the load's end."""
    rest_w, _slope = _line(changes, off_s + LOOKED_BACK_S, off_s + LOOKED_BACK_S + 1.0)
    first = changes.first_after(off_s)
    if first is None:
        raise TraceIncomplete(_("The counter stands still after the load."))
    behind = _between(changes, off_s, off_s + LOOKED_BACK_S)
    middle_s = changes.middle_s()
    powers_w = (changes.energy_j[behind] - changes.energy_j[behind - 1]) / (
        middle_s[behind] - middle_s[behind - 1]
    )
    telling = np.flatnonzero(powers_w > rest_w + SETTLED_WITHIN * step_w)
    return float(changes.high_s[behind[telling[-1]]] - off_s) if len(telling) else 0.0
