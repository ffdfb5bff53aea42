"""The lists of the API: every one answers in few queries, with units, and refuses what it does not know."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from measurements.boards.models import Cell, CellRevision, ComparedPart
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task
from measurements.contributors.models import Contributor
from measurements.downloads.resource import Resource
from measurements.downloads.resource_catalog import DATASETS, HARDWARE_LIST, MODELS_LIST, TASKS_LIST
from measurements.downloads.resource_cells import CELLS, COMPARISONS
from measurements.downloads.resource_review import CONTRIBUTORS_LIST, EVIDENCE, LOG_ENTRIES, VERDICTS
from measurements.intake.models import Submission
from measurements.ledger.models import Leaf
from measurements.review.models import Verdict
from measurements.review.rule_facts import ALL_RULES
from tests.web.populated import Values, populate

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
LISTS: dict[str, tuple[Resource, Any]] = {
    "cells/": (CELLS, Cell),
    "comparisons/": (COMPARISONS, ComparedPart),
    "contributors/": (CONTRIBUTORS_LIST, Contributor),
    "datasets/": (DATASETS, DataSet),
    "evidence/": (EVIDENCE, Submission),
    "hardware/": (HARDWARE_LIST, HardwareClass),
    "log/entries/": (LOG_ENTRIES, Leaf),
    "models/": (MODELS_LIST, AiModel),
    "tasks/": (TASKS_LIST, Task),
    "verdicts/": (VERDICTS, Verdict),
}
"""Each list with the table that it has a row of for each row."""


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


def get(client: Client, path: str, **headers: str) -> Any:
    """The answer at a path below /api/v1/."""
    return client.get(f"/api/v1/{path}", headers=headers)


def codes(client: Client, path: str) -> tuple[int, str]:
    """Status and code of a refusal."""
    answer = get(client, path)
    assert answer["Content-Type"] == "application/problem+json", answer.content
    assert answer.json()["detail"]
    return answer.status_code, answer.json()["code"]


def test_every_list_has_every_row_in_few_queries(client: Client, values: Values) -> None:
    for path, (resource, table) in LISTS.items():
        with CaptureQueriesContext(connection) as queries:
            answer = get(client, f"{path}?limit=1000")
        assert len(queries) <= MOST_QUERIES, path
        data = answer.json()
        assert (data["resource"], data["api_version"], data["simulated"]) == (resource.name, "1", False)
        assert data["units"] == resource.units
        assert len(data["rows"]) == table.objects.count() > 0, path
        assert all(tuple(row) == resource.field_names for row in data["rows"]), path
        assert answer["Access-Control-Allow-Origin"] == "*"
        again = get(client, f"{path}?limit=1000", **{"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert not answer["ETag"].startswith("W/")


def test_a_row_has_what_its_own_address_has(client: Client, values: Values) -> None:
    cell = get(client, "cells/").json()["rows"][0]
    history = get(client, f"cells/{cell['cell_id']}/history/").json()["rows"]
    assert {name: history[-1][name] for name in cell} == cell
    assert len(history) == CellRevision.objects.at(Cell.objects.order_by("pk")[0].key).count()
    named = {
        f"cells/{cell['cell_id']}/": cell,
        f"models/{quote(cell['model'], safe='')}/": get(client, "models/?q=" + cell["model"]).json()["rows"][
            0
        ],
        f"datasets/{cell['task']}/{cell['dataset']}/": None,
        f"hardware/{cell['hardware']}/": None,
        f"hardware/{cell['hardware_code']}/": None,
        f"suites/{cell['suite_digest']}/": None,
        f"contributors/{values['pseudonym'][0]}/": None,
        f"evidence/{values['result_id'][0]}/": get(client, "evidence/").json()["rows"][0],
        "log/entries/0/": get(client, "log/entries/").json()["rows"][0],
        "verdicts/1/": get(client, "verdicts/").json()["rows"][0],
        f"rules/{ALL_RULES[0].code}/": None,
    }
    for path, row in named.items():
        data = get(client, path).json()
        assert data["units"] is not None, path
        assert row is None or data["row"] == row, path
    assert codes(client, "models/nobody/nothing/") == (404, "JM-HTTP-404")
    assert codes(client, "cells/1~1~1~1~measured~gpu~none/history/") == (404, "JM-HTTP-404")


def test_filters_and_orders_are_those_of_the_boards(client: Client, values: Values) -> None:
    def models(question: str) -> list[str]:
        return [row["model"] for row in get(client, f"cells/?{question}").json()["rows"]]

    specific, general = models("sort=energy")
    assert models("sort=-energy") == [general, specific]
    assert models("kind=general-purpose") == [general]
    assert models(f"model={specific}&task=text_classification&series=demo-1-estimated") == [specific]
    assert models("grade=measured") == models("task=summarization") == []
    assert models("tier=several-sources&sort=model") == sorted([specific, general])
    table = get(client, "tasks/text_classification/?grade=estimated&sort=energy").json()["rows"]
    cells = get(client, "cells/?grade=estimated&sort=energy").json()["rows"]
    for name in ("model", "energy_per_query_j", "low_j", "high_j", "grade", "scope", "version"):
        assert [row[name] for row in table if name in row] == [row[name] for row in cells if name in table[0]]
    accepted = get(client, "evidence/?state=accepted&fields=state,grade,energy_per_query_j").json()["rows"]
    assert {tuple(row) for row in accepted} == {("grade", "energy_per_query_j", "state")}
    assert len(accepted) == 4
    assert [row["code"] for row in get(client, "rules/?limit=1000").json()["rows"]] == sorted(
        rule.code for rule in ALL_RULES
    )


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("cells/?modle=x", "JM-QUERY-PARAMETER"),
        ("cells/?fields=energy", "JM-QUERY-PARAMETER"),
        ("cells/?sort=colour", "JM-QUERY-PARAMETER"),
        ("cells/?sort=quality", "JM-QUERY-VALUE"),
        ("cells/?metric=accuracy", "JM-QUERY-VALUE"),
        ("cells/?grade=measured&grade=estimated", "JM-QUERY-VALUE"),
        ("cells/?series=nothing", "JM-QUERY-VALUE"),
        ("cells/?limit=1001", "JM-QUERY-VALUE"),
        ("cells/?limit=0", "JM-QUERY-VALUE"),
        ("cells/?min_parameters=many", "JM-QUERY-VALUE"),
        ("cells/?cursor=AAAA", "JM-QUERY-CURSOR"),
        ("models/?model=%F0%9F%92%A9%C2%85", "JM-QUERY-PARAMETER"),
        ("log/entries/?from_index=-1", "JM-QUERY-VALUE"),
        ("results/?cursor=yesterday", "JM-QUERY-CURSOR"),
        ("results/?stat=accepted", "JM-QUERY-PARAMETER"),
        ("boards/?series=x", "JM-QUERY-PARAMETER"),
        ("suites/?name=demo", "JM-QUERY-PARAMETER"),
        ("claims/?x=", "JM-QUERY-PARAMETER"),
        ("intensities/?code=DEU", "JM-QUERY-PARAMETER"),
        ("needed/?suit=x", "JM-QUERY-PARAMETER"),
        ("decisions/?pages=1", "JM-QUERY-PARAMETER"),
        ("log/gaps/?start=1", "JM-QUERY-PARAMETER"),
    ],
)
def test_what_is_not_understood_is_refused(client: Client, path: str, code: str) -> None:
    assert codes(client, path) == (400, code)


def test_a_sorted_walk_ends_with_a_refusal_once_something_changed(client: Client, values: Values) -> None:
    following = get(client, "models/?sort=-parameters&limit=2").json()["next"].partition("/api/v1/")[2]
    assert len(get(client, following).json()["rows"]) == 2
    AiModel.objects.filter(slug=values["model"][0]).update(title="Another")
    assert codes(client, following) == (409, "JM-CURSOR-CHANGED")


def test_results_are_walked_by_a_cursor_and_pages_by_number_are_deprecated(
    client: Client, values: Values
) -> None:
    met, path = [], "results/?page_size=2"
    while path:
        answer = get(client, path)
        data = answer.json()
        assert data["count"] >= len(data["results"])
        assert "Deprecation" not in answer
        met += [row["result_id"] for row in data["results"]]
        path = (data["next"] or "").partition("/api/v1/")[2]
    assert met == list(Submission.objects.order_by("-received_at", "result_id").values_list("pk", flat=True))
    narrowed = get(client, f"results/?model={values['model'][0]}&page_size=1").json()
    assert get(client, narrowed["next"].partition("/api/v1/")[2]).json()["results"] != narrowed["results"]
    second = get(client, "results/?page_size=2&page=2")
    assert [row["result_id"] for row in second.json()["results"]] == met[2:4]
    assert second["Deprecation"] == "@1796169600"
    assert 'rel="deprecation"' in second["Link"]
    assert codes(client, f"{narrowed['next'].partition('/api/v1/')[2]}&page=2") == (400, "JM-QUERY-VALUE")


def test_what_is_left_of_the_rate_is_told(client: Client, settings: Settings, values: Values) -> None:
    cache.clear()
    settings.RATES = {**settings.RATES, "reads": (2, 3600)}

    def asked(path: str) -> Any:
        return client.get(f"/api/v1/{path}", REMOTE_ADDR="198.51.100.7")

    first = asked("models/?limit=3")
    assert first["RateLimit-Policy"] == '"reads";q=2;w=3600'
    assert first["RateLimit"].startswith('"reads";r=1;t=')
    kept = asked("tasks/")
    assert (kept.status_code, kept["RateLimit"].split(";")[1]) == (200, "r=0")
    again = asked("tasks/")
    assert (again.status_code, "RateLimit" in again) == (200, False), "what was kept costs nothing"
    refused = asked("models/?limit=4")
    assert (refused.status_code, refused.json()["code"]) == (429, "JM-RATE")
    assert refused["RateLimit"].startswith('"reads";r=0;t=')
    assert int(refused["Retry-After"]) > 0
    assert "RateLimit" in refused["Access-Control-Expose-Headers"]
    assert "RateLimit" not in client.get("/api/v1/models/?limit=4", REMOTE_ADDR="127.0.0.1")
