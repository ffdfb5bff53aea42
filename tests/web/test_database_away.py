"""A database that gives no answer is a 503 that says to come again, wherever it is noticed; other faults stay a 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import Client

from joulemark.record.codec import encode
from joulemark_simulation import records
from joulemark_site.crowd.presence import PRESENCE
from measurements.intake import key_services
from measurements.pages import home

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(client: Client) -> Client:
    """A client that is answered as one over HTTP is: exceptions stay on the server's side."""
    client.raise_request_exception = False
    return client


def failing(error: Exception) -> Callable[..., NoReturn]:
    """Something that raises `error`."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("closed")], ids=["lost", "closed"]
)
def test_a_door_says_when_to_come_again(
    asking: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(key_services, "accept_enrolment", failing(error))
    answer = asking.post(
        "/api/v1/enrolments", data=encode(records.enrolment()), content_type="application/octet-stream"
    )
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["status"]) == ("JM-DATABASE-AWAY", 503)


def test_a_page_says_so_too(asking: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "list_boards", failing(OperationalError("gone")))
    answer = asking.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "Server error" in answer.content.decode()


def test_a_fault_of_ours_is_no_passing_one(asking: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_services, "accept_enrolment", failing(ProgrammingError("no such column")))
    answer = asking.post(
        "/api/v1/enrolments", data=encode(records.enrolment()), content_type="application/octet-stream"
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "JM-HTTP-500")
    assert "Retry-After" not in answer


def test_what_needs_no_database_is_answered_without_one(
    asking: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PRESENCE, "is_simulated", failing(OperationalError("gone")))
    answer = asking.get("/api/v1/nowhere/")
    assert (answer.status_code, answer.json()["code"]) == (404, "JM-HTTP-404")
