"""Claims and the calculator: the page, the JSON and the pure room say the same, and slips are refused."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.utils import translation
from django.utils.translation import override

from joulemark.impact.claims import checked_claims
from joulemark.impact.intensity import intensity_of, rows
from joulemark.impact.usage import Usage, own_query, year_of
from measurements.display.numbers import THIN, TIMES, significant
from measurements.impact.form import EXAMPLE, study_queries

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
OWN: dict[str, Any] = {
    "query": "own",
    "wh_per_query": 0.4,
    "wh_low": 0.3,
    "wh_high": 0.6,
    "queries_per_day": 10,
    "users": 1000,
}
TO = "\u2013"


def text(client: Client, path: str, language: str = "en") -> str:
    html = client.get(path, headers={"Accept-Language": language}).content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).replace(THIN, " ")


def asked(client: Client, **question: object) -> dict[str, Any]:
    answer = client.get(f"/api/v1/impact/?{urlencode(question)}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_every_claim_is_on_the_page_with_its_verdict(client: Client) -> None:
    html = client.get("/claims/").content.decode()
    body = html.split('id="claims-name"')[1].split("<table", 1)[1].split("</table>")[0]
    for claim in checked_claims():
        row = re.split(f'<tr[^>]* id="{claim.id}"[^>]*>', body)[1].split("</tr>")[0]
        assert f'class="badge verdict {claim.verdict}"' in row
    page = text(client, "/claims/")
    for needed in (
        "it is 1290.04 kWh", "754.658 kWh is the energy of the GPUs alone", "957.5", "1268.3", "0.005181 miles",
        "belongs to something else", "distilgpt2, takes 0.01468 kWh, 122.3 % of a charge", "primary source not checked",
        f"2.44 {TIMES}", f"1.66 {TO} 3.57", "568 400 000", "592 570 000", "108 300 000",
        "the energy of a query was rounded before dividing",
    ):  # fmt: skip
        assert needed in page, needed


def test_times_are_words_in_russian(client: Client) -> None:
    assert "тратит энергии в 2,44 раза больше" in text(client, "/claims/", "ru")
    assert "uses 2.44\u2009\u00d7 the energy".replace("\u2009", " ") in text(client, "/claims/")


def test_a_comma_is_read_where_the_language_writes_one(client: Client) -> None:
    asked = OWN | {"place": "SWE", "wh_per_query": "1,5", "wh_low": "", "wh_high": ""}
    russian = client.get("/impact/", asked, headers={"Accept-Language": "ru"}).context["form"]
    assert russian.is_valid()
    assert russian.cleaned_data["wh_per_query"] == 1.5
    with translation.override("ru"):
        assert russian["wh_per_query"].value() == "1.5"
    point = client.get("/impact/", asked | {"wh_per_query": "1.5"}, headers={"Accept-Language": "ru"})
    assert point.context["form"].cleaned_data["wh_per_query"] == 1.5
    assert not client.get("/impact/", asked, headers={"Accept-Language": "en"}).context["form"].is_valid()


def test_claims_are_read_in_russian_with_a_decimal_comma(client: Client) -> None:
    page = text(client, "/claims/", "ru")
    for needed in (
        "худшего прогона (11,49 кВт·ч)",
        "относится к другому",
        "1290,04",
        "Почему они расходятся",
    ):
        assert needed in page


def test_claims_lead_to_the_boards_once_these_are_there(client: Client) -> None:
    board = 'href="/en/boards/study-2024/image_generation/"'
    assert board not in client.get("/claims/").content.decode()
    call_command("load_catalog", verbosity=0)
    call_command("load_published", verbosity=0)
    html = client.get("/claims/").content.decode()
    assert board in html
    for address in set(re.findall(r'href="(/boards/study-2024/\w+/)"', html)):
        assert client.get(address).status_code == 200


def test_the_api_has_every_claim_and_the_headline_of_the_study(client: Client) -> None:
    data = client.get("/api/v1/claims/").json()
    assert [claim["id"] for claim in data["claims"]] == [claim.id for claim in checked_claims()]
    total = next(claim for claim in data["claims"] if claim["id"] == "study-total")
    assert total["verdict"] == "belongs-elsewhere"
    assert total["values"][0]["stated"] == "754.66"
    assert total["values"][0]["direction"] is None
    more_than = next(claim for claim in data["claims"] if claim["id"] == "image-to-classification")
    assert (more_than["verdict"], more_than["values"][0]["direction"]) == ("does-not-hold", "at-least")
    assert total["values"][0]["found"]["value"] == 1290.043
    assert total["values"][0]["instead"][0]["value"] == 754.658
    assert total["sentence"].startswith("754.658 kWh is the energy of the GPUs alone")
    assert data["size_controlled"]["factor"]["value"] == pytest.approx(2.435, abs=5e-4)
    imdb = [row for row in data["ratios"] if row["dataset"] == "imdb" and row["family"] == "BLOOMz"]
    assert imdb[0]["ratio"]["value"] == pytest.approx(11.888, abs=5e-4)
    assert data["parities"][0]["printed"] == 592_570_000
    assert data["other_parities"][0]["queries"]["value"] == pytest.approx(433_196 / 0.004)
    assert data["study_digest"].startswith("sha256:")
    assert "doi:10.1145" in data["citation"]
    first = client.get("/api/v1/claims/")
    assert client.get("/api/v1/claims/", headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_the_table_of_intensities_travels_with_its_terms(client: Client) -> None:
    data = client.get("/api/v1/intensities/").json()
    assert (data["licence"], data["republished"], data["method"]) == (
        "CC-BY-4.0",
        "2026-06",
        "location-based",
    )
    assert "Ember" in data["citation"]
    assert len(data["rows"]) == len(rows()) == 222
    listed = list(csv.DictReader(io.StringIO(client.get("/api/v1/intensities.csv").content.decode())))
    assert [(row["code"], float(row["gco2e_per_kwh"])) for row in listed] == [
        (row["code"], row["gco2e_per_kwh"]) for row in data["rows"]
    ]


def test_the_calculator_is_the_pure_one(client: Client) -> None:
    found = asked(client, **OWN, place="SWE")
    expected = year_of(
        Usage(
            wh_per_query=own_query(0.4, low=0.3, high=0.6),
            queries_per_day=10,
            users=1000,
            intensity=intensity_of("SWE"),
        )
    )
    for name, quantity in (("energy_kwh", expected.energy), ("emissions_kgco2e", expected.emissions)):
        assert (found[name]["value"], found[name]["low"], found[name]["high"]) == (
            quantity.value, quantity.low, quantity.high,
        )  # fmt: skip
        assert [source["id"] for source in found[name]["sources"]] == [
            source.id for source in quantity.sources
        ]
    assert [equal["id"] for equal in found["equals"]] == [equal.equivalence.id for equal in expected.equals]
    assert found["equals"][0]["count"]["high"] == expected.equals[0].count.high
    grid = found["gco2e_per_kwh"]["sources"][0]
    assert (grid["year"], grid["licence"]) == (2024, "CC-BY-4.0")


@pytest.mark.parametrize("query", sorted(study_queries()))
def test_every_query_of_the_study_can_be_asked_for(client: Client, query: str) -> None:
    found = asked(client, query=query, queries_per_day=1, users=1, place="world")
    energy = found["energy_kwh"]
    assert 0 < energy["low"] <= energy["value"] <= energy["high"]
    assert found["wh_per_query"]["sources"][0]["id"] == "study-2024"


def test_an_own_intensity_comes_before_a_place(client: Client) -> None:
    found = asked(client, **OWN, place="SWE", gco2e_per_kwh=500)
    assert found["emissions_kgco2e"]["value"] == pytest.approx(1460 * 0.5)
    assert [source["id"] for source in found["gco2e_per_kwh"]["sources"]] == ["reader"]
    assert asked(client, **OWN, gco2e_per_kwh=0)["emissions_kgco2e"]["value"] == 0


def test_the_page_answers_with_an_example_and_then_with_what_is_asked(client: Client) -> None:
    example = asked(client, **EXAMPLE)
    page = text(client, "/impact/")
    assert "In a year, for example" in page
    with override("en"):
        assert f"{significant(example['energy_kwh']['value'])} kWh".replace(THIN, " ") in page
    mine = text(client, f"/impact/?{urlencode(OWN | {'place': 'SWE'})}")
    for needed in (
        "In a year", "1.46 MWh", f"range 1.10 MWh {TO} 2.19 MWh", "52.4 kg CO2e", f"range 39.3 kg {TO} 78.6 kg",
        "Sweden, 2024", "CC-BY-4.0",
    ):  # fmt: skip
        assert needed in mine, needed
    assert "for example" not in mine
    russian = text(client, f"/impact/?{urlencode(OWN | {'place': 'SWE'})}", "ru")
    for needed in ("1,46 МВт·ч", "52,4 кг CO2-экв.", "Швеция", "зарядки смартфона"):
        assert needed in russian, needed


SWEDEN = OWN | {"place": "SWE"}
WRONG = [
    ({}, "query"), ({"query": "nothing"}, "query"), (OWN, "place"), (OWN | {"place": "XXX"}, "place"),
    (SWEDEN | {"year": 1999}, "only for 2024"), (SWEDEN | {"users": -1}, "users"), (SWEDEN | {"users": 1.5}, "users"),
    (SWEDEN | {"queries_per_day": "nan"}, "queries_per_day"), (SWEDEN | {"queries_per_day": "inf"}, "queries_per_day"),
    (SWEDEN | {"queries_per_day": "1e400"}, "queries_per_day"), (SWEDEN | {"users": "9" * 400}, "users"),
    (SWEDEN | {"query": "text_generation"}, "a reported number have their own energy"),
    (SWEDEN | {"wh_per_query": ""}, "energy of one query"), (SWEDEN | {"wh_high": ""}, "both ends"),
    (SWEDEN | {"wh_low": 0.5}, "contain the energy"), (SWEDEN | {"gco2e_per_kwh": -1}, "gco2e_per_kwh"),
    (OWN | {"place": "\u202e"}, "place"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "words"), WRONG)
def test_a_slip_is_refused_in_words_by_both(client: Client, question: dict[str, object], words: str) -> None:
    asked_for = urlencode(question)
    answer = client.get(f"/api/v1/impact/?{asked_for}")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (400, "application/problem+json")
    assert answer.json()["code"] == "JM-IMPACT-QUESTION"
    assert words in answer.json()["detail"]
    page = client.get(f"/impact/?{asked_for or 'query='}")
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()
    assert 'class="numbers"' not in page.content.decode()


def test_a_question_that_cannot_be_read_is_refused_before_the_form_sees_it(client: Client) -> None:
    answer = client.get(f"/api/v1/impact/?{urlencode(OWN | {'place': chr(0)})}")
    assert (answer.status_code, answer.json()["code"]) == (400, "JM-HTTP-400")


def test_an_address_that_asks_nothing_gets_the_example(client: Client) -> None:
    assert "In a year, for example" in text(client, "/impact/?from=newsletter")


def test_nothing_used_is_a_year_of_nothing(client: Client) -> None:
    found = asked(client, **(OWN | {"users": 0}), place="world")
    assert found["energy_kwh"]["value"] == found["energy_kwh"]["high"] == 0
    assert client.get(f"/impact/?{urlencode(OWN | {'users': 0, 'place': 'world'})}").status_code == 200


def test_a_tiny_intensity_and_a_huge_use_are_answered(client: Client) -> None:
    huge = OWN | {"wh_per_query": 1e6, "wh_low": "", "wh_high": "", "queries_per_day": 1e9, "users": 10**11}
    for question in (huge | {"place": "CAF"}, huge | {"place": "world"}, OWN | {"gco2e_per_kwh": 1e-300}):
        assert client.get(f"/api/v1/impact/?{urlencode(question)}").status_code == 200
        assert client.get(f"/impact/?{urlencode(question)}").status_code == 200


def test_what_a_stranger_types_stays_text(client: Client) -> None:
    html = client.get("/impact/", {"query": "<script>", "place": '"><b>', "users": "<i>"}).content.decode()
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html
