"""No statement about a GPU that decodes, and no trace of one, makes the rules about devices and texture fail."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.record import trace as traces
from joulemark.record.codec import decode, encode
from joulemark.record.errors import Malformed
from joulemark.record.statement import Statement
from joulemark.rules.case import Case
from joulemark.rules.judge import RULES, judge
from joulemark_simulation.honest_cases import honest
from tests.core.test_rules_robust import edited, leaves

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES: tuple[Any, ...] = (0, -1, 1, 2**53, -(2**53), 1e15, 1e-300, 0.5, None, True, "x", [], {}, 2**60)
EDITS = {"statement": 1500, "trace": 180, "short trace": 400}


def thinned(document: Any) -> Any:
    """The same with short columns: what is edited then matters more often."""
    for column in (*document["streams"], *document["gauges"]):
        for name in ("t_us", "value"):
            column[name] = column[name][:400]
    return document


@pytest.mark.parametrize("part", ["statement", "trace", "short trace"])
def test_whatever_is_edited_gets_a_judgement(part: str) -> None:
    case = honest()["a100"]
    rng = Random(part)  # noqa: S311 - chances, no secrets
    whole = json.loads(encode(case.statement if part == "statement" else case.trace))
    if part == "short trace":
        whole = thinned(whole)
    paths, judged = leaves(whole), 0
    for _ in range(EDITS[part]):
        document = json.loads(json.dumps(whole))
        for _ in range(rng.randint(1, 2)):
            document = json.loads(edited(document, rng.choice(paths), rng.choice(VALUES)))
            paths = leaves(document)
        found = decoded(part, json.dumps(document).encode(), case)
        paths = leaves(whole)
        if found is not None:
            assert judge(found).state in {"accepted", "quarantined", "rejected"}
            judged += 1
    assert judged > 40


def decoded(part: str, data: bytes, case: Case) -> Case | None:
    """The case with one part put in its place; None where that does not decode."""
    try:
        if part == "statement":
            return Case(decode(data, Statement, what="statement"), case.trace, case.context)
        return Case(case.statement, traces.parse(data), case.context)
    except Malformed:
        return None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_survives_an_empty_trace(rule: Callable[[Case], Any]) -> None:
    case = honest()["a100"]
    (stream,) = case.trace.streams
    empty = traces.Trace(
        version=1,
        streams=(type(stream)(**{**_fields(stream), "t_us": (), "value": ()}),),
        spans=case.trace.spans[:1],
        queries=(traces.Queries(duration_us=()),),
    )
    rule(Case(case.statement, empty, case.context))


def _fields(stream: Any) -> dict[str, Any]:
    return {name: getattr(stream, name) for name in stream.__struct_fields__}
