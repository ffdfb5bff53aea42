"""Which query of a measurement is next, and when: back to back, in parts, or at a phase of the counter."""

from __future__ import annotations

import math
from itertools import cycle, islice
from typing import TYPE_CHECKING

from joulemark.energy.phases import golden, lattice, starts_s

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from joulemark.meters.timer import Timer
    from joulemark.suite import Protocol
    from joulemark.workloads import Query, TimedWork

COUNTER_PERIODS = 100
"""A window lasts at least this many periods of its counter: a late tick is then under 1 % of it."""


class QueryTurns:
    """The queries of one job in the order and at the times of its protocol.

    `settled_period_s` is the period of a counter that is read by its own changes, or None; `counter_period_s` that of
    the meter. Where windows run parts, each window goes on where the one before it ended.
    """

    def __init__(
        self,
        protocol: Protocol,
        queries: Sequence[Query],
        workload: TimedWork,
        timer: Timer,
        *,
        settled_period_s: float | None,
        counter_period_s: float,
    ) -> None:
        self._protocol, self._queries, self._workload, self._timer = protocol, queries, workload, timer
        self._settled_period_s, self._counter_period_s = settled_period_s, counter_period_s
        self._ahead = iter(cycle(queries))

    def of_warm_up(self) -> Iterable[Query]:
        """So many as the protocol says; without end where it warms up until the power is steady."""
        protocol = self._protocol
        # parts begin at the other end: what ran in the warm-up should not be what is measured next
        queries = cycle(self._queries[::-1] if protocol.runs_parts else self._queries)
        return queries if protocol.warmup_s else islice(queries, protocol.warmup_queries)

    def phase_of_window(self, number: int) -> float:
        """Where in the counter's period window `number`, counted from 0, begins: a share of the period.

        A lattice where the number of windows is fixed.
        """
        count = self._protocol.windows_max
        return lattice(count)[number] if self._protocol.windows_min == count else golden(number)

    def of_window(self, number: int, *, start_us: int, query_s: float) -> Iterable[Query]:
        """The queries of window `number`, counted from 0, each when its turn has come.

        The sample back to back, again until the window is long enough; the next part; or each query at its own phase of
        the counter. `query_s` is how long one takes, by the warm-up.
        """
        if self._protocol.mode == "latency" and self._settled_period_s is not None:
            yield from self._at_phases(number, start_us, self._settled_period_s, query_s)
            return
        counter_s = COUNTER_PERIODS * self._counter_period_s if self._protocol.fill_windows else 0.0
        least_us = math.ceil(1e6 * max(self._protocol.window_s, counter_s))
        if self._protocol.runs_parts:
            for query in self._ahead:
                yield query
                if self._timer.now() - start_us >= least_us:
                    return
        while True:
            yield from self._queries
            if self._timer.now() - start_us >= least_us:
                return

    def _at_phases(self, number: int, start_us: int, period_s: float, query_s: float) -> Iterable[Query]:
        """Each query at its own phase, and each window's phases between those of the others."""
        starts = starts_s(len(self._queries), period_s=period_s, duration_s=query_s)
        shift_s = (self.phase_of_window(number) - 0.5) * period_s / len(self._queries)
        for query, start_s in zip(self._queries, starts, strict=True):
            self._timer.wait(start_s + shift_s - (self._timer.now() - start_us) / 1e6)
            yield query
            self._workload.synchronise()
