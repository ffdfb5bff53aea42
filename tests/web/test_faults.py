"""Production under faults, in its short form: `make faults` has every kind, many times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(580)]

UPLOADS = "60"
LIMIT_S = 560


def test_nothing_is_lost_or_doubled_and_health_says_what_is_amiss(tmp_path: Path) -> None:
    report = tmp_path / "faults.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--short", "--json", str(report)],
        cwd=ROOT,
        env={**os.environ, "FAULTS_UPLOADS": UPLOADS, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(report.read_text())["rows"]
    everything = rows[-1]
    assert everything["sent"] == int(UPLOADS) + 1, "and one that is poison"
    assert everything["acknowledged"] >= 0.9 * everything["sent"], "but those whose senders vanish"
    assert everything["found"] == everything["acknowledged"]
    assert everything["lost"] == everything["twice"] == 0
    assert len(rows) > 8
