"""The two intervals of a value, on pages, in downloads, and over what was stored before there were two."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from importlib import import_module
from math import hypot
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils.translation import override

from joulemark.record.statement import Term
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, TOPICS, Run, demo_catalog, make_result
from measurements.boards.models import Cell, CellRevision
from measurements.boards.services import refresh_cells_of, refresh_stale_cells
from measurements.display.numbers import significant
from measurements.review.models import Result
from tests.page_reading import read_page

pytestmark = pytest.mark.django_db
BOARD = "demo-1-measured/text_classification"
GAIN_U, OFFSET_U_W = 0.0639, 13.29
"""Of a board that nobody has measured: docs/method.md."""
DASH = " \u2013 "
OLD_BUDGET = (Term(name="windows", kind="A", relative=0.004), Term(name="gain", kind="B", relative=0.025))


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


def measured(by: str, energy: float, **changes: Any) -> Run:
    return Run(
        **{
            "by": by,
            "device": by,
            "grade": "measured",
            "scope": "gpu",
            "hardware": "NVIDIA H100 PCIe",
            "energy_per_query_j": energy,
            "budget": OLD_BUDGET,
            **changes,
        }
    )


def row_of(client: Client, model: str = SPECIFIC) -> dict[str, Any]:
    rows = client.get(f"/api/v1/boards/{BOARD}.json").json()["rows"]
    (row,) = (row for row in rows if row["model"] == model)
    return row


def agreeing(n: int, **changes: Any) -> None:
    submissions = [make_result(measured(f"person {k}", 1.0 + k / 1000, **changes)) for k in range(n)]
    refresh_cells_of(result_ids=[submission.pk for submission in submissions])


@pytest.mark.parametrize("n", [3, 7, 8, 12])
@pytest.mark.parametrize("power_w", [300.0, 80.0])
def test_the_displayed_interval_has_the_sensors_error_however_many_agree(
    client: Client, n: int, power_w: float
) -> None:
    agreeing(n, mean_power_w=power_w)
    row = row_of(client)
    shared = hypot(GAIN_U, OFFSET_U_W / power_w)
    assert row["sensor_u"] == pytest.approx(shared, rel=1e-3)
    value = row["energy_wh_per_1000"]
    below = 1 - row["between_low_wh_per_1000"] / value
    above = row["between_high_wh_per_1000"] / value - 1
    assert 0 < below < 0.09
    assert 0 < above < 0.09
    assert 1 - row["low_wh_per_1000"] / value == pytest.approx(hypot(below, 2 * shared), rel=1e-3)
    assert row["high_wh_per_1000"] / value - 1 == pytest.approx(hypot(above, 2 * shared), rel=1e-3)
    (line,) = csv.DictReader(io.StringIO(client.get(f"/api/v1/boards/{BOARD}.csv").content.decode()))
    for name in ("low", "high", "between_low", "between_high"):
        assert float(line[f"{name}_wh_per_1000"]) == row[f"{name}_wh_per_1000"]
    assert float(line["sensor_u"]) == row["sensor_u"]


def test_pages_show_the_wide_interval_and_explain_both(client: Client) -> None:
    agreeing(3)
    row, page = row_of(client), client.get(f"/boards/{BOARD}/").content.decode()
    with override("en"):
        wide = [significant(row[f"{end}_wh_per_1000"]) for end in ("low", "high")]
        narrow = [significant(row[f"between_{end}_wh_per_1000"]) for end in ("low", "high")]
    assert DASH.join(wide) in page
    assert DASH.join(narrow) not in page
    assert "without sensor error" not in page
    (address,) = set(re.findall(r'href="([^"]*/cell/[^"]*)"', page))
    cell = client.get(address.replace("&amp;", "&")).content.decode()
    stated = read_page(cell).first("dl", "conditions").text
    assert f"95 % interval of the true energy {wide[0]}" in stated
    assert f"95 % interval between contributors {narrow[0]}" in stated
    assert "however many contributors agree" in cell
    method = client.get("/method/").content.decode()
    assert "Two intervals" in method
    assert "± 13" in method


def test_an_estimate_has_no_sensor_and_both_intervals_are_one(client: Client) -> None:
    for by in ("ada", "grace", "lin"):
        make_result(Run(by=by, device=by))
    refresh_stale_cells()
    (row,) = client.get("/api/v1/boards/demo-1-estimated/text_classification.json").json()["rows"]
    assert row["sensor_u"] is None
    assert row["low_wh_per_1000"] == row["between_low_wh_per_1000"] < row["high_wh_per_1000"]
    page = client.get("/boards/demo-1-estimated/text_classification/").content.decode()
    (address,) = set(re.findall(r'href="([^"]*/cell/[^"]*)"', page))
    cell = client.get(address.replace("&amp;", "&")).content.decode()
    assert "no sensor: an estimate" in cell
    assert "of the true energy" not in cell
    with override("en"):
        low = significant(row["low_wh_per_1000"])
    stated = read_page(cell).first("dl", "conditions").text
    assert stated.count("interval between contributors") == stated.count(f"between contributors {low}") == 1


def test_an_estimate_from_before_there_were_two_keeps_its_interval(client: Client) -> None:
    for by in ("ada", "grace", "lin"):
        make_result(Run(by=by, device=by))
    refresh_stale_cells()
    Cell.objects.update(between_low_j=None, between_high_j=None)
    page = client.get("/boards/demo-1-estimated/text_classification/").content.decode()
    (address,) = set(re.findall(r'href="([^"]*/cell/[^"]*)"', page))
    cell = client.get(address.replace("&amp;", "&")).content.decode()
    assert "a single source" not in cell
    assert "of the true energy" not in cell


def test_ranks_on_one_hardware_are_by_the_interval_between_contributors(client: Client) -> None:
    """Two models 15 % apart: the sensors' error is wider, and the same for both."""
    for k in range(9):
        make_result(measured(f"person {k}", 1.0 + k / 1000))
        make_result(measured(f"person {k}", 1.15 + k / 1000, model=GENERAL))
    refresh_stale_cells()
    less, more = row_of(client), row_of(client, GENERAL)
    assert less["high_wh_per_1000"] > more["low_wh_per_1000"]
    assert (less["rank"], less["rank_worst"], more["rank"], more["rank_worst"]) == (1, 1, 2, 2)


