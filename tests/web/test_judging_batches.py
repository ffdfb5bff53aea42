"""Batches keep to number, bytes and what was lost; a result that kills its judge is found and named, alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from joulemark.record.bundle import parse, verified
from joulemark.record.codec import encode
from joulemark.rules.verdicts import MAX_LOSSES
from joulemark.suite import load_suite
from joulemark_simulation import records
from joulemark_simulation.largest_bundles import largest_bundle
from measurements.intake.models import State, Submission
from measurements.review import cases, judging_batches, services
from measurements.review.judging_batches import BATCH_BYTES, BATCH_SIZE, claim, record_loss
from measurements.review.models import Verdict
from measurements.review.tasks import judge_again, sweep
from tests import poisoned_judge
from tests.client_response import Post
from tests.laws import law
from tests.processes import Platform, platform, wait_until

Submit = Callable[[int], list[str]]


@pytest.fixture
def submitted(enrolled: Post) -> Submit:
    """Hand in so many results of one contributor; their ids, in their order."""

    def hand_in(count: int) -> list[str]:
        bundles = [records.bundle(of=records.trace(queries=15, salt=salt)) for salt in range(count)]
        assert {enrolled("results", bundle.to_bytes()).status_code for bundle in bundles} == {202}
        return [bundle.digest() for bundle in bundles]

    return hand_in


ROWS = st.lists(
    st.tuples(
        st.integers(min_value=1, max_value=2 * BATCH_BYTES),
        st.sampled_from([1, 2, 4, 8, 16, 32, 64, 100]),
    ),
    max_size=200,
)


@pytest.mark.laws
@law()
@given(ROWS)
def test_a_batch_keeps_to_its_bounds_and_nothing_is_left_out(rows: list[tuple[int, int]]) -> None:
    named = [(str(number), size, limit) for number, (size, limit) in enumerate(rows)]
    facts = {name: (size, limit) for name, size, limit in named}
    batches = judging_batches._bounded(named)
    assert sorted(name for batch in batches for name in batch) == sorted(facts)
    for batch in batches:
        assert len(batch) <= min(BATCH_SIZE, *(facts[name][1] for name in batch))
        assert len(batch) == 1 or sum(facts[name][0] for name in batch) <= BATCH_BYTES


@pytest.mark.laws
@law()
@given(st.integers(min_value=1, max_value=BATCH_SIZE), st.data())
def test_whoever_kills_is_alone_after_as_many_losses_as_its_batch_can_be_halved(
    count: int, data: st.DataObject
) -> None:
    """The halves alone, without a database: one of `count` kills, and every half that it is in is lost."""
    poison = data.draw(st.integers(min_value=0, max_value=count - 1))
    batch, losses = list(range(count)), 0
    while len(batch) > 1:
        half = max(len(batch) // 2, 1)
        halves = [batch[start : start + half] for start in range(0, len(batch), half)]
        (batch,) = (part for part in halves if poison in part)
        losses += 1
    assert losses <= BATCH_SIZE.bit_length() - 1
    assert batch == [poison]


def test_what_a_sweep_finds_lost_is_judged_in_ever_smaller_batches_and_given_up_in_the_end(
    submitted: Submit,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ids = submitted(3)
    settings.SWEEP_WAITING_LONGER_THAN_S = 0
    taken = claim(ids)
    assert (taken.batches, taken.given_up) == ([sorted(ids)], [])
    sizes = []
    for _ in range(6 + MAX_LOSSES):  # the process that has claimed them is lost each time
        taken = claim(ids)
        sizes.append([len(batch) for batch in taken.batches])
    assert sizes[:6] == [[3]] * 4 + [[2, 1], [1, 1, 1]]
    assert claim(ids).given_up == sorted(ids)
    monkeypatch.setattr(services, "cases_of", lambda _: pytest.fail("what is given up is not read again"))
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    assert set(Submission.objects.values_list("state", flat=True)) == {State.QUARANTINED}
    for verdict in Verdict.objects.all():
        assert [finding["code"] for finding in verdict.findings] == ["JM-JUDGE-FAILED"]
        assert "lost 3 times" in verdict.findings[0]["sentence"]


def test_a_loss_is_counted_of_a_single_submission_alone(submitted: Submit) -> None:
    ids = submitted(2)
    claim(ids)
    assert record_loss(ids) == [[ids[0]], [ids[1]]]
    assert set(Submission.objects.values_list("batch_limit", "losses")) == {(1, 0)}
    assert record_loss(ids[:1]) == [ids[:1]]
    assert set(Submission.objects.values_list("pk", "losses")) == {(ids[0], 1), (ids[1], 0)}


def test_what_was_judged_meanwhile_has_no_loss(submitted: Submit) -> None:
    ids = submitted(2)
    services.judge_waiting(result_ids=ids)
    record_loss(ids)
    assert set(Submission.objects.values_list("batch_limit", "losses")) == {(BATCH_SIZE, 0)}


def test_judging_again_is_halved_too_and_given_up_alone(
    submitted: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New rules may be killed by what the old ones could read: the message comes back as any other does."""
    ids = submitted(3)
    services.judge_waiting(result_ids=ids)
    monkeypatch.setattr(services, "RULES_VERSION", "later")
    queued: list[list[str]] = []
    monkeypatch.setattr(judge_again, "apply_async", lambda arguments: queued.append(arguments[0]))

    def come_back(batch: list[str]) -> None:
        judge_again.push_request(delivery_info={"redelivered": True})
        try:
            judge_again.run(batch, "new-rules")
        finally:
            judge_again.pop_request()

    come_back(ids)
    assert queued == [[result_id] for result_id in ids]
    monkeypatch.setattr(services, "cases_of", Mock(side_effect=SystemExit))  # the process ends here
    for _ in range(MAX_LOSSES - 1):
        with pytest.raises(SystemExit):
            come_back(ids[:1])
    come_back(ids[:1])
    assert set(Submission.objects.values_list("pk", "state")) == {
        (ids[0], "quarantined"),
        (ids[1], "accepted"),
        (ids[2], "accepted"),
    }
    last = Verdict.objects.filter(submission=ids[0]).last()
    assert last is not None
    assert last.findings[0]["code"] == "JM-JUDGE-FAILED"


