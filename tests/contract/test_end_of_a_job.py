"""Three volunteers run the demo suite against a real platform: the second agrees with the first, the third is off."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from joulemark.suite import load_suite
from tests.processes import Platform, embedded_platform

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.processes, pytest.mark.timeout(280)]
PROGRAM = Path(__file__).with_name("run_steady.py")
JOBS = [job.key for job in load_suite("demo").jobs]
NUMBER = r"[0-9.e-]+"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Platform]:
    """An embedded platform: it judges as it receives."""
    with embedded_platform(folder=tmp_path) as platform:
        platform.environment["JOULEMARK_PLATFORM"] = platform.origin
        platform.start_web()
        yield platform


class Volunteer:
    """A person with a machine, on which a query takes so many milliseconds of the processor."""

    def __init__(self, platform: Platform, name: str, query_ms: float) -> None:
        home = platform.folder / name
        home.mkdir()
        self.folder = home
        self.environment = platform.environment | {
            "TMPDIR": str(home),
            "JOULEMARK_TEST_MACHINE": f"the machine of {name}",
            "JOULEMARK_TEST_QUERY_MS": str(query_ms),
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
        }
        assert self("enrol", "--name", name).returncode == 0

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROGRAM), *words]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def run(self) -> subprocess.CompletedProcess[str]:
        done = self("run", "--meter", "estimate")
        assert done.returncode == 0, done.stderr
        return done


def told(done: subprocess.CompletedProcess[str], sentence: str) -> int:
    """How many lines of the progress are this sentence."""
    return len(
        re.findall(f"^Your processor {NUMBER} Wh per 1,000 queries {sentence}$", done.stderr, re.MULTILINE)
    )


def test_each_volunteer_is_told_how_the_result_compares(running: Platform) -> None:
    first = Volunteer(running, "ada", 4.0).run()
    alone = r"\(estimated\): nobody else has measured this here yet, so it is a single source\."
    assert told(first, alone) == len(JOBS), first.stderr
    assert "Most useful next" not in first.stdout, "all of it is done"

    grace = Volunteer(running, "grace", 4.0)
    second = grace.run()
    beside = (
        rf"\(estimated\), 1 other {NUMBER} \(single source\): agrees; this cell is now {NUMBER}, replicated\."
    )
    assert told(second, beside) == len(JOBS), second.stderr

    third = Volunteer(running, "mallory", 12.0).run()
    off = (
        rf"\(estimated\), 2 others {NUMBER} \({NUMBER} to {NUMBER}, preliminary\): the difference exceeds chance; this "
        rf"cell is now {NUMBER}, several sources\."
    )
    assert told(third, off) == len(JOBS), third.stderr
    assert third.stdout.count("differs from 2 others") == len(JOBS)

    links = re.findall(rf"^Accepted: {running.origin}(/r/[0-9a-f]{{16}})$", second.stderr, re.MULTILINE)
    assert len(links) == len(JOBS)
    assert running.get(links[0])[0] == 200
    listed = grace("results")
    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    assert lines[-1] == f"{len(JOBS)} results: {len(JOBS)} accepted"
    assert [line.split()[1] for line in lines if line.startswith("accepted")] == JOBS
    assert max(map(len, lines)) <= 80
