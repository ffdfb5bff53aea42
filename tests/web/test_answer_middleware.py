"""Views asked through the middleware: what is computed once, what is never kept, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from joulemark_simulation.result_rows import GENERAL, Run, make_result
from measurements.answer_cache import flights, middleware, table_versions
from measurements.answer_cache.middleware import AnswerCacheMiddleware
from measurements.answer_cache.sources import Notes, made_of, note, notes_of
from measurements.answer_cache.table_triggers import install_triggers
from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.job_models import JobViews
from measurements.boards.services import refresh_stale_cells
from measurements.boards.sources import BOARDS
from measurements.catalog.models import AiModel
from measurements.catalog.sources import CATALOG
from tests.web.populated import Values, populate

View = Callable[..., HttpResponse]


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


def answered(view: View, *, headers: Mapping[str, str] | None = None) -> HttpResponseBase | None:
    """What the middleware makes of a request to `view`; None where it leaves it to the view alone."""
    request = RequestFactory().get("/x/", headers=headers)
    return AnswerCacheMiddleware(lambda _: HttpResponse()).process_view(request, view, (), {})


def ask(view: View, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The answer that the middleware gives to a request to `view`."""
    answer = answered(view, headers=headers)
    assert isinstance(answer, HttpResponse)
    return answer


def counted(body: Callable[[int], HttpResponse]) -> tuple[View, list[int]]:
    """A view made of the catalogue, and how often it was computed."""
    computed: list[int] = []

    @made_of(CATALOG)
    def view(_request: object) -> HttpResponse:
        computed.append(len(computed))
        return body(computed[-1])

    return view, computed


def test_it_is_computed_once_until_a_row_changes(values: Values) -> None:
    view, computed = counted(lambda number: HttpResponse(f"{number}"))
    assert [ask(view).content for _ in range(3)] == [b"0"] * 3
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")
    assert [ask(view).content for _ in range(2)] == [b"1"] * 2
    assert computed == [0, 1]
    make_result(Run(by="new", device="n"))
    refresh_stale_cells()
    assert ask(view).content == b"1", "cells are no part of the catalogue"


def test_a_table_that_is_not_declared_is_named_and_nothing_is_kept(
    values: Values, caplog: pytest.LogCaptureFixture
) -> None:
    view, computed = counted(lambda number: HttpResponse(f"{number} {JobViews.objects.count()}"))
    answers = [ask(view) for _ in range(2)]
    assert computed == [0, 1]
    assert "ETag" not in answers[0]
    assert answers[0]["Vary"] == "Accept-Encoding"
    assert "JM-ANSWER-SOURCES the answer at /x/" in caplog.text
    assert "boards_jobviews" in caplog.text


def test_what_changes_while_it_is_computed_is_not_kept(values: Values) -> None:
    def body(number: int) -> HttpResponse:
        if number == 0:
            AiModel.objects.filter(slug=GENERAL).update(title="Another title")
        return HttpResponse(f"{number}")

    view, computed = counted(body)
    first = ask(view)
    assert (first.content, "ETag" in first) == (b"0", False)
    assert [ask(view).content for _ in range(2)] == [b"1"] * 2
    assert computed == [0, 1]


def _with_cookie() -> HttpResponse:
    response = HttpResponse()
    response.set_cookie("who", "me")
    return response


@pytest.mark.parametrize(
    "answer",
    [
        _with_cookie,
        lambda: HttpResponse('<input name="csrfmiddlewaretoken">'),
        lambda: HttpResponse(headers={"Cache-Control": "no-store"}),
        lambda: HttpResponse(status=404),
        lambda: HttpResponse(status=302, headers={"Location": "/"}),
    ],
    ids=["cookie", "token", "no-store", "missing", "redirect"],
)
def test_what_is_not_for_everybody_is_not_kept(values: Values, answer: Callable[[], HttpResponse]) -> None:
    view, computed = counted(lambda _: answer())
    answers = [ask(view) for _ in range(2)]
    assert computed == [0, 1]
    assert "ETag" not in answers[0]


def test_many_readers_cost_one_computation(committed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Semaphore(0)
    computed: list[int] = []

    class SeenEvent(Event):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.release()
            return super().wait(timeout)

    monkeypatch.setattr(flights, "Event", SeenEvent)
    monkeypatch.setattr(middleware, "FLIGHTS", flights.Flights(wait_s=60))

    @made_of(CATALOG)
    def view(_request: object) -> HttpResponse:
        computed.append(1)
        for _ in range(5):
            assert waiting.acquire(timeout=60), "all others wait for this one"
        return HttpResponse("x")

    def read(_number: int) -> tuple[bytes, str]:
        try:
            answer = ask(view)
            return answer.content, answer["ETag"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(read, range(6)))
    assert computed == [1]
    assert len(set(answers)) == 1


def test_notes_come_with_every_reading(values: Values) -> None:
    read: list[Notes] = []

    @made_of(BOARDS, on_view=read.append)
    def view(request: HttpRequest) -> HttpResponse:
        note(request, [("a", "b")])
        return HttpResponse("x")

    tag = ask(view)["ETag"]
    ask(view)
    ask(view, headers={"If-None-Match": tag})
    assert read == [frozenset({("a", "b")})] * 3
    assert notes_of(object()) == frozenset()


def test_without_a_trigger_nothing_is_kept_and_the_operator_is_told(
    values: Values, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    view, computed = counted(lambda number: HttpResponse(f"{number}"))
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER answer_cache_version ON catalog_task")
    monkeypatch.setattr(table_versions, "_counting", {})
    assert answered(view) is None
    assert "JM-TRIGGERS-MISSING" in caplog.text
    assert "catalog_task" in caplog.text
    install_triggers(connection)
    monkeypatch.setattr(table_versions, "_counting", {})
    assert ask(view).content == b"0"
    assert computed == [0]


def test_a_value_is_computed_once_for_the_versions_of_its_tables(values: Values) -> None:
    computed: list[str] = []

    @while_unchanged(CATALOG)
    def title_of(slug: str) -> str:
        computed.append(slug)
        return str(AiModel.objects.get(slug=slug).title)

    assert title_of(GENERAL) == title_of(GENERAL)
    assert computed == [GENERAL]
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")
    assert [title_of(GENERAL), title_of(GENERAL)] == ["Another title"] * 2
    assert computed == [GENERAL] * 2
    JobViews.objects.create(day="2026-01-01", task="t", dataset="d", model="m", views=1)
    make_result(Run(by="ada"))
    refresh_stale_cells()
    assert title_of(GENERAL) == "Another title"
    assert computed == [GENERAL] * 2, "another table has changed"


def test_what_a_value_was_computed_of_must_be_declared_too(
    values: Values, caplog: pytest.LogCaptureFixture
) -> None:
    """The versions themselves are no source."""

    @while_unchanged(CATALOG)
    def title_of(slug: str) -> str:
        return str(AiModel.objects.get(slug=slug).title)

    @made_of(BOARDS)
    def view(_request: object) -> HttpResponse:
        return HttpResponse(title_of(GENERAL))

    ask(view)
    (message,) = [
        record.getMessage() for record in caplog.records if "JM-ANSWER-SOURCES" in record.getMessage()
    ]
    assert message.endswith("not kept: catalog_aimodel")
