"""Ten tasks and three prompted ones on tiny models: run, signed, uploaded, reviewed; and a fault in each is caught."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from joulemark.suite import Suite, read_suite
from joulemark_simulation.tiny_models import build
from joulemark_simulation.tiny_models.suite import build_suite
from tests.processes import Platform, embedded_platform

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(900)]

CODES = {
    "stated": {"JM-SAMPLE"},
    "revision": {"JM-REVISION"},
    "reversed": {"JM-KNOWN-ANSWERS"},
    "again": {"JM-ANSWERS", "JM-KNOWN-ANSWERS"},
    "cut": {"JM-KNOWN-ANSWERS"},
    "swapped": {"JM-KNOWN-ANSWERS"},
}
"""What the rules find of each fault; see run_with_faults. A sample is checked as it is stated, so that JM-SAMPLE does
not find programs that run other queries: their answers tell."""

SENTIMENT = "text_classification/text_classification/bert-sentiment"
WRITING = "text_generation/text_generation/llama"
PAINTING = "image_generation/image_generation/stable-diffusion"
SHORTEST = "summarization/summarization/bart"
"""Its answers have a least length, which JM-TOKENS knows; some of them are empty texts, which cannot be cut."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with the tiny suite, and in its environment an agent that is enrolled and has the suite's cache."""
    folder = tmp_path_factory.mktemp("whole-way")
    cache = folder / "hf" / "hub"
    models = folder / "models"
    models.mkdir()
    built: dict[str, Path] = {}
    build_suite(
        folder / "pinned", cache, lambda name: built.setdefault(name, build(name, models)), queries=5, times=3
    )
    home = {
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",  # windows last milliseconds here, in which threads that wait would count as work
        "TMPDIR": str(folder),
        **{f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
    }
    answer = ("suite", "answer", str(folder / "pinned"), "--out", str(folder / "tiny"), "--queries", "1000")
    subprocess.run([sys.executable, "-m", "joulemark", *answer], env={**os.environ, **home}, check=True)
    with embedded_platform(folder=folder) as platform:
        platform.environment |= {"JOULEMARK_PLATFORM": platform.origin, **home}
        platform.start_web()
        platform.manage(
            "pin_suite", "--folder", str(folder / "tiny")
        )  # beside the web process, which is not told
        (folder / "elsewhere").mkdir()
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
        cwd=platform.folder / "elsewhere",  # a volunteer has no folder of the suite
        env=platform.environment | more,
        capture_output=True,
        text=True,
        check=False,
    )


def verdicts(platform: Platform) -> dict[str, tuple[str, set[str]]]:
    """By result id the state, and the codes of what was found."""
    rows = json.loads(joulemark(platform, "status").stdout)["results"]
    return {row["result_id"]: (row["state"], {code for code, *_ in row["findings"]}) for row in rows}


RUN = ("run", "--suite", "tiny", "--meter", "estimate", "--cpu-watts", "10")


def test_every_job_is_accepted(running: Platform, suite: Suite) -> None:
    done = joulemark(running, *RUN, "--fresh")
    assert done.returncode == 0, done.stderr
    assert (
        f"(digest {suite.digest[:12]}), the current version of {running.origin}, checked now." in done.stderr
    )
    sent = {row["result_id"]: row["job"] for row in json.loads(done.stdout)["results"]}
    assert sorted(sent.values()) == sorted(job.key for job in suite.jobs)
    assert len(sent) == 13
    found = verdicts(running)
    assert {sent[result]: found[result] for result in sent} == {
        key: ("accepted", set()) for key in sent.values()
    }


def test_a_fault_in_each_job_is_caught(running: Platform, suite: Suite) -> None:
    """Writers are cut short; of the others every second one states other queries, the rest another revision."""
    faults, turn = {}, 0
    for job in suite.jobs:
        faults[job.key] = "cut" if job.generates_text else ("stated", "revision")[turn % 2]
        turn += not job.generates_text
    answer = run_with(running, faults)
    assert answer["failed"] == []
    found = found_in(running, answer)
    assert found.pop(SHORTEST) - CODES["cut"] == {"JM-TOKENS"}
    assert found == {key: CODES[fault] for key, fault in faults.items() if key != SHORTEST}


def test_a_program_that_states_what_it_should_and_does_another_thing_is_caught(
    running: Platform, suite: Suite
) -> None:
    """Other queries under the right digest, in two ways in turn; other weights under the pinned digest; and under the
    pinned name, which the agent itself refuses."""
    faults = {job.key: ("reversed", "again")[turn % 2] for turn, job in enumerate(suite.jobs)}
    faults |= dict.fromkeys((WRITING, PAINTING), "swapped")
    answer = run_with(running, faults | {SENTIMENT: "weights"})
    (refused,) = answer["failed"]
    assert (refused["job"], refused["code"]) == (SENTIMENT, "workload-error")
    assert "are not those that the suite pins: model.safetensors" in refused["sentence"]
    del faults[SENTIMENT]
    assert set(faults.values()) == {"reversed", "again", "swapped"}
    assert found_in(running, answer) == {key: CODES[fault] for key, fault in faults.items()}


def run_with(platform: Platform, faults: dict[str, str]) -> dict[str, Any]:
    """What the program with these faults says of its run."""
    program = (str(Path(__file__).with_name("run_with_faults.py")),)
    done = joulemark(platform, *RUN, "--fresh", program=program, JOULEMARK_TEST_FAULTS=json.dumps(faults))
    return json.loads(done.stdout)


def found_in(platform: Platform, answer: dict[str, Any]) -> dict[str, set[str]]:
    """By job the codes of what the platform found in its result, none of which was accepted."""
    every = verdicts(platform)
    found = {row["job"]: every[row["result_id"]] for row in answer["results"]}
    assert [job for job, (state, _) in found.items() if state == "accepted"] == []
    return {job: codes for job, (_, codes) in found.items()}
