"""How long a run rests for its counter, and which of the counter's changes it keeps, by what the probe timed.

A suite says how long a device rests; the counter says how long that has to be at least. The power at rest is known from
the counter's own changes, so whatever a suite's protocol says, each rest lasts until it has shown some.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from joulemark.errors import MeasurementImpossible
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.record.trace import Timing
    from joulemark.suite import Protocol

REST_S = 1.0
"""Rest after the counter has settled: from this the power at rest around a window is known."""

REST_CHANGES = 3
"""Changes of the counter behind the time in which it settles: the first ends the bracket of the window before, and two
steps between three of them tell the power at rest."""

IDLE_CHANGES = 5
IDLE_PERIODS = 5
"""An idle span shows the counter so many times at least."""

THIN_S = 0.5
THIN_SHARE = 1 / 20
"""In the idle spans a change of the counter is kept twice a second, or twenty times in a span where that is more often;
the rests between windows keep all."""

STILL_S = 2.0
STILL_PERIODS = 5
"""A counter that does not move for so long is not waited for; the window's uncertainty then says so."""

BARE_IDLE_PERIODS = 100
"""A counter that needs no settling is read at the edges of an idle span, each off by a hundredth of it at most."""

MOST_WINDOWS = 5000
"""A trace holds 20,000 spans, and a window brings two (`record.trace.Trace`)."""


@dataclass(frozen=True, kw_only=True)
class RestPlan:
    """Durations in seconds. `rest_s` is behind a window or the warm-up, settling included; `idle_s` a whole idle span.

    `rest_changes` and `idle_changes`: how many changes of the counter each shows at least. `thin_s`: how far apart the
    changes are that an idle span keeps. `still_s`: how long a counter that stands still is waited for.
    """

    rest_s: float
    rest_changes: int
    idle_s: float
    idle_changes: int
    thin_s: float
    still_s: float

    @classmethod
    def of(cls, protocol: Protocol, timing: Timing | None, *, counter_period_s: float) -> Self:
        """For a counter as it was timed; None is one that needs no settling and moves every `counter_period_s`."""
        if timing is None:
            idle_s = max(protocol.idle_s, BARE_IDLE_PERIODS * counter_period_s)
            return cls(rest_s=0.0, rest_changes=0, idle_s=idle_s, idle_changes=0, thin_s=0.0, still_s=STILL_S)
        period_s = timing.period_us / 1e6
        idle_s = max(protocol.idle_s, IDLE_PERIODS * period_s)
        return cls(
            rest_s=timing.settle_us / 1e6 + REST_S,
            rest_changes=REST_CHANGES,
            idle_s=idle_s,
            idle_changes=IDLE_CHANGES,
            thin_s=min(THIN_S, THIN_SHARE * idle_s),
            still_s=max(STILL_S, STILL_PERIODS * period_s),
        )


def require_ticks(protocol: Protocol, *, settles: bool) -> None:
    """Raises MeasurementImpossible where no counter could tell the energy that this protocol asks for.

    `settles` says whether the meter has a counter that is read by its own changes, as a GPU's is.
    """
    if protocol.mode == "latency" and not settles:
        raise MeasurementImpossible(
            _(
                "This suite measures each query separately, with pauses between them (mode "
                "`latency`). That needs a GPU's energy counter, which separates work from pauses; "
                "this meter cannot. Choose a suite of mode `throughput` (`joulemark suite list`), or "
                "a machine with a GPU."
            )
        )
    if protocol.windows_max > MOST_WINDOWS:
        raise MeasurementImpossible(
            _(
                "This suite allows {windows_max} windows, but a result can have at most "
                "{most_windows}. Lower its `windows_max`."
            ).format(windows_max=protocol.windows_max, most_windows=MOST_WINDOWS)
        )
