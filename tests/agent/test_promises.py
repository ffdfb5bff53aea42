"""What a sentence promises of running again is true: a job that is written down as failed needs `--retry-failed`."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from joulemark import errors, workloads
from joulemark.errors import MeterFailed, NotOnHub, NotVerified, ReadingsUnusable
from joulemark.workloads import WorkloadCrashed, WorkloadError
from tests.agent import fake_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agent.agent_commands import Agent

ROOT = Path(__file__).parents[2]
ROOMS = ("agent/joulemark", "measurements", "platform/joulemark_site")
PROMISE = re.compile(
    r"\b(?:re-?run|run|try|start|repeat)\b[^.;:]{0,60}\b(?:again|anew|once more)\b", re.IGNORECASE
)
WRITTEN_DOWN = (WorkloadError, ReadingsUnusable, MeterFailed, NotOnHub, NotVerified)
"""Errors that a run catches over a job and writes down (`session.work`, `session.fetch`)."""

OTHER_COMMAND = re.compile(r"`joulemark (?!run\b)")
"""A promise with the name of another command in it is that command's."""
ELSEWHERE = {
    "cli/results.py": "a list of results: nothing is measured",
    "cli/run.py": "a run that was interrupted: no job is written down",
    "cli/run_report.py": "a run that was stopped: each further job would end alike",
    "errors.py": "a refusal of the platform, which ends the command",
    "reader/release.py": "a reader of a release: nothing is measured",
    "log/checkpoints.py": "an audit, which asks anew each time",
    "measurements/answer_cache/table_versions.py": "an operator starts the platform again",
    "measurements/impact/texts.py": "a run of the study, of which nothing is promised",
    "measurements/intake/door.py": "a refusal of the platform, which ends the command",
    "measurements/ledger/recovery.py": "an operator's command",
    "measurements/ledger/management/commands/sequence_log.py": "an operator's command",
    "platform/joulemark_site/errors.py": "a request of a reader",
    "platform/joulemark_site/management/commands/demo.py": "the demo, which says itself what it repeats",
}
"""Sentences that no error class around them explains: who does what again."""


BEFORE_ANY_JOB = frozenset({"session/suite_source.py"})
"""Files whose errors end a command before it has begun a job, whatever their class."""


def is_translation(node: ast.AST) -> bool:
    """Whether it only marks or fills a sentence: `_(…)`, `ngettext(…)`, `….format(…)`."""
    if isinstance(node, ast.Call):
        node = node.func
        if isinstance(node, ast.Name):
            return node.id in {"_", "ngettext", "marked"}
    return isinstance(node, ast.Attribute) and node.attr == "format"


def sentences(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every text of a program but its docstrings, with what stands around it."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        around = parents[node]
        while is_translation(around):
            around = parents[around]
        if not isinstance(around, (ast.Expr, ast.JoinedStr)):
            yield around, text


@cache
def promises() -> tuple[tuple[str, str, str], ...]:
    """Each promise to run again: its file, the name of what is called with it, and its text."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for around, text in sentences(ast.parse(path.read_text(encoding="utf-8"))):
                promise = PROMISE.search(text)
                if promise and not OTHER_COMMAND.search(promise[0]):
                    called = around.func if isinstance(around, ast.Call) else None
                    name = called.id if isinstance(called, ast.Name) else ""
                    found.append(
                        (path.relative_to(ROOT).as_posix().removeprefix("agent/joulemark/"), name, text)
                    )
    return tuple(found)


def test_promises_are_found() -> None:
    assert len(promises()) > 5
    assert PROMISE.search("The GPU stopped answering. Run again.")
    assert PROMISE.search("Unset it, then run the command again.")


def test_no_error_that_a_run_writes_down_promises_that_the_same_command_tries_again() -> None:
    for path, name, text in promises():
        kind = getattr(errors, name, None) or getattr(workloads, name, None)
        if kind is None or path in BEFORE_ANY_JOB:
            assert path in ELSEWHERE or path in BEFORE_ANY_JOB, f"{path}: who runs again after this? {text}"
        else:
            assert not issubclass(kind, WRITTEN_DOWN), f"{path}: {text}"


def test_every_other_promise_is_still_there() -> None:
    assert ELSEWHERE.keys() <= {path for path, _, _ in promises()}


JOB = "sorting/numbers/large"


@pytest.mark.parametrize(
    "error",
    [ReadingsUnusable("They give no result."), MeterFailed("It stopped."), WorkloadCrashed("It broke.")],
    ids=repr,
)
def test_a_failed_job_says_what_tries_it_again_and_that_does(
    enrolled: Agent, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setitem(fake_suite.TROUBLES, JOB, error)
    (failed,) = enrolled.json("run", "--meter", "estimate")["failed"]
    assert re.fullmatch(
        rf"{re.escape(str(error))} (The readings are stored in \S+ )?`--retry-failed` tries it again\.",
        failed["sentence"],
    )
    assert f"Failed: {JOB}. {failed['sentence']}" in enrolled.err
    monkeypatch.delitem(fake_suite.TROUBLES, JOB)
    answer = enrolled.json("run", "--meter", "estimate")
    assert (enrolled.code, answer["failed_before"][0]["job"]) == (7, JOB)
    assert answer["failed_before"][0]["sentence"].count("--retry-failed") == 1
    assert enrolled("run", "--meter", "estimate", "--retry-failed") == 0
