"""The agent's NVML meter on a simulated card, in a process of its own: what it reads, lacks, misses and refuses."""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from joulemark.errors import MeterUnavailable
from joulemark.meters.nvml.clock import CalendarClock
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark_simulation.nvml.asking import ask
from joulemark_simulation.nvml.cards import A100, GA102, H100, V100, Card
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import (
    ALL,
    ENERGY,
    Failure,
    LimitChange,
    Load,
    Process,
    Throttle,
    scripted,
)

ROOT = Path(__file__).parents[2]
FIELDS = "nvmlDeviceGetFieldValues"
SAMPLES = "nvmlDeviceGetSamples"
METER = """
from joulemark.errors import MeterUnavailable
from joulemark.meters.nvml.processes import HOST_PID_NAMESPACE, OurProcesses
from joulemark.meters.nvml.meter import NvmlMeter

def now():
    return round(clock.now_s() * 1e6)

def said(call, *arguments):
    try:
        return call(*arguments)
    except Exception as error:
        return [type(error).__name__, str(error)]

def looked():
    return {info.name: tick and tick.value for info, tick in zip(meter.conditions, meter.look(now), strict=True)}
"""
OPENED = f"""{METER}
meter = NvmlMeter(environ={{}})
"""
READ = f"""{OPENED}
clock.advance_to(2.0)
reading = meter.read(now)
answer = [[info.name for info in meter.gauges], [tick.value for tick in reading.gauges],
    reading.ticks[0].value, meter.absent, meter.provenance]
"""
LOADED = Load(0.0, 100.0, 320.0)
REASON = f"""{METER}
try:
    meter = NvmlMeter(environ={{}})
    answer = "open"
except MeterUnavailable as error:
    answer = error.reason
"""


@pytest.mark.parametrize(
    ("card", "failure", "driver", "reason"),
    [
        (A100, None, True, "open"),
        (A100, None, False, "no-nvidia-driver"),
        (replace(A100, mig=1), None, True, "mig-mode"),
        (replace(GA102, counter_supported=False), None, True, "no-energy-counter"),
        (A100, Failure(function=ENERGY, error="not supported"), True, "no-energy-counter"),
        (A100, Failure(function=ENERGY, error="gpu lost"), True, "gpu-lost"),
        (A100, Failure(function=ENERGY, error="no permission"), True, "nvml-permission"),
        (A100, Failure(function=ENERGY, error="timeout"), True, "nvml-timeout"),
        (A100, Failure(function="nvmlDeviceGetTemperature", error="gpu lost"), True, "gpu-lost"),
        (A100, Failure(function="nvmlDeviceGetTemperature", error="timeout"), True, "open"),
        (A100, Failure(function="nvmlInit", error="driver not loaded"), True, "nvidia-driver-not-loaded"),
        (A100, Failure(function="nvmlInit", error="version mismatch"), True, "nvidia-driver-mismatch"),
        (
            A100,
            Failure(function="nvmlDeviceGetHandleByIndex_v2", error="no permission"),
            True,
            "nvml-permission",
        ),
        (A100, Failure(function="nvmlDeviceGetUUID", error="unknown"), True, "nvml-error"),
    ],
)
def test_opening_tells_what_is_wrong(
    *, card: Card, failure: Failure | None, driver: bool, reason: str
) -> None:
    with running(scripted(card, failures=(failure,) if failure else ()), driver=driver) as simulation:
        assert ask(simulation, REASON) == reason


def test_a_reading_is_counter_and_power_of_one_instant() -> None:
    code = f"""{OPENED}
first = meter.read(now)
clock.advance(10)
last = meter.read(now)
facts = meter.device()
meter.close()
meter.close()
answer = [[later.t_us - tick.t_us for later, tick in zip(last.ticks + last.gauges, first.ticks + first.gauges)],
    last.ticks[0].value - first.ticks[0].value, [tick.t_us == last.ticks[0].t_us for tick in last.gauges],
    facts.identity, facts.name, facts.memory_bytes, facts.power_limit_w, facts.power_limit_default_w,
    facts.driver, facts.vbios, facts.ecc, facts.mig, facts.absent]
"""
    with running(scripted(H100, LOADED)) as simulation:
        assert ask(simulation, code) == [
            *([10_000_000] * 3, 3_200_000, [True, True]),
            *(H100.uuid, H100.name, H100.memory_mib * 2**20, 700.0, 700.0),
            *(H100.driver, H100.vbios, True, False, {}),
        ]


