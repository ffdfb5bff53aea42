"""`joulemark doctor` on a simulated card, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.running import Simulation, running
from joulemark_simulation.nvml.scenario import scripted

if TYPE_CHECKING:
    from pathlib import Path


def doctor(simulation: Simulation, home: Path) -> dict[str, str]:
    """What `joulemark doctor --quick --json` finds out about NVML: what takes long comes after it."""
    folders = {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "STATE", "CACHE")}
    environment = {**simulation.environment, **folders, "JOULEMARK_PLATFORM": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "joulemark", "doctor", "--quick", "--json"],
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
