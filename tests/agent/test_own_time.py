"""One clock for a run, and no doubt who worked meanwhile: sleeps, stops, a calendar that is set, other programs.

Each law plays whole sessions of a machine on which these things happen by chance, and knows which of them touched what
was measured.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random
from typing import TYPE_CHECKING, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.errors import NotMeasurable
from joulemark.errors import MeterUnavailable
from joulemark.meters import timer as timers
from joulemark.meters.cpu_time import FOREIGN, OWN, CpuTimes, ProcessorTime
from joulemark.meters.meter import Reading, StreamInfo, Tick, sensor_of
from joulemark.meters.processor_checks import company
from joulemark.meters.rapl.meter import RaplMeter
from joulemark.meters.timer import RealTimer, boot_ns
from joulemark.session import measure as measuring
from joulemark.session.measure import Measurement
from joulemark.session.progress import Silent
from joulemark.suite import Protocol
from tests.agent.stepped_counter import Counter, Machine, Work, queries
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIRTY = {"missing-reading", "suspended", "foreign-cpu"}
PROTOCOL = Protocol(
    queries=4,
    windows_min=2,
    windows_max=2,
    warmup_queries=12,
    idle_s=3.0,
    half_width_target=0.9,
    budget_s=600.0,
    fill_windows=False,
)


@dataclass
class Incident:
    """At `at_s` of the run the machine sleeps, or the process is stopped, for `seconds`."""

    at_s: float
    seconds: float
    sleeps: bool
    begun_s: float | None = None


@dataclass
class Disturbed(Machine):
    """A machine to which things happen: its clock goes on meanwhile, and nobody reads."""

    counter: Counter
    chances: Random
    incidents: list[Incident] = field(default_factory=list)
    asleep_s: float = 0.0

    def __post_init__(self) -> None:
        super().__init__(self.counter, self.chances)
        self._to_come = sorted(self.incidents, key=lambda one: one.at_s)

    def asleep_us(self) -> int:
        """By the two clocks."""
        return round(self.asleep_s * 1e6)

    def _pass(self, seconds: float) -> None:
        end_us = self._at_us + max(1, round(seconds * 1e6))
        while self._to_come and self._to_come[0].at_s * 1e6 <= end_us:
            incident = self._to_come.pop(0)
            super()._pass(max(incident.at_s - self._at_us / 1e6, 0.0))
            incident.begun_s = self._at_us / 1e6
            self._at_us += round(incident.seconds * 1e6)  # nothing takes its turn
            end_us += round(incident.seconds * 1e6)
            self.asleep_s += incident.seconds if incident.sleeps else 0.0
        super()._pass((end_us - self._at_us) / 1e6)


class Package(Disturbed):
    """The same with RAPL in place of a GPU's counter, and other programs that work from time to time."""

    name = "rapl"
    scope = "cpu"
    streams = (StreamInfo(name="package-0", scope="cpu", unit="uJ", joules_per_unit=1e-6, wraps_at=None),)
    conditions = (OWN, FOREIGN)
    foreign: tuple[tuple[float, float, float], ...] = ()

    def read(self, now: Callable[[], int]) -> Reading:
        """Microjoules."""
        return Reading(ticks=(Tick(now(), round(self.energy_j(now() / 1e6) * 1e6)),))

    def look(self, now: Callable[[], int]) -> tuple[Tick | None, ...]:
        """As the kernel counts, in ticks of 10 ms."""
        own_s, foreign_s = self.own_s(now() / 1e6), self.foreign_s(now() / 1e6)
        return Tick(now(), round(own_s * 1e3)), Tick(now(), round(foreign_s * 100) * 10)

    def own_s(self, at_s: float) -> float:
        """One processor while there is work."""
        return sum(min(at_s, end) - start for start, end, _ in self._loads if start < at_s)

    def foreign_s(self, at_s: float) -> float:
        """(from, to, processors) of each program that worked."""
        return 0.002 * at_s + sum(
            cores * (min(at_s, end) - start) for start, end, cores in self.foreign if start < at_s
        )


def played(
    machine: Machine, *, timed: bool, protocol: Protocol = PROTOCOL
) -> tuple[Measurement, Analysis, set[str]]:
    """A session; the flags are all that the agent states."""
    measured = session(machine, timed=timed, protocol=protocol)
    found = analyse(measured.trace, sensor_of(machine))
    return measured, found, {*measured.flags, *found.flags}


def session(machine: Machine, *, timed: bool, protocol: Protocol = PROTOCOL) -> Measurement:
    """From warm-up to the last idle."""
    return measuring.measure(
        Work(machine, 0.5),
        queries(protocol.queries),
        machine,
        protocol,
        Silent(),
        timings=(machine.counter.timing() if timed else None,),
        timer=machine,
    )


