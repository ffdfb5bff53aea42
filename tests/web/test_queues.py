"""Queues: every task has one, every message expires, what is lost a sweep finds, what is queued is not queued again."""

from __future__ import annotations

import ast
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import current_app
from celery.beat import Scheduler
from django.conf import settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from joulemark.rules.judge import RULES_VERSION
from joulemark_simulation.result_rows import SENTIMENT, TOPICS, Run, demo_catalog, make_result
from measurements.boards import tasks as board_tasks
from measurements.boards.models import Cell
from measurements.contributors.models import Key
from measurements.contributors.services import revoke_key
from measurements.intake.models import State, Submission
from measurements.ledger.models import Checkpoint, LeafKind
from measurements.ledger.services import append_leaves
from measurements.monitoring.periodic_runs import RunAge, expect_runs, run_ages
from measurements.review import fair_share, tasks
from measurements.review.cell_key import CellKey
from measurements.review.fair_share import SHARE, split_by_share
from measurements.review.judge_queue import take_up
from measurements.review.judging_batches import BATCH_SIZE
from measurements.review.models import Agreement, Result, Verdict
from measurements.review.moves import Cause
from measurements.review.replication import touch
from tests.laws import law

ROOT = Path(__file__).parents[2]
TASKS = sorted(name for name in current_app.tasks if not name.startswith("celery."))
PERIODIC = set(settings.CELERY_BEAT_SCHEDULE)
ARGUMENTS: dict[str, tuple[object, ...]] = {
    "review.judge": (["a"],),
    "review.judge_again": (["a"], "new-rules"),
    "review.compare": (["a"],),
    "boards.refresh_cells": (["a"],),
}


def messages(client: redis.Redis, queue: str) -> list[dict[str, Any]]:
    return [json.loads(message) for message in client.lrange(queue, 0, -1)]


def test_every_task_has_a_queue_of_those_that_workers_have() -> None:
    assert sorted(settings.CELERY_TASK_ROUTES) == TASKS
    assert {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} <= set(settings.QUEUES)
    assert sorted(current_app.amqp.queues) == sorted(settings.QUEUES)
    assert {queue.routing_key for queue in current_app.amqp.queues.values()} == set(settings.QUEUES)


@pytest.mark.django_db
def test_what_may_take_hours_shares_neither_queue_nor_worker() -> None:
    """A worker that is at it for hours takes nothing else, so nothing else may wait for it."""
    long = {
        name for name in TASKS if (current_app.tasks[name].time_limit or 0) > settings.CELERY_TASK_TIME_LIMIT
    }
    assert long == {"releases.publish"}
    queues = {settings.CELERY_TASK_ROUTES[name]["queue"] for name in long}
    others = {settings.CELERY_TASK_ROUTES[name]["queue"] for name in set(TASKS) - long}
    assert not queues & others
    commands = (ROOT / "Procfile").read_text(encoding="utf-8")
    taken = [set(names.split(",")) for names in re.findall(r"--queues (\S+)", commands)]
    assert sorted(queue for names in taken for queue in names) == sorted(settings.QUEUES), (
        "each is taken once"
    )
    assert all(names <= queues or not names & queues for names in taken)
    limit_s = current_app.tasks["releases.publish"].time_limit
    assert limit_s is not None
    assert all(settings.MESSAGE_ALARMS_S[name] > limit_s for name in queues)
    ages = {age.name: age for age in _expected_ages()}
    assert ages["releases.publish"].limit_s > settings.RELEASE_LIMIT_S + settings.RELEASE_LOOK_S


def _expected_ages() -> tuple[RunAge, ...]:
    expect_runs()
    return run_ages()


@pytest.mark.parametrize("name", TASKS)
def test_every_message_lies_in_the_queue_of_its_task_and_expires(broker: redis.Redis, name: str) -> None:
    current_app.tasks[name].delay(*ARGUMENTS.get(name, ()))
    (sent,) = messages(broker, settings.CELERY_TASK_ROUTES[name]["queue"])
    assert sent["headers"]["task"] == name
    assert sent["headers"]["expires"] is not None
    assert len(broker.keys("*")) <= 1 + len(broker.keys("_kombu*"))


