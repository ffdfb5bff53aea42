"""A few honest sessions on simulated GPUs, played once and kept; and what a session says of another trace.

As a program, which must be started in a simulation's environment: `python -m joulemark_simulation.honest_cases FILE`.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark.rules.case import Case
from joulemark_simulation.honest_controls import restated_control
from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import scripted
from joulemark_simulation.statements import Measured

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.record.trace import Trace

SOURCE_ROOT = Path(__file__).parents[1]
GENERATE = "text_generation/text_generation/text-generation-{}"
CLASSIFY = "text_classification/text_classification/text-classification-{}"
CHOSEN = {
    "a100": ("a100-sxm4-80gb", "full", GENERATE.format(1722408960)),
    "l4": ("l4", "full", GENERATE.format(124439808)),
    "rtx-3090": ("rtx-3090", "part_time", CLASSIFY.format(66955010)),
}

RAPL = CLASSIFY.format(22713216)


@cache
def honest() -> dict[str, Case]:
    """The sessions of CHOSEN by name and `rapl`, played once in a process of their own."""
    with TemporaryDirectory() as folder, running(scripted(A100)) as simulation:
        file = Path(folder) / "cases"
        environment = {
            **simulation.environment,
            "PYTHONPATH": os.pathsep.join(map(str, (SOURCE_ROOT, SOURCE_ROOT.parent / "agent"))),
        }
        command = [sys.executable, "-m", "joulemark_simulation.honest_cases", str(file)]
        subprocess.run(command, env=environment, check=True)
        stored = pickle.loads(file.read_bytes())  # noqa: S301 - our own, just written
    return {name: Case(*parts) for name, parts in stored.items()}


def measuring(case: Case, edit: Callable[[Trace], Trace]) -> Case:
    """The case with its trace edited, and all that follows from a trace stated anew. Raises EnergyError."""
    trace, predicate = edit(case.trace), case.predicate
    tokens = [(window.input_tokens, window.output_tokens) for window in predicate.windows]
    measured = Measured.by(trace, predicate.sensor, board_name=predicate.device.name, tokens=tokens)
    control = restated_control(predicate.control, trace, predicate.sensor)
    restated = replace(case.statement, predicate=replace(measured.stated_in(predicate), control=control))
    return Case(restated, trace, case.context)


def main(file: Path) -> None:
    """Play the sessions and write what they are made of into `file`."""
    from joulemark_simulation.honest_sessions import chosen, chosen_by_rapl

    cases = {name: chosen(*how).case for name, how in CHOSEN.items()} | {"rapl": chosen_by_rapl(RAPL).case}
    stored = {name: (case.statement, case.trace, case.context) for name, case in cases.items()}
    file.write_bytes(pickle.dumps(stored))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
