"""The same request is answered in front of all middleware, with what these would answer, and not a moment longer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import OperationalError, close_old_connections, connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from joulemark_simulation.result_rows import GENERAL
from measurements.answer_cache.batched_reads import BatchedReads
from measurements.answer_cache.replay import ReplayingApplication
from measurements.boards.job_models import JobViews
from measurements.boards.page_views import VIEWED
from measurements.catalog.models import AiModel
from measurements.contributors.models import Contributor
from tests.web.populated import Values, populate
from tests.web.test_answer_cache import BOARD, kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_django import Settings

Sent = tuple[str, list[tuple[str, str]], bytes]
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


REQUEST_ID = "X-Request-ID"


def ask(
    application: Callable[..., Iterable[bytes]],
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
) -> Sent:
    """What a WSGI application sends."""
    environ: dict[str, Any] = (
        RequestFactory().generic(method, path, headers={**GZIP, **(headers or {})}).environ
    )
    began: list[tuple[str, list[tuple[str, str]]]] = []
    body = application(environ, lambda status, sent, *_: began.append((status, sent)))
    content = b"".join(body)
    (status, sent) = began[0]
    same = [(name, value) for name, value in sent if name != REQUEST_ID]  # of which each request has its own
    return status, sorted(same), content


@pytest.fixture
def django() -> Iterator[WSGIHandler]:
    """All middleware. It leaves the connection of this test open, as the test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def outer(django: WSGIHandler) -> ReplayingApplication:
    """What stands in front of it."""
    return ReplayingApplication(django)


@pytest.mark.laws
def test_every_answer_is_that_of_all_middleware_and_costs_one_statement(
    values: Values, django: WSGIHandler, outer: ReplayingApplication
) -> None:
    n_replayed = 0
    for address in kept(values):
        for language in ("en", "ru"):
            send = partial(ask, path=address.replace("/en/", f"/{language}/", 1))
            first = send(django)
            assert send(outer) == first, address
            with CaptureQueriesContext(connection) as captured:
                again = send(outer)
            assert again == first, address
            if first[0].startswith("200") and ("Content-Encoding", "gzip") in first[1]:
                assert len(captured) == 1, (address, [query["sql"] for query in captured.captured_queries])
                n_replayed += 1
    assert n_replayed > 40


def test_a_change_is_shown_at_once(values: Values, django: WSGIHandler, outer: ReplayingApplication) -> None:
    for _ in range(2):
        before = ask(outer, BOARD)
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")
    after = ask(outer, BOARD)
    assert after != before
    assert after == ask(django, BOARD) == ask(outer, BOARD)


@pytest.mark.parametrize(
    "other",
    [
        {"Accept-Language": "ru"},
        {"Origin": "https://elsewhere.example"},
        {"Cookie": "django_language=ru"},
        {"Host": "elsewhere.example"},
        {"Accept-Encoding": "identity"},
        {"If-None-Match": "*"},
        {"If-Match": '"another"'},
        {"Cookie": "a=\x01"},
        {"X-Forwarded-Proto": "https"},
    ],
)
def test_another_request_has_its_own_answer(
    values: Values, django: WSGIHandler, outer: ReplayingApplication, other: dict[str, str]
) -> None:
    for _ in range(2):
        ask(outer, BOARD)
    expected = ask(django, BOARD, headers=other)
    for _ in range(2):
        assert ask(outer, BOARD, headers=other) == expected


def test_other_methods_and_questions_have_their_own_answers(
    values: Values, django: WSGIHandler, outer: ReplayingApplication
) -> None:
    for _ in range(2):
        ask(outer, BOARD)
    for method, path in (
        ("HEAD", BOARD),
        ("POST", BOARD),
        ("GET", f"{BOARD}?page=9"),
        ("GET", f"{BOARD}?as_of=x"),
    ):
        assert ask(outer, path, method) == ask(django, path, method), (method, path)


def test_a_crowd_is_marked_at_once(
    values: Values, django: WSGIHandler, outer: ReplayingApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header comes from tables that no page declares."""
    for _ in range(2):
        ask(outer, "/en/about/")
    monkeypatch.setattr("joulemark_site.crowd.presence.crowd_of", lambda *_: "a crowd")
    Contributor.objects.filter(keys__isnull=False).update(display_name="sim-1")
    monkeypatch.setattr("joulemark_site.crowd.presence.PREFIX", "sim-")
    assert ("Joulemark-Simulated", "crowd") in ask(outer, "/en/about/")[1]


def test_a_setting_that_is_shown_moves_it(
    values: Values, django: WSGIHandler, outer: ReplayingApplication, settings: Settings
) -> None:
    for _ in range(2):
        ask(outer, "/en/")
    settings.ORIGIN = "https://energy.example"
    assert ask(outer, "/en/") == ask(django, "/en/")


def test_each_replay_is_a_view(values: Values, outer: ReplayingApplication) -> None:
    for _ in range(3):
        ask(outer, BOARD)
    ask(outer, BOARD, "HEAD")
    VIEWED.write()
    assert {*JobViews.objects.filter(task="text_classification").values_list("views", flat=True)} == {3}


def test_a_database_that_is_away_is_found_by_the_middleware(
    values: Values, outer: ReplayingApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        ask(outer, "/en/about/")

    def fail() -> None:
        raise OperationalError("away")

    monkeypatch.setattr(outer, "_versions", BatchedReads(fail))
    status, _, _ = ask(outer, "/en/about/")
    assert status.startswith("200"), "the stack of middleware has asked again"


def test_what_a_task_has_renewed_is_sent_in_front_too(
    values: Values, django: WSGIHandler, outer: ReplayingApplication
) -> None:
    """With the headers of all middleware, and a tag and a length of its own."""
    for _ in range(2):
        before = ask(outer, BOARD)
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")
    renewed = ask(django, BOARD)
    with CaptureQueriesContext(connection) as captured:
        assert ask(outer, BOARD) == renewed
    assert len(captured) == 1
    assert renewed != before
    AiModel.objects.filter(slug=GENERAL).update(title="A third title")
    third = ask(outer, BOARD)
    assert third not in (before, renewed)
    assert third == ask(django, BOARD) == ask(outer, BOARD)


def test_what_is_computed_for_one_reader_is_not_sent_as_it_was_to_the_next(
    values: Values, django: WSGIHandler, outer: ReplayingApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several come after a change before the first of them has its answer: none of them gets the one before."""
    for _ in range(2):
        ask(outer, BOARD)
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")
    paths: list[str] = []

    def compute(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        paths.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return [b"being computed"]

    monkeypatch.setattr(outer, "_application", compute)
    for number in range(1, 4):
        assert ask(outer, BOARD) == ("200 OK", [], b"being computed")
        assert len(paths) == number