def test_every_message_of_the_beat_expires(broker: redis.Redis) -> None:
    scheduler = Scheduler(current_app, lazy=True)
    scheduler.setup_schedule()
    ours = {name: entry for name, entry in scheduler.schedule.items() if not name.startswith("celery.")}
    assert set(ours) == PERIODIC
    for entry in ours.values():
        scheduler.apply_async(entry, advance=False)
    sent = [message for queue in settings.QUEUES for message in messages(broker, queue)]
    assert {message["headers"]["task"] for message in sent} == PERIODIC
    assert all(message["headers"]["expires"] for message in sent)


def test_no_place_sends_a_message_that_would_not_expire() -> None:
    """By a task it has the task's own time; by name or with another time it has not."""
    suspicious = []
    for file in sorted([*(ROOT / "measurements").rglob("*.py"), *(ROOT / "platform").rglob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                by_name = isinstance(node.func, ast.Attribute) and node.func.attr in {"send_task", "retry"}
                timed = any(keyword.arg == "expires" for keyword in node.keywords)
                if by_name or (timed and getattr(node.func, "attr", "") == "apply_async"):
                    suspicious.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert suspicious == []


def measured(by: str = "ada", **more: Any) -> Submission:
    kind: dict[str, Any] = {"grade": "measured", "scope": "gpu", "announced": True, **more}
    return make_result(Run(by=by, device=f"gpu of {by}", **kind))


def _judged() -> bool:
    return not Submission.objects.filter(state__in=(State.RECEIVED, State.CHECKING)).exists()


def _without_verdict() -> Callable[[], bool]:
    measured(state=State.RECEIVED)
    return _judged


def _of_old_rules() -> Callable[[], bool]:
    measured()
    Verdict.objects.update(rules_version="before")
    return lambda: Verdict.objects.filter(rules_version=RULES_VERSION).exists()


def _of_a_revoked_key() -> Callable[[], bool]:
    row = measured()
    revoke_key(key=Key.objects.get(pk=row.key_id), at=timezone.now(), since=row.received_at)
    return lambda: Verdict.objects.filter(cause=Cause.KEY_REVOKED).exists()


def _not_compared() -> Callable[[], bool]:
    row = measured()
    touch([CellKey.of(Result.objects.get(pk=row.pk))])
    return lambda: Agreement.objects.filter(pk=row.pk).exists()


def _without_a_value() -> Callable[[], bool]:
    row = measured()
    touch([CellKey.of(Result.objects.get(pk=row.pk))])
    return Cell.objects.exists


LEFT_BEHIND: dict[str, Callable[[], Callable[[], bool]]] = {
    "review.judge": _without_verdict,
    "review.judge_again": _of_old_rules,
    "review.judge_distrusted": _of_a_revoked_key,
    "review.compare": _not_compared,
    "boards.refresh_cells": _without_a_value,
}
"""What a lost message of each task leaves behind, and how to tell that it is done. The others the beat sends again."""


def test_each_task_that_no_beat_repeats_is_one_whose_lost_message_is_tested() -> None:
    assert set(LEFT_BEHIND) | PERIODIC == set(TASKS)


@pytest.mark.django_db
@pytest.mark.parametrize("name", LEFT_BEHIND)
def test_what_a_lost_message_leaves_behind_a_sweep_finds(name: str) -> None:
    demo_catalog()
    is_done = LEFT_BEHIND[name]()
    assert not is_done()
    tasks.sweep()
    board_tasks.sweep()
    assert is_done()


@pytest.mark.django_db
def test_the_beat_brings_the_log_up_to_date() -> None:
    demo_catalog()
    measured()
    assert not Checkpoint.objects.exists()
    current_app.tasks["ledger.sequence"]()
    assert Checkpoint.objects.exists()


@pytest.fixture
def thousand(db: None, broker: redis.Redis) -> list[str]:
    """A thousand results that wait for a verdict, and a queue that nobody empties."""
    demo_catalog()
    one = measured(state=State.RECEIVED)
    ids = [f"{number:064x}" for number in range(999)]
    leaves = append_leaves(
        kind=LeafKind.RESULT_RECEIVED, changes=[(result_id, {}) for result_id in ids], at=one.received_at
    )
    Submission.objects.bulk_create(
        Submission(
            result_id=result_id,
            bundle=b"",
            receipt=b"",
            trace_sha256=result_id,
            key_id=one.key_id,
            received_at=one.received_at,
            leaf=leaf,
        )
        for result_id, leaf in zip(ids, leaves, strict=True)
    )
    return [*ids, one.pk]


FULL = -(-1000 // BATCH_SIZE)


@pytest.mark.timeout(300)
def test_twenty_sweeps_queue_what_waits_once(thousand: list[str], broker: redis.Redis) -> None:
    assert tasks.sweep() == 1000
    for _ in range(19):
        assert tasks.sweep() == 0
    sent = messages(broker, settings.JUDGE_QUEUE)
    assert len(sent) == FULL
    assert broker.llen(settings.BACKLOG_QUEUE) == 0

    # a worker has taken one message up, and dies with it
    take_up(tasks.judge, thousand[:BATCH_SIZE])
    assert [tasks.sweep() for _ in range(3)] == [BATCH_SIZE, 0, 0]
    assert broker.llen(settings.JUDGE_QUEUE) == FULL + 1

    broker.flushdb()  # Redis is lost, and the marks with it
    assert tasks.sweep() == 1000
    assert broker.llen(settings.JUDGE_QUEUE) == FULL


@pytest.mark.django_db
def test_twenty_sweeps_queue_what_new_rules_have_not_seen_once(broker: redis.Redis) -> None:
    demo_catalog()
    for number in range(100):
        measured(by=f"person {number % 5}")
    Verdict.objects.update(rules_version="before")
    assert [tasks.sweep() for _ in range(20)] == [100] + [0] * 19
    assert broker.llen(settings.BACKLOG_QUEUE) == -(-100 // BATCH_SIZE)
    key = Key.objects.first()
    assert key is not None
    revoke_key(key=key, at=timezone.now(), since=key.enrolled_at.replace(year=2000))
    assert tasks.sweep() == 20, "another cause is another message"


@pytest.mark.django_db
def test_a_flood_goes_to_the_backlog_and_others_are_judged_at_once(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message of 64 of one contributor, a second one, and then one of somebody else for another job."""
    monkeypatch.setattr(time, "time", lambda: 0.0)  # within one share
    demo_catalog()
    flood = [measured(by="ada", state=State.RECEIVED, announced=False).pk for _ in range(2 * SHARE)]
    single = measured(by="grace", state=State.RECEIVED, dataset=TOPICS).pk
    for ids in (flood[:SHARE], flood[SHARE:], [single]):
        tasks.judge.push_request(delivery_info={"routing_key": settings.JUDGE_QUEUE})
        try:
            tasks.judge.run(ids)
        finally:
            tasks.judge.pop_request()
    waiting = set(Submission.objects.filter(state=State.RECEIVED).values_list("pk", flat=True))
    assert waiting == set(flood[SHARE:])
    (sent,) = messages(broker, settings.BACKLOG_QUEUE)
    assert sent["headers"]["task"] == "review.judge"
    assert broker.llen(settings.JUDGE_QUEUE) == 0
    tasks.judge.push_request(delivery_info={"routing_key": settings.BACKLOG_QUEUE})
    try:
        tasks.judge.run(flood[SHARE:])
    finally:
        tasks.judge.pop_request()
    assert _judged()


PEOPLE, DATASETS = ("ada", "grace", "linus"), (TOPICS, SENTIMENT, None)
SENDERS = list(itertools.product(PEOPLE, DATASETS))
MESSAGES = st.lists(st.lists(st.sampled_from(SENDERS), min_size=1, max_size=8), min_size=1, max_size=8)


@pytest.mark.laws
@pytest.mark.django_db
def test_nobody_has_more_than_a_share_and_nothing_is_left_out(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a contributor, of a job, and of all results without a ticket."""
    demo_catalog()
    rows = {
        (by, dataset): [
            measured(by=by, state=State.RECEIVED, announced=dataset is not None, dataset=dataset or TOPICS).pk
            for _ in range(16)
        ]
        for by, dataset in SENDERS
    }
    sender = {result_id: names for names, ids in rows.items() for result_id in ids}
    monkeypatch.setattr(fair_share, "SHARE", 5)
    clock = [0.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])

    @law()
    @given(MESSAGES)
    def holds(sent: list[list[tuple[str, str | None]]]) -> None:
        clock[0] += fair_share.SHARE_S
        fresh = {names: itertools.cycle(ids) for names, ids in rows.items()}
        passed: Counter[str | None] = Counter()
        for message in sent:
            ids = list(dict.fromkeys(next(fresh[names]) for names in message))
            at_once, later = split_by_share(ids)
            wanted = []
            for result_id in ids:
                if all(passed[name] < 5 for name in sender[result_id]):
                    passed.update(sender[result_id])
                    wanted.append(result_id)
            assert at_once == wanted
            assert later == [result_id for result_id in ids if result_id not in wanted]

    holds()
