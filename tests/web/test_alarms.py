"""Each alarm of the platform's own is raised by its cause, made with real rows, files and services; and by no other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
import redis
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from joulemark.log import notes
from joulemark.record import keys
from joulemark_simulation.result_rows import Run, make_result, private_key
from measurements.concurrency.message_headers import SENT_AT
from measurements.intake.models import RefusalCount, State, Submission
from measurements.ledger import sequencer
from measurements.ledger.models import CopyState, LeafKind, LogHead
from measurements.ledger.services import append_leaf
from measurements.monitoring import clock, dependencies, schema
from measurements.monitoring.alarms import ALARMS
from measurements.monitoring.clock import ClockSteps
from measurements.monitoring.dependencies import DatabaseAnswer, DiskSpace
from measurements.monitoring.health import read_health
from measurements.monitoring.models import PeriodicRun, WatchedFigure
from measurements.monitoring.periodic_runs import WATCH, expect_runs, record_run
from measurements.monitoring.probe import Probe
from measurements.monitoring.result_times import BOARD_LAG
from measurements.review.models import Appeal
from measurements.review.moves import Cause
from measurements.review.states import move

pytestmark = pytest.mark.django_db
Settings = Any
Patch = pytest.MonkeyPatch
PEOPLE_ARE_LATE = {"ModeratorLate", "AppealLate", "JudgingGivenUp"}
NO_CONDITION = PEOPLE_ARE_LATE | {"MessagesOld", "BoardLate", "LogCopyBehind", "WitnessLate"}
"""Alarms that leave the platform well."""


@pytest.fixture(autouse=True)
def new_process(catalogue: None, own_queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has asked nothing yet, and a queue of this test alone."""
    schema.forget()
    monkeypatch.setattr(clock, "STEPS", ClockSteps())


def database_away(_settings: Settings, patch: Patch) -> None:
    def away() -> NoReturn:
        raise OperationalError("server closed the connection")

    patch.setattr(dependencies, "DATABASE", Probe("database", away))


