"""The page of one value: how sure, who is behind it, and what it said before."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from joulemark_simulation.result_rows import SPECIFIC, TOPICS, Run, demo_catalog, make_result
from measurements.boards.services import refresh_cells_of

pytestmark = pytest.mark.django_db
ADDRESS = "/boards/demo-1-estimated/text_classification/cell/"


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


def named(client: Client) -> str:
    """The address that the board links to."""
    board = client.get("/boards/demo-1-estimated/text_classification/").content.decode()
    (address,) = set(re.findall(r'href="([^"]*/cell/[^"]*)"', board))
    return address.replace("&amp;", "&")


def test_a_cell_shows_everybody_behind_it(client: Client) -> None:
    energies = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01, 0.99, 3.0]
    for n, energy in enumerate(energies):
        run = Run(by=f"person-{n}", device=f"d{n}", energy_per_query_j=energy, display_name=f"Person {n}")
        refresh_cells_of(result_ids=[make_result(run).pk])
    page = client.get(named(client)).content.decode()
    assert all(f"Person {n}" in page for n in range(9))
    assert page.count("differs") == 1
    far = page[page.rindex("Person 8") :]
    assert re.findall(r'class="num"[^>]*>([^<]*)<', far)[1].startswith("200")
    begin = page.index('id="history"')
    history = page[begin : page.index("</table>", begin)]
    assert history.count("as_of=") == 9
    old = re.findall(r'href="([^"]*as_of=[^"]*)"', history)[-1]
    assert "version 1 of this board" in client.get(old).content.decode()


def test_a_single_source_says_so_and_an_unknown_cell_is_not_found(client: Client) -> None:
    refresh_cells_of(result_ids=[make_result(Run(by="ada")).pk])
    page = client.get(named(client)).content.decode()
    assert "none: a single source" in page
    assert client.get(ADDRESS).status_code == 404
    assert client.get(ADDRESS, {"dataset": TOPICS, "model": SPECIFIC}).status_code == 404
