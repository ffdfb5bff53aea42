"""The watch: whom it calls, how often, and when it pings; by real mail and HTTP servers of this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import DatabaseError

from measurements.monitoring import announcements
from measurements.monitoring.alarms import ALARMS
from measurements.monitoring.announcements import Announcement
from measurements.monitoring.conditions import UNKNOWN, Condition
from measurements.monitoring.health import Health, read_health
from measurements.monitoring.management.commands import watch as watch_command
from measurements.monitoring.models import PeriodicRun, RaisedAlarm
from measurements.monitoring.result_times import ResultTimes
from measurements.monitoring.watch import Watch

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)
Settings = Any


class Scene:
    """A watch whose health, clock and ways out are the test's."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.well = read_health()
        self.health = self.well
        self.sent: list[Announcement] = []
        self.pings = 0
        self.goes_out = True
        self.watch = self.another()

    def another(self) -> Watch:
        return Watch(look=lambda: self.health, announce=self._announce, ping=self._ping, now=lambda: self.now)

    def _announce(self, announcement: Announcement) -> bool:
        if self.goes_out:
            self.sent.append(announcement)
        return self.goes_out

    def _ping(self) -> None:
        self.pings += 1

    def round(self, *, minutes: float = 0.5) -> list[str]:
        """A round some time later; what was sent in it, in words."""
        self.now += timedelta(minutes=minutes)
        before = len(self.sent)
        self.watch.round()
        return [f"{one.alarm.name} {'raised' if one.is_raised else 'ended'}" for one in self.sent[before:]]

    def breaks(self, *names: str) -> None:
        """These conditions do not hold from now on."""
        self.health = replace(self.well, conditions=tuple(map(self._broken(names), self.well.conditions)))

    def is_away(self) -> None:
        """The database is away: of most nothing is known."""
        unknown = tuple(
            replace(condition, problem=UNKNOWN, is_unknown=condition.name not in {"database", "queue"})
            if condition.name != "queue"
            else condition
            for condition in self.well.conditions
        )
        self.health = Health(
            readiness=replace(self.well.readiness, database=None), conditions=unknown, work=None
        )

    @staticmethod
    def _broken(names: tuple[str, ...]) -> Any:
        return lambda condition: (
            Condition(name=condition.name, problem="Amiss.", detail=f"{condition.name} is amiss")
            if condition.name in names
            else condition
        )


@pytest.fixture
def scene(own_queue: None) -> Scene:
    return Scene()


def test_an_alarm_is_raised_by_the_second_look_and_ends_with_one_message(scene: Scene) -> None:
    assert scene.round() == []
    scene.breaks("disk")
    assert [scene.round() for _ in range(4)] == [[], ["DiskNearlyFull raised"], [], []]
    assert scene.sent[0].sentence == "disk is amiss"
    scene.health = scene.well
    assert [scene.round() for _ in range(3)] == [["DiskNearlyFull ended"], [], []]


def test_a_blip_calls_nobody(scene: Scene) -> None:
    for _ in range(3):
        scene.breaks("queue")
        assert scene.round() == []
        scene.health = scene.well
        assert scene.round() == []


def test_there_is_at_most_one_message_an_hour_for_each_alarm(scene: Scene) -> None:
    scene.breaks("disk", "clock")
    sent = [scene.round(minutes=10) for _ in range(20)]
    assert [len(names) for names in sent] == [0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2]


def test_an_alarm_that_comes_and_goes_is_no_flood(scene: Scene) -> None:
    for _ in range(20):
        scene.breaks("disk")
        scene.round(minutes=1)
        scene.round(minutes=1)
        scene.health = scene.well
        scene.round(minutes=0.5)
    times = [one.is_raised for one in scene.sent]
    assert times == [True, False], "twenty times within an hour"


def test_a_message_that_does_not_go_out_is_sent_at_the_next_look(scene: Scene) -> None:
    scene.goes_out = False
    scene.breaks("keys")
    assert [scene.round() for _ in range(4)] == [[], [], [], []]
    scene.goes_out = True
    assert scene.round() == ["KeyUnusable raised"]


def test_only_a_platform_that_is_well_pings(scene: Scene) -> None:
    scene.round()
    assert scene.pings == 1
    scene.breaks("sweeps")
    scene.round()
    assert scene.pings == 1
    scene.is_away()
    scene.round()
    assert scene.pings == 1
    scene.health = scene.well
    scene.round()
    assert scene.pings == 2


def test_what_is_not_known_neither_raises_nor_ends_an_alarm(scene: Scene) -> None:
    scene.breaks("log")
    scene.round()
    assert scene.round() == ["LogBroken raised"]
    scene.is_away()
    assert [scene.round() for _ in range(3)] == [[], ["DatabaseAway raised"], []]
    scene.health = scene.well
    assert sorted(scene.round()) == ["DatabaseAway ended", "LogBroken ended"]


