"""An honest estimate of the demo suite's first job, as a platform judges it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from joulemark.record.keys import public_hex
from joulemark.rules.case import Case, Context
from joulemark.suite import load_suite
from joulemark_simulation import records

if TYPE_CHECKING:
    from joulemark.record.statement import Statement
    from joulemark.record.trace import Trace

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SUITE = load_suite("demo")
JOB = records.first_job(SUITE)
QUERIES = SUITE.queries_per_window(JOB.dataset)
"""Of a window."""


def statement_of(trace: Trace) -> Statement:
    """What an honest agent says of it."""
    return records.bundle(of=trace, now=NOW).statement()


def judged_case(statement: Statement, trace: Trace, **context: Any) -> Case:
    """The case of a platform that knows `context` beside the key and the suite."""
    known = Context(
        received_at=NOW,
        audience=records.ORIGIN,
        public_key=public_hex(records.signing_key()),
        key_revoked=False,
        ticket=None,
        suite=SUITE,
        same_trace_as=None,
    )
    return Case(statement, trace, replace(known, **context))
