"""Reported claims on the page and in the API: judged against measured cells, in both languages, numbers unbroken."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from joulemark.impact.reported import reported_claims
from measurements.boards.models import Cell
from measurements.catalog.models import AiModel, DataSet, HardwareClass, NameState, Suite, Task
from measurements.display.choices import Grade
from measurements.display.human_units import NO_BREAK, human_count, human_duration, human_energy, human_mass
from measurements.impact import reported_texts

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
TIMES, DASH = "\u00d7", "\u2013"
FLOAT16, INT8 = "float16.b1.power-default", "int8.b1.power-default"


def cell(stratum: str, energy: float, **over: Any) -> Cell:
    """A measured cell of text generation on an H100."""
    task, _ = Task.objects.get_or_create(
        slug="text_generation", defaults={"title": "Text generation", "modality": "text"}
    )
    dataset, _ = DataSet.objects.get_or_create(task=task, slug="wikitext", defaults={"title": "WikiText"})
    model, _ = AiModel.objects.get_or_create(
        slug="qwen", defaults={"title": "Qwen", "kind": "general-purpose"}
    )
    hardware, _ = HardwareClass.objects.get_or_create(
        slug="nvidia-h100-sxm", defaults={"title": "H100", "kind": "gpu", "name_state": NameState.CONFIRMED}
    )
    suite, _ = Suite.objects.get_or_create(
        name="s", version="1", defaults={"title": "S", "digest": "sha256:0"}
    )
    fields: dict[str, Any] = {
        "suite": suite, "dataset": dataset, "model": model, "hardware_class": hardware, "grade": Grade.MEASURED,
        "scope": "gpu", "stratum": stratum, "energy_per_query_j": energy, "low_j": energy / 1.01,
        "high_j": energy * 1.01, "least_j": energy, "most_j": energy, "n_devices": 2, "n_contributors": 2,
        "n_results": 4, "label": "replicated", "tier": "replicated", "updated_at": timezone.now(),
    }  # fmt: skip
    return Cell.objects.create(**{**fields, **over})


def row_of(client: Client, claim: str, language: str = "en") -> str:
    html = client.get("/claims/", headers={"Accept-Language": language}).content.decode()
    row = html.split(f'<tr id="{claim}"')[1].split("</tr>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", row))).replace("\u2060", "")


def test_a_measurement_turns_no_verdict_into_one(client: Client) -> None:
    assert "no measurement yet nobody has measured it here" in row_of(client, "int8-more")
    cell(FLOAT16, 100.0)
    cell(INT8, 125.0)
    cell(INT8, 900.0, grade=Grade.ESTIMATED)
    assert f"1.25 {TIMES} 1.23 {DASH} 1.28; GPU board, 1 value agrees" in row_of(client, "int8-more")
    assert "above ours" in row_of(client, "int8-much-more")
    assert "not comparable: other boundary" in row_of(client, "gemini-prompt")
    russian = row_of(client, "int8-more", "ru")
    assert f"1,25 {TIMES} 1,23 {DASH} 1,28; плата GPU, 1 значение согласуется" in russian
    claims = {claim["id"]: claim for claim in client.get("/api/v1/claims/").json()["reported"]}
    assert list(claims) == [claim.id for claim in reported_claims()]
    more = claims["int8-more"]
    assert (more["boundary"], more["grade"], more["unit"]) == ("accelerator", "measured", "% more energy")
    assert (more["values"][0]["verdict"], more["values"][0]["reason"]) == ("agrees", None)
    assert more["values"][0]["number"]["value"] == pytest.approx(1.25)
    assert more["contradicts"] == ["int8-much-more"]
    assert claims["chatgpt-average"]["grade"] is None
    assert claims["chatgpt-average"]["checked"] is False


def test_sources_that_contradict_each_other_stand_together_under_a_heading(client: Client) -> None:
    html = client.get("/claims/").content.decode()
    disputed = html.split('<tbody class="disputed"')[1:]
    assert len(disputed) == 5
    first = re.findall(r'<tr id="([\w-]+)"', disputed[0].split("</tbody>")[0])
    assert first == ["chatgpt-average", "chatgpt-typical", "chatgpt-2023", "gpt-4o-short"]
    assert "As others report it:" in row_of(client, "chatgpt-average")
    assert "As others report it:" not in row_of(client, "chatgpt-typical")


def test_a_name_that_an_uploader_chose_makes_no_hardware(client: Client) -> None:
    unconfirmed = HardwareClass.objects.create(slug="fake-b200", title="B200", kind="gpu")
    cell(FLOAT16, 100.0)
    cell(FLOAT16, 50.0, hardware_class=unconfirmed)
    assert "nobody has measured it here" in row_of(client, "b200-h100")


def test_every_text_of_reported_claims_is_listed_and_translated() -> None:
    claims = reported_claims()
    assert {claim.statement for claim in claims} == {*reported_texts.REPORTED_STATEMENTS}
    labels = {value.label for claim in claims for value in claim.values if value.label}
    assert labels == {*reported_texts.REPORTED_LABELS}
    assert {claim.unit for claim in claims} == {*reported_texts.REPORTED_UNITS}
    assert {*reported_texts.REPORTED_SOURCES} <= {claim.source.title for claim in claims}


@pytest.mark.parametrize(
    ("written", "english", "russian"),
    [
        (lambda: human_energy(4.38e8), "438_GWh", "438_ГВт·ч"),
        (lambda: human_energy(999.96), "1.00_MWh", "1,00_МВт·ч"),
        (lambda: human_energy(2e-6), "0.00200_Wh", "0,00200_Вт·ч"),
        (lambda: human_mass(1.68e8), "168_thousand_t", "168_тыс._т"),
        (lambda: human_mass(5e9), "5.00_million_t", "5,00_млн_т"),
        (lambda: human_count(1.825e12), "1.82_trillion", "1,82_трлн"),
        (lambda: human_count(36500), "36\u202f500", "36\u202f500"),
        (lambda: human_count(999_999.6), "1.00_million", "1,00_млн"),
        (lambda: human_duration(0.000989), "8.66_hours", "8,66_ч"),
        (lambda: human_duration(0.5), "182_days", "182_дн."),
        (lambda: human_duration(3.2), "3.20_years", "3,20_лет"),
    ],
)
def test_amounts_are_in_human_units_and_never_broken(written: Any, english: str, russian: str) -> None:
    for language, expected in (("en", english), ("ru", russian)):
        with override(language):
            assert written() == expected.replace("_", NO_BREAK)
            assert " " not in written()


def test_a_year_of_a_reported_query_keeps_its_origin_and_has_a_sentence(client: Client) -> None:
    asked = {"query": "claim-gemini-prompt", "queries_per_day": "10", "users": "500000000", "place": "USA"}
    html = client.get("/impact/", asked).content.decode()
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    assert 'claims/#gemini-prompt"' in html
    for needed in (
        "438 GWh", "thousand t CO2e", "1.82 trillion queries a year take 438 GWh of electricity",
        "United States, 2024",
        "One query takes 0.240 Wh (published, data centre, with its overhead).", "Elsworth et al.",
        "BLOOMz-7B", "hours",
        "query=claim-gemini-prompt&queries_per_day=10&users=500000000&place=USA",
    ):  # fmt: skip
        assert needed in text, needed
    assert 'aria-current="true">a worldwide service' in html
    answer = client.get("/api/v1/impact/", asked).json()
    assert (answer["grade"], answer["scope"], answer["wh_per_query"]["value"]) == (
        "published",
        "data-centre",
        0.24,
    )
    russian = client.get("/impact/", asked, headers={"Accept-Language": "ru"}).content.decode()
    assert f"438{NO_BREAK}ГВт·ч" in russian
    refused = client.get("/api/v1/impact/", asked | {"wh_per_query": "1"})
    assert (refused.status_code, refused.json()["code"]) == (400, "JM-IMPACT-QUESTION")


def test_a_preset_keeps_the_rest_of_the_question(client: Client) -> None:
    asked = {"query": "image_generation", "queries_per_day": "7", "users": "7", "place": "SWE"}
    html = unescape(client.get("/impact/", asked).content.decode())
    assert "query=image_generation&queries_per_day=10&users=1&place=SWE" in html
