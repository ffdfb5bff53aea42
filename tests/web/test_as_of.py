"""As of a moment: an address shows it in every number, link and download, refuses it, or says it is of the present."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.urls import resolve

from joulemark_simulation.result_rows import GENERAL, SENTIMENT, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.models import Cell, CellRevision
from measurements.boards.services import refresh_stale_cells
from measurements.ledger.models import Checkpoint
from measurements.ledger.sequencer import sequence
from measurements.published.models import PublishedSeries
from measurements.web.as_of import honours, keeps_moment
from tests.addresses import addresses, routes
from tests.client_response import body_of

if TYPE_CHECKING:
    from django.test import Client

    from tests.client_response import ClientResponse

pytestmark = [pytest.mark.django_db, pytest.mark.laws]
BOARD = "/en/boards/demo-1-estimated/text_classification/"
LINK = re.compile(r'<a\s([^>]*)href="([^"]*)"([^>]*)>')
NOW = 'rel="latest-version"'
PRESENT = '<aside class="present" role="note">'
"""How a page says that it shows the present."""
"""How a link says that it leads out of the moment (RFC 5829)."""


def measure(factor: float) -> None:
    for by in ("ada", "grace"):
        make_result(Run(by=by, device=by, energy_per_query_j=0.4 * factor))
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.1 * factor))
    make_result(Run(by="ada", dataset=SENTIMENT, energy_per_query_j=0.7 * factor))
    refresh_stale_cells()


def everywhere(client: Client) -> list[str]:
    """Every address, the values that the board leads to among them."""
    result = client.get("/api/v1/results/").json()["results"][-1]["result_id"]
    found = addresses(
        {
            "form": ["svg"],
            "number": ["1"],
            "series": ["demo-1-estimated", "study-2024"],
            "task": ["text_classification"],
            "result_id": [result],
            "part": ["pages"],
            "group": ["log"],
            "schema_group": ["log"],
            "short_id": [result[:16]],
            "path": ["0/000"],
            "digest": ["0" * 64],
            "pseudonym": ["v-000000000000"],
            "tag": ["0" * 16],
            "model": [SPECIFIC],
            "hardware": ["amd-ryzen-7-5800x"],
            "dataset": [SENTIMENT],
            "suite": ["demo-1"],
            "cell_id": ["~".join(map(str, Cell.objects.order_by("pk")[0].key.values))],
            "code": ["JM-ABSENT"],
            "leaf_index": ["1"],
            "export_form": ["boamps", "model-index"],
            "release_path": ["2026-05-05/manifest.json"],
        }
    )
    board = client.get(BOARD).content.decode()
    cells = {unescape(address) for address in re.findall(r'href="([^"]*/cell/[^"]*)"', board)}
    assert len(cells) == 3
    return [*found, *sorted(cells)]


def content(answer: ClientResponse) -> bytes:
    return body_of(answer)


def ask(client: Client, address: str, moment: str) -> ClientResponse:
    return client.get(address + ("&" if "?" in address else "?") + moment)


@pytest.fixture
def moments(catalogue: None) -> list[str]:
    """A platform with a first state; ways to ask for it, as a time and as a checkpoint."""
    call_command("load_published", verbosity=0)
    demo_catalog()
    measure(1.0)
    sequence()
    checkpoint = Checkpoint.objects.latest("size")
    at = CellRevision.objects.latest("version").updated_at
    assert checkpoint.signed_at >= at
    return [f"as_of={at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}", f"checkpoint={checkpoint.size}"]


PROBES = {"/livez", "/readyz", "/metrics"}
"""They are answered in front of everything else, and are of now."""


def test_every_address_keeps_the_moment_or_refuses_it(client: Client, moments: list[str]) -> None:
    every = everywhere(client)
    asked = [(address, moment) for address in every for moment in moments]
    answers = {key: ask(client, *key) for key in asked}
    then = {key: (answer.status_code, content(answer)) for key, answer in answers.items()}
    plain = {address: client.get(address) for address in every}
    measure(1.7)
    kept, refused, present = set(), set(), set()
    for (address, moment), (status, before) in then.items():
        answer = ask(client, address, moment)
        assert answer.status_code == status, address
        path = urlsplit(address).path
        if status in {200, 302} and keeps_moment(path) and not honours(resolve(path).func):
            assert status == 302 or PRESENT in content(answer).decode(), address
            present.add(address)
        elif status in {200, 302}:
            assert content(answer) == before, f"{address} shows another thing of the same moment"
            kept.add(address)
        elif status != 405:
            assert status in {400, 404}, address
            said = answer.json()["detail"] if "json" in answer["Content-Type"] else answer.content.decode()
            assert "as_of" in said or plain[address].status_code == 404, f"{address}: no sentence says why"
            refused.add(address)
    assert {"/en/boards/", BOARD, "/en/boards/demo-1-estimated/", "/en/published/study-2024/"} <= kept
    assert sum("/cell/" in address for address in kept) == 3
    assert sum(address.startswith("/api/v1/boards/") for address in kept) == 7
    for address in kept - PROBES:
        assert honours(resolve(urlsplit(address).path).func), f"{address} ignores the moment in silence"
    assert {
        "/en/results/",
        "/en/compare/",
        "/en/needed/",
        "/en/search/",
        f"/en/models/{SPECIFIC}/",
    } <= present
    assert {
        "/en/compare/text_classification/plot.svg",
        "/api/v1/comparisons/text_classification.csv",
    } <= refused


def test_what_a_board_said_then_is_what_its_downloads_say_of_then(client: Client, moments: list[str]) -> None:
    downloads = [a for a in everywhere(client) if a.startswith("/api/v1/boards/demo") and "csv" in a]
    then = [client.get(address).content for address in downloads]
    measure(1.7)
    assert [client.get(address).content for address in downloads] != then
    for moment in moments:
        assert [ask(client, address, moment).content for address in downloads] == then


def test_every_link_of_a_moment_carries_it_on(client: Client, moments: list[str]) -> None:
    """On no page does a link or a form leave the moment without its relation saying so, whoever wrote it."""
    measure(1.7)
    followed = set()
    for address in everywhere(client):
        answer = ask(client, address, moments[0])
        if answer.status_code != 200 or "html" not in answer["Content-Type"] or "/embed/" in address:
            continue  # an embedded page has no head; its one link is tested with it
        html = answer.content.decode().split("<body>")[1]
        path = urlsplit(address).path
        assert (PRESENT in html) is not honours(resolve(path).func), address
        for before, href, after in LINK.findall(html):
            target = urlsplit(unescape(href))
            if target.netloc or not target.path or NOW in before + after:
                continue
            is_of_moment = {"as_of", "checkpoint"} & parse_qs(target.query).keys()
            is_told = keeps_moment(target.path) or honours(resolve(target.path).func)
            assert bool(is_of_moment) is is_told, f"{address} leads to {href}"
            if is_told:
                followed.add(unescape(href).partition("#")[0])
        for form in re.findall(r"<form\b.*?</form>", html, re.DOTALL):
            assert re.search(r'name="(as_of|checkpoint)"', form), f"{address}: {form[:200]}"
    assert len(followed) > 60
    for href in sorted(followed)[::5]:
        assert client.get(href).status_code in {200, 302}, href
    listed = ask(client, "/api/v1/boards/", moments[0]).json()["boards"]
    assert all("as_of=" in entry[name] for entry in listed for name in ("json_url", "csv_url", "page_url"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_board_names_its_version_and_date(client: Client, moments: list[str], language: str) -> None:
    for series in ("demo-1-estimated", "study-2024"):
        address = f"/boards/{series}/text_classification/"
        data = client.get(f"/api/v1{address}").json()
        assert data["version"] >= 1
        at = datetime.fromisoformat(data["version_at"])
        for where in (address, f"{address}?{moments[0]}"):
            page = client.get(where, headers={"Accept-Language": language}).content.decode()
            assert "None" not in page
            assert f'datetime="{at:%Y-%m-%dT%H:%M:%S}' in page
            assert re.search(rf"(version|версия)\D{{0,3}}{data['version']}\b", page), where
        for row in data["rows"]:
            assert 1 <= row["version"] <= data["version"]


def test_a_published_series_was_not_here_before_it_was_taken_over(client: Client, moments: list[str]) -> None:
    series = PublishedSeries.objects.get(slug="study-2024")
    day = series.imported_at - timedelta(days=1)
    moment = f"as_of={day:%Y-%m-%d}"
    for address in ("/boards/study-2024/text_classification/", "/published/study-2024/"):
        answer = ask(client, address, moment)
        assert answer.status_code == 404
        assert f"{series.imported_at:%Y-%m-%d}" in answer.content.decode()
    for ending in (".json", ".csv", "/"):
        answer = ask(client, f"/api/v1/boards/study-2024/text_classification{ending}", moment)
        assert answer.status_code == 404
        assert f"{series.imported_at:%Y-%m-%d}" in answer.json()["detail"]
    assert "study-2024" not in ask(client, "/boards/", moment).content.decode()
    assert ask(client, "/api/v1/boards/", moment).json()["boards"] == []


def test_no_route_is_forgotten() -> None:
    patterns = {route.pattern for route in routes()}
    assert len(patterns) > 40
    assert "api/v1/boards/<name:series>/<name:task>.csv" in patterns
