"""`joulemark suite answer`: what the suite's own models say here becomes what every run of it must say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from joulemark.errors import EXIT_IMPOSSIBLE, EXIT_NOTHING, EXIT_UNREACHABLE, EXIT_USAGE
from joulemark.record.trace import answer_digest
from joulemark.suite import read_suite
from joulemark.suite.reference_answers import ANSWERS
from joulemark.workloads import open_workload
from tests.agent.agent_commands import Agent

if TYPE_CHECKING:
    from pathlib import Path

TOPICS = "text_classification/demo-topics/minilm-l6-v2"
SENTIMENT = "text_classification/demo-sentiment/minilm-l6-v2"


def answer(command: Agent, suite: str, out: Path, *more: str) -> int:
    return command("suite", "answer", suite, "--out", str(out), *more)


def test_answers_are_those_of_the_model(command: Agent, tmp_path: Path) -> None:
    assert answer(command, "demo", tmp_path / "new", "--only", TOPICS, "--queries", "3") == 0, command.err
    suite = read_suite(tmp_path / "new")
    known = suite.known_answers(TOPICS)
    workload = open_workload(suite, suite.job(TOPICS), cache_dir=tmp_path / "cache")
    workload.load()
    every = suite.sample("demo-topics", 1, 100)
    said = {query.id: workload.answer(query).value for query in workload.queries(every)}
    assert len(known) == 3
    assert known == {query: answer_digest(query, said[query]).hex() for query in known}


def test_what_other_cells_answer_stays(command: Agent, tmp_path: Path) -> None:
    assert answer(command, "demo", tmp_path / "one", "--only", TOPICS, "--queries", "2") == 0
    first = str(tmp_path / "one")
    assert answer(command, first, tmp_path / "two", "--only", SENTIMENT, "--queries", "4") == 0
    before, after = read_suite(tmp_path / "one"), read_suite(tmp_path / "two")
    assert after.known_answers(TOPICS) == before.known_answers(TOPICS)
    assert (len(after.known_answers(SENTIMENT)), before.known_answers(SENTIMENT)) == (4, {})
    assert before.digest != after.digest


def test_more_than_there_are_is_all_of_them(command: Agent, tmp_path: Path) -> None:
    assert answer(command, "demo", tmp_path / "new", "--only", TOPICS, "--queries", "100000") == 0
    assert len(read_suite(tmp_path / "new").known_answers(TOPICS)) == 100


def test_a_cell_without_an_answer_is_told_and_left_out(
    command: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.workloads.minilm.ZeroShotClassifier.load", _broken)
    found = command.json(
        "suite", "answer", "demo", "--out", str(tmp_path / "new"), "--only", "*/minilm*", "--queries", "1"
    )
    assert command.code == EXIT_IMPOSSIBLE
    assert found["answered"] == ["summarization/demo-texts/minilm-l6-v2"]
    assert [one["job"] for one in found["failed"]] == [TOPICS, SENTIMENT]
    assert [one["code"] for one in found["failed"]] == ["workload-crashed"] * 2
    assert len(read_suite(tmp_path / "new").reference_answers) == 1


def test_nothing_is_written_without_an_answer(
    command: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.workloads.minilm.ZeroShotClassifier.load", _broken)
    assert answer(command, "demo", tmp_path / "new", "--only", TOPICS) == EXIT_IMPOSSIBLE
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("suite", "more", "code", "sentence"),
    [
        ("demo", ("--only", "nothing"), EXIT_NOTHING, "No job of demo matches"),
        ("quick", (), EXIT_UNREACHABLE, "is not pinned, so the platform was asked"),
        ("unheard-of", (), EXIT_UNREACHABLE, "There is no installed suite 'unheard-of'"),
    ],
)
def test_what_cannot_be_answered(
    command: Agent, tmp_path: Path, suite: str, more: tuple[str, ...], code: int, sentence: str
) -> None:
    assert answer(command, suite, tmp_path / "new", *more) == code
    assert sentence in command.err
    assert not (tmp_path / "new").exists()


def test_a_used_folder_is_left_alone(command: Agent, tmp_path: Path) -> None:
    (tmp_path / ANSWERS).write_text("mine")
    assert answer(command, "demo", tmp_path) == EXIT_USAGE
    assert "is not empty" in command.err
    assert (tmp_path / ANSWERS).read_text() == "mine"


def _broken(_workload: object) -> None:
    raise RuntimeError("weights are gone")
