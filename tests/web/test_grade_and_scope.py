"""Grade, scope, version and source travel with every number: from a board to the calculator, and in every download."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from joulemark_simulation.result_rows import GENERAL, SENTIMENT, Run, demo_catalog, make_result
from measurements.boards.models import Cell, CellRevision
from measurements.boards.services import refresh_stale_cells
from tests.laws import EXAMPLES
from tests.page_reading import Element, read_page

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.laws]
STRIDE = 1 if EXAMPLES >= 1000 else 16
"""Every published figure under `make laws`, one in so many in every run."""

GPU: dict[str, Any] = {"grade": "measured", "scope": "gpu", "hardware": "GPU X", "device": "gpu"}


@pytest.fixture
def platform(catalogue: None) -> None:
    """Rows of every grade and of several scopes, from one source and from two."""
    call_command("load_published", verbosity=0)
    demo_catalog()
    for by, factor in (("ada", 1.0), ("grace", 1.3)):
        make_result(Run(by=by, device=by, energy_per_query_j=0.4 * factor))
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.1 * factor))
    make_result(Run(by="ada", dataset=SENTIMENT, energy_per_query_j=0.7))
    make_result(Run(by="ada", energy_per_query_j=0.11, **GPU))
    make_result(Run(by="ada", energy_per_query_j=0.19, **(GPU | {"scope": "gpu+cpu+dram"})))
    refresh_stale_cells()


def boards(client: Client) -> list[dict[str, Any]]:
    return client.get("/api/v1/boards/").json()["boards"]


def year_links(client: Client, address: str) -> list[str]:
    page = client.get(address).content.decode()
    links = [unescape(link) for link in re.findall(r'href="/en(/impact/\?[^"]*)"', page)]
    return [link for link in links if "query=" in link]  # the others lead to the page as it begins


def check(client: Client, link: str, row: dict[str, Any]) -> None:
    answer = client.get(link.replace("/impact/", "/api/v1/impact/", 1))
    assert answer.status_code == 200, answer.content
    year = answer.json()
    assert year["value_of"] == row
    assert (year["grade"], year["scope"], year["version"]) == (
        row["grade"],
        row["scope"],
        str(row["version"]),
    )
    for name in ("wh_per_query", "energy_kwh", "emissions_kgco2e"):
        origin = year[name]["sources"][0]
        assert (origin["grade"], origin["scope"], origin["version"]) == (
            row["grade"], row["scope"], str(row["version"]),
        )  # fmt: skip
    assert year["wh_per_query"]["value"] == row["energy_wh_per_1000"] / 1000
    assert f"version {row['version']}" in year["citation"]
    assert year["wh_per_query"]["sources"][0]["url"] in year["citation"]


def test_every_row_keeps_what_it_is_in_the_calculator(client: Client, platform: None) -> None:
    followed, turns = 0, count()
    for entry in boards(client):
        address = f"/boards/{entry['series']}/{entry['task']}/"
        rows = client.get(f"/api/v1{address}").json()["rows"]
        links = year_links(client, address)
        assert len(links) == len(rows)
        for link, row in zip(links, rows, strict=True):
            if row["grade"] != "published" or next(turns) % STRIDE == 0:
                check(client, link, row)
                followed += 1
    assert followed == 3 + 2 + 416 // STRIDE


def test_the_calculators_page_says_grade_and_scope_of_a_boards_row(client: Client, platform: None) -> None:
    names = {"gpu": "GPU board", "gpu+cpu+dram": "GPU, CPU and memory", "cpu": "CPU", "node": "whole node"}
    seen = set()
    for entry in boards(client):
        if entry["task"] not in {"text_classification", "image_generation"}:
            continue
        address = f"/boards/{entry['series']}/{entry['task']}/"
        rows = client.get(f"/api/v1{address}").json()["rows"]
        for link, row in list(zip(year_links(client, address), rows, strict=True))[:6]:
            numbers = read_page(client.get(link).content.decode()).first("dl", "numbers")
            assert [badge.text for badge in numbers.all("span", "badge")] == [row["grade"]]
            assert f"Scope {names[row['scope']]}" in numbers.text
            note = read_page(client.get(link).content.decode()).first("div", "note").text
            assert f"version {row['version']}" in note
            seen.add((row["grade"], row["scope"]))
            if row["grade"] != "measured":
                assert "was read from the device" not in note
            if row["grade"] == "published":
                assert "whole eight-GPU node while one GPU worked" in note
    assert seen == {
        ("measured", "gpu"),
        ("measured", "gpu+cpu+dram"),
        ("estimated", "cpu"),
        ("published", "node"),
    }


def test_a_value_page_leads_to_its_own_year_also_as_of_a_moment(client: Client, platform: None) -> None:
    first = {cell.key: cell.energy_per_query_j for cell in Cell.objects.all()}
    at = CellRevision.objects.latest("updated_at").updated_at
    for by, factor in (("ada", 2.0), ("grace", 2.6)):
        make_result(Run(by=by, device=by, energy_per_query_j=0.4 * factor))
    refresh_stale_cells()
    assert {cell.key: cell.energy_per_query_j for cell in Cell.objects.all()} != first
    address = "/boards/demo-1-estimated/text_classification/"
    query = f"as_of={at:%Y-%m-%dT%H:%M:%S.%fZ}"
    rows = client.get(f"/api/v1{address}?{query}").json()["rows"]
    links = year_links(client, f"{address}?{query}")
    for link, row in zip(links, rows, strict=True):
        assert "as_of=" in link
        check(client, link, row)
        assert 'rel="latest-version"' in client.get(link).content.decode()


def test_what_a_reader_types_is_the_readers_own_whatever_it_claims(client: Client) -> None:
    """The page does not listen to it, and the API refuses it."""
    own = "query=own&wh_per_query=0.4&queries_per_day=1&users=1&place=world"
    query = f"{own}&grade=measured&scope=gpu"
    assert client.get(f"/api/v1/impact/?{query}").json()["code"] == "JM-QUERY-PARAMETER"
    year = client.get(f"/api/v1/impact/?{own}").json()
    assert (year["grade"], year["scope"], year["value_of"]) == ("own", "not-stated", None)
    page = read_page(client.get(f"/impact/?{query}").content.decode())
    assert [badge.text for badge in page.first("dl", "numbers").all("span", "badge")] == ["the reader's own"]
    assert "measured quantity" not in page.root.text


def test_a_mean_of_the_study_is_published_and_of_a_whole_node(client: Client) -> None:
    year = client.get("/api/v1/impact/?query=image_generation&queries_per_day=1&users=1&place=world").json()
    assert (year["grade"], year["scope"]) == ("published", "node")
    assert year["version"].startswith("sha256:")
    assert "seven" in read_page(client.get("/impact/").content.decode()).first("div", "note").text


@pytest.mark.parametrize(
    ("change", "words"),
    [({"model": "nobody"}, "no such value"), ({"series": ""}, "no such value"), ({"stratum": "x"}, "no such value"),
     ({"wh_per_query": "3"}, "its own energy"), ({"task": "x" * 200}, "task")],
)  # fmt: skip
def test_a_value_that_is_none_is_refused_in_words(
    client: Client, platform: None, change: dict[str, str], words: str
) -> None:
    known = {
        "query": "value", "series": "demo-1-estimated", "task": "text_classification", "dataset": SENTIMENT,
        "model": "minilm-l6-v2", "hardware": "amd-ryzen-7-5800x", "scope": "cpu",
        "stratum": "float32.b1.power-default", "queries_per_day": "1", "users": "1", "place": "world",
    }  # fmt: skip
    assert client.get("/api/v1/impact/", known).status_code == 200
    answer = client.get("/api/v1/impact/", known | change)
    assert (answer.status_code, answer.json()["code"]) == (400, "JM-IMPACT-QUESTION")
    assert words in answer.json()["detail"]
    assert 'role="alert"' in client.get("/impact/", known | change).content.decode()


def test_as_of_a_moment_only_a_value_of_a_board_is_computed(client: Client, platform: None) -> None:
    for query in (
        "query=image_generation&queries_per_day=1&users=1&place=world",
        "",
        "query=own&wh_per_query=1",
    ):
        answer = client.get(f"/api/v1/impact/?{query}&as_of=2026-11-24")
        assert (answer.status_code, answer.json()["code"]) == (400, "JM-IMPACT-QUESTION")
        assert 'role="alert"' in client.get(f"/impact/?{query}&as_of=2026-11-24").content.decode()


ENERGY = re.compile(
    r"(^|_)(j|wh|kwh|ratio|factor|energy|relative|spread|dark_u|shift|high|low|value|median|variance)(_|$)"
)
NO_ENERGY = {
    "IntensityItem": "a carbon intensity of electricity",
    "IntensityRow": "a carbon intensity of electricity",
    "Quality": "a score of answers",
}


@pytest.mark.parametrize(
    "download",
    ["boards/demo-1-estimated/text_classification", "boards/study-2024/text_classification",
     "comparisons/text_classification"],
)  # fmt: skip
def test_every_row_of_a_csv_says_what_it_is(client: Client, platform: None, download: str) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(f"/api/v1/{download}.csv").content.decode())))
    assert rows
    for row in rows:
        assert row["grade"] in GRADES
        assert row["scope"] in {"cpu", "gpu", "gpu+cpu+dram", "node"}
        assert int(row["version"]) >= 1
        assert row["series"]


def holes(schema: dict[str, Any]) -> list[str]:
    """Numbers of energy in the API's answers beside or above which no grade and scope stand."""
    components = schema["components"]["schemas"]
    found: list[str] = []

    def walk(node: dict[str, Any], known: frozenset[str], path: str) -> None:
        for inner in (*node.get("allOf", ()), *node.get("oneOf", ()), *filter(None, [node.get("items")])):
            walk(inner, known, path)
        name = node.get("$ref", "").rsplit("/", 1)[-1]
        if name and name not in NO_ENERGY:
            walk(components[name], known, f"{path}/{name}")
        properties = node.get("properties", {})
        own = properties.keys() | (
            components["Source"]["properties"].keys() if "sources" in properties else ()
        )
        here = known | ({"grade", "scope"} & own)
        for field, inner in properties.items():
            if inner.get("type") == "number" and ENERGY.search(field) and here != {"grade", "scope"}:
                found.append(f"{path}.{field}")
            walk(inner, here, path)

    for path, operations in schema["paths"].items():
        for answer in operations.get("get", {}).get("responses", {}).values():
            for media in answer.get("content", {}).values():
                walk(media.get("schema", {}), frozenset(), path)
    return sorted(set(found))


