"""The machine that the meters believe to run on: a simulated card, an `nvidia-smi`, and nobody's settings."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import scripted
from joulemark_simulation.nvml.smi import with_nvidia_smi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTINGS = (
    "CODECARBON_",
    "ZEUSD_",
    "ROCR_VISIBLE_DEVICES",
)  # what else the meters would read from the environment


@contextmanager
def simulated() -> Iterator[Mapping[str, str]]:
    """The environment for a process that goes through many scenarios; the card that it begins with is an idle A100."""
    with tempfile.TemporaryDirectory(prefix="bench-meters-") as folder, running(scripted(A100)) as simulation:
        programs, home = Path(folder, "bin"), Path(folder, "home")
        programs.mkdir()
        home.mkdir()
        environment = with_nvidia_smi(simulation, programs).environment
        kept = {name: value for name, value in environment.items() if not name.upper().startswith(SETTINGS)}
        yield {**kept, "HOME": str(home)}
