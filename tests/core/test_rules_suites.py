"""What the rules say about suites whose models and data are on the hub: pinned or not, first rows, reported sizes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from joulemark.record import trace as traces
from joulemark.record.keys import public_hex
from joulemark.record.statement import Digest, Statement, Subject
from joulemark.rules.case import Case, Context
from joulemark.rules.judge import judge
from joulemark.suite import Suite
from joulemark_simulation import records
from tests.core.test_suite_lock import lock, suite

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def findings(pinned: Suite, judged_by: Suite, **work: object) -> dict[str, str]:
    """What the rules say about an honest run of `pinned`, changed by `work`, where the platform has `judged_by`."""
    job = pinned.jobs[0]
    trace = records.trace(queries=pinned.queries_per_window(job.dataset))
    said = records.predicate(key=records.signing_key(), of=trace, suite=pinned, job=job, now=NOW)
    said = replace(said, quality=(), workload=replace(said.workload, **work))
    said = replace(said, suite=replace(said.suite, version=judged_by.version, digest=judged_by.digest))
    subjects = tuple(
        Subject(name=name, digest=Digest(sha256=traces.sha256(name.encode())))
        for name in ("trace", "outputs")
    )
    statement = Statement(
        type="https://in-toto.io/Statement/v1",
        subject=subjects,
        predicate_type="urn:joulemark:result:v1",
        predicate=said,
    )
    context = Context(
        received_at=NOW,
        audience=records.ORIGIN,
        public_key=public_hex(records.signing_key()),
        key_revoked=False,
        ticket=None,
        suite=judged_by,
        same_trace_as=None,
    )
    found = judge(Case(statement=statement, trace=trace, context=context)).findings
    return {finding.code: finding.sentence for finding in found if finding.code != "JM-TICKET-NONE"}


@pytest.fixture
def pinned(tmp_path: Path) -> Suite:
    return suite(tmp_path, of=lock())


def test_a_run_of_a_pinned_suite_is_believed(pinned: Suite) -> None:
    assert findings(pinned, pinned) == {}


def test_a_run_of_an_unpinned_suite_is_not(pinned: Suite, tmp_path: Path) -> None:
    (tmp_path / "lock.toml").unlink()
    unpinned = suite(tmp_path, of=None)
    found = findings(pinned, unpinned)
    assert set(found) == {"JM-REVISION"}
    assert found["JM-REVISION"].startswith(
        "Data set prose is not pinned in suite tiny 1, so it is unknown what ran"
    )


def test_other_rows_than_the_first_are_refused(pinned: Suite) -> None:
    found = findings(pinned, pinned, sample_sha256="0" * 64)
    assert found == {"JM-SAMPLE": "The queries are not the first 3 of the data set."}


@pytest.mark.parametrize(
    ("parameters", "fits"), [(400, True), (1000, True), (2900, True), (300, False), (3100, False)]
)
def test_a_reported_number_of_parameters_fits_by_its_size(
    pinned: Suite, parameters: int, *, fits: bool
) -> None:
    assert set(findings(pinned, pinned, parameters=parameters)) == (set() if fits else {"JM-CONFIG"})


def test_other_weights_are_refused(pinned: Suite) -> None:
    assert set(findings(pinned, pinned, weights_sha256="0" * 64)) == {"JM-REVISION"}
