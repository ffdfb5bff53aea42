"""Where a result stands: its state, its value with its uncertainty, and what is said of it beside those of others."""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from joulemark.energy.sensors import COVERAGE_FACTOR, sensor_u
from joulemark.record.codec import decode
from joulemark.record.messages import ListedResults, ResultStanding
from joulemark.record.statement import Term
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.intake.models import State, Submission
from measurements.review.models import Agreement
from measurements.review.replication import compare_results

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
A100 = "NVIDIA A100-SXM4-80GB"


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


def measured(by: str, energy_j: float, **more: Any) -> Submission:
    """An announced result on a device of its own, in a cell that is refreshed and compared."""
    run = Run(by=by, device=more.pop("device", by), energy_per_query_j=energy_j, announced=True, **more)
    submission = make_result(run)
    refresh_stale_cells()
    if run.state == State.ACCEPTED:
        compare_results(result_ids=[submission.pk])
    return submission


def standing(client: Client, submission: Submission) -> dict[str, Any]:
    answer = client.get(f"/api/v1/results/{submission.pk}/standing")
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"] == "no-cache"
    assert answer["ETag"]
    read = decode(answer.content, ResultStanding, what="answer")  # as an agent reads it
    assert read.comparison == answer.json()["comparison"]
    return answer.json()


def test_a_first_result_is_alone_and_its_value_is_in_the_units_of_the_site(client: Client) -> None:
    first = measured("ada", 3.6)
    found = standing(client, first)
    assert (found["state"], found["comparison"], found["others"], found["difference"]) == (
        "accepted",
        "alone",
        None,
        None,
    )
    assert found["value"]["energy_wh_per_1000"] == pytest.approx(1.0)
    assert found["value"]["expanded_u"] is None, "no error of an estimate is known"
    cell = found["cell"]
    assert (cell["label"], cell["no_interval"], cell["n_contributors"]) == (
        "single source",
        "single-source",
        1,
    )
    assert (cell["series"], cell["is_current"], cell["n_own_results"]) == ("demo-1-estimated", True, 1)


def test_its_addresses_lead_to_its_pages(client: Client) -> None:
    first = measured("ada", 3.6)
    found = standing(client, first)
    origin = "http://127.0.0.1:8000"
    assert found["short_url"] == f"{origin}/r/{first.pk[:16]}"
    led = client.get(found["short_url"].removeprefix(origin))
    assert (led.status_code, led["Location"]) == (302, "/en" + found["page_url"].removeprefix(origin))
    assert client.get(led["Location"]).status_code == 200
    page = client.get(found["cell"]["page_url"].removeprefix(origin))
    assert page.status_code == 200
    assert "single source" in page.content.decode()


