"""Meters: what they read, what they refuse and why, and which one is chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from joulemark.errors import MeterUnavailable, UsageError
from joulemark.meters import device
from joulemark.meters.choose import MeterOption, Openers, choose
from joulemark.meters.estimate import EstimateMeter
from joulemark.meters.nvml.choice import ListedGpu, candidates


def test_the_estimate_counts_cpu_time_at_its_stated_watts() -> None:
    meter = EstimateMeter(watts=20)
    ((before,), no_gauges, no_stamp) = meter.read(lambda: 0)
    sum(range(200_000))
    ((after,), _, _) = meter.read(lambda: 0)
    assert after.value > before.value
    assert meter.streams[0].joules_per_unit == 20 * 1e-6
    assert (no_gauges, no_stamp, meter.gauges, meter.absent) == ((), None, (), {})
    assert [info.name for info in meter.conditions] == ["cpu-own", "cpu-foreign"]
    assert len(meter.look(lambda: 0)) == 2
    assert (meter.grade, meter.knows_idle, meter.stated_watts_source) == (
        "estimated",
        False,
        "stated by the contributor",
    )
    assert EstimateMeter().stated_watts == 12.0


def refusing(reason: str) -> Callable[[], NoReturn]:
    def opener() -> NoReturn:
        raise MeterUnavailable(reason, f"There is {reason}.")

    return opener


def test_auto_takes_the_counter_of_what_runs_the_model() -> None:
    gpu, host = (
        SimpleNamespace(provenance="x", skipped=()),
        SimpleNamespace(streams=(), conditions=(), absent={}, provenance="y"),
    )
    openers = Openers(nvml=lambda: gpu, rapl=lambda: host)
    assert choose("auto", on_gpu=True, openers=openers).meter.gpu is gpu
    assert choose("auto", on_gpu=False, openers=openers).meter is host


def test_auto_falls_back_to_the_estimate_and_says_why() -> None:
    choice = choose("auto", on_gpu=False, cpu_watts=9, openers=Openers(rapl=refusing("no-rapl")))
    assert choice.meter.name == "cpu-time-estimate"
    assert choice.meter.stated_watts == 9
    assert [(row.meter, row.reason) for row in choice.rejections] == [("rapl", "no-rapl")]


def test_what_was_asked_for_is_never_replaced() -> None:
    openers = Openers(nvml=refusing("no-gpu"), rapl=refusing("no-rapl"))
    cases: tuple[tuple[MeterOption, bool, str], ...] = (
        ("nvml", True, "no-gpu"),
        ("rapl", False, "no-rapl"),
        ("auto", True, "no-gpu"),
    )
    for wanted, on_gpu, reason in cases:
        with pytest.raises(MeterUnavailable) as error:
            choose(wanted, on_gpu=on_gpu, openers=openers)
        assert error.value.reason == reason
    with pytest.raises(UsageError, match="CPU time only"):
        choose("estimate", on_gpu=True)


A, B, C = (
    ListedGpu(handle=n, uuid=f"GPU-{name}aa-{n}", pci_bus_id=f"00000000:{bus}:00.0", name=model)
    for n, (name, bus, model) in enumerate([("1", "C1", "big"), ("2", "01", "big"), ("12", "41", "small")])
)


@pytest.mark.parametrize(
    ("gpus", "environ", "expected"),
    [
        ([A, B], {}, B),
        ([A, B], {"CUDA_VISIBLE_DEVICES": "1,0"}, A),
        ([A, B, C], {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, C),
        ([A, B, C], {"CUDA_VISIBLE_DEVICES": "GPU-12"}, C),
        ([A, B, C], {"CUDA_VISIBLE_DEVICES": "gpu-hidden-not".upper()}, "gpu-not-there"),
        ([A, B, C], {"CUDA_VISIBLE_DEVICES": "GPU-"}, "gpu-not-there"),
        ([A, B, C], {}, "gpu-ambiguous"),
        ([A], {"CUDA_VISIBLE_DEVICES": ""}, "gpu-hidden"),
        ([A], {"CUDA_VISIBLE_DEVICES": "-1"}, "gpu-hidden"),
        ([A], {"CUDA_VISIBLE_DEVICES": "1"}, "gpu-not-there"),
        ([A], {"CUDA_VISIBLE_DEVICES": "MIG-1"}, "mig-slice"),
        ([], {}, "no-gpu"),
    ],
)
def test_the_gpu_is_the_one_that_cuda_takes(
    gpus: list[ListedGpu], environ: dict[str, str], expected: ListedGpu | str
) -> None:
    if isinstance(expected, ListedGpu):
        assert candidates(gpus, environ)[0] is expected
    else:
        with pytest.raises(MeterUnavailable) as error:
            candidates(gpus, environ)
        assert error.value.reason == expected


def test_the_processor_and_the_machine_are_described_without_a_name(tmp_path: Path) -> None:
    cpuinfo, meminfo = tmp_path / "cpuinfo", tmp_path / "meminfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Fast CPU 9000\n", encoding="ascii")
    meminfo.write_text("MemTotal:       1024 kB\n", encoding="ascii")
    host, absent = device.host(cpuinfo=cpuinfo, meminfo=meminfo)
    assert (host.cpu, host.memory_bytes, absent) == ("Fast CPU 9000", 1024 * 1024, {})
    nothing, absent = device.host(cpuinfo=tmp_path / "no", meminfo=tmp_path / "no")
    assert (nothing.cpu, nothing.memory_bytes) == (None, None)
    assert absent == {"cpu": "not-in-cpuinfo", "memory_bytes": "not-in-meminfo"}
    assert device.cpu(identity="x", cpuinfo=cpuinfo).name == "Fast CPU 9000"
