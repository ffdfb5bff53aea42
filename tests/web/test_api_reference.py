"""The API's reference has every operation and every schema of the committed description, without a script."""

from __future__ import annotations

import csv
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from measurements.web import api_reference
from measurements.web.api_description import EnglishDescription
from measurements.web.api_reference import read_reference, reference_of, type_words
from measurements.web.api_schema_groups import SHARED, schema_groups
from measurements.web.api_units import unit_of_field
from measurements.web.problem_codes import FILE, problem_codes
from tests.html_validity import faults_of
from tests.page_reading import read_page

if TYPE_CHECKING:
    from django.test import Client

    from measurements.web.api_reference import ApiReference
    from tests.page_reading import Element

ROOT = Path(__file__).parents[2]
METHODS = {"get", "post", "put", "patch", "delete"}
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The committed description."""
    text = (ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@pytest.fixture(scope="module")
def reference(description: dict[str, Any]) -> ApiReference:
    """The same in parts."""
    return reference_of(description)


def read(client: Client, address: str) -> str:
    """A page of the reference."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def addresses_of(reference: ApiReference, language: str) -> list[str]:
    """Every page behind the index, in the order in which readers leaf through them."""
    return [
        *(f"/{language}/api/{group}/" for group in reference.groups),
        f"/{language}/api/problems/",
        *(f"/{language}/api/schemas/{group}/" for group in reference.schema_groups),
    ]


def sections_of(
    client: Client, reference: ApiReference, language: str, name: str
) -> dict[str, list[Element]]:
    """The sections of a class on all pages, by their anchors."""
    found: dict[str, list[Element]] = {}
    for address in addresses_of(reference, language):
        for section in read_page(read(client, address)).root.all("section", name):
            found.setdefault(section.attributes["id"], []).append(section)
    return found


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_operation_and_every_schema_is_there_once_with_its_anchor(
    client: Client, description: dict[str, Any], reference: ApiReference, language: str
) -> None:
    operations = sections_of(client, reference, language, "operation")
    schemas = sections_of(client, reference, language, "schema")
    assert {len(sections) for sections in (*operations.values(), *schemas.values())} == {1}
    expected = {
        entry["operationId"]: (method, path, entry)
        for path, entries in description["paths"].items()
        for method, entry in entries.items()
        if method in METHODS
    }
    assert operations.keys() == expected.keys()
    assert schemas.keys() == {f"schema-{name}" for name in description["components"]["schemas"]}
    for name, (method, path, entry) in expected.items():
        section = operations[name][0]
        assert f"{method.upper()} {path}" in section.first("h2").text
        linked = {link.attributes["href"].partition("#")[2] for link in section.all("a")} & operations.keys()
        texts = [section.text, *(operations[anchor][0].text for anchor in linked)]
        for field in entry.get("parameters", []):
            assert any(field["name"] in words for words in texts), (name, field["name"])
        for status in entry["responses"]:
            assert status in section.text, (name, status)
        assert len(section.all("pre")) == 2
    for name, entry in description["components"]["schemas"].items():
        text = schemas[f"schema-{name}"][0].text
        assert all(field in text for field in entry.get("properties", {})), name
        assert all(str(word) in text for word in entry.get("enum", ()) if word), name


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_link_within_the_reference_has_its_place(
    client: Client, reference: ApiReference, language: str
) -> None:
    index = f"/{language}/api/"
    pages = {address: read(client, address) for address in (index, *addresses_of(reference, language))}
    ids = {address: re.findall(r'\bid="([^"]+)"', html) for address, html in pages.items()}
    n_links = 0
    for address, html in pages.items():
        assert len(ids[address]) == len(set(ids[address])), address
        for target, _, fragment in (link.partition("#") for link in re.findall(r'href="([^"]+)"', html)):
            if fragment and not target.startswith("http"):
                assert fragment in ids[target or address], (address, target, fragment)
                n_links += 1
    assert n_links > 1000


@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_are_small_and_need_no_script(client: Client, reference: ApiReference, language: str) -> None:
    index = f"/{language}/api/"
    for address in (index, *addresses_of(reference, language)):
        html = read(client, address)
        assert faults_of(html) == [], address
        assert "<script" not in html.replace("application/ld+json", "")
        assert len(html.encode()) < (80_000 if address == index else 200_000), address