def queue_away(settings: Settings, _patch: Patch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"


def schema_wrong(_settings: Settings, _patch: Patch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE boards_jobviews DROP COLUMN views CASCADE")


def key_lost(settings: Settings, _patch: Patch) -> None:
    Path(settings.PLATFORM_KEY_FILE).unlink()


def receipts_key_of_another(settings: Settings, _patch: Patch) -> None:
    """Another key, put in the place of the one that has signed while the process runs."""
    make_result(Run(by="ada"))
    settings.PLATFORM_KEY_FILE.write_bytes(keys.to_pem(private_key("somebody else")))


def log_key_of_another(settings: Settings, _patch: Patch) -> None:
    append_leaf(kind=LeafKind.APPEAL, subject="0" * 64, facts={}, at=timezone.now())
    sequencer.sequence()
    settings.LOG_KEY_FILE.write_bytes(keys.to_pem(private_key("somebody else")))


def clock_wrong(_settings: Settings, patch: Patch) -> None:
    answer = DatabaseAnswer(clock_offset_s=90.0, clock_offset_within_s=0.1)
    patch.setattr(dependencies, "DATABASE", Probe("database", lambda: answer))


def clock_jumped(_settings: Settings, patch: Patch) -> None:
    wall = iter([1000.0, 900.0, 900.0, 900.0])
    patch.setattr(clock, "STEPS", ClockSteps(wall=lambda: next(wall), monotonic=lambda: 5.0))


def disk_full(_settings: Settings, patch: Patch) -> None:
    disk = DiskSpace(folder="data", free=10**6, size=10**10)
    patch.setattr(dependencies, "DISKS", Probe("disks", lambda: (disk,)))


def log_broken(_settings: Settings, _patch: Patch) -> None:
    LogHead.objects.update(fault="The leaves have another root than the one that was signed.")


def log_outdated(_settings: Settings, _patch: Patch) -> None:
    LogHead.objects.update(outdated=True)


def copy_behind(settings: Settings, _patch: Patch) -> None:
    """A place that the sequencer could not write to."""
    settings.LOG_COPIES = ["/nowhere"]
    CopyState.objects.create(
        place="copy 1", size=3, fault="/nowhere does not exist.", tried_at=timezone.now()
    )


def witness_late(settings: Settings, _patch: Patch) -> None:
    """A checkpoint stands that nobody has cosigned."""
    key = keys.generate()
    settings.LOG_WITNESSES = [notes.verifier_key(key, name="witness.example/w", kind=notes.COSIGNATURE)]
    settings.WITNESS_ALARM_S = 0
    append_leaf(kind=LeafKind.APPEAL, subject="0" * 64, facts={}, at=timezone.now())
    sequencer.sequence()


def checkpoint_late(settings: Settings, _patch: Patch) -> None:
    old = timezone.now() - timedelta(seconds=settings.LOG_ALARM_S + 60)
    append_leaf(kind=LeafKind.APPEAL, subject="0" * 64, facts={}, at=old)


def sweep_late(settings: Settings, _patch: Patch) -> None:
    expect_runs()
    record_run("review.sweep")
    old = timezone.now() - timedelta(seconds=settings.SWEEP_ALARM_S + 60)
    PeriodicRun.objects.filter(name="review.sweep").update(finished_at=old)


def sweep_never(settings: Settings, _patch: Patch) -> None:
    """Prepared long ago, and nothing has swept since: no beat was ever started."""
    expect_runs()
    old = timezone.now() - timedelta(seconds=settings.SWEEP_ALARM_S + 60)
    PeriodicRun.objects.filter(name="ledger.sequence").update(expected_since=old)


def verdict_late(settings: Settings, _patch: Patch) -> None:
    row = make_result(Run(by="ada", state=State.RECEIVED))
    old = timezone.now() - timedelta(seconds=settings.WAITING_ALARM_S + 60)
    Submission.objects.filter(pk=row.pk).update(received_at=old)


def judging_stuck(settings: Settings, _patch: Patch) -> None:
    row = make_result(Run(by="ada", state=State.RECEIVED))
    old = timezone.now() - timedelta(seconds=settings.JUDGING_ALARM_S + 60)
    move([row], State.CHECKING, cause=Cause.CHECK, at=old)
    Submission.objects.filter(pk=row.pk).update(received_at=timezone.now())


def messages_old(settings: Settings, _patch: Patch) -> None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    for age_s in (settings.MESSAGE_ALARM_S + 60, 1):
        client.lpush("judging", json.dumps({"headers": {SENT_AT: time.time() - age_s}}))


def board_late(settings: Settings, _patch: Patch) -> None:
    WatchedFigure.objects.create(name=BOARD_LAG, value=settings.BOARD_ALARM_S + 60)


def moderator_late(settings: Settings, _patch: Patch) -> None:
    row = make_result(Run(by="ada", state=State.QUARANTINED))
    old = timezone.now() - timedelta(seconds=settings.QUARANTINE_ALARM_S + 60)
    Submission.objects.filter(pk=row.pk).update(received_at=old)


def appeal_late(settings: Settings, _patch: Patch) -> None:
    row = make_result(Run(by="ada", state=State.REJECTED))
    old = timezone.now() - timedelta(seconds=settings.APPEAL_ANSWER_S + 60)
    leaf = append_leaf(kind=LeafKind.APPEAL, subject=row.pk, facts={}, at=timezone.now())
    Appeal.objects.create(submission=row, filed_at=old, decide_by=old, leaf=leaf, words="Look again.")


def given_up(_settings: Settings, _patch: Patch) -> None:
    row = make_result(Run(by="ada", state=State.QUARANTINED))
    Submission.objects.filter(pk=row.pk).update(losses=3, received_at=timezone.now())


CAUSES: list[tuple[str, Callable[[Settings, Patch], None]]] = [
    ("DatabaseAway", database_away),
    ("QueueAway", queue_away),
    ("SchemaWrong", schema_wrong),
    ("KeyUnusable", key_lost),
    ("KeyUnusable", receipts_key_of_another),
    ("KeyUnusable", log_key_of_another),
    ("ClockWrong", clock_wrong),
    ("ClockWrong", clock_jumped),
    ("DiskNearlyFull", disk_full),
    ("LogBroken", log_broken),
    ("LogBroken", log_outdated),
    ("LogCopyBehind", copy_behind),
    ("WitnessLate", witness_late),
    ("CheckpointLate", checkpoint_late),
    ("SweepLate", sweep_late),
    ("SweepLate", sweep_never),
    ("VerdictLate", verdict_late),
    ("JudgingStuck", judging_stuck),
    ("MessagesOld", messages_old),
    ("BoardLate", board_late),
    ("ModeratorLate", moderator_late),
    ("AppealLate", appeal_late),
    ("JudgingGivenUp", given_up),
]


def raised() -> set[str]:
    health = read_health()
    return {alarm.name for alarm in ALARMS if alarm.read(health).is_raised}


def fresh_leaves() -> None:
    """What a made result leaves behind is as old as it says: its leaves have had their checkpoint."""
    sequencer.sequence()


def test_every_alarm_has_a_cause_here() -> None:
    assert [alarm.name for alarm in ALARMS] == list(dict.fromkeys(name for name, _ in CAUSES))


@pytest.mark.parametrize(("name", "cause"), CAUSES, ids=[cause.__name__ for _, cause in CAUSES])
def test_an_alarm_is_raised_by_its_cause_alone(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, cause: Any
) -> None:
    assert raised() == set()
    assert client.get("/api/v1/health").status_code == 200
    schema.forget()
    cause(settings, monkeypatch)
    if name not in {
        "CheckpointLate",
        "SchemaWrong",
        "DatabaseAway",
        "KeyUnusable",
        "LogBroken",
        "LogCopyBehind",
    }:
        fresh_leaves()
    health = read_health()
    readings = {alarm.name: alarm.read(health) for alarm in ALARMS}
    assert {each for each, reading in readings.items() if reading.is_raised} == {name}
    assert readings[name].sentence
    answer = client.get("/api/v1/health")
    assert answer.json()["alarms"] == [name]
    assert (answer.status_code, answer.json()["ok"]) == (
        (200, True) if name in NO_CONDITION else (503, False)
    )
    amiss = [words for words in answer.json()["checks"].values() if words != "ok"]
    assert bool(amiss) == (name not in NO_CONDITION)
    assert str(settings.PLATFORM_KEY_FILE) not in answer.content.decode(), "the public reads no path"


def test_while_the_database_is_away_what_it_would_say_is_null(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_away(settings, monkeypatch)
    fields = client.get("/api/v1/health").json()
    assert {fields[name] for name in ("waiting", "log", "periodic", "attempts", "given_up")} == {None}
    assert fields["checks"]["database"] == "The database does not answer."
    assert all(fields["checks"][name].startswith("Not known") for name in ("schema", "keys", "log", "sweeps"))
    assert fields["alarms"] == ["DatabaseAway"], "of the others nothing is known"


def test_figures_of_the_work(client: Client, settings: Settings) -> None:
    make_result(Run(by="ada"))
    sequencer.sequence()
    expect_runs()
    record_run("review.sweep")
    record_run("something else")
    today = timezone.now().date()
    RefusalCount.objects.create(day=today, code="JM-RATE", count=3)
    RefusalCount.objects.create(day=today - timedelta(days=1), code="JM-RATE", count=30)
    messages_old(settings, pytest.MonkeyPatch())
    fields = client.get("/api/v1/health").json()
    assert fields["refusals_today"] == {"JM-RATE": 3}
    assert fields["queues"]["judging"]["count"] == 2
    assert fields["queues"]["judging"]["oldest_s"] > settings.MESSAGE_ALARM_S
    assert fields["queues"]["log"] == {"count": 0, "oldest_s": None}
    assert fields["periodic"]["review.sweep"]["age_s"] < 60
    assert fields["periodic"]["boards.sweep"]["age_s"] is None, "it never has"
    assert set(fields["periodic"]) == {*settings.CELERY_BEAT_SCHEDULE, WATCH}
    assert fields["log"]["size"] > 0
    assert fields["log"]["checkpoint_age_s"] < 60


def test_a_late_watch_is_no_ill_health(client: Client, settings: Settings) -> None:
    expect_runs()
    old = timezone.now() - timedelta(days=1)
    PeriodicRun.objects.filter(name=WATCH).update(expected_since=old)
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["periodic"][WATCH]["alarm"]) == (200, True)
