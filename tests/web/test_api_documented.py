"""docs/api.md: every example is asked as it stands, every promise has its number, every list is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from measurements.downloads.resource import API_VERSION, MOST_ROWS, ROWS_PER_PAGE
from measurements.web.deprecation import NOTICE_DAYS
from tests.addresses import routes
from tests.web.populated import populate

pytestmark = pytest.mark.django_db
TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^GET (?P<path>/\S+)(?: → (?P<status>\d{3}) (?P<code>JM-[A-Z0-9-]+))?$", re.MULTILINE)


def test_every_example_answers_as_it_says(client: Client) -> None:
    populate()
    examples = list(EXAMPLE.finditer(TEXT))
    assert len(examples) == TEXT.count("\nGET ") > 15
    for example in examples:
        answer = client.get(example["path"])
        if example["code"] is None:
            assert answer.status_code == 200, example[0]
            is_file = re.search(r"\.(csv|jsonl|parquet)\b", example["path"])
            assert is_file or answer.json()["rows"], f"{example[0]} shows nothing"
        else:
            found = (answer.status_code, answer.json()["code"])
            assert found == (int(example["status"]), example["code"]), example[0]


def test_every_list_is_named_and_every_named_list_is_there() -> None:
    named = set(re.findall(r"^\| `(/api/v1/[a-z/-]+/)` \|", TEXT, re.MULTILINE))
    lists = {
        f"/{route.pattern}"
        for route in routes()
        if re.fullmatch(r"api/v1/[a-z/-]+/", route.pattern) and not route.parameters
    }
    others = {
        "boards",
        "claims",
        "decisions",
        "docs",
        "impact",
        "intensities",
        "log/gaps",
        "log/rows",
        "needed",
        "releases",
        "schema",
        "suites",
    }
    assert named == lists - {f"/api/v1/{name}/" for name in others}


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"A page has {ROWS_PER_PAGE} rows unless `limit` says otherwise (at most {MOST_ROWS})" in TEXT
    assert f"at least {NOTICE_DAYS} days later" in TEXT
    assert f"Within `v{API_VERSION}` no address" in TEXT
    number, seconds = settings.RATES["reads"]
    assert f'RateLimit-Policy: "reads";q={number};w={seconds}' in TEXT
