"""Where a simulated crowd is, every page has a banner, every download a field and every answer a header."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from html import unescape
from re import findall
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from joulemark.suite import load_suite
from joulemark_simulation.result_rows import Run, make_result
from joulemark_site.crowd.plan import Crowd
from joulemark_site.crowd.playing import play
from joulemark_site.crowd.presence import HEADER, PRESENCE
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel, DataSet, HardwareClass
from measurements.contributors.models import Contributor, Device
from measurements.intake.models import Submission
from measurements.ledger.sequencer import sequence
from tests.addresses import OF_MONITORS, addresses
from tests.page_reading import read_page

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from tests.client_response import ClientResponse

pytestmark = [pytest.mark.django_db, pytest.mark.laws]
SMALL = Crowd(seed=3, contributors=2, days=2, sloppy=0.0, dishonest=0.0, results=3)
UNTIL = datetime(2026, 5, 31, tzinfo=UTC)
QUERIES = {
    "/api/v1/impact/": "?query=image_generation&queries_per_day=1&users=1&place=world",
    "/api/v1/needed/": f"?suite={load_suite('demo').digest}",
    "/api/v1/log/rows/": "?start=0&end=1",
}


def quiet(_day: int, _new: int) -> None:
    """Nobody watches."""


def every(client: Client, language: str = "en") -> dict[str, ClientResponse]:
    """The answers of every address that can be read, the API's description and the log's files among them."""
    listed = client.get("/api/v1/boards/").json()["boards"]
    crowd = next((board for board in listed if board["grade"] != "published"), None)
    cell = Cell.objects.first()
    values = {
        "cell_id": ["~".join(map(str, cell.key.values)) if cell else "1~1~1~1~measured~gpu~none"],
        "code": ["JM-ABSENT"],
        "form": ["svg"],
        "leaf_index": ["0"],
        "export_form": ["boamps", "model-index"],
        "release_path": ["2026-05-05/manifest.json"],
        "number": ["1"],
        "series": ["study-2024", *([crowd["series"]] if crowd else [])],
        "task": [crowd["task"] if crowd else "text_classification"],
        "result_id": [Submission.objects.values_list("pk", flat=True).first() or "0" * 64],
        "part": ["pages"],
        "group": ["log"],
        "schema_group": ["log"],
        "short_id": [(Submission.objects.values_list("pk", flat=True).first() or "0" * 64)[:16]],
        "path": ["0/000"],
        "digest": [load_suite("demo").digest],
        "pseudonym": [Contributor.objects.values_list("pseudonym", flat=True).first() or "v-000000000000"],
        "tag": [(Device.objects.values_list("tag", flat=True).first() or "0" * 16)[:16]],
        "model": [AiModel.objects.values_list("slug", flat=True).first() or "none"],
        "hardware": [HardwareClass.objects.values_list("code", flat=True).first() or "none"],
        "dataset": [DataSet.objects.values_list("slug", flat=True).first() or "none"],
        "suite": ["demo-1"],
    }
    found = {address + QUERIES.get(address, "") for address in addresses(values)}
    if crowd:
        board = client.get(f"/boards/{crowd['series']}/{crowd['task']}/").content.decode()
        found |= {unescape(cell) for cell in findall(r'href="([^"]*/cell/[^"]*)"', board)[:2]}
    found |= {"/nothing/", "/admin/login/", "/api/v1/nothing"}
    found -= OF_MONITORS
    found = {f"/{language}/{address[4:]}" if address.startswith("/en/") else address for address in found}
    answers = {address: client.get(address) for address in sorted(found)}
    return {address: answer for address, answer in answers.items() if answer.status_code != 405}


def data_of(address: str, answer: ClientResponse) -> list[object]:
    """What a download says in its field: of JSON its own, of CSV that of every row."""
    if answer["Content-Type"].startswith("text/csv"):
        return [row["simulated"] for row in csv.DictReader(io.StringIO(answer.content.decode()))]
    return [answer.json()["simulated"]]


def downloads(answers: dict[str, ClientResponse]) -> dict[str, ClientResponse]:
    """Answers whose data are the platform's own words: not those in a signed or versioned format, nor refusals.

    Nor streams: they see what is committed, which is nothing here (test_bulk_downloads.py has their field).
    """
    parts = ("boards", "comparisons", "claims", "impact", "intensities", "decisions", "needed")
    starts = tuple(f"/api/v1/{part}" for part in parts)
    return {
        address: answer
        for address, answer in answers.items()
        if answer.status_code == 200
        and not answer.streaming
        and (address.startswith(starts) or address == "/api/v1/results/")
    }


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_crowd_is_named_on_every_page_and_in_every_download(
    client: Client, catalogue: None, language: str
) -> None:
    call_command("load_published", verbosity=0)
    play(SMALL, until=UNTIL, progress=quiet)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    answers = every(client, language)
    words = {"en": "generated by a program and not measured", "ru": "никто их не измерял"}[language]
    pages = 0
    for address, answer in answers.items():
        assert answer[HEADER] == "crowd", address
        if answer["Content-Type"].startswith("text/html") and answer.status_code not in (301, 302):
            banners = read_page(answer.content.decode()).root.all("aside", "simulated")
            assert [words in banner.text for banner in banners] == [True], address
            pages += 1
    assert pages >= 20
    said = {address: data_of(address, answer) for address, answer in downloads(answers).items()}
    assert len(said) >= 16
    for address, values in said.items():
        assert values, address
        assert set(values) <= {True, "true"}, address


def test_a_platform_without_a_crowd_says_so_in_its_downloads_alone(client: Client, catalogue: None) -> None:
    call_command("load_published", verbosity=0)
    for number in range(3):  # a name alone makes nobody simulated
        make_result(Run(by=f"v{number}", device=f"d{number}", display_name=f"simulated-3-abcdef-000{number}"))
    refresh_stale_cells()
    sequence()
    answers = every(client)
    for address, answer in answers.items():
        assert not answer.has_header(HEADER), address
        if answer["Content-Type"].startswith("text/html"):
            assert 'class="simulated"' not in answer.content.decode()
    for address, answer in downloads(answers).items():
        assert set(data_of(address, answer)) <= {False, "false"}, address


def test_what_was_seen_once_is_not_asked_for_again(
    client: Client, catalogue: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    play(SMALL, until=UNTIL, progress=quiet)
    assert PRESENCE.is_simulated()
    with django_assert_num_queries(0):
        assert PRESENCE.is_simulated()


MESSAGES = {"Envelope", "LogProof", "ResultStatus"}
"""Answers that are records of the wire format, not downloads."""


def test_the_description_of_the_api_has_the_field_in_every_download() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    described = 0
    for path, operations in schema["paths"].items():
        read = operations.get("get", {})
        if not {"boards", "comparisons", "impact", "needed", "results"} & set(read.get("tags", ())):
            continue
        for media, content in read["responses"]["200"].get("content", {}).items():
            if media == "application/json" and "$ref" in content["schema"]:
                name = content["schema"]["$ref"].rsplit("/", 1)[1]
                if name in MESSAGES:
                    continue
                component = schema["components"]["schemas"][name]
                assert component["properties"]["simulated"]["type"] == "boolean", path
                described += 1
    assert described >= 10
