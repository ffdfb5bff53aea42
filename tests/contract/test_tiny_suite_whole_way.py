"""Ten tasks and three prompted ones on tiny models: run, signed, uploaded, reviewed; and a fault in each is caught."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joulemark.suite import Suite, read_suite
from tests.processes import Platform, embedded_platform
from tests.tiny_models import build
from tests.tiny_models.suite import build_suite

pytestmark = [pytest.mark.processes, pytest.mark.timeout(280)]

CODES = {"sample": {"JM-SAMPLE"}, "cut": {"JM-KNOWN-ANSWERS", "JM-TOKENS"}, "revision": {"JM-REVISION"}}
"""What each fault is called by the rules; one of them is enough."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with the tiny suite, and in its environment an agent that is enrolled and has the suite's cache."""
    folder = tmp_path_factory.mktemp("whole-way")
    cache = folder / "hf" / "hub"
    models = folder / "models"
    models.mkdir()
    built: dict[str, Path] = {}
    build_suite(folder / "pinned", cache, lambda name: built.setdefault(name, build(name, models)))
    home = {
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_OFFLINE": "1",
        "TMPDIR": str(folder),
        **{f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
    }
    answer = ("suite", "answer", str(folder / "pinned"), "--out", str(folder / "tiny"), "--queries", "1000")
    subprocess.run([sys.executable, "-m", "joulemark", *answer], env={**os.environ, **home}, check=True)
    with embedded_platform(folder=folder, JOULEMARK_SUITES=str(folder / "tiny")) as platform:
        platform.environment |= {"JOULEMARK_PLATFORM": platform.origin, **home}
        platform.start_web()
        assert joulemark(platform, "enrol", "--name", "Tiny").returncode == 0
        yield platform


@pytest.fixture
def suite(running: Platform) -> Suite:
    return read_suite(running.folder / "tiny")


def joulemark(
    platform: Platform, *words: str, program: tuple[str, ...] = ("-m", "joulemark"), **more: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, *words, "--json"]
    return subprocess.run(
        command,
        cwd=platform.folder,
        env=platform.environment | more,
        capture_output=True,
        text=True,
        check=False,
    )


def verdicts(platform: Platform) -> dict[str, tuple[str, set[str]]]:
    """By result id the state, and the codes of what was found."""
    rows = json.loads(joulemark(platform, "status").stdout)["results"]
    return {row["result_id"]: (row["state"], {code for code, *_ in row["findings"]}) for row in rows}


RUN = ("run", "--suite", "./tiny", "--meter", "estimate", "--cpu-watts", "10")


def test_every_job_is_accepted(running: Platform, suite: Suite) -> None:
    done = joulemark(running, *RUN, "--fresh")
    assert done.returncode == 0, done.stderr
    sent = {row["result_id"]: row["job"] for row in json.loads(done.stdout)["results"]}
    assert sorted(sent.values()) == sorted(job.key for job in suite.jobs)
    assert len(sent) == 13
    found = verdicts(running)
    assert {sent[result]: found[result] for result in sent} == {
        key: ("accepted", set()) for key in sent.values()
    }


def test_a_fault_in_each_job_is_caught(running: Platform, suite: Suite) -> None:
    """Writers are cut short; of the others every second one takes other queries, the rest another revision."""
    faults, turn = {}, 0
    for job in suite.jobs:
        faults[job.key] = "cut" if job.generates_text else ("sample", "revision")[turn % 2]
        turn += not job.generates_text
    assert set(faults.values()) == set(CODES)
    program = (str(Path(__file__).with_name("run_with_faults.py")),)
    done = joulemark(running, *RUN, "--fresh", program=program, JOULEMARK_TEST_FAULTS=json.dumps(faults))
    answer = json.loads(done.stdout)
    assert answer["failed"] == [], done.stderr
    assert len(answer["results"]) == 13
    found = verdicts(running)
    for row in answer["results"]:
        state, codes = found[row["result_id"]]
        assert (state != "accepted", bool(codes & CODES[faults[row["job"]]])) == (True, True), (
            row["job"],
            state,
            codes,
        )
