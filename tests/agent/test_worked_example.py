"""The worked example in docs/method.md is what the code gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import scripted

PROGRAM = Path(__file__).with_name("worked_example.py")
METHOD = Path(__file__).parents[2] / "docs" / "method.md"


def test_the_documented_example_is_what_comes_out() -> None:
    with running(scripted(A100)) as simulation:
        done = subprocess.run(
            [sys.executable, str(PROGRAM)],
            env=dict(simulation.environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in METHOD.read_text(encoding="utf-8"), f"docs/method.md lacks:\n{done.stdout}"