def test_a_reading_takes_one_call_and_is_timed_at_its_middle() -> None:
    code = f"""{OPENED}
before = now()
reading = meter.read(now)
answer = [reading.ticks[0].t_us - before, now() - before]
"""
    costs = {ALL: 0.004}
    with running(scripted(H100, LOADED, call_costs_s=costs)) as simulation:
        assert ask(simulation, code) == [2000, 4000]


def test_what_a_gpu_does_not_offer_is_null_with_its_reason() -> None:
    code = f"{OPENED}\nfacts = meter.device()\nanswer = [facts.ecc, facts.mig, facts.absent, meter.absent]"
    lacking = "not-offered-by-gpu"
    with running(scripted(V100, LOADED)) as simulation:
        assert ask(simulation, code) == [
            *(True, None, {"mig": lacking}),
            {"gpu-power-average": lacking, "gpu-mig": lacking, **OTHER_SCOPES},
        ]


OTHER_SCOPES = dict.fromkeys(("gpu-memory-power", "gpu-module-power"), "not-offered-by-gpu")
"""What these cards do not tell apart."""
FIELD = "NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION of nvmlDeviceGetFieldValues"
LACKING = "not-offered-by-gpu"
INSTANT_AND_AVERAGE = ["gpu-power-instant", "gpu-power-average"]


@pytest.mark.parametrize(
    ("card", "lacks", "names", "absent", "provenance"),
    [
        (H100, None, INSTANT_AND_AVERAGE, {}, FIELD),
        (A100, None, INSTANT_AND_AVERAGE[:1], {"gpu-power-average": LACKING}, FIELD),
        (A100, "POWER_INSTANT", INSTANT_AND_AVERAGE[:1], {"gpu-power-average": LACKING}, FIELD),
        (H100, "POWER_INSTANT", INSTANT_AND_AVERAGE[1:], {"gpu-power-instant": LACKING}, FIELD),
        (GA102, "POWER_AVERAGE", INSTANT_AND_AVERAGE[:1], {"gpu-power-average": LACKING}, FIELD),
        (A100, FIELDS, INSTANT_AND_AVERAGE[:1], {"gpu-power-average": LACKING}, ENERGY),
        (GA102, FIELDS, [], dict.fromkeys(INSTANT_AND_AVERAGE, LACKING), ENERGY),
    ],
)
def test_power_is_read_where_it_is_known_what_it_means(
    card: Card, lacks: str | None, names: list[str], absent: dict[str, str], provenance: str
) -> None:
    """`nvmlDeviceGetPowerUsage` stands in for the instant up to GA100 alone; the counter has an older form."""
    failures = (Failure(function=lacks, error="not supported"),) if lacks else ()
    with running(scripted(card, LOADED, failures=failures)) as simulation:
        gauges, watts, counted, reasons, counter = ask(simulation, READ)
    assert (gauges, watts, counter) == (names, [320_000] * len(names), provenance)
    assert counted == pytest.approx(card.counter_base_mj + 640_000, abs=60_000)
    assert {name: reason for name, reason in reasons.items() if "power" in name} == absent | OTHER_SCOPES


@pytest.mark.parametrize(
    ("function", "error", "told"),
    [
        (ENERGY, "timeout", "The GPU returned no reading: the driver did not answer in time."),
        (FIELDS, "timeout", "The GPU returned no reading: the driver did not answer in time."),
        (FIELDS, "unknown", "The GPU returned no reading: NVML reports 'unknown error'."),
        (ENERGY, "not supported", "The GPU returned no reading: this GPU does not support the request."),
    ],
)
def test_a_reading_that_fails_once_is_missing_and_the_next_one_comes(
    function: str, error: str, told: str
) -> None:
    code = f"""{OPENED}
before = meter.read(now).ticks[0].value
clock.advance_to(1.5)
missing = said(meter.read, now)
clock.advance_to(3.0)
answer = [missing, meter.read(now).ticks[0].value - before]
"""
    failure = Failure(function=function, error=error, start_s=1.0, end_s=2.0)
    with running(scripted(A100, LOADED, failures=(failure,))) as simulation:
        assert ask(simulation, code) == [["ReadingMissing", told], 960_000]