def test_who_was_judged_after_a_loss_is_suspected_no_more(submitted: Submit) -> None:
    ids = submitted(2)
    claim(ids)
    record_loss(ids)
    services.judge_waiting(result_ids=ids, was_lost=True)
    assert set(Submission.objects.values_list("state", "batch_limit", "losses")) == {
        ("accepted", BATCH_SIZE, 0)
    }


@pytest.fixture
def production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform with a queue; nothing is started yet."""
    with platform(
        name="poison_test",
        folder=tmp_path,
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"].replace("db=0", "db=9"),
    ) as running:
        monkeypatch.setattr(records, "ORIGIN", running.origin)
        yield running


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(240)
def test_one_that_kills_its_judge_holds_no_other(production: Platform) -> None:
    """64 in one message, one of which kills: 63 verdicts within a minute, and the one is named, without any sweep."""
    web = production.start_web()
    production.post("/api/v1/enrolments", encode(records.enrolment()))
    queries = load_suite("demo").queries_per_window(records.first_job(load_suite("demo")).dataset)
    bundles = [records.bundle(of=records.trace(queries=queries, salt=salt)) for salt in range(BATCH_SIZE)]
    status, body = production.post("/api/v1/results/batch", b"".join(bundle.to_bytes() for bundle in bundles))
    assert status == 200, body
    ids = [bundle.digest() for bundle in bundles]
    assert [item["status"] for item in json.loads(body)["items"]] == [202] * BATCH_SIZE
    poison = 40
    production.environment[poisoned_judge.POISON] = str(
        production.one(f"SELECT trace_sha256 FROM intake_submission WHERE result_id = '{ids[poison]}'")  # noqa: S608
    )
    purge = "from joulemark_site.celery import app; app.control.purge()"
    nudge = f"from measurements.review.tasks import judge; judge.delay({ids!r})"
    production.manage("shell", "--command", f"{purge}; {nudge}")
    worker = production.start_worker("--include", "tests.poisoned_judge")
    count = "SELECT count(*) FROM intake_submission WHERE state = '{}'"
    wait_until(
        lambda: production.one(count.format("accepted")) == BATCH_SIZE - 1,
        beside=worker,
        what="the 63 others are accepted",
    )
    wait_until(
        lambda: production.one(count.format("quarantined")) == 1, beside=worker, what="the one is put aside"
    )
    shown = json.loads(production.get(f"/api/v1/results/{ids[poison]}")[1])
    assert [finding[0] for finding in shown["findings"]] == ["JM-JUDGE-FAILED"]
    assert ids[poison] in production.log("worker.log")
    health = json.loads(production.get("/api/v1/health")[1])
    assert health["given_up"] == [ids[poison]]
    assert web.poll() is None


def test_traces_are_decoded_as_many_at_once_as_may_be(
    submitted: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five of which two fit: parts of two, two and one, all judged, each once, in their order."""
    ids = submitted(5)
    sizes = {
        row.pk: len(verified(parse(bytes(row.bundle)), public_key=row.key.public_key)[1])
        for row in Submission.objects.select_related("key")
    }
    monkeypatch.setattr(cases, "DECODED_BYTES", 2 * max(sizes.values()))
    parts: list[int] = []
    work = cases.cases_of

    def counted(submissions: list[Submission]) -> Mapping[str, object]:
        decoded = work(submissions)
        parts.append(len(decoded))
        return decoded

    monkeypatch.setattr(services, "cases_of", counted)
    assert services.judge_waiting(result_ids=ids) == 5
    assert parts == [2, 2, 1]
    assert set(Submission.objects.values_list("state", flat=True)) == {State.ACCEPTED}
    assert Verdict.objects.count() == 5


def test_one_that_is_larger_than_all_that_may_be_decoded_is_judged_alone(
    submitted: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = submitted(2)
    monkeypatch.setattr(cases, "DECODED_BYTES", 1)
    assert services.judge_waiting(result_ids=ids) == 2


MOST_WORKER_MB = 500


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(600)
def test_a_worker_judges_the_largest_bundles_within_its_memory(production: Platform) -> None:
    """They are 30 KB on the wire and 16 MiB each once inflated; in one message, to a worker with nothing before it."""
    production.start_web()
    production.post("/api/v1/enrolments", encode(records.enrolment()))
    bundles = [largest_bundle(number) for number in range(4)]
    status, body = production.post("/api/v1/results/batch", b"".join(bundles))
    assert status == 200, body
    ids = [sha256(bundle).hexdigest() for bundle in bundles]
    nudge = f"from measurements.review.tasks import judge; judge.delay({ids!r})"
    production.manage(
        "shell", "--command", f"from joulemark_site.celery import app; app.control.purge(); {nudge}"
    )
    worker = production.start_worker()
    waiting = "SELECT count(*) FROM intake_submission WHERE state IN ('received', 'checking')"
    wait_until(lambda: production.one(waiting) == 0, beside=worker, what="the largest have their verdicts")
    assert production.peak_mb(worker) < MOST_WORKER_MB
