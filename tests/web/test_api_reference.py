"""The API's reference has every operation and every schema of the committed description, without a script."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from measurements.web.api_reference import reference_of, type_words
from measurements.web.api_units import unit_of_field
from measurements.web.problem_codes import FILE, problem_codes
from tests.page_reading import read_page

if TYPE_CHECKING:
    from django.test import Client

    from tests.page_reading import Page

ROOT = Path(__file__).parents[2]
METHODS = {"get", "post", "put", "patch", "delete"}
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The committed description."""
    text = (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def page_of(client: Client, language: str) -> Page:
    return read_page(client.get(f"/{language}/api/").content.decode())


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_operation_and_every_schema_is_there_once_with_its_anchor(
    client: Client, description: dict[str, Any], language: str
) -> None:
    page = page_of(client, language)
    operations = {section.attributes["id"]: section for section in page.root.all("section", "operation")}
    schemas = {section.attributes["id"]: section for section in page.root.all("section", "schema")}
    expected = {
        entry["operationId"]: (method, path, entry)
        for path, entries in description["paths"].items()
        for method, entry in entries.items()
        if method in METHODS
    }
    assert operations.keys() == expected.keys()
    assert schemas.keys() == {f"schema-{name}" for name in description["components"]["schemas"]}
    anchors = {f"#{name}" for name in operations}
    for name, (method, path, entry) in expected.items():
        text = operations[name].text
        assert f"{method.upper()} {path}" in operations[name].first("h2").text
        shown_at = {link.attributes["href"] for link in operations[name].all("a")} & anchors
        texts = [text, *(operations[anchor[1:]].text for anchor in shown_at)]
        for field in entry.get("parameters", []):
            assert any(field["name"] in words for words in texts), (name, field["name"])
        for status in entry["responses"]:
            assert status in text, (name, status)
        assert len(operations[name].all("pre")) == 2
    for name, entry in description["components"]["schemas"].items():
        text = schemas[f"schema-{name}"].text
        assert all(field in text for field in entry.get("properties", {})), name
        assert all(str(word) in text for word in entry.get("enum", ()) if word), name


def test_every_link_on_the_page_has_its_place(client: Client) -> None:
    html = client.get("/en/api/").content.decode()
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    anchors = set(re.findall(r'href="#([^"]+)"', html))
    assert len(anchors) > 150
    assert anchors <= ids
    assert "<script" not in html.replace("application/ld+json", "")
    assert len(html.encode()) < 1_000_000


def test_what_the_contract_says_is_marked_as_english(client: Client) -> None:
    page = page_of(client, "ru")
    for section in page.root.all("section", "operation"):
        assert section.first("p").attributes["lang"] == "en"
    assert page.first("h1").text == "Справочник API"


def test_an_example_can_be_sent_as_it_stands(client: Client) -> None:
    page = page_of(client, "en")
    sent = 0
    for section in page.root.all("section", "operation"):
        curl = section.all("pre")[0].text
        if "--data-binary" in curl or "RESULT_ID" in curl or "DIGEST" in curl:
            continue
        address = re.search(r"'https?://[^/]+(/[^']*)'", curl)
        assert address, curl
        assert client.get(address[1]).status_code in {200, 400, 404}, curl
        sent += 1
    assert sent > 15


def test_the_reference_is_that_of_the_description_that_is_served(
    client: Client, description: dict[str, Any]
) -> None:
    reference = reference_of(description)
    html = client.get("/en/api/").content.decode()
    assert all(f'id="{operation.id}"' in html for operation in reference.operations)
    assert sum(len(schema.fields) for schema in reference.schemas) > 500


@pytest.mark.parametrize(
    ("name", "schema", "unit"),
    [
        ("energy_wh_per_1000", {"type": "number"}, "Wh per 1,000 queries"),
        ("low_j", {"type": "number"}, "J"),
        ("latency_p50_s", {"type": "number"}, "s"),
        ("peak_memory_bytes", {"type": "integer"}, "bytes"),
        ("gco2e_per_kwh", {"type": "number"}, "gCO2e per kWh"),
        ("version_at", {"type": "string", "format": "date-time"}, "UTC"),
        ("status", {"type": "integer"}, ""),
        ("words", {"type": "string"}, ""),
    ],
)
def test_a_field_names_its_unit(name: str, schema: dict[str, Any], unit: str) -> None:
    assert unit_of_field(name, schema) == unit


def test_types_are_said_in_words() -> None:
    reference = {"$ref": "#/components/schemas/Row"}
    assert type_words({"type": "array", "items": reference}).words == "array of"
    assert type_words({"type": "array", "items": reference}).schema == "Row"
    assert type_words({"allOf": [reference], "nullable": True}).is_nullable
    assert type_words({"type": "object", "additionalProperties": {"type": "number"}}).words == (
        "object, each value number"
    )
    assert type_words({"type": "string", "enum": ["a", "b"]}).choices == ("a", "b")
    assert type_words({}).words == "any value"


def test_the_codes_are_those_of_the_repositorys_page() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    section = text[text.index("## Refusals at the door") : text.index("## The log")]
    rows = re.findall(r"^\| `(JM-[A-Z0-9-]+)` \| (\d+) \| (.+) \|$", section, re.MULTILINE)
    assert [(row.code, str(row.status), row.meaning) for row in problem_codes()] == rows
    with FILE.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == len(rows) + 1