def test_a_short_address_of_none_or_of_several_is_not_found(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get(f"/r/{'0' * 16}").status_code == 404
    assert client.get("/r/0123").status_code == 404
    monkeypatch.setattr("measurements.pages.result.full_result_ids", lambda _short: ["a" * 64, "b" * 64])
    answer = client.get(f"/r/{'0' * 16}")
    assert answer.status_code == 404
    assert "Several results start with these digits" in answer.content.decode()


def test_a_result_beside_others_agrees_with_the_value_that_they_have_without_it(client: Client) -> None:
    for number, energy_j in enumerate((3.55, 3.6, 3.65)):
        measured(f"other-{number}", energy_j)
    own = measured("ada", 3.62)
    found = standing(client, own)
    assert found["comparison"] == "agrees"
    others = found["others"]
    assert others["energy_wh_per_1000"] == pytest.approx(1.0)
    assert others["between_low_wh_per_1000"] < 1.0 < others["between_high_wh_per_1000"]
    assert (others["n_contributors"], others["interval"]) == (3, "preliminary")
    assert found["cell"]["n_contributors"] == 4
    assert abs(found["difference"]) <= found["difference_u"]


@pytest.mark.parametrize("energy_j", [1.2, 12.0])
def test_a_result_that_is_off_differs_whichever_way(client: Client, energy_j: float) -> None:
    for number in range(2):
        measured(f"other-{number}", 3.6)
    off = measured("mallory", energy_j)
    assert standing(client, off)["comparison"] == "differs"
    honest = Submission.objects.filter(result__energy_per_query_j=3.6).first()
    assert honest is not None
    assert standing(client, honest)["comparison"] == "open", "the others of an honest one do not agree"
    measured("other-2", 3.6)
    assert standing(client, off)["comparison"] == "differs"
    assert standing(client, honest)["comparison"] == "agrees"


def test_of_two_that_are_apart_nobody_knows_which_is_right(client: Client) -> None:
    """Their degrees of equivalence agree: what two differ by is all the spread that there is."""
    pair = [measured("ada", 3.6), measured("grace", 7.2)]
    for submission in pair:
        found = standing(client, submission)
        assert found["comparison"] == "open"
        assert abs(found["difference"]) <= found["difference_u"] or found["difference"] > 0


def test_others_on_the_same_device_are_no_independent_source(client: Client) -> None:
    measured("ada", 3.6, device="shared")
    found = standing(client, measured("grace", 3.6, device="shared"))
    assert (found["comparison"], found["cell"]["label"]) == ("alone", "single source")
    assert found["others"]["n_contributors"] == 1


def test_an_estimate_is_never_beside_a_measurement(client: Client) -> None:
    for number in range(3):
        measured(f"card-{number}", 36.0, grade="measured", scope="gpu", hardware=A100)
    found = standing(client, measured("ada", 3.6))
    assert (found["value"]["grade"], found["cell"]["grade"], found["comparison"]) == (
        "estimated",
        "estimated",
        "alone",
    )


def test_the_uncertainty_is_the_results_own_budget_with_todays_sensor(client: Client) -> None:
    budget = (Term(name="windows", kind="A", relative=0.01), Term(name="gain", kind="B", relative=0.5))
    own = measured(
        "ada", 3.6, grade="measured", scope="gpu", hardware=A100, budget=budget, mean_power_w=250.0
    )
    of_sensor = sensor_u("nvml-counter", A100, 250.0)
    assert of_sensor is not None
    expected = COVERAGE_FACTOR * hypot(0.01, of_sensor)
    assert standing(client, own)["value"]["expanded_u"] == pytest.approx(expected)


@pytest.mark.parametrize("state", [State.RECEIVED, State.REJECTED, State.QUARANTINED])
def test_what_does_not_count_has_its_findings_and_no_cell(client: Client, state: str) -> None:
    findings = () if state == State.RECEIVED else (("JM-REST", "quarantine", "It did not rest."),)
    found = standing(client, measured("ada", 3.6, state=state, findings=findings))
    assert found["state"] == state
    assert [(f["code"], f["severity"], f["sentence"]) for f in found["findings"]] == list(findings)
    assert (found["cell"], found["others"], found["comparison"]) == (None, None, None)
    assert (found["value"] is not None) == (state == State.QUARANTINED)


def test_nothing_is_said_while_the_cell_is_behind(client: Client) -> None:
    measured("ada", 3.6)
    late = make_result(Run(by="grace", device="grace", energy_per_query_j=3.6, announced=True))
    found = standing(client, late)
    assert (found["cell"]["is_current"], found["comparison"]) == (False, None)
    refresh_stale_cells()
    assert standing(client, late)["comparison"] is None, "it was not compared yet"
    compare_results(result_ids=[late.pk])
    assert standing(client, late)["comparison"] == "agrees"
    Agreement.objects.filter(pk=late.pk).delete()
    Cell.objects.all().delete()
    assert standing(client, late)["cell"] is None


def test_it_is_read_in_few_queries_however_many_others_there_are(client: Client) -> None:
    own = measured("ada", 3.6)
    standing(client, own)  # the first request of a process also asks whether tables count their changes
    counts = []
    for batch in range(2):
        for number in range(4):
            measured(f"other-{batch}-{number}", 3.6)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            standing(client, own)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8, "three of them for versions, and for a crowd among new contributors"


def test_an_unknown_result_is_not_found(client: Client) -> None:
    answer = client.get(f"/api/v1/results/{'0' * 64}/standing")
    assert (answer.status_code, answer.json()["code"]) == (404, "JM-HTTP-404")


def test_an_agent_reads_its_contributors_list(client: Client) -> None:
    own = [
        measured("ada", 3.6),
        measured("ada", 3.6, state=State.QUARANTINED, findings=(("JM-REST", "quarantine", "No."),)),
    ]
    measured("grace", 3.6)
    who = own[0].key.contributor.pseudonym
    answer = client.get(f"/api/v1/results/?contributor={who}&page_size=500&page=1")
    listed = decode(answer.content, ListedResults, what="answer")
    assert {result.result_id: (result.state, result.codes) for result in listed.results} == {
        own[0].pk: ("accepted", ()),
        own[1].pk: ("quarantined", ("JM-REST",)),
    }
    assert listed.next is None
    assert listed.results[0].short_url == f"http://127.0.0.1:8000/r/{listed.results[0].result_id[:16]}"
