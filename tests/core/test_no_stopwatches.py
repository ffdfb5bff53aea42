"""No test asserts how long something took: what the machine does beside it would decide.

A limit of time is tested with a clock of the test's own, by counting, or against a hang that ends after the answer has
come: an event, not a stopwatch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
CLOCKS = {
    f"{name}{unit}"
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
    for unit in ("", "_ns")
}
EXCEPTIONS = {
    "agent/test_run_patience.py::test_the_answer_ends_the_waiting_and_other_words_do_not": "at least so long: no "
    "machine is too slow for that",
    "agent/test_run_patience.py::test_a_terminal_that_was_closed_is_waited_out": "at least so long, again",
    "web/test_half_sent_headers.py::test_clients_that_do_not_hang_up_keep_nobody_waiting": "the server lets such "
    "clients go by itself after two seconds, which no client can see",
}
"""Tests that do, each with why there is no other way."""


def is_clock(node: ast.AST) -> bool:
    """Whether this asks a clock what time it is."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if isinstance(called, ast.Attribute):
        return called.attr in CLOCKS and isinstance(called.value, ast.Name) and called.value.id == "time"
    return isinstance(called, ast.Name) and called.id in CLOCKS


def is_number(node: ast.AST) -> bool:
    """Whether nothing but numbers stands here: a time less a tolerance is still a time."""
    return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node))


def is_duration(node: ast.AST, durations: set[str]) -> bool:
    """Whether the difference of two times is in an expression, or a name that stands for one."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in durations:
            return True
        match part:
            case ast.BinOp(op=ast.Sub(), right=right) if not is_number(right):
                if any(map(is_clock, ast.walk(part))):
                    return True
    return False


def durations_of(function: ast.AST) -> set[str]:
    """Names in a function that are durations, or collect them."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if is_duration(node.value, set()):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.Call) and any(is_duration(each, set()) for each in node.args):
            match node.func:
                case ast.Attribute(value=ast.Name(id=name), attr="append"):
                    names.add(name)
    return names


def stopwatches(source: str) -> Iterator[str]:
    """The functions that assert how long something took."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        durations = durations_of(function)
        asserted = (node.test for node in ast.walk(function) if isinstance(node, ast.Assert))
        compared = (part for test in asserted for part in ast.walk(test) if isinstance(part, ast.Compare))
        if any(is_duration(each, durations) for each in compared):
            yield function.name


def test_no_test_asserts_a_duration() -> None:
    found = {
        f"{file.relative_to(TESTS).as_posix()}::{name}"
        for file in sorted(TESTS.rglob("*.py"))
        for name in stopwatches(file.read_text(encoding="utf-8"))
    }
    assert found == set(EXCEPTIONS), "test it with a clock of your own, by counting, or against a hang"


@pytest.mark.parametrize(
    "body",
    [
        "assert time.monotonic() - began < 5",
        "assert 0 < time.thread_time() - began",
        "spent_s = perf_counter() - began\n    assert spent_s < limit(2.0)",
        "times.append(time.process_time_ns() - began)\n    assert min(times) < 3",
    ],
)
def test_each_way_of_asserting_one_is_found(body: str) -> None:
    assert list(stopwatches(f"def test_it():\n    {body}\n")) == ["test_it"]


@pytest.mark.parametrize(
    "body",
    [
        "print(time.monotonic() - began)",
        "assert now_s - began == 5",
        "ends = time.monotonic() + 3\n    assert ends",
    ],
)
def test_what_is_none_is_not(body: str) -> None:
    assert not list(stopwatches(f"def test_it():\n    {body}\n"))
