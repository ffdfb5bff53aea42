"""A trace is refused at the door where its session cannot have made it: at the limit it is taken, beyond it is not."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from msgspec.structs import replace

from joulemark.meters.sampler import CLOSELY_S, PERIOD_S
from joulemark.record.codec import encode
from joulemark.record.limits import (
    LONGEST_SESSION_S,
    NUMBERS_BESIDE_READINGS,
    READS_A_SECOND,
    max_trace_numbers,
)
from joulemark.record.statement import Predicate
from joulemark.record.trace import Gauge, Trace
from joulemark.suite import load_suite, suite_names
from joulemark_simulation import records
from joulemark_simulation.honest_cases import honest
from measurements.intake import door
from measurements.intake.refusals import TooBig
from tests.client_response import Post

SESSION_S = 20


def of_session(predicate: Predicate) -> Predicate:
    return replace(predicate, started_at=predicate.ended_at - timedelta(seconds=SESSION_S))


def with_numbers(count: int) -> Trace:
    """A trace with so many commas, or one less: a gauge has as many times as values."""
    base = replace(
        records.trace(queries=15), gauges=(Gauge(name="others", unit="count", t_us=(1,), value=(1,)),)
    )
    missing = count - encode(base).count(b",")
    (gauge,) = base.gauges
    more = (1,) * (missing // 2)
    longer = replace(gauge, t_us=gauge.t_us + more, value=gauge.value + more)
    return replace(base, gauges=(longer,))


@pytest.mark.parametrize(("beyond", "status"), [(0, 202), (2, 413)])
def test_at_the_limit_of_its_session_a_trace_is_taken_and_beyond_it_is_refused(
    enrolled: Post, beyond: int, status: int
) -> None:
    of = with_numbers(max_trace_numbers(SESSION_S) + beyond)
    answer = enrolled("results", records.bundle(of=of, change=of_session).to_bytes())
    assert answer.status_code == status, answer.content
    if beyond:
        problem = answer.json()
        assert problem["code"] == "JM-TRACE-SIZE"
        assert f"a session of {SESSION_S} s makes {max_trace_numbers(SESSION_S)} at most" in problem["detail"]


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_limit_is_exact(beyond: int) -> None:
    statement = records.bundle(change=of_session).statement()
    raw = b"," * (max_trace_numbers(SESSION_S) + beyond)
    with pytest.raises(TooBig) if beyond else nullcontext():
        door._check_length(raw, statement)


def test_the_limit_is_that_of_how_agents_read() -> None:
    assert READS_A_SECOND * CLOSELY_S == 1
    assert PERIOD_S > CLOSELY_S
    assert max_trace_numbers(-1.0) == NUMBERS_BESIDE_READINGS
    assert max_trace_numbers(1e9) == max_trace_numbers(LONGEST_SESSION_S)
    suites = [load_suite(name) for name in suite_names()]
    assert max(suite.protocol.budget_s for suite in suites) * 3 <= LONGEST_SESSION_S


@pytest.mark.parametrize("name", sorted(honest()))
def test_honest_sessions_stay_far_below_it(name: str) -> None:
    case = honest()[name]
    session = case.predicate.ended_at - case.predicate.started_at
    assert encode(case.trace).count(b",") * 2 < max_trace_numbers(session.total_seconds())