def test_a_load_too_light_for_the_sensor_is_shown_from_zero(client: Client) -> None:
    agreeing(3, mean_power_w=10.0)
    row, page = row_of(client), client.get(f"/boards/{BOARD}/")
    assert row["low_wh_per_1000"] == 0.0
    assert page.status_code == 200
    with override("en"):
        assert f"0{DASH}{significant(row['high_wh_per_1000'])}" in page.content.decode()
    assert 'class="bar task-specific" x1="3.00%"' in page.content.decode()


def test_a_design_that_was_measured_often_has_a_narrower_one(client: Client) -> None:
    agreeing(3, hardware="NVIDIA GeForce RTX 3090")
    assert row_of(client)["sensor_u"] == pytest.approx(hypot(0.03746, 6.49 / 300), rel=1e-3)


def test_the_sweep_derives_what_was_stored_before_there_were_two(client: Client) -> None:
    agreeing(3)
    cell, revision = Cell.objects.get(), CellRevision.objects.get()
    before = {"low_j": 0.97, "high_j": 1.03, "between_low_j": None, "between_high_j": None, "sensor_u": None}
    Cell.objects.update(**before)
    CellRevision.objects.update(**before)
    assert row_of(client)["between_low_wh_per_1000"] is None
    assert "without sensor error" in client.get(f"/boards/{BOARD}/").content.decode()
    assert refresh_stale_cells() == 1
    again = Cell.objects.get()
    assert (again.low_j, again.high_j, again.sensor_u) == (cell.low_j, cell.high_j, cell.sensor_u)
    old = CellRevision.objects.get(version=revision.version)
    assert (old.low_j, old.high_j, old.sensor_u) == (0.97, 1.03, None)
    at = (old.updated_at + timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    board = client.get(f"/boards/{BOARD}/", {"as_of": at}).content.decode()
    assert "without sensor error" in board
    named = {"dataset": TOPICS, "model": SPECIFIC, "hardware": "nvidia-h100-pcie", "scope": "gpu"}
    stood = client.get(
        f"/boards/{BOARD}/cell/", {**named, "stratum": "float32.b1.power-default", "as_of": at}
    ).content.decode()
    assert "At that time a value had one interval" in stood
    assert "of the true energy" not in stood


def test_results_of_before_get_their_columns_from_what_they_had() -> None:
    old = make_result(measured("ada", 1.0, mean_power_w=None))
    idle = make_result(Run(by="grace", mean_power_w=None))
    Result.objects.update(method_u=None, mean_power_w=None)
    import_module("measurements.review.migrations.0012_method_uncertainty").tell_apart(apps, None)
    result = Result.objects.get(pk=old.pk)
    assert result.method_u == pytest.approx(0.004, rel=1e-9)
    assert result.mean_power_w == pytest.approx(16.0, rel=1e-12)
    estimate = Result.objects.get(pk=idle.pk)
    assert estimate.method_u is None
    assert estimate.mean_power_w == pytest.approx(8.0, rel=1e-12)


def test_a_result_that_was_signed_by_an_older_table_has_todays_interval(client: Client) -> None:
    submission = make_result(measured("ada", 1.0))
    page = client.get(f"/results/{submission.pk}/").content.decode()
    half = 2 * hypot(0.004, GAIN_U, OFFSET_U_W / 300)
    with override("en"):
        assert f"± {significant(half)}" in page
    assert "shown as signed" in page
    gain = Term(name="gain", kind="B", relative=0.0638857539022633)
    offset = Term(name="offset", kind="B", relative=13.2852019705004 / 300)
    today = make_result(measured("grace", 1.0, budget=(OLD_BUDGET[0], gain, offset)))
    page = client.get(f"/results/{today.pk}/").content.decode()
    assert "shown as signed" not in page
    assert "offset of the sensor" in page