def test_each_fragment_of_the_former_single_page_leads_on_from_the_index(
    client: Client, reference: ApiReference
) -> None:
    root = read_page(read(client, "/en/api/")).root
    by_id = {row.attributes["id"]: row for row in root.all("li") if "id" in row.attributes}
    expected = {
        **{each.id: f"/en/api/{each.tag}/#{each.id}" for each in reference.operations},
        **{
            f"schema-{each.name}": f"/en/api/schemas/{each.group}/#schema-{each.name}"
            for each in reference.schemas
        },
        **{f"problem-{status}": f"/en/api/problems/#problem-{status}" for status in reference.refusals},
    }
    assert {name: row.first("a").attributes["href"] for name, row in by_id.items()} == expected
    for operation in reference.operations:
        text = by_id[operation.id].text
        assert text.startswith(f"{operation.method} {operation.path} "), operation.id
        assert len(text) > len(f"{operation.method} {operation.path} ") + 10, operation.id
    assert {"problem-codes", "schemas"} <= {each.attributes.get("id") for each in root.all("section")}


def test_readers_leaf_through_every_page_and_back(client: Client, reference: ApiReference) -> None:
    expected = addresses_of(reference, "ru")
    for relation, order in (("next", expected), ("prev", expected[::-1])):
        address: str | None = order[0]
        passed = []
        while address:
            passed.append(address)
            links = read_page(read(client, address)).root.all("a")
            assert "/ru/api/" in {link.attributes["href"] for link in links if link.text == "Справочник API"}
            address = next((a.attributes["href"] for a in links if a.attributes.get("rel") == relation), None)
        assert passed == order


def test_no_group_hides_behind_another_page(client: Client, reference: ApiReference) -> None:
    assert not {"problems", "schemas"} & reference.groups.keys()
    assert SHARED not in reference.groups
    assert client.get("/en/api/schemas/")["Location"] == "/en/api/"
    for address in (
        "/en/api/shared/",
        "/en/api/nothing/",
        "/ru/api/schemas/nothing/",
        "/ru/api/schemas/problems/",
    ):
        assert client.get(address).status_code == 404, address


def test_a_schema_is_shown_with_the_operations_that_alone_refer_to_it() -> None:
    def refers(name: str) -> dict[str, str]:
        return {"$ref": f"#/components/schemas/{name}"}

    schemas = {
        "Own": {"properties": {"row": {"oneOf": [refers("Row"), refers("Both")]}}},
        "Row": {"items": refers("Row")},
        "Both": {},
        "Unused": {},
    }
    paths = {
        "/a": {"get": {"tags": ["a"], "responses": {"200": refers("Own")}}},
        "/b": {"get": {"tags": ["b"], "x-signed-message": {"payload": refers("Both")}}, "parameters": []},
    }
    groups = schema_groups({"components": {"schemas": schemas}, "paths": paths})
    assert groups == {"Own": "a", "Row": "a", "Both": SHARED, "Unused": SHARED}


def test_what_the_contract_says_is_marked_as_english(client: Client, reference: ApiReference) -> None:
    for sections in sections_of(client, reference, "ru", "operation").values():
        assert sections[0].first("p").attributes["lang"] == "en"
    assert read_page(read(client, "/ru/api/")).root.first("h1").text == "Справочник API"


def test_the_description_is_generated_once_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    generated = []
    both_ask = Barrier(2)

    class Description(EnglishDescription):
        def get_schema(self, *args: Any, **kwargs: Any) -> Any:
            generated.append(1)
            return super().get_schema(*args, **kwargs)

    def ask() -> ApiReference:
        both_ask.wait()
        return read_reference()

    monkeypatch.setattr(api_reference, "EnglishDescription", Description)
    api_reference._own_reference.cache_clear()
    with ThreadPoolExecutor(2) as threads:
        first, second = (each.result() for each in [threads.submit(ask), threads.submit(ask)])
    assert first is second
    assert generated == [1]


def test_an_example_can_be_sent_as_it_stands(client: Client, reference: ApiReference) -> None:
    sent = 0
    for section, *_ in sections_of(client, reference, "en", "operation").values():
        curl = section.all("pre")[0].text
        if "--data-binary" in curl or "RESULT_ID" in curl or "DIGEST" in curl:
            continue
        address = re.search(r"'https?://[^/]+(/[^']*)'", curl)
        assert address, curl
        assert client.get(address[1]).status_code in {200, 400, 404}, curl
        sent += 1
    assert sent > 15


def test_the_reference_is_that_of_the_description_that_is_served(reference: ApiReference) -> None:
    assert read_reference() == reference
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