def test_a_new_watch_goes_on_where_the_old_one_ended(scene: Scene) -> None:
    scene.breaks("disk")
    scene.round()
    scene.round()
    assert list(RaisedAlarm.objects.values_list("name", "announced_at")) == [("DiskNearlyFull", scene.now)]
    scene.watch = scene.another()
    assert scene.round() == [], "it was announced a moment ago"
    scene.health = scene.well
    assert scene.round() == ["DiskNearlyFull ended"]
    assert not RaisedAlarm.objects.exists()


def test_a_database_that_takes_nothing_ends_no_round(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(ResultTimes, "count", away)
    monkeypatch.setattr(type(RaisedAlarm.objects), "all", away)
    monkeypatch.setattr(type(PeriodicRun.objects), "update_or_create", away)
    scene.is_away()
    assert [scene.round() for _ in range(2)] == [[], ["DatabaseAway raised"]]


class Receiver(BaseHTTPRequestHandler):
    """Takes everything, or hangs until the test lets it go."""

    requests: list[tuple[str, str, bytes]] = []
    hangs = False
    let_go = threading.Event()

    def do_GET(self) -> None:
        self._take(b"")

    def do_POST(self) -> None:
        self._take(self.rfile.read(int(self.headers["Content-Length"])))

    def _take(self, body: bytes) -> None:
        self.requests.append((self.command, self.path, body))
        if self.hangs:
            self.let_go.wait()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def receiver(settings: Settings) -> Iterator[type[Receiver]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Receiver.requests, Receiver.hangs, Receiver.let_go = [], False, threading.Event()
    settings.WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/hook-s3cret"
    settings.PING_URL = f"http://127.0.0.1:{server.server_port}/ping-s3cret"
    yield Receiver
    Receiver.let_go.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def people(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.example"
    settings.OPERATORS, settings.MODERATORS = ["op@example.org"], ["mod@example.org"]


def announcement(name: str, *, is_raised: bool = True) -> Announcement:
    alarm = next(alarm for alarm in ALARMS if alarm.name == name)
    return Announcement(alarm=alarm, is_raised=is_raised, since=BEGIN, sentence="3 wait.")


@pytest.mark.usefixtures("people")
def test_operators_and_moderators_get_mail_about_what_is_theirs(settings: Settings) -> None:
    assert announcements.announce(announcement("DiskNearlyFull"))
    assert announcements.announce(announcement("AppealLate", is_raised=False))
    settings.MODERATORS = []
    assert announcements.announce(announcement("AppealLate"))
    assert [message.to for message in mail.outbox] == [
        ["op@example.org"], ["mod@example.org"], ["op@example.org"],
    ]  # fmt: skip
    first, second, _ = mail.outbox
    assert first.subject == "[Joulemark] A disk is nearly full"
    assert second.subject == "[Joulemark] Appeals wait for an answer: ended"
    assert "3 wait." in first.body
    assert "2026-06-01 12:00 UTC" in first.body
    assert "docs/operations.md#disknearlyfull" in first.body


@pytest.mark.usefixtures("people")
def test_mail_is_in_the_language_that_is_set(settings: Settings) -> None:
    settings.ALARM_LANGUAGE = "ru"
    announcements.announce(announcement("AppealLate"))
    assert mail.outbox[0].subject == "[Joulemark] Апелляции ждут ответа"


def test_a_webhook_gets_a_json_object(receiver: type[Receiver]) -> None:
    assert announcements.announce(announcement("DiskNearlyFull"))
    ((method, path, body),) = receiver.requests
    fields = json.loads(body)
    assert (method, path) == ("POST", "/hook-s3cret")
    assert (fields["alarm"], fields["state"], fields["audience"]) == ("DiskNearlyFull", "raised", "operators")
    assert "A disk is nearly full" in fields["text"]


def test_a_webhook_that_hangs_is_waited_for_no_longer_than_the_limit(
    receiver: type[Receiver], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(announcements, "EXCHANGE_LIMIT_S", 0.2)
    receiver.hangs = True
    assert announcements.announce(announcement("DiskNearlyFull")) is False
    assert announcements.ping() is False
    assert len(receiver.requests) == 2
    assert not receiver.let_go.is_set(), "both ended while the receiver hung"
    assert "JM-ALARM-UNSENT" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.usefixtures("people")
def test_one_way_that_fails_does_not_stop_the_other(settings: Settings) -> None:
    settings.WEBHOOK_URL = "http://127.0.0.1:9/hook"
    assert announcements.announce(announcement("DiskNearlyFull")), "the mail went out"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert announcements.announce(announcement("DiskNearlyFull")) is False


def test_nothing_that_is_set_is_nothing_that_fails() -> None:
    assert announcements.announce(announcement("DiskNearlyFull"))
    assert announcements.ping() is None


def test_the_command_looks_once(receiver: type[Receiver], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_command, "close_old_connections", lambda: None)  # it is this test's transaction
    call_command("watch", "--once", stdout=StringIO())
    assert [path for _, path, _ in receiver.requests] == ["/ping-s3cret"]
    assert PeriodicRun.objects.filter(name="watch", finished_at__isnull=False).exists()
