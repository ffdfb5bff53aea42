"""Rows of tables are kept as HTML: never one that says something else than it would if it were written now."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.template import Context, Template
from django.template.context import make_context
from django.test import RequestFactory
from django.utils.safestring import SafeString
from django.utils.translation import override

from measurements.boards.board_query import parse
from measurements.boards.board_row import BoardRow
from measurements.boards.board_table import TableRow, read_table
from measurements.boards.queries import read_board
from measurements.pages import fragments
from measurements.pages.fragments import KeptFragments
from measurements.pages.query_form import chooser_fields, filter_groups, query_fields
from measurements.web.as_of import Moment
from tests.web.populated import populate

if TYPE_CHECKING:
    from datetime import datetime

ROOM = 200_000
TASK_ROW = Template("{% load written_rows %}{% table_row line %}")
FORMS = Template("{% load written_rows %}{% query_forms slug carried chooser groups %}")
BOARD_ROW = Template("{% load written_rows %}{% board_row row columns has_ranks=has_ranks %}")


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> KeptFragments:
    """No row is kept yet."""
    empty = KeptFragments(ROOM)
    monkeypatch.setattr(fragments, "FRAGMENTS", empty)
    return empty


def written(template: Template, values: dict[str, Any], *, at: datetime | None = None) -> str:
    """A row on a page, now or as of a time."""
    request = RequestFactory().get("/en/")
    if at is not None:
        request.moment = Moment(at=at, query="as_of=2026-11-24")  # type: ignore[attr-defined]  # as the middleware does
    context = make_context(values, request)
    assert isinstance(context, Context)
    return template.render(context)


def written_anew(template: Template, values: dict[str, Any], **more: Any) -> str:
    """The same where nothing is kept."""
    kept = fragments.FRAGMENTS
    fragments.FRAGMENTS = KeptFragments(ROOM)
    try:
        return written(template, values, **more)
    finally:
        fragments.FRAGMENTS = kept


OTHER = {"grade": "published", "tier": "established", "kind": "unknown", "interval": "preliminary", "scope": "node",
         "no_interval": "single-source", "series": "study-2024", "label": "established", "task": "a-task"}  # fmt: skip
"""Another value of fields that take a word out of a list."""


def altered(row: BoardRow) -> list[BoardRow]:
    """The row with another value in each field that is shown as it is."""
    every = []
    for field in fields(row):
        value = getattr(row, field.name)
        if field.name in OTHER:
            other: Any = OTHER[field.name]
        elif isinstance(value, bool | list | dict):
            continue
        elif isinstance(value, int | float):
            other = value * 3 + 1
        elif isinstance(value, str):
            other = f"{value}<b>'x"
        elif value is None:
            other = 3
        else:
            other = value + timedelta(days=1)
        every.append(replace(row, **{field.name: other}))
    return every


@pytest.mark.django_db
def test_a_kept_row_says_what_it_would_say_now(rows: KeptFragments) -> None:
    populate()
    table = read_table(task_slug="text_classification", query=parse([]))
    board = read_board(series_slug="demo-1-estimated", task_slug="text_classification")
    assert table is not None
    assert board is not None
    lines: list[TableRow] = [
        *table.rows,
        *(replace(table.rows[0], row=row) for row in altered(table.rows[0].row)),
        replace(table.rows[0], latency_p50_s=9.0),
        replace(table.rows[0], peak_memory_bytes=10**10),
        replace(table.rows[0], energy=replace(table.rows[0].energy, value=77.0)),
    ]
    n_different = len({written_anew(TASK_ROW, {"line": line}) for line in lines})
    for _ in range(2):
        for line in lines:
            assert written(TASK_ROW, {"line": line}) == written_anew(TASK_ROW, {"line": line})
    assert n_different > 30
    group = board.groups[0]
    better = replace(group.rows[0], quality=[score | {"value": 0.123} for score in group.rows[0].quality])
    for row in [*group.rows, *altered(group.rows[0]), better, replace(group.rows[0], front=["accuracy"])]:
        for has_ranks in (True, False):
            for columns in ([], group.unit_columns):
                values = {"row": row, "columns": columns, "has_ranks": has_ranks}
                assert written(BOARD_ROW, values) == written_anew(BOARD_ROW, values)
    assert 0 < rows.n_characters <= ROOM, "no more than that is kept"


@pytest.mark.django_db
def test_language_and_moment_are_part_of_a_row() -> None:
    populate()
    table = read_table(task_slug="text_classification", query=parse([]))
    assert table is not None
    values = {"line": next(line for line in table.rows if line.row.grade == "estimated")}
    now = written(TASK_ROW, values)
    then = written(TASK_ROW, values, at=values["line"].row.updated_at)
    with override("ru"):
        russian = written(TASK_ROW, values)
    assert len({now, then, russian}) == 3
    assert "as_of=2026-11-24" in then
    assert "as_of=2026-11-24" not in now
    assert "/ru/" in russian
    assert written(TASK_ROW, values) == now


@pytest.mark.django_db
def test_kept_forms_are_those_of_the_query() -> None:
    populate()
    table = read_table(task_slug="text_classification", query=parse([]))
    assert table is not None
    every = set()
    for query in (
        [],
        [("sort", "energy")],
        [("kind", "unknown")],
        [("q", "<b>'x")],
        [("min_parameters", "7B")],
    ):
        for carried in ("", '<input type="hidden" name="as_of" value="2026-11-24">'):
            shown = query_fields(parse(query), table.choices)
            values = {
                "slug": "text_classification",
                "carried": SafeString(carried),
                "chooser": chooser_fields(shown),
                "groups": filter_groups(shown),
            }
            forms = written(FORMS, values)
            assert forms == written(FORMS, values) == written_anew(FORMS, values)
            every.add(forms)
    assert len(every) == 10


def test_the_piece_that_was_not_read_for_the_longest_time_goes_first() -> None:
    kept = KeptFragments(2)
    for key in (b"a", b"b"):
        kept.keep(key, SafeString(key.decode()))
    assert kept.n_characters == 2
    assert kept.find(b"a") == "a"
    kept.keep(b"c", SafeString("c"))
    assert [kept.find(key) for key in (b"a", b"b", b"c")] == ["a", None, "c"]
