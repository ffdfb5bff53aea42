"""A board by pages: each row is on one of them, with the rank that it has among all, and only its cells are read."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards import board_pages
from measurements.boards.board_pages import ROWS_PER_PAGE, page_of_groups
from measurements.boards.models import Cell, CellRevision, ComparedPart
from measurements.boards.queries import read_board
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel
from measurements.pages import board as board_page
from tests.laws import law

if TYPE_CHECKING:
    from django.test import Client

    from measurements.boards.queries import Board

VOLUNTEERS, STUDY = "demo-1-estimated", "study-2024"
TASK, PER_PAGE = "text_classification", 3
ADDRESS = f"/boards/{VOLUNTEERS}/{TASK}/"


@pytest.mark.laws
@law()
@given(st.lists(st.integers(1, 350), max_size=12))
def test_every_row_is_on_one_page_and_in_order(sizes: list[int]) -> None:
    n_pages = max(1, -(-sum(sizes) // ROWS_PER_PAGE))
    pages = [page_of_groups(sizes, number) for number in range(1, n_pages + 1)]
    rows = [
        (piece.place, piece.n_before + row)
        for piece in chain.from_iterable(pages)
        for row in range(piece.n_shown)
    ]
    assert rows == [(place, row) for place, size in enumerate(sizes) for row in range(size)]
    lengths = [sum(piece.n_shown for piece in page) for page in pages]
    assert all(length == ROWS_PER_PAGE for length in lengths[:-1])
    assert page_of_groups(sizes, n_pages + 1) == []


@pytest.fixture
def crowd(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four models on two data sets, one with two configurations, each by two people; three rows a page."""
    for module in (board_pages, board_page):
        monkeypatch.setattr(module, "ROWS_PER_PAGE", PER_PAGE)
    demo_catalog()
    call_command("load_published", verbosity=0)
    models = {SPECIFIC: 0.4, GENERAL: 6.0, "efficientnet-lite0": 1.1, "small-two": 0.6}
    AiModel.objects.create(slug="small-two", title="Small two", kind="task-specific", parameters=10**8)
    for model, energy in models.items():
        for dataset in (TOPICS, SENTIMENT):
            for number, by in enumerate(("ada", "grace")):
                run = Run(
                    by=by, device=by, dataset=dataset, model=model, energy_per_query_j=energy + number / 50
                )
                make_result(run)
    refresh_stale_cells()


def paged(series: str, **moment: Any) -> tuple[Board, list[Board]]:
    whole = read_board(series_slug=series, task_slug=TASK, **moment)
    assert whole is not None
    n_pages = -(-whole.n_rows // PER_PAGE)
    assert n_pages > 1
    pages = [
        read_board(series_slug=series, task_slug=TASK, page=str(number), **moment)
        for number in range(1, n_pages + 1)
    ]
    return whole, [page for page in pages if page is not None]


@pytest.mark.parametrize("series", [VOLUNTEERS, STUDY])
@pytest.mark.parametrize("state", ["stored", "behind", "then"])
def test_pages_together_are_the_board(crowd: None, series: str, state: str) -> None:
    if state == "behind":
        ComparedPart.objects.all().delete()
    moment = {"at": CellRevision.objects.latest("version").updated_at} if state == "then" else {}
    if state == "then" and series == STUDY:
        moment = {}  # its figures came after the moment's parts
    whole, pages = paged(series, **moment)
    assert [row for page in pages for row in page.rows] == whole.rows
    assert {page.n_rows for page in pages} == {len(whole.rows)}
    assert [page.page for page in pages] == list(range(1, len(pages) + 1))
    assert all(len(page.rows) == PER_PAGE for page in pages[:-1])
    groups = {group.anchor: group for group in whole.groups}
    for group in (group for page in pages for group in page.groups):
        of_all = groups[group.anchor]
        assert of_all.rows[group.n_before : group.n_last] == group.rows
        assert (group.n_rows, group.told_apart_by) == (len(of_all.rows), of_all.told_apart_by)
        assert group.is_whole == (group.rows == of_all.rows)


def test_a_page_reads_its_own_cells_alone(crowd: None, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    from_db = Cell.from_db.__func__  # type: ignore[attr-defined]  # a class method

    def count(model: type[Cell], *args: Any) -> Cell:
        read.append(args)
        cell: Cell = from_db(model, *args)
        return cell

    monkeypatch.setattr(Cell, "from_db", classmethod(count))
    read_board(series_slug=VOLUNTEERS, task_slug=TASK, page=2)
    assert len(read) == PER_PAGE


@pytest.mark.parametrize(("page", "number"), [("", 1), ("x", 1), ("0", 3), ("-1", 3), ("99", 3), ("2", 2)])
def test_a_strange_page_is_a_page(client: Client, crowd: None, page: str, number: int) -> None:
    answer = client.get(ADDRESS, {"page": page})
    assert answer.status_code == 200
    assert f"Page {number} of 3" in answer.content.decode()


def test_pages_say_what_they_show_and_lead_to_the_others(client: Client, crowd: None) -> None:
    first, second, plain = (
        client.get(ADDRESS, query).content.decode().partition('<main id="content"')[2]
        for query in ({"page": 1}, {"page": 2}, {})
    )
    assert plain.partition("</main>")[0] == first.partition("</main>")[0]
    assert "Rows 1 to 3 of 4 under these conditions" in first
    assert "Rows 4 to 4 of 4 under these conditions" in second
    assert re.search(r'rel="next"\s+href="\?page=2"\s*>Next rows', first)
    assert 'rel="prev"' not in first
    assert re.search(r'rel="prev"\s+href="\?page=1"\s*>Previous rows', second)
    at = CellRevision.objects.latest("version").updated_at
    then = client.get(ADDRESS, {"as_of": at.isoformat()}).content.decode()
    assert re.search(r'rel="next"\s+href="\?as_of=[^"&]+&amp;page=2"', then)


def test_downloads_are_whole(client: Client, crowd: None) -> None:
    rows = client.get(f"/api/v1{ADDRESS[:-1]}.json").json()["rows"]
    lines = client.get(f"/api/v1{ADDRESS[:-1]}.csv").content.decode().splitlines()
    assert (len(rows), len(lines)) == (8, 9)