@pytest.mark.parametrize(
    ("function", "error", "told"),
    [
        (ALL, "gpu lost", "the GPU fell off the bus"),
        (ENERGY, "gpu lost", "the GPU fell off the bus"),
        (FIELDS, "no permission", "this user may not read the GPU"),
        (FIELDS, "driver not loaded", "the NVIDIA driver is installed but not loaded"),
        ("POWER_INSTANT", "gpu lost", "the GPU fell off the bus"),
    ],
)
def test_a_gpu_that_is_gone_fails_the_meter(function: str, error: str, told: str) -> None:
    code = f"{OPENED}\nmeter.read(now)\nclock.advance_to(1.5)\nanswer = said(meter.read, now)"
    failure = Failure(function=function, error=error, start_s=1.0)
    with running(scripted(A100, LOADED, failures=(failure,))) as simulation:
        kind, sentence = ask(simulation, code)
    assert (kind, told in sentence) == ("MeterFailed", True)


def test_a_gauge_that_fails_once_is_none_and_costs_no_count() -> None:
    code = f"""{OPENED}
answer = []
for at_s in (0.5, 1.5, 2.5):
    clock.advance_to(at_s)
    reading = meter.read(now)
    answer.append([reading.ticks[0].value > 0, *(tick and tick.value for tick in reading.gauges)])
"""
    failure = Failure(function="POWER_AVERAGE", error="timeout", start_s=1.0, end_s=2.0)
    with running(scripted(replace(H100, average_window_s=0.1), LOADED, failures=(failure,))) as simulation:
        assert ask(simulation, code) == [
            [True, 320_000, 320_000],
            [True, 320_000, None],
            [True, 320_000, 320_000],
        ]


