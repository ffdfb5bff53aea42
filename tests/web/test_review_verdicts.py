"""Verdicts: an honest result is accepted; each lie is caught by the rule that knows it, through the whole door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from msgspec.structs import replace
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from joulemark.record import statement as s
from joulemark.record.bundle import Bundle
from joulemark.record.codec import decode
from joulemark.record.messages import ResultStatus, Ticket
from joulemark.record.trace import to_deltas
from joulemark_simulation import records
from measurements.catalog.models import HardwareClass
from measurements.contributors.models import Key
from measurements.intake.models import State, Submission
from measurements.ledger.models import Leaf
from measurements.review import services
from measurements.review.models import Moderation, Result, Verdict
from measurements.review.moderation import decide, revoke
from measurements.review.tasks import sweep
from tests.client_response import Post

pytestmark = pytest.mark.django_db(transaction=False)

Judged = Callable[[Bundle], ResultStatus]
Lie = Callable[[s.Predicate], s.Predicate]


@pytest.fixture
def judged(
    enrolled: Post, client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> Judged:
    """Send a bundle and return its status after the verdict that follows the commit."""

    def send(bundle: Bundle) -> ResultStatus:
        with django_capture_on_commit_callbacks(execute=True):
            answer = enrolled("results", bundle.to_bytes())
        assert answer.status_code == 202, answer.content
        answer = client.get(f"/api/v1/results/{bundle.digest()}")
        return decode(answer.content, ResultStatus, what="status")

    return send


def codes(status: ResultStatus) -> list[str]:
    """The codes of the findings."""
    return [code for code, _severity, _sentence in status.findings]


def test_an_honest_result_is_accepted(judged: Judged, ticket: Ticket) -> None:
    bundle = records.bundle(ticket=ticket)
    status = judged(bundle)
    assert (status.state, codes(status)) == ("accepted", [])
    result = Result.objects.eligible().get()
    said = bundle.statement().predicate
    assert result.energy_per_query_j == said.totals.energy_per_query_j
    assert (result.grade, result.scope, result.meter) == ("estimated", "cpu", "cpu-time-estimate")
    assert Leaf.objects.filter(kind="verdict", subject=bundle.digest()).count() == 1


def test_a_run_without_a_ticket_is_flagged(judged: Judged) -> None:
    status = judged(records.bundle())
    assert (status.state, codes(status)) == ("accepted", ["JM-TICKET-NONE"])


def _totals(**changes: Any) -> Lie:
    return lambda said: replace(said, totals=replace(said.totals, **changes))


def _window(**changes: Any) -> Lie:
    return lambda said: replace(said, windows=(replace(said.windows[0], **changes), *said.windows[1:]))


def _work(**changes: Any) -> Lie:
    return lambda said: replace(said, workload=replace(said.workload, **changes))


def _quality(**changes: Any) -> Lie:
    return lambda said: replace(said, quality=(replace(said.quality[0], **changes), *said.quality[1:]))


def _device(**changes: Any) -> Lie:
    return lambda said: replace(said, device=replace(said.device, **changes))


def _sensor(**changes: Any) -> Lie:
    return lambda said: replace(said, sensor=replace(said.sensor, **changes))


LIES = {
    "halved total": (_totals(energy_gross_j=0.1), "JM-TOTALS"),
    "halved energy per query": (_totals(energy_per_query_j=0.001), "JM-TOTALS"),
    "shorter latency": (_totals(latency_p50_s=0.001), "JM-TOTALS"),
    "edited window": (_window(energy_gross_j=0.1), "JM-WINDOWS"),
    "window that ends early": (_window(end_s=0.05), "JM-WINDOWS"),
    "net energy out of nowhere": (_window(energy_net_j=0.1), "JM-WINDOWS"),
    "no energy": (_window(energy_gross_j=0.0), "JM-ENERGY-ZERO"),
    "unknown suite": (
        lambda said: replace(said, suite=replace(said.suite, digest="0" * 64)),
        "JM-SUITE-UNKNOWN",
    ),
    "job of no suite": (_work(task="mind-reading"), "JM-JOB-UNKNOWN"),
    "other weights": (_work(weights_sha256="0" * 64), "JM-REVISION"),
    "other data": (_work(dataset_revision="0" * 64), "JM-REVISION"),
    "other sample": (_work(sample_sha256="0" * 64), "JM-SAMPLE"),
    "estimate sold as measurement": (_sensor(grade="measured"), "JM-SENSOR"),
    "other watts than the trace": (_sensor(stated_watts=6.0), "JM-SENSOR"),
    "started after its end": (
        lambda said: replace(said, started_at=said.ended_at + timedelta(seconds=1)),
        "JM-TIMES",
    ),
    "shorter than its trace": (lambda said: replace(said, started_at=said.ended_at), "JM-TIMES"),
    "idle out of nowhere": (
        lambda said: replace(said, idle=s.Idle(before_w=1.0, after_w=1.0, before_s=1.0, after_s=1.0)),
        "JM-TOTALS",
    ),
    "null without a reason": (lambda said: replace(said, absent={}), "JM-ABSENT"),
    "no quality": (lambda said: replace(said, quality=()), "JM-QUALITY"),
    "quality twice": (lambda said: replace(said, quality=said.quality * 2), "JM-QUALITY"),
    "quality out of range": (_quality(value=1e9), "JM-QUALITY"),
    "quality the other way round": (_quality(higher_is_better=False), "JM-QUALITY"),
    "quality over more answers than queries": (_quality(n=10**9), "JM-QUALITY"),
    "invented number format": (_work(dtype="fp8-100x-better"), "JM-CONFIG"),
    "many queries at once": (_work(batch_size=64), "JM-CONFIG"),
    "another number of parameters": (_work(parameters=1), "JM-CONFIG"),
    "a word turned round": (_device(name="Zed \u202e1"), "JM-TEXT"),
    "an estimate that claims a GPU": (_device(kind="gpu", name="NVIDIA H100 80GB HBM3"), "JM-SENSOR"),
    "watts next to nothing": (_sensor(stated_watts=1e-300), "JM-SENSOR"),
    "a run of years": (
        lambda said: replace(said, started_at=said.started_at - timedelta(days=900)),
        "JM-TIMES",
    ),
    "dirty run": (lambda said: replace(said, flags=("foreign-process",)), "JM-DIRTY"),
}


@pytest.mark.parametrize("name", sorted(LIES))
def test_a_signed_lie_does_not_count(judged: Judged, name: str) -> None:
    change, code = LIES[name]
    status = judged(records.bundle(change=change))
    assert code in codes(status)
    assert status.state in {"rejected", "quarantined"}
    assert not Result.objects.eligible().exists()


def test_the_trace_of_another_result_is_rejected(judged: Judged) -> None:
    first = records.bundle()
    judged(first)
    copy = records.bundle(change=lambda said: replace(said, nonce="1" * 32))
    status = judged(copy)
    assert status.state == "rejected"
    assert codes(status) == ["JM-TICKET-NONE", "JM-TRACE-REUSED"] or "JM-TRACE-REUSED" in codes(status)
    assert first.digest()[:12] in " ".join(sentence for _c, _s, sentence in status.findings)


def test_more_power_than_the_device_has_is_rejected(judged: Judged) -> None:
    status = judged(records.bundle(of=records.trace(queries=_queries(), busy=3.0)))
    assert "JM-POWER-HIGH" in codes(status)


def test_a_stated_limit_does_not_raise_what_is_believed(judged: Judged) -> None:
    def many_cores(said: s.Predicate) -> s.Predicate:
        return replace(said, host=replace(said.host, cpu_count=2**40))

    status = judged(records.bundle(of=records.trace(queries=_queries(), busy=1e6), change=many_cores))
    assert "JM-POWER-HIGH" in codes(status)


def test_what_the_judge_trips_over_gets_a_verdict(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_: object) -> None:
        raise OverflowError("int too big to convert")

    monkeypatch.setattr(services, "derive_result", trip)
    status = judged(records.bundle())
    assert (status.state, codes(status)) == ("quarantined", ["JM-JUDGE-FAILED"])


def test_what_the_database_refuses_gets_a_verdict(judged: Judged) -> None:
    huge = records.bundle(
        change=lambda said: replace(
            said, windows=tuple(replace(w, output_tokens=2**40) for w in said.windows)
        )
    )
    status = judged(huge)
    assert status.state in {"accepted", "rejected", "quarantined"}


def test_names_that_a_slug_cannot_hold_do_not_share_a_class(judged: Judged, settings: Settings) -> None:
    names = [
        "Zed 1",
        "Zed 1 \u2620 \u041f\u041e\u0414\u0414\u0415\u041b\u041a\u0410",
        "\u98de\u817e",
        "\u0411\u0430\u0439\u043a\u0430\u043b",
    ]
    for number, name in enumerate(names):
        trace = records.trace(queries=_queries(), salt=number)
        judged(records.bundle(of=trace, change=_device(name=name)))
    slugs = list(HardwareClass.objects.filter(kind="cpu").values_list("slug", flat=True))
    assert (len(slugs), "cpu-zed-1" in slugs) == (4, True)


def test_queries_that_overlap_are_rejected(judged: Judged) -> None:
    trace = records.trace(queries=_queries())
    starts = to_deltas([trace.spans[0].start_us] * _queries())
    status = judged(
        records.bundle(
            of=replace(trace, queries=(replace(trace.queries[0], start_us=starts), *trace.queries[1:]))
        )
    )
    assert "JM-LATENCY" in codes(status)


def test_too_few_windows_are_quarantined_and_a_moderator_decides(
    judged: Judged, django_user_model: type[User]
) -> None:
    status = judged(records.bundle(of=records.trace(windows=1, queries=_queries())))
    assert (status.state, codes(status)) == ("quarantined", ["JM-TICKET-NONE", "JM-WINDOWS-FEW"])
    moderator = django_user_model.objects.create_user("moderator")
    submission = Submission.objects.get()
    decide(submission=submission, moderator=moderator, state=State.ACCEPTED, reason="evidence-holds")
    assert Result.objects.eligible().count() == 1
    assert Moderation.objects.get().leaf.kind == "moderation"
    with pytest.raises(ValidationError, match="cannot be made accepted"):
        decide(submission=submission, moderator=moderator, state=State.ACCEPTED, reason="evidence-holds")
    second = django_user_model.objects.create_user("second")
    for person in (moderator, second):
        decide(submission=submission, moderator=person, state=State.REJECTED, reason="evidence-fails")
    assert not Result.objects.eligible().exists()
    with pytest.raises(ValidationError, match="cannot be made accepted"):
        decide(submission=submission, moderator=moderator, state=State.ACCEPTED, reason="evidence-holds")


def test_revoking_a_key_rejects_what_it_has_signed(
    judged: Judged,
    django_user_model: type[User],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    judged(records.bundle())
    moderator = django_user_model.objects.create_user("moderator")
    with django_capture_on_commit_callbacks(execute=True):
        assert revoke(key=Key.objects.get(), moderator=moderator) == 1
    assert not Result.objects.eligible().exists()
    assert [verdict.cause for verdict in Verdict.objects.all()] == ["rules", "key-revoked"]
    last = Verdict.objects.last()
    assert last is not None
    assert "JM-KEY-REVOKED" in {finding["code"] for finding in last.findings}
    assert Leaf.objects.filter(kind="key-revoked").count() == 1


def test_judging_twice_gives_one_verdict(enrolled: Post) -> None:
    bundle = records.bundle()
    enrolled("results", bundle.to_bytes())
    assert services.judge_waiting(result_ids=[bundle.digest()]) == 1
    assert services.judge_waiting(result_ids=[bundle.digest()]) == 0
    assert (Verdict.objects.count(), Result.objects.count()) == (1, 1)


def test_the_sweeper_finds_what_waits_too_long(enrolled: Post, settings: Settings) -> None:
    enrolled("results", records.bundle().to_bytes())
    assert sweep() == 0
    old = timezone.now() - timedelta(seconds=settings.SWEEP_WAITING_LONGER_THAN_S + 1)
    Submission.objects.update(received_at=old)
    assert sweep() == 1
    assert Submission.objects.get().state in {State.ACCEPTED, State.REJECTED}
    assert sweep() == 0


def test_stored_bytes_that_no_longer_verify_are_rejected_with_the_reason(enrolled: Post) -> None:
    bundle = records.bundle()
    enrolled("results", bundle.to_bytes())
    other = records.bundle(of=records.trace(queries=_queries(), salt=5))
    Submission.objects.update(bundle=replace(bundle, trace=other.trace).to_bytes())
    services.judge_waiting(result_ids=[bundle.digest()])
    verdict = Verdict.objects.get()
    assert (verdict.state, verdict.findings[0]["code"]) == ("rejected", "JM-TRACE-DIGEST")


def test_an_unknown_result_is_a_problem_document(client: Client, db: None) -> None:
    answer = client.get(f"/api/v1/results/{'0' * 64}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def _queries() -> int:
    from joulemark.suite import load_suite

    suite = load_suite("demo")
    return suite.queries_per_window(records.first_job(suite).dataset)
