"""Webhooks: each event once, signed as the standard has it, to public addresses alone, and not for ever."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.services import refresh_cells_of
from measurements.ledger import sequencer
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.webhooks import delivering, exchange, tasks
from measurements.webhooks.delivering import MAX_CLAIMED, MAX_OF_ENDPOINT, RETRIES_S, deliver_due, forget_old
from measurements.webhooks.exchange import Attempt
from measurements.webhooks.gathering import gather_events
from measurements.webhooks.models import EventCursor, Outcome, WebhookDelivery, WebhookEndpoint, WebhookEvent
from measurements.webhooks.services import add_endpoint, enable_endpoint, ping_endpoint, rotate_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.core.mail import EmailMessage
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

PLACE = {"dbname": "NAME", "user": "USER", "host": "HOST"}

RECEIVER = textwrap.dedent(
    """
    import json, sys, time
    from http.server import BaseHTTPRequestHandler, HTTPServer
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = int(open(sys.argv[1]).read())
            with open(sys.argv[2], "a") as file:
                file.write(json.dumps([self.path, dict(self.headers), body.decode()]) + "\\n")
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Retry-After", "7000")
            self.end_headers()
            self.wfile.write(b"x" * 100000)
        def log_message(self, *words):
            pass
    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
    """
)


class Receiver:
    """A process that answers with a status and writes down what it got."""

    def __init__(self, folder: Path) -> None:
        self._status, self._received = folder / "status", folder / "received"
        self.answer(204)
        self._process = subprocess.Popen(
            [sys.executable, "-c", RECEIVER, str(self._status), str(self._received)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = f"http://127.0.0.1:{int(self._process.stdout.readline())}/hook?a=1"

    def answer(self, status: int) -> None:
        self._status.write_text(str(status))

    def messages(self) -> list[tuple[str, dict[str, str], str]]:
        lines = self._received.read_text().splitlines() if self._received.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def receiver(settings: Settings, tmp_path: Path) -> Iterator[Receiver]:
    settings.WEBHOOKS_PRIVATE = True
    running = Receiver(tmp_path)
    yield running
    running.stop()


def checkpoint() -> None:
    with transaction.atomic():
        append_leaf(kind=LeafKind.APPEAL, subject="0" * 64, facts={}, at=timezone.now())
    sequencer.sequence()


def is_signed(headers: dict[str, str], body: str, secret: str) -> bool:
    """The check of a receiver, written for itself."""
    names = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{names['webhook-id']}.{names['webhook-timestamp']}.{body}".encode()
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    is_now = abs(time.time() - int(names["webhook-timestamp"])) < 60
    return is_now and f"v1,{wanted}" in names["webhook-signature"].split(" ")


def test_each_event_is_sent_once_signed_and_as_it_was_stored(receiver: Receiver) -> None:
    demo_catalog()
    checkpoint()  # before anybody wants to know
    endpoint = add_endpoint(address=receiver.address, kinds=[])
    gather_events()
    make_result(Run(by="ada"))
    row = make_result(Run(by="bob"))
    refresh_cells_of(result_ids=[row.pk])
    checkpoint()
    assert gather_events() > 0
    assert gather_events() == 0
    n_sent = deliver_due()
    assert deliver_due() == 0
    messages = receiver.messages()
    assert len(messages) == n_sent == WebhookDelivery.objects.filter(outcome=Outcome.DELIVERED).count()
    stored = dict(WebhookEvent.objects.values_list("message_id", "body"))
    for path, headers, body in messages:
        assert path == "/hook?a=1"
        assert is_signed(headers, body, endpoint.secret)
        assert stored.pop(headers["webhook-id"]) == body
        assert headers["User-Agent"].startswith("Joulemark-Webhooks")
    assert not stored
    kinds = [json.loads(body)["type"] for _path, _headers, body in messages]
    assert kinds.count("checkpoint.signed") == 1
    assert {"cell.moved", "checkpoint.signed"} <= set(kinds)
    cell = next(json.loads(body)["data"] for *_rest, body in messages if "cell.moved" in body)
    assert cell["unit"] == "J/query"
    assert cell["energy"] > 0
    assert all(
        cell[name] for name in ("series", "task", "dataset", "model", "hardware", "grade", "scope", "tier")
    )


def test_a_verdict_is_told_with_its_leaf(receiver: Receiver) -> None:
    add_endpoint(address=receiver.address, kinds=["result.judged"])
    gather_events()
    with transaction.atomic():
        append_leaf(kind=LeafKind.VERDICT, subject="ab" * 32, facts={"state": "accepted"}, at=timezone.now())
    assert gather_events() == 0  # no checkpoint covers it yet
    sequencer.sequence()
    assert gather_events() == 1
    deliver_due()
    message = json.loads(receiver.messages()[0][2])
    assert message["type"] == "result.judged"
    data = message["data"]
    assert (data["result_id"], data["facts"], data["leaf_index"]) == ("ab" * 32, {"state": "accepted"}, 0)


def test_only_what_an_endpoint_wants_is_sent_to_it(receiver: Receiver) -> None:
    add_endpoint(address=receiver.address, kinds=["result.judged"])
    gather_events()
    checkpoint()
    assert gather_events() == 0
    assert not WebhookEvent.objects.exists()


def test_a_new_secret_signs_beside_the_former_one(receiver: Receiver) -> None:
    endpoint = add_endpoint(address=receiver.address, kinds=[])
    former = endpoint.secret
    current = rotate_secret(endpoint)
    ping_endpoint(endpoint)
    assert deliver_due() == 1
    (_path, headers, body), *_rest = receiver.messages()
    assert is_signed(headers, body, former)
    assert is_signed(headers, body, current)
    WebhookEndpoint.objects.update(former_until=timezone.now() - timedelta(seconds=1))
    ping_endpoint(WebhookEndpoint.objects.get())
    deliver_due()
    _path, headers, body = receiver.messages()[-1]
    assert is_signed(headers, body, current)
    assert not is_signed(headers, body, former)


def due_now() -> None:
    """As if every pause were over."""
    WebhookDelivery.objects.update(next_at=timezone.now())
    WebhookEndpoint.objects.update(resume_at=None)


def test_whoever_dies_between_sending_and_recording_sends_the_same_message_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ping_endpoint(add_endpoint(address=receiver.address, kinds=[]))

    def die(*_arguments: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(delivering, "_record", die)
        with pytest.raises(SystemExit):
            deliver_due()
    assert deliver_due() == 0  # it is claimed
    WebhookDelivery.objects.update(next_at=timezone.now())  # the claim ends
    assert deliver_due() == 1
    first, second = receiver.messages()
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    assert first[2] == second[2]


@pytest.mark.parametrize("status", [301, 400, 500])
def test_a_failed_delivery_is_tried_again_and_at_last_given_up(receiver: Receiver, status: int) -> None:
    receiver.answer(status)
    endpoint = add_endpoint(address=receiver.address, kinds=[])
    for _event in range(2):
        ping_endpoint(endpoint)
    assert deliver_due() == 0
    assert len(receiver.messages()) == 1  # no redirect was followed, and the second waits with its endpoint
    assert deliver_due() == 0
    assert len(receiver.messages()) == 1
    first, second = WebhookDelivery.objects.all()
    assert (first.outcome, first.n_attempts, first.last_status) == (Outcome.WAITING, 1, status)
    assert first.last_fault == f"It answers {status}."
    assert (second.outcome, second.n_attempts) == (Outcome.WAITING, 0)
    second.delete()
    for _attempt in RETRIES_S:
        due_now()
        deliver_due()
    first.refresh_from_db()
    assert (first.outcome, first.n_attempts) == (Outcome.GIVEN_UP, len(RETRIES_S) + 1)
    assert {headers["webhook-id"] for _path, headers, _body in receiver.messages()} == {
        first.event.message_id
    }


def test_an_endpoint_with_much_to_be_sent_keeps_no_other_waiting(receiver: Receiver) -> None:
    busy, other = (add_endpoint(address=receiver.address, kinds=[]) for _endpoint in range(2))
    for _message in range(MAX_CLAIMED + 1):
        ping_endpoint(busy)
    ping_endpoint(other)
    deliver_due()
    taken = WebhookDelivery.objects.filter(outcome=Outcome.DELIVERED)
    assert taken.filter(endpoint=other).count() == 1
    assert taken.filter(endpoint=busy).count() == MAX_OF_ENDPOINT


def test_an_endpoint_that_is_removed_while_it_is_sent_to_harms_no_other(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed, other = (add_endpoint(address=receiver.address, kinds=[]) for _endpoint in range(2))
    for endpoint in (removed, other):
        ping_endpoint(endpoint)
    record = delivering._record

    def remove_first(delivery: WebhookDelivery, attempt: Attempt) -> bool:
        WebhookEndpoint.objects.filter(pk=removed.pk).delete()
        return record(delivery, attempt)

    monkeypatch.setattr(delivering, "_record", remove_first)
    assert deliver_due() == 1
    assert WebhookDelivery.objects.get().outcome == Outcome.DELIVERED


def test_a_run_beside_another_does_nothing(receiver: Receiver) -> None:
    ping_endpoint(add_endpoint(address=receiver.address, kinds=[]))
    place = {word: connection.settings_dict[name] for word, name in PLACE.items()}
    with psycopg.connect(**{word: value for word, value in place.items() if value}) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [tasks.LOCK])
        tasks.run_webhooks()
        assert not receiver.messages()
        other.execute(
            "SELECT pg_advisory_unlock(%s)", [tasks.LOCK]
        )  # a session that closes lets go of it later
    tasks.run_webhooks()
    assert len(receiver.messages()) == 1


def test_a_receiver_that_asks_for_a_pause_gets_it(receiver: Receiver) -> None:
    receiver.answer(503)
    ping_endpoint(add_endpoint(address=receiver.address, kinds=[]))
    deliver_due()
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.resume_at is not None
    assert 6900 < (endpoint.resume_at - timezone.now()).total_seconds() <= 7000


@contextmanager
def answers(monkeypatch: pytest.MonkeyPatch, attempt: Attempt) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(exchange, "send", lambda _message: attempt)
        yield


AWAY = Attempt(status=None, fault="It gives no answer (ConnectError).", retry_after_s=None, took_s=0.1)
WANTS_NOTHING = Attempt(status=410, fault="It answers 410.", retry_after_s=None, took_s=0.1)


@pytest.mark.parametrize("attempt", [AWAY, WANTS_NOTHING])
def test_an_endpoint_that_takes_nothing_is_disabled_and_its_owner_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage], attempt: Attempt
) -> None:
    settings.EMAIL_HOST = "mail.example"
    endpoint = add_endpoint(
        address="https://receiver.example/hook?token=x", kinds=[], owner="ada@example.org"
    )
    ping_endpoint(endpoint)
    ping_endpoint(endpoint)
    WebhookEndpoint.objects.update(failures=9, failing_since=timezone.now() - timedelta(days=6))
    with answers(monkeypatch, attempt):
        deliver_due()
        due_now()
        deliver_due()
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert {row.outcome for row in WebhookDelivery.objects.all()} == {Outcome.GIVEN_UP}
    (mail,) = mailoutbox
    assert mail.to == ["ada@example.org"]
    assert endpoint.disabled_why in str(mail.body)
    assert "token" not in str(mail.body)
    enable_endpoint(endpoint)
    ping_endpoint(endpoint)
    with answers(monkeypatch, Attempt(status=200, fault="", retry_after_s=None, took_s=0.1)):
        assert deliver_due() == 1


def test_without_an_endpoint_nothing_is_gathered(receiver: Receiver) -> None:
    checkpoint()
    assert gather_events() == 0
    assert not EventCursor.objects.exists()
    endpoint = add_endpoint(address=receiver.address, kinds=["checkpoint.signed"])
    gather_events()
    for _checkpoint in range(3):
        checkpoint()
    assert gather_events() == 1  # the last stands for those before it
    endpoint.delete()
    gather_events()
    assert not EventCursor.objects.exists()


def test_old_deliveries_are_forgotten(receiver: Receiver) -> None:
    ping_endpoint(add_endpoint(address=receiver.address, kinds=[]))
    deliver_due()
    assert forget_old() == 0
    WebhookEvent.objects.update(happened_at=timezone.now() - timedelta(days=31))
    assert forget_old() == 1
    assert not WebhookEvent.objects.exists()


def test_the_operators_command(receiver: Receiver) -> None:
    def command(*words: str) -> str:
        out = StringIO()
        call_command("webhook", *words, stdout=out)
        return out.getvalue()

    added = command("add", receiver.address, "--event", "checkpoint.signed", "--owner", "ada@example.org")
    endpoint = WebhookEndpoint.objects.get()
    number = str(endpoint.pk)
    assert f"secret: {endpoint.secret}" in added
    assert endpoint.secret not in command("list")
    for _message in range(300):  # which wait before it
        ping_endpoint(endpoint)
    assert command("ping", number).startswith("It is delivered (status 204, ")
    assert len(receiver.messages()) == 1
    receiver.answer(500)
    assert command("ping", number).startswith("It is not delivered. It answers 500. (status 500, ")
    log = command("log", number)
    assert (log.count("attempts 1"), log.count("\n")) == (2, 50)
    assert command("rotate", number).startswith("secret: whsec_")
    assert "failures 0" in command("enable", number)
    assert command("remove", number) == "It is removed.\n"
    with pytest.raises(CommandError, match="There is no webhook"):
        command("ping", number)