def flagged(machine: Machine, *, timed: bool) -> tuple[Measurement, set[str]]:
    """What the agent states; where a sleep took so much that nothing can be told, what was known before that."""
    measured = session(machine, timed=timed)
    with suppress(NotMeasurable):
        return measured, {*measured.flags, *analyse(measured.trace, sensor_of(machine)).flags}
    return measured, {*measured.flags}


def touched(measured: Measurement, incidents: list[Incident]) -> bool:
    """Whether one of them fell into what was measured."""
    begin_s = next(span.start_us for span in measured.trace.spans if span.kind != "warm-up") / 1e6
    end_s = measured.trace.spans[-1].end_us / 1e6
    return any(one.begun_s is not None and begin_s < one.begun_s < end_s for one in incidents)


def near_an_edge(measured: Measurement, incidents: list[Incident]) -> bool:
    """Within a reading's distance of where measuring began or ended: there either answer is right."""
    begin_s = next(span.start_us for span in measured.trace.spans if span.kind != "warm-up") / 1e6
    edges_s = (begin_s, measured.trace.spans[-1].end_us / 1e6)
    return any(
        one.begun_s is not None and one.begun_s - 0.6 <= edge_s <= one.begun_s + one.seconds + 0.6
        for one in incidents
        for edge_s in edges_s
    )


incidents = st.lists(
    st.builds(
        Incident,
        at_s=st.floats(2.0, 40.0),
        seconds=st.one_of(st.floats(2.0, 5.0), st.floats(5.0, 3000.0)),
        sleeps=st.booleans(),
    ),
    max_size=3,
)
hiccups = st.lists(
    st.builds(
        Incident, at_s=st.floats(2.0, 40.0), seconds=st.floats(0.0, 0.3), sleeps=st.sampled_from((False,))
    ),
    max_size=3,
)


@pytest.mark.laws
@law(share=0.5)
@given(happens=incidents, late=hiccups, by_gpu=st.booleans(), seed=st.integers(0, 999))
def test_a_sleep_or_a_stop_is_flagged_where_it_touches_what_is_measured(
    *, happens: list[Incident], late: list[Incident], by_gpu: bool, seed: int
) -> None:
    kind = Disturbed if by_gpu else Package
    machine = kind(Counter(read_s=0.001), Random(seed), [*happens, *late])  # noqa: S311
    measured, flags = flagged(machine, timed=by_gpu)
    if near_an_edge(measured, happens):
        return
    assert bool(flags & DIRTY) == touched(measured, happens)
    slept = [one for one in happens if one.sleeps]
    assert ("suspended" in flags) == touched(measured, slept)


@pytest.mark.parametrize("timed", [True, False])
def test_a_process_that_is_stopped_for_two_seconds_in_each_window_is_flagged(*, timed: bool) -> None:
    kind = Disturbed if timed else Package
    quiet = kind(Counter(), Random(1))  # noqa: S311
    spans = [span for span in played(quiet, timed=timed)[0].trace.spans if span.kind == "window"]
    stops = [
        Incident(at_s=span.start_us / 1e6 + 0.7 + 2 * number, seconds=2.0, sleeps=False)
        for number, span in enumerate(spans)
    ]
    machine = kind(Counter(), Random(1), stops)  # noqa: S311
    _, _, flags = played(machine, timed=timed)
    assert "missing-reading" in flags
    assert played(kind(Counter(), Random(1)), timed=timed)[2] == set()  # noqa: S311


@pytest.mark.laws
@law(share=0.5)
@given(
    works=st.lists(st.tuples(st.floats(2.0, 30.0), st.floats(0.05, 20.0), st.floats(0.05, 16.0)), max_size=3),
    seed=st.integers(0, 999),
)
def test_other_programs_are_flagged_by_the_processor_time_they_take(
    works: list[tuple[float, float, float]], seed: int
) -> None:
    machine = Package(Counter(), Random(seed))  # noqa: S311
    machine.foreign = tuple((at_s, at_s + seconds, cores) for at_s, seconds, cores in works)
    measured, _, flags = played(machine, timed=False)

    def taken(*kinds: str) -> tuple[float, float, float]:
        spans = [(s.start_us / 1e6, s.end_us / 1e6) for s in measured.trace.spans if s.kind in kinds]
        foreign = sum(machine.foreign_s(end) - machine.foreign_s(start) for start, end in spans)
        own = sum(machine.own_s(end) - machine.own_s(start) for start, end in spans)
        return foreign, own, sum(end - start for start, end in spans)

    (foreign_s, own_s, _), (idle_s, _, rested_s) = taken("window"), taken("idle-before", "idle-after")
    share, cores = foreign_s / (foreign_s + own_s), idle_s / rested_s
    clearly = (foreign_s > 0.35 and share > 0.11) or (idle_s > 0.35 and cores > 0.27)
    clearly_not = (foreign_s < 0.25 or share < 0.09) and (idle_s < 0.25 or cores < 0.23)
    if clearly or clearly_not:
        assert ("foreign-cpu" in flags) == clearly


