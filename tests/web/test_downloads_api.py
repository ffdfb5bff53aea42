"""Downloads: exact bytes, conditional answers, filters, problem documents, and the API's description."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from joulemark.record.bundle import parse, verified_statement
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel
from measurements.intake.models import State, Submission
from measurements.web.csv_renderer import harmless

pytestmark = pytest.mark.django_db
BOARD = "/api/v1/boards/demo-1-estimated/text_classification"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def accepted(db: None) -> Submission:
    demo_catalog()
    submission = make_result(Run(energy_per_query_j=0.5))
    refresh_stale_cells()
    return submission


def test_a_bundle_is_the_exact_bytes_and_verifies(client: Client, accepted: Submission) -> None:
    answer = client.get(f"/api/v1/results/{accepted.pk}/bundle")
    assert hashlib.sha256(answer.content).hexdigest() == accepted.pk
    assert verified_statement(parse(answer.content)).predicate.totals.energy_per_query_j == 0.5
    assert answer["Content-Disposition"] == f'attachment; filename="{accepted.pk[:12]}.joulemark.json"'
    assert "immutable" in answer["Cache-Control"]
    digest = base64.b64encode(bytes.fromhex(accepted.pk)).decode()
    assert answer["Repr-Digest"] == f"sha-256=:{digest}:"


def test_a_board_is_not_sent_twice_to_who_has_it(client: Client, accepted: Submission) -> None:
    for path in (f"{BOARD}/", f"{BOARD}.csv", f"{BOARD}.json"):
        first = client.get(path)
        assert "Last-Modified" not in first, "a second is too long for two changes in one"
        assert first["Cache-Control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
    make_result(Run(by="grace", device="b", energy_per_query_j=0.7))
    refresh_stale_cells()
    assert client.get(f"{BOARD}.csv", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_the_format_is_chosen_by_parameter_or_by_name(client: Client, accepted: Submission) -> None:
    by_parameter, by_name = (
        client.get(f"{BOARD}/?format=csv"),
        client.get(f"{BOARD}.csv", headers={"Accept": "text/html"}),
    )
    assert by_parameter.content == by_name.content
    assert by_name["Content-Type"] == "text/csv; charset=utf-8"
    pages = {"count": 1, "next": None, "previous": None}
    assert client.get(f"{BOARD}/").json() == client.get(f"{BOARD}.json").json() | pages


def test_the_list_of_boards_links_to_each(client: Client, accepted: Submission) -> None:
    (entry,) = client.get("/api/v1/boards/").json()["boards"]
    assert (entry["series"], entry["task"], entry["grade"], entry["n_rows"]) == (
        "demo-1-estimated", "text_classification", "estimated", 1,
    )  # fmt: skip
    for url in (entry["json_url"], entry["csv_url"], entry["page_url"]):
        assert client.get(url.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_results_are_listed_in_every_state_and_filtered(client: Client, accepted: Submission) -> None:
    make_result(Run(model=GENERAL, by="grace"))
    rejected = make_result(Run(state=State.REJECTED, findings=(("JM-X", "reject", "No."),)))

    def listed(query: str) -> list[str]:
        return [row["result_id"] for row in client.get(f"/api/v1/results/?{query}").json()["results"]]

    assert len(listed("")) == 3
    assert listed("state=rejected") == [rejected.pk]
    assert listed(f"suite=demo&task=text_classification&model={SPECIFIC}&grade=estimated") == [accepted.pk]
    assert listed("grade=measured") == []
    row = client.get("/api/v1/results/?state=rejected").json()["results"][0]
    assert (row["codes"], row["energy_per_query_j"], row["model"]) == (["JM-X"], None, None)
    assert client.get("/api/v1/results/?page_size=1").json()["next"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("boards/nothing/text_classification/", 404),
        ("boards/nothing/text_classification.csv", 404),
        ("comparisons/nothing.json", 404),
        (f"results/{'0' * 64}/bundle", 404),
        ("results/?state=unheard-of", 400),
        ("results/?page=99", 404),
    ],
)
def test_a_refusal_is_a_problem_document(
    client: Client, accepted: Submission, path: str, status: int
) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (status, "application/problem+json")
    assert answer.json()["detail"]


def test_writing_is_not_offered(client: Client, accepted: Submission) -> None:
    assert client.post(f"{BOARD}/", {}, content_type="application/json").status_code == 405


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_a_cell_never_starts_a_formula(client: Client, accepted: Submission, start: str) -> None:
    evil = f"{start}cmd|' /C calc'!A0"
    AiModel.objects.filter(slug=SPECIFIC).update(slug=evil)
    (row,) = csv.DictReader(io.StringIO(client.get(f"{BOARD}.csv").content.decode(), newline=""))
    assert row["model"] == f"'{evil}"
    assert client.get(f"{BOARD}.json").json()["rows"][0]["model"] == evil


def test_a_negative_number_is_no_formula() -> None:
    assert (harmless(-1.5), harmless(None), harmless("plain")) == (-1.5, "", "plain")


def test_the_description_of_the_api_is_the_committed_one(tmp_path: Path) -> None:
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(made))
    assert made.read_text() == (ROOT / "docs" / "openapi.yaml").read_text(), (
        "docs/openapi.yaml is out of date: run `python manage.py spectacular --file docs/openapi.yaml`"
    )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_former_addresses_of_the_reference_lead_to_it(language: str) -> None:
    for address in ("/api/v1/docs/", "/api/"):
        answer = Client().get(address, headers={"Accept-Language": language})  # one that follows nothing
        assert (answer.status_code, answer["Location"]) == (301, f"/{language}/api/")
        assert "Accept-Language" in answer["Vary"]