def test_a_counter_that_reads_0_after_it_has_counted_is_missing() -> None:
    code = f"""{OPENED}
answer = []
for at_s in (4.95, 5.05, 5.15):
    clock.advance_to(at_s)
    read = said(meter.read, now)
    answer.append(read[0] if isinstance(read[0], str) else read[0][0][1])
"""
    scenario = scripted(replace(A100, counter_base_mj=0), LOADED, counter_reset_s=5.0)
    with running(scenario) as simulation:
        assert ask(simulation, code) == [15_680_000 // 10, "ReadingMissing", 32_000]


def test_conditions_tell_what_disturbs_a_run() -> None:
    scenario = scripted(
        A100,
        LOADED,
        processes=(
            Process(pid=4711),
            Process(pid=4712),
            Process(pid=4713, start_s=1, end_s=2),
            Process(pid=4713, start_s=1, end_s=2, kind="graphics"),
        ),
        throttles=(
            Throttle(reason="hw thermal", start_s=1, end_s=2),
            Throttle(reason="sw power cap", start_s=1),
        ),
        limit_changes=(LimitChange(watts=250.0, start_s=1),),
    )
    code = f"""{METER}
ours = OurProcesses(pid=4711, namespace=HOST_PID_NAMESPACE, parent={{4712: 4711}}.get, exists=bool)
meter = NvmlMeter(environ={{}}, ours=ours)
answer = [[[info.name, info.unit] for info in meter.conditions]]
for _ in range(3):
    answer.append(list(looked().values()))
    clock.advance(1)
answer.append(now() - meter.look(now)[0].t_us)
"""
    with running(scenario) as simulation:
        infos, *looks, age_us = ask(simulation, code)
    assert infos == [
        ["gpu-temperature", "C"],
        ["gpu-throttle", "mask"],
        ["gpu-foreign-processes", "count"],
        ["gpu-power-limit", "mW"],
        ["gpu-mig", "count"],
    ]
    assert looks == [[56, 0, 0, 400_000, 0], [56, 0x44, 1, 250_000, 0], [56, 0x4, 0, 250_000, 0]]
    assert age_us == 0


def test_a_condition_that_fails_once_is_none_and_all_of_them_are_missing() -> None:
    code = f"""{OPENED}
answer = []
for at_s in (0.5, 1.5, 2.5, 3.5):
    clock.advance_to(at_s)
    answer.append(said(looked))
"""
    failures = (
        Failure(function="nvmlDeviceGetTemperature", error="timeout", start_s=1.0, end_s=2.0),
        Failure(function=ALL, error="timeout", start_s=2.0, end_s=3.0),
        Failure(function="nvmlDeviceGetMigMode", error="gpu lost", start_s=3.0),
    )
    with running(scripted(A100, failures=failures)) as simulation:
        good, partly, missing, gone = ask(simulation, code)
    assert partly == {**good, "gpu-temperature": None}
    assert (missing[0], gone[0]) == ("ReadingMissing", "MeterFailed")


@pytest.mark.parametrize(
    ("lacks", "names", "reason"),
    [
        (("nvmlDeviceGetCurrentClocksEventReasons",), set(), None),
        (
            ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
            {"gpu-throttle"},
            LACKING,
        ),
        (
            ("nvmlDeviceGetGraphicsRunningProcesses_v3",),
            {"gpu-foreign-processes"},
            LACKING,
        ),
    ],
)
def test_a_condition_that_is_not_offered_is_left_out(
    lacks: tuple[str, ...], names: set[str], reason: str | None
) -> None:
    code = f"{OPENED}\nanswer = [meter.absent, list(looked())]"
    failures = tuple(Failure(function=name, error="not supported") for name in lacks)
    with running(scripted(H100, failures=failures)) as simulation:
        absent, there = ask(simulation, code)
    assert absent == dict.fromkeys(names, reason) | OTHER_SCOPES
    assert len(there) == 5 - len(names)


def test_a_user_who_may_not_list_processes_still_measures() -> None:
    failure = Failure(function="nvmlDeviceGetComputeRunningProcesses_v3", error="no permission")
    with running(scripted(H100, failures=(failure,))) as simulation:
        assert ask(simulation, f"{OPENED}\nanswer = meter.absent") == {
            "gpu-foreign-processes": "nvml-permission",
            **OTHER_SCOPES,
        }


def test_the_drivers_own_samples_lie_on_the_runs_clock() -> None:
    """The run's clock begins 0.2 s after the calendar's 0."""
    code = f"""{OPENED}
clock.advance_to(0.65)
def run_now():
    return now() - 200_000
before = said(meter.power_samples, 0)
meter.read(run_now)
answer = [before[0], meter.power_samples(-1_000_000), meter.power_samples(200_000), meter.power_samples(400_000)]
"""
    with running(scripted(A100, Load(0.35, 9.0, 300.0))) as simulation:
        before, every, late, none = ask(simulation, code)
    assert before == "ReadingMissing"
    assert every == [
        [-100_000, 60_000],
        [0, 60_000],
        [100_000, 60_000],
        [200_000, 300_000],
        [300_000, 300_000],
        [400_000, 300_000],
    ]
    assert (late, none) == (every[4:], [])


def test_a_driver_without_samples_says_so() -> None:
    code = f"{OPENED}\nmeter.read(now)\nanswer = [meter.power_samples(0), meter.absent]"
    with running(scripted(H100, failures=(Failure(function=SAMPLES, error="not supported"),))) as simulation:
        assert ask(simulation, code) == [None, {"gpu-power-samples": LACKING, **OTHER_SCOPES}]


def test_the_calendar_is_placed_by_the_latest_start_until_it_is_set_back() -> None:
    clock = CalendarClock()
    clock.saw(calendar_us=0, at_us=5)
    assert clock.start_us is None
    for calendar_us, at_us, start_us in (
        (1_000_000, 400, 999_600),
        (1_500_000, 500_100, 999_900),
        (1_600_000, 650_000, 999_900),
        (5_000_000, 700_000, 4_300_000),
        (2_000_000, 800_000, 1_200_000),
    ):
        clock.saw(calendar_us=calendar_us, at_us=at_us)
        assert clock.start_us == start_us


def test_a_missing_binding_is_named_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MeterUnavailable) as told:
        NvmlMeter(environ={})
    assert (told.value.reason, told.value.mend) == ("no-pynvml", "pip install nvidia-ml-py")


def test_the_agent_depends_on_the_binding_that_nvidia_maintains() -> None:
    project = tomllib.loads((ROOT / "agent" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[^\w-]", requirement)[0] for requirement in project["dependencies"]}
    assert "nvidia-ml-py" in names
    assert "pynvml" not in names