def test_no_number_of_the_api_is_without_grade_and_scope() -> None:
    assert holes(SchemaGenerator().get_schema(request=None, public=True)) == []


UNIT = re.compile(r"\d[\u202f ](J|Wh|kWh)\b")
GRADES = {"measured", "estimated", "published", "the reader's own"}
SCOPES = re.compile(r"GPU board|GPU, CPU and memory|\bCPU\b|whole node|scope not stated|GPUs of a node")


def bare(element: Element) -> list[str]:
    """Texts with an energy that no enclosing row, list item, table or section gives a grade and a scope."""
    found = []
    for text, ancestors in element.texts():
        if not UNIT.search(text) or any(one.tag in {"form", "fieldset", "option"} for one in ancestors):
            continue
        blocks = [one for one in ancestors if one.tag in {"tr", "li", "section", "main", "div", "figure"}]
        graded = any(badge.text in GRADES for one in blocks for badge in one.all("span", "badge"))
        scoped = any(SCOPES.search(one.text) for one in blocks)
        if not (graded and scoped):
            found.append(text.strip()[:80])
    return found


def test_no_energy_of_a_page_is_without_grade_and_scope(client: Client, platform: None) -> None:
    result = client.get("/api/v1/results/").json()["results"][0]["result_id"]
    addresses = [
        "/", "/boards/", "/compare/", "/compare/text_classification/", "/claims/", "/impact/", "/needed/", "/results/",
        "/tasks/text_classification/",
        f"/results/{result}/", "/decisions/",
        "/compare/models/?model=minilm-l6-v2&model=smollm2-135m-instruct",
        *(f"/boards/{b['series']}/{b['task']}/" for b in boards(client)),
    ]  # fmt: skip
    cell = re.findall(r'href="([^"]*/cell/[^"]*)"', client.get(addresses[-1]).content.decode())
    shown = 0
    for address in [*addresses, *map(unescape, cell[:2])]:
        main = read_page(client.get(address).content.decode()).first("main", "wrap")
        shown += sum(bool(UNIT.search(text)) for text, _ in main.texts())
        assert bare(main) == [], address
    assert shown > 200