def test_another_program_at_work_is_seen_before_anything_is_measured() -> None:
    machine = Package(Counter(), Random(1))  # noqa: S311

    class Processor(ProcessorTime):
        def times(self) -> CpuTimes:
            return CpuTimes(own_ms=5, foreign_ms=1900)

    busy = company(machine, time_of=Processor)
    assert busy.state == "noisy"
    assert busy.value == pytest.approx(0.95)
    assert "top" in (busy.mend or "")
    assert company(machine, time_of=Processor, busy="warning").state == "warning"

    def gone() -> ProcessorTime:
        raise MeterUnavailable("no-proc-stat", "It is gone.")

    assert company(machine, time_of=gone).state == "not available"


def proc(folder: Path, *columns: int) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "stat").write_text(f"cpu  {' '.join(map(str, columns))}\ncpu0 1 2 3\n", encoding="ascii")
    return folder


def test_processor_time_of_others_is_all_but_idle_waiting_and_ours(tmp_path: Path) -> None:
    own_s = iter((7.0, 7.25, 7.25))
    folder = proc(tmp_path / "proc", 100, 10, 50, 9000, 70, 5, 5, 0, 0, 0)
    processor = ProcessorTime(proc=folder, own_s=lambda: next(own_s))
    ticks = os.sysconf("SC_CLK_TCK")
    proc(folder, 100 + ticks, 10, 50, 99000, 7000, 5, 5, 4000, 0, 0)
    assert processor.times() == CpuTimes(own_ms=250, foreign_ms=750)
    (folder / "stat").unlink()
    assert processor.times() is None
    with pytest.raises(MeterUnavailable, match="Processor time"):
        ProcessorTime(proc=tmp_path / "nowhere")


def test_this_process_is_not_foreign() -> None:
    processor = ProcessorTime()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    times = processor.times()
    assert times is not None
    assert times.own_ms >= 195


def test_rapl_without_processor_time_says_why(tmp_path: Path) -> None:
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    for name, text in (("name", "package-0"), ("energy_uj", "1000"), ("max_energy_range_uj", "262143328850")):
        (zone / name).write_text(text, encoding="ascii")

    def gone() -> ProcessorTime:
        raise MeterUnavailable("no-proc-stat", "It is gone.")

    meter = RaplMeter(root=tmp_path, time_of=gone)
    assert meter.conditions == ()
    assert {name: meter.absent[name] for name in ("cpu-own", "cpu-foreign")} == {
        "cpu-own": "no-proc-stat",
        "cpu-foreign": "no-proc-stat",
    }
    assert [info.name for info in RaplMeter(root=tmp_path).conditions] == ["cpu-own", "cpu-foreign"]


def test_the_clock_of_a_run_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep_ns = 0
    real = time.monotonic_ns
    monkeypatch.setattr(timers, "boot_ns", lambda: real() + asleep_ns)
    timer = RealTimer()
    assert timer.asleep_us() == pytest.approx(0, abs=1000)
    asleep_ns = 600 * 10**9
    assert timer.now() >= 600_000_000
    assert timer.asleep_us() == pytest.approx(600_000_000, abs=1000)


def test_the_clock_since_the_start_of_the_machine_is_asked() -> None:
    assert boot_ns() == pytest.approx(time.clock_gettime_ns(time.CLOCK_BOOTTIME), abs=10**8)
    assert boot_ns() >= time.monotonic_ns() - 10**6


@pytest.mark.parametrize("step_s", [-86400.0, -600.0, 0.0, 600.0])
def test_a_calendar_that_is_set_in_a_run_puts_no_times_out_of_order(
    step_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it said before: the calendar is asked once, when the result is signed."""
    from joulemark.session import statement

    asked: list[datetime] = []

    class Calendar(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            assert tz is UTC
            stepped = super().now(tz) + timedelta(seconds=step_s)
            asked.append(stepped)
            return stepped

    monkeypatch.setattr(statement, "datetime", Calendar)
    now_ns = boot_ns()
    issued_at, moment = statement.stamps()
    assert len(asked) == 1
    began, ended = moment(now_ns - 90 * 10**9), moment(now_ns - 10**9)
    assert began < ended < issued_at == asked[0]
    assert (ended - began).total_seconds() == pytest.approx(89.0)


def test_only_what_is_measured_counts_and_not_the_warm_up() -> None:
    machine = Disturbed(Counter(), Random(1), [Incident(at_s=3.0, seconds=100.0, sleeps=True)])  # noqa: S311
    measured, _, flags = played(machine, timed=True, protocol=replace(PROTOCOL, warmup_queries=20))
    assert measured.trace.spans[0].seconds > 100
    assert flags == set()
