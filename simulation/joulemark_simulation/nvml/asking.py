"""Asks a simulated card from another process, through the unmodified nvidia-ml-py, as any volunteer's program does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joulemark_simulation.nvml.running import Simulation

SOURCE_ROOT = Path(__file__).parents[2]
PRELUDE = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, {source_root!r})
import pynvml as nvml
from joulemark_simulation.nvml.clock import Clock

clock = Clock(Path(os.environ["NVML_SIM_CLOCK"]))

def card(index=0):
    nvml.nvmlInit()
    return nvml.nvmlDeviceGetHandleByIndex(index)

def energy_mj(gpu):
    return nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)

def error_of(call, *arguments):
    try:
        return ["no error", call(*arguments)]
    except nvml.NVMLError as error:
        return type(error).__name__
"""


def ask(simulation: Simulation, code: str) -> Any:
    """What `code` leaves in `answer`, run in a fresh process that has `nvml`, `clock` and `card()`.

    Raises AssertionError, with what the process said, when it fails.
    """
    program = PRELUDE.format(source_root=str(SOURCE_ROOT)) + code + "\nprint(json.dumps(answer))\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=dict(simulation.environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
