"""A simulated card that is running: the environment in which any program finds it, and its clock."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark_simulation.nvml import build
from joulemark_simulation.nvml.clock import Clock
from joulemark_simulation.nvml.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from joulemark_simulation.nvml.scenario import Scenario

SCENARIO = "NVML_SIM_SCENARIO"
CLOCK = "NVML_SIM_CLOCK"


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A card at work. A program started with `environment` finds it through the loader's LD_LIBRARY_PATH."""

    scenario: Scenario
    clock: Clock
    environment: Mapping[str, str]

    @contextmanager
    def here(self) -> Iterator[None]:
        """In a process that was started with any simulation's environment: the next nvmlInit finds this card.

        So one process can go through many scenarios; NVML must be shut down between them.
        """
        before = {name: os.environ.get(name) for name in (SCENARIO, CLOCK)}
        os.environ.update({name: self.environment[name] for name in before})
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    def truth(self) -> Truth:
        """What the card really draws, as far as is known now."""
        return Truth.of(self.scenario, self.clock)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on the virtual clock."""
        self.clock.advance(seconds)


@contextmanager
def running(scenario: Scenario, *, real_clock: bool = False, driver: bool = True) -> Iterator[Simulation]:
    """Run `scenario` until the block ends.

    `driver=False` is a machine without the NVIDIA library: whatever the machine really has is hidden behind a file
    that is no library. CUDA_VISIBLE_DEVICES is not handed on, so that the caller's own setting hides no card.
    Raises build.NoLibrary when the library cannot be built.
    """
    folder = Path(tempfile.mkdtemp(prefix="nvml-sim-"))
    try:
        library = build.library_folder() if driver else _no_library(folder)
        (folder / "scenario").write_text(scenario.text(), encoding="ascii")
        clock = Clock.create(folder / "clock", real=real_clock)
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": os.pathsep.join(
                part for part in (str(library), os.environ.get("LD_LIBRARY_PATH")) if part
            ),
            SCENARIO: str(folder / "scenario"),
            CLOCK: str(clock.path),
        }
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        try:
            yield Simulation(scenario=scenario, clock=clock, environment=environment)
        finally:
            clock.close()
    finally:
        shutil.rmtree(folder)


def _no_library(folder: Path) -> Path:
    hidden = folder / "no-driver"
    hidden.mkdir()
    (hidden / build.LIBRARY).write_bytes(b"")
    return hidden
