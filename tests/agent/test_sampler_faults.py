"""What no meter should give and what a thread raises: neither breaks the sampler, and neither is lost."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from threading import Event, current_thread
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.errors import MeterFailed
from joulemark.meters.meter import Reading, Tick
from joulemark.meters.sampler import Sampler
from joulemark.meters.timer import RealTimer
from joulemark.record.codec import decode, encode
from joulemark.record.trace import Gauge as TraceGauge
from joulemark.record.trace import Stream as TraceStream
from tests.agent.test_sampler import ByHand, Card, values
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Callable


class Broken(Card):
    """A meter whose library breaks in a way that nobody foresaw, once it is read in another thread."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._broken, self.raised = error, Event()
        self._thread = current_thread()

    def read(self, now: Callable[[], int]) -> Reading:
        if current_thread() is self._thread:
            return super().read(now)
        self.raised.set()
        raise self._broken


@pytest.mark.parametrize("error", [OverflowError("int too big to convert"), KeyError("x"), AssertionError()])
def test_whatever_breaks_the_sampling_thread_is_raised_at_the_next_edge(error: Exception) -> None:
    meter = Broken(error)

    def sample() -> None:
        with Sampler(meter, RealTimer(), period_s=0.001) as sampler:
            assert meter.raised.wait(10)
            while True:
                sampler.edge()

    with pytest.raises(MeterFailed, match=type(error).__name__) as raised:
        sample()
    assert raised.value.__cause__ is error


@pytest.mark.laws
@law()
@given(
    counts=st.lists(st.integers(-(2**65), 2**65), min_size=1, max_size=20),
    powers=st.lists(st.none() | st.integers(-(2**65), 2**65), min_size=20, max_size=20),
)
def test_no_reading_breaks_the_sampler_and_every_trace_can_be_decoded(
    counts: list[int], powers: list[int | None]
) -> None:
    timer, given_mj = ByHand(), iter(zip(counts, powers, strict=False))

    class Wild(Card):
        def read(self, now: Callable[[], int]) -> Reading:
            mj, mw = next(given_mj, (counts[-1], None))
            return Reading(ticks=(Tick(now(), mj),), gauges=(None if mw is None else Tick(now(), mw),))

        def look(self, now: Callable[[], int]) -> tuple[Tick | None, ...]:
            return (Tick(now(), counts[0]), Tick(now(), counts[-1]))

    sampler = Sampler(Wild(), timer)
    with suppress(MeterFailed), sampler:
        timer.wait(len(counts) * 0.1)
    streams, gauges = sampler.streams(), sampler.gauges()
    for stream in streams:
        decode(encode(stream), TraceStream, what="stream")
        kept = values(stream)
        assert kept == sorted(kept)
        assert all(later - earlier <= 1e8 * 5 for earlier, later in pairwise(kept)), "100 kW for some seconds"
    for gauge in gauges:
        decode(encode(gauge), TraceGauge, what="gauge")
