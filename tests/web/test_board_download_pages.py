"""A board's download by pages: all pages together are the file at its own address, and each leads to the others."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

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
from measurements.boards.services import refresh_stale_cells
from measurements.downloads.api_board_page import BoardPages

if TYPE_CHECKING:
    from django.test import Client

BOARD = "/api/v1/boards/demo-1-estimated/text_classification"
STUDY = "/api/v1/boards/study-2024/text_classification"
PER_PAGE = 3


@pytest.fixture
def board(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models on two data sets, and the study; three rows a page."""
    monkeypatch.setattr(board_pages, "ROWS_PER_PAGE", PER_PAGE)
    monkeypatch.setattr(BoardPages, "page_size", PER_PAGE)
    demo_catalog()
    call_command("load_published", verbosity=0)
    for model, energy_j in ((SPECIFIC, 0.4), (GENERAL, 6.0)):
        for dataset in (TOPICS, SENTIMENT):
            make_result(Run(model=model, dataset=dataset, energy_per_query_j=energy_j))
    refresh_stale_cells()


def followed(client: Client, address: str, **query: str) -> list[dict[str, Any]]:
    """Each page of a board, from link to link."""
    pages = [client.get(address, query).json()]
    while pages[-1]["next"]:
        pages.append(client.get(pages[-1]["next"]).json())
    return pages


@pytest.mark.parametrize(("address", "query"), [(BOARD, {}), (STUDY, {}), (BOARD, {"as_of": "2100-01-01"})])
def test_pages_together_are_the_file(
    client: Client, board: None, address: str, query: dict[str, str]
) -> None:
    whole = client.get(f"{address}.json", query).json()
    pages = followed(client, f"{address}/", **query)
    assert [row for page in pages for row in page["rows"]] == whole["rows"]
    assert len(pages) == -(-len(whole["rows"]) // PER_PAGE) > 1
    assert {page["count"] for page in pages} == {len(whole["rows"])}
    back = client.get(pages[-1]["previous"]).json()
    assert back["rows"] == pages[-2]["rows"]
    assert pages[0]["previous"] is None
    facts = whole.keys() - {"rows"}
    assert [{name: page[name] for name in facts} for page in pages] == [
        {name: whole[name] for name in facts}
    ] * len(pages)


def test_a_page_as_csv_leads_on_by_its_headers(client: Client, board: None) -> None:
    lines = list(csv.reader(io.StringIO(client.get(f"{BOARD}.csv").content.decode())))
    first, second = (client.get(f"{BOARD}/", {"format": "csv", "page": page}) for page in (1, 2))
    assert list(csv.reader(io.StringIO(first.content.decode()))) == lines[: 1 + PER_PAGE]
    assert list(csv.reader(io.StringIO(second.content.decode()))) == [lines[0], *lines[1 + PER_PAGE :]]
    assert first["Link"].endswith('/?format=csv&page=2>; rel="next"')
    assert second["Link"].endswith('/?format=csv>; rel="previous"')


@pytest.mark.parametrize("page", ["0", "-1", "x", "99"])
def test_a_page_that_is_not_there_is_refused(client: Client, board: None, page: str) -> None:
    answer = client.get(f"{BOARD}/", {"page": page})
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
