"""A stand-in for the `nvidia-smi` program: some meters believe in a card only where one can be started."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark_simulation.nvml.running import Simulation


def with_nvidia_smi(simulation: Simulation, folder: Path) -> Simulation:
    """The same simulation, in whose environment an `nvidia-smi` in `folder` says nothing and succeeds."""
    program = folder / "nvidia-smi"
    program.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    program.chmod(0o755)
    path = os.pathsep.join((str(folder), simulation.environment["PATH"]))
    return replace(simulation, environment={**simulation.environment, "PATH": path})
