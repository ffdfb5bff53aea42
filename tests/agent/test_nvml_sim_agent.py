"""The agent's own NVML meter and `joulemark doctor` on a simulated card, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from nvml_sim.asking import ask
from nvml_sim.cards import A100, GA102, Card
from nvml_sim.running import Simulation, running
from nvml_sim.scenario import ENERGY, Failure, Load, scripted

if TYPE_CHECKING:
    from pathlib import Path

OPENED = """
from joulemark.errors import MeterUnavailable
from joulemark.meters.nvml import NvmlMeter
try:
    NvmlMeter(environ={})
    answer = "open"
except MeterUnavailable as error:
    answer = error.reason
"""


def test_the_meter_reads_the_counter_and_the_card() -> None:
    code = """
from joulemark.meters.nvml import NvmlMeter
meter = NvmlMeter(environ={})
def tick():
    (read,) = meter.read(lambda: int(clock.now_s() * 1e6))
    return read
first = tick()
clock.advance(10)
last, facts = tick(), meter.device()
meter.close()
answer = [last.t_us - first.t_us, last.value - first.value, facts.name, facts.power_limit_w, facts.ecc, facts.mig]
"""
    with running(scripted(A100, Load(0.0, 100.0, 320.0))) as simulation:
        assert ask(simulation, code) == [10_000_000, 3_200_000, A100.name, 400.0, True, False]


@pytest.mark.parametrize(
    ("card", "failure", "driver", "reason"),
    [
        (A100, None, True, "open"),
        (A100, None, False, "no-nvidia-driver"),
        (replace(A100, mig=1), None, True, "mig-mode"),
        (replace(GA102, counter_supported=False), None, True, "no-energy-counter"),
        (A100, Failure(function=ENERGY, error="gpu lost"), True, "gpu-lost"),
        (A100, Failure(function=ENERGY, error="no permission"), True, "nvml-permission"),
        (A100, Failure(function="nvmlInit", error="driver not loaded"), True, "nvidia-driver-not-loaded"),
        (A100, Failure(function="nvmlDeviceGetUUID", error="unknown"), True, "nvml-error"),
    ],
)
def test_the_meter_tells_what_is_wrong(
    *, card: Card, failure: Failure | None, driver: bool, reason: str
) -> None:
    with running(scripted(card, failures=(failure,) if failure else ()), driver=driver) as simulation:
        assert ask(simulation, OPENED) == reason


def doctor(simulation: Simulation, home: Path) -> dict[str, str]:
    """What `joulemark doctor --json` finds out about NVML."""
    folders = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "STATE", "CACHE")}
    environment = {**simulation.environment, **folders, "JOULEMARK_PLATFORM": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "joulemark", "doctor", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, done.stderr
    return next(one for one in json.loads(done.stdout)["findings"] if one["what"] == "nvml")


def test_the_doctor_finds_the_card(tmp_path: Path) -> None:
    with running(scripted(A100)) as simulation:
        assert doctor(simulation, tmp_path)["state"] == "measured"
    with running(scripted(A100), driver=False) as simulation:
        missing = doctor(simulation, tmp_path)
    assert (missing["state"], "No NVIDIA driver is installed" in missing["detail"]) == ("not available", True)
