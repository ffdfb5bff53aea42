"""What a page costs: statements that do not grow with rows, bytes, and what makes it be computed again."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from joulemark_simulation.result_rows import GENERAL, SENTIMENT, SPECIFIC, TOPICS, Run, make_result
from measurements.boards.models import Cell
from measurements.boards.services import refresh_cells_of, refresh_stale_cells
from tests.addresses import OF_MONITORS
from tests.web.populated import Values, populate
from tests.web.test_caching import addresses

if TYPE_CHECKING:
    from django.test import Client

MAX_STATEMENTS = 12
MAX_SENT_BYTES = 100_000
FIRST = {"/en/": 25, "/en/needed/": 12, "/en/datasets/": 12}
"""Of a process that has read neither the catalogue nor published figures yet; all others take `MAX_FIRST` at most."""
MAX_FIRST = 19
CELL = f"/en/boards/demo-1-estimated/text_classification/cell/?dataset={TOPICS}&model={SPECIFIC}"


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


def pages(client: Client, values: Values) -> list[str]:
    """Every page in English, with what it is asked beside its path, and some that filter, convert or go back."""
    every = [address for address in addresses(values) if address.startswith("/en/")]
    return [
        *(address for address in every if client.get(address).status_code == 200),
        "/en/tasks/text_classification/?unit=j&sort=energy",
        "/en/tasks/text_classification/?series=study-2024",
        f"/en/results/?model={SPECIFIC}",
        "/en/retirements/?state=withdrawn",
        "/en/impact/?query=text_classification&queries_per_day=3&users=7&place=DEU",
    ]


def statements(client: Client, address: str) -> list[str]:
    """What a page that is computed asks the database."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200, address
    return [query["sql"] for query in captured.captured_queries]


def change_a_value(number: int) -> None:
    """One more result of a cell that boards and lists show."""
    made = make_result(Run(by="ada", device="ada", model=SPECIFIC, energy_per_query_j=0.5 + number / 100))
    refresh_cells_of(result_ids=[made.pk])


def test_a_page_takes_few_statements_whatever_the_rows(client: Client, values: Values) -> None:
    """Of a process that has read the catalogue: after each change of a value, at the first reader's."""
    of_few: dict[str, list[str]] = {}
    for number, address in enumerate(pages(client, values)):
        client.get(address)
        change_a_value(number)
        of_few[address] = statements(client, address)
    too_many = {address: sent for address, sent in of_few.items() if len(sent) > MAX_STATEMENTS}
    assert {address: len(sent) for address, sent in too_many.items()} == {}, too_many
    for number in range(12):
        hardware = f"Card {number}"
        for model, dataset in ((SPECIFIC, TOPICS), (GENERAL, TOPICS), (GENERAL, SENTIMENT)):
            make_result(
                Run(by=f"v{number}", device=f"d{number}", model=model, dataset=dataset, hardware=hardware)
            )
    refresh_stale_cells()
    assert Cell.objects.count() > 30
    grown = {}
    for number, (address, before) in enumerate(of_few.items()):
        client.get(address)
        change_a_value(number)
        after = statements(client, address)
        if len(after) > max(len(before), MAX_STATEMENTS):
            grown[address] = [sql for sql in after if sql not in before]
    assert grown == {}


def test_a_process_that_has_just_begun_takes_a_few_more(client: Client, values: Values) -> None:
    taken = {}
    for address in pages(client, values):
        with connection.cursor() as cursor:  # every table has another version than any process has read
            for table in ("catalog_suite", "catalog_task", "catalog_dataset", "catalog_aimodel",
                          "catalog_hardwareclass", "boards_publishedseries", "contributors_key"):  # fmt: skip
                cursor.execute(f'DELETE FROM "{table}" WHERE false')  # noqa: S608 - a name of our own
        change_a_value(1)
        taken[address] = len(statements(client, address))
    assert {address: n for address, n in taken.items() if n > FIRST.get(address, MAX_FIRST)} == {}


@pytest.mark.laws
def test_every_public_answer_has_a_tag_and_says_how_long_it_holds(client: Client, values: Values) -> None:
    """For any cache between us and a reader: what may be kept, under which name, and what decides among copies."""
    n_pages = 0
    for address in addresses(values):
        if address in OF_MONITORS:
            continue
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.get("Cache-Control"), address
        if answer.status_code != 200 or answer.streaming or "no-store" in answer["Cache-Control"]:
            continue
        assert answer.get("ETag", "").startswith('"'), f"{address}: a strong tag"
        again = client.get(address, headers={"Accept-Encoding": "gzip", "If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b""), address
        assert (again["ETag"], again["Cache-Control"]) == (answer["ETag"], answer["Cache-Control"]), address
        if not address.startswith("/en/") or not answer["Content-Type"].startswith("text/html"):
            continue
        n_pages += 1
        assert answer["Content-Encoding"] == "gzip", address
        assert "Accept-Encoding" in answer["Vary"], address
        assert len(answer.content) <= MAX_SENT_BYTES, address
        plain = client.get(address, headers={"Accept-Encoding": "zstd"})
        assert "Content-Encoding" not in plain, f"{address}: zstd is left to a proxy"
        assert plain.content == gzip.decompress(answer.content), address
    assert n_pages > 25


def test_a_comparison_with_others_leaves_lists_and_values_as_they_were(
    client: Client, values: Values
) -> None:
    """Agreements are written anew with every result of a cell; nothing of them is in these answers."""
    cell = next(address for address in addresses(values) if "/cell/?" in address and "embed" not in address)
    kept = ["/en/results/", f"/en/results/?model={SPECIFIC}", "/en/retirements/", "/api/v1/results/", cell]
    tags = {address: client.get(address)["ETag"] for address in kept}
    for table in ("review_agreement", "review_appeal"):
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{table}" WHERE false')  # noqa: S608 - a name of our own
    for address, tag in tags.items():
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304, address
    change_a_value(3)
    assert client.get("/en/results/", headers={"If-None-Match": tags["/en/results/"]}).status_code == 200
