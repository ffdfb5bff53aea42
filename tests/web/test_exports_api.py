"""Exports over HTTP: each form of a result, a value and a model; what is not exported; the pages that lead to them."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
import yaml
from django.test import Client

from joulemark.exports.forms import FORMS
from joulemark.published.boamps import ReportOptions, read_reports
from joulemark.published.figures import InputFile
from joulemark.published.names import NameMap
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, TOPICS, Run, demo_catalog, make_result
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.intake.models import State, Submission

pytestmark = pytest.mark.django_db
BASE = "/api/v1/exports"
CELL = {
    "dataset": TOPICS,
    "model": SPECIFIC,
    "hardware": "amd-ryzen-7-5800x",
    "scope": "cpu",
    "stratum": "float32.b1.power-default",
}


@pytest.fixture
def accepted(db: None) -> Submission:
    demo_catalog()
    submission = make_result(Run(energy_per_query_j=0.5))
    make_result(Run(by="grace", device="g", energy_per_query_j=0.7))
    refresh_stale_cells()
    return submission


def addresses(submission: Submission, form: str) -> list[str]:
    return [
        f"{BASE}/{form}/results/{submission.pk}",
        f"{BASE}/{form}/values/demo-1-estimated/text_classification?{urlencode(CELL)}",
        f"{BASE}/{form}/models/{SPECIFIC}",
    ]


def test_every_form_is_answered_for_a_result_a_value_and_a_model(
    client: Client, accepted: Submission
) -> None:
    for name, form in FORMS.items():
        for address in addresses(accepted, name):
            answer = client.get(address)
            if form.needs_hub:  # the demo's data sets are files of its own
                assert (answer.status_code, answer.json()["code"]) == (400, "JM-EXPORT-NO-HUB-DATASET")
                continue
            assert answer.status_code == 200, address
            assert answer["Content-Type"] == form.media_type
            assert answer["Content-Disposition"].endswith(f'{form.ending}"')
            assert client.get(address).content == answer.content
            again = client.get(address, headers={"If-None-Match": answer["ETag"]})
            assert (again.status_code, again.content) == (304, b"")


def test_a_result_comes_back_from_its_report_as_it_was_stated(client: Client, accepted: Submission) -> None:
    content = client.get(f"{BASE}/boamps/results/{accepted.pk}").content
    (run,) = read_reports([InputFile(name="r.json", content=content)], ReportOptions(), NameMap()).runs
    assert run.energy_kwh_per_1000 * 3600 == pytest.approx(0.5, rel=1e-12)
    assert (run.subject.model, run.subject.scope) == (SPECIFIC, "modelled")
    assert run.validity.startswith("status final")


def test_a_value_is_exported_with_its_version_and_address(client: Client, accepted: Submission) -> None:
    cell = Cell.objects.get()
    bill = json.loads(client.get(addresses(accepted, "cyclonedx")[1]).content)
    card = bill["components"][0]["modelCard"]["considerations"]["environmentalConsiderations"]
    (consumption,) = card["energyConsumptions"]
    assert consumption["activityEnergyCost"]["value"] == pytest.approx(
        cell.energy_per_query_j / 3600, rel=1e-12
    )
    facts = {entry["name"]: entry["value"] for entry in consumption["properties"]}
    assert facts["joulemark:version:value"] == str(cell.version)
    assert facts["joulemark:grade"] == "estimated"
    assert facts["joulemark:results"] == "2"
    assert "joulemark:expanded_relative_uncertainty" not in facts
    assert "/boards/demo-1-estimated/text_classification/cell/?" in facts["joulemark:evidence"]


def test_a_value_that_changed_is_another_report(client: Client, accepted: Submission) -> None:
    def report_id() -> str:
        content = json.loads(client.get(addresses(accepted, "boamps")[1]).content)
        return str(content["header"]["reportId"])

    ids = [report_id(), report_id()]
    make_result(Run(by="hopper", device="h", energy_per_query_j=0.9))
    refresh_stale_cells()
    ids.append(report_id())
    assert (ids[0] == ids[1], len(set(ids))) == (True, 2)


def test_a_model_has_all_of_its_values(client: Client, accepted: Submission) -> None:
    index = yaml.safe_load(client.get(f"{BASE}/model-index/models/{SPECIFIC}").content)["model-index"]
    (result,) = index[0]["results"]
    assert result["metrics"][0]["value"] == pytest.approx(
        Cell.objects.get().energy_per_query_j / 3.6, rel=1e-12
    )


@pytest.mark.parametrize(
    "path",
    [
        "pdf/results/{id}",
        "boamps/results/{other}",
        "boamps/values/demo-1-estimated/text_classification?model=none",
        "boamps/values/study-2024/text_classification?model=none",
        "boamps/models/nobody/knows",
        f"boamps/models/{GENERAL}",
    ],
)
def test_what_is_not_there_or_does_not_count_is_not_exported(
    client: Client, accepted: Submission, path: str
) -> None:
    rejected = make_result(Run(by="mallory", device="m", state=State.REJECTED))
    answer = client.get(f"{BASE}/{path.format(id=accepted.pk, other=rejected.pk)}")
    assert answer.status_code == 404
    if "text/html" not in answer["Content-Type"]:
        assert answer.json()["code"]


def test_pages_lead_to_the_forms_that_they_have(client: Client, accepted: Submission) -> None:
    pages = (
        f"/en/results/{accepted.pk}/",
        f"/en/boards/demo-1-estimated/text_classification/cell/?{urlencode(CELL)}",
        f"/en/models/{SPECIFIC}/",
    )
    for place, page in enumerate(pages):
        text = client.get(page).content.decode().replace("&amp;", "&")
        for name in ("boamps", "cyclonedx", "model-index"):
            assert f'href="{addresses(accepted, name)[place]}"' in text
        assert "eval-results" not in text
    text = client.get("/en/standards/").content.decode()
    for words in (
        "ITU-T L.1801",
        "ISO/IEC 21031:2024",
        "Annex XI",
        "Not supplied, because",
        "/exports/boamps/",
    ):
        assert words in text
