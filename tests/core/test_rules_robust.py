"""No statement that decodes, however mad, makes the rules fail: a failure would leave a result without a verdict."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.record import trace as traces
from joulemark.record.codec import decode, encode
from joulemark.record.errors import Malformed
from joulemark.record.keys import public_hex
from joulemark.record.statement import Statement
from joulemark.rules.case import Case, Context
from joulemark.rules.judge import judge
from joulemark.suite import load_suite
from joulemark_simulation import records

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
QUERIES = 4

numbers = st.one_of(
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 1e15, 1e-300, 1e308]),
)
anything = st.one_of(numbers, st.none(), st.booleans(), st.text(max_size=5), st.just([]), st.just({}))


def context() -> Context:
    """What a platform knows of an honest run without a ticket."""
    return Context(
        received_at=NOW,
        audience=records.ORIGIN,
        public_key=public_hex(records.signing_key()),
        key_revoked=False,
        ticket=None,
        suite=load_suite("demo"),
        same_trace_as=None,
    )


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything that is neither object nor array."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for number, item in enumerate(value) for leaf in leaves(item, (*path, number))]
    return [path]


def edited(document: Any, path: tuple[Any, ...], value: Any) -> bytes:
    """The document as JSON with one leaf replaced."""
    inside = document
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return json.dumps(document).encode()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_an_edited_statement_gets_a_judgement(data: st.DataObject) -> None:
    trace = records.trace(queries=QUERIES)
    payload = json.loads(records.bundle(of=trace, now=NOW).envelope.payload)
    path = data.draw(st.sampled_from(leaves(payload)))
    try:
        statement = decode(edited(payload, path, data.draw(anything)), Statement, what="statement")
    except Malformed:
        return
    assert judge(Case(statement=statement, trace=trace, context=context())).state in {
        "accepted",
        "quarantined",
        "rejected",
    }


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_an_edited_trace_gets_a_judgement(data: st.DataObject) -> None:
    honest = records.trace(queries=QUERIES)
    statement = records.bundle(of=honest, now=NOW).statement()
    document = json.loads(encode(honest))
    path = data.draw(st.sampled_from(leaves(document)))
    try:
        trace = traces.parse(edited(document, path, data.draw(anything)))
    except Malformed:
        return
    judgement = judge(Case(statement=statement, trace=trace, context=context()))
    assert judgement.state in {"accepted", "quarantined", "rejected"}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_an_edited_trace_of_a_gpu_gets_a_judgement(data: st.DataObject) -> None:
    """Two edits at once: one alone is often caught before the brackets are reached."""
    honest = records.gpu_trace(windows=2)
    document = json.loads(encode(honest))
    paths = leaves(document)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(paths))
        document = json.loads(edited(document, place, data.draw(anything)))
    try:
        trace = traces.parse(json.dumps(document).encode())
    except Malformed:
        return
    assert judge(Case(statement=gpu_statement(), trace=trace, context=context())).state


def gpu_statement() -> Statement:
    """An estimate's statement that says it was read by a GPU's counter."""
    statement = records.bundle(of=records.trace(queries=QUERIES), now=NOW).statement()
    said = replace(statement.predicate, sensor=records.gpu_sensor())
    return replace(statement, predicate=said)


def test_the_honest_statement_is_accepted() -> None:
    suite = load_suite("demo")
    trace = records.trace(queries=suite.queries_per_window(records.first_job(suite).dataset))
    statement = records.bundle(of=trace, now=NOW).statement()
    judgement = judge(Case(statement=statement, trace=trace, context=context()))
    assert (judgement.state, [finding.code for finding in judgement.findings]) == (
        "accepted",
        ["JM-TICKET-NONE"],
    )
