"""The same numbers on the page, in the JSON and in the CSV; each grade on its own board."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.utils.translation import override

from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards.models import Cell, CellRevision
from measurements.boards.services import refresh_stale_cells
from measurements.display.numbers import significant

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db
ESTIMATED, MEASURED = "demo-1-estimated/text_classification", "demo-1-measured/text_classification"


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    """Three contributors ran both models on one data set; one more measured on a GPU."""
    demo_catalog()
    for by, factor in (("ada", 1.0), ("grace", 1.25), ("lin", 0.875)):
        make_result(Run(by=by, device=by, energy_per_query_j=0.4 * factor))
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.0 * factor))
    make_result(Run(by="ada", dataset=SENTIMENT, energy_per_query_j=0.7331))
    make_result(
        Run(by="ada", device="gpu", grade="measured", scope="gpu", hardware="GPU X", energy_per_query_j=0.11)
    )
    refresh_stale_cells()


def test_a_field_that_a_release_added_comes_without_a_version(rows: None) -> None:
    """Cells from before have none; their values are what they were, so no version says so a second time."""
    whole = list(Cell.objects.order_by("pk").values())
    assert all(cell["latency_p50_s"] is not None for cell in whole)
    for model in (Cell, CellRevision):
        model.objects.update(latency_p50_s=None, peak_memory_bytes=None)
    n_revisions = CellRevision.objects.count()
    refresh_stale_cells()
    assert list(Cell.objects.order_by("pk").values()) == whole
    assert CellRevision.objects.count() == n_revisions
    assert {row["latency_p50_s"] for row in whole} == set(
        CellRevision.objects.filter(latency_p50_s__isnull=False).values_list("latency_p50_s", flat=True)
    )


def table(client: Client, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(f"/api/v1/{path}").content.decode())))


def text(client: Client, path: str) -> str:
    return re.sub(r"<[^>]+>", " ", client.get(path).content.decode())


def test_page_json_and_csv_say_the_same(client: Client) -> None:
    board = client.get(f"/api/v1/boards/{ESTIMATED}.json").json()
    rows = table(client, f"boards/{ESTIMATED}.csv")
    page = text(client, f"/boards/{ESTIMATED}/")
    assert len(board["rows"]) == len(rows) == 3
    for row, line in zip(board["rows"], rows, strict=True):
        for name in ("energy_per_query_j", "energy_wh_per_1000", "least_wh_per_1000", "most_wh_per_1000"):
            assert float(line[name]) == row[name]
        for name in ("low_wh_per_1000", "high_wh_per_1000"):
            assert line[name] == ("" if row[name] is None else str(row[name]))
        with override("en"):
            assert significant(row["energy_wh_per_1000"]) in page
            assert significant(row["energy_per_query_j"]) in page
    found = {(r["dataset"], r["model"]): r for r in board["rows"]}
    small = found[TOPICS, SPECIFIC]
    assert small["energy_per_query_j"] == pytest.approx(0.4, rel=1e-12)
    assert small["energy_wh_per_1000"] == pytest.approx(0.4 / 3.6, rel=1e-12)
    assert small["least_wh_per_1000"] == pytest.approx(0.35 / 3.6, rel=1e-12)
    assert small["most_wh_per_1000"] == pytest.approx(0.5 / 3.6, rel=1e-12)
    assert small["low_wh_per_1000"] < small["least_wh_per_1000"]
    assert small["high_wh_per_1000"] > small["most_wh_per_1000"]
    assert small["interval"] == "preliminary"
    assert significant(small["low_wh_per_1000"]) in page
    assert (small["rank"], small["n_devices"], small["n_contributors"], small["n_results"]) == (1, 3, 3, 3)
    assert found[TOPICS, GENERAL]["rank"] == 2
    alone = found[SENTIMENT, SPECIFIC]
    assert (alone["rank"], alone["label"]) == (None, "single source")


def test_an_estimate_is_never_on_a_measured_board(client: Client) -> None:
    measured = client.get(f"/api/v1/boards/{MEASURED}.json").json()
    assert [(r["grade"], r["scope"], r["energy_per_query_j"]) for r in measured["rows"]] == [
        ("measured", "gpu", 0.11)
    ]
    assert {r["grade"] for r in client.get(f"/api/v1/boards/{ESTIMATED}.json").json()["rows"]} == {
        "estimated"
    }
    page = client.get(f"/boards/{MEASURED}/").content.decode()
    assert 'class="mark task-specific measured"' in page
    assert 'class="badge estimated"' not in page
    assert 'class="mark task-specific estimated"' not in page


def test_a_value_from_a_single_source_has_no_rank_on_the_page(client: Client) -> None:
    page = text(client, f"/boards/{MEASURED}/")
    assert "single source" in page
    assert "No ranks" in page
    assert ">Rank<" not in client.get(f"/boards/{MEASURED}/").content.decode()


def test_the_comparison_divides_within_devices_and_says_so(client: Client) -> None:
    answer = client.get("/api/v1/comparisons/text_classification.json").json()
    (row,) = answer["rows"]
    assert row["ratio"] == pytest.approx(15.0, rel=1e-12)
    assert (row["formed"], row["n_pairs"], row["n_sources"], row["grade"]) == (
        "same device",
        1,
        3,
        "estimated",
    )
    assert row["general_purpose_wh_per_1000"] == pytest.approx(6.0 / 3.6, rel=1e-12)
    (score,) = row["task_specific_quality"]
    assert (score["metric"], score["value"], score["n"], score["n_questions"]) == ("accuracy", 0.875, 192, 64)
    assert (row["over_models_low"], row["over_models_high"], row["no_interval"]) == (None, None, "one-pair")
    assert (row["general_purpose_models"], row["task_specific_models"]) == ([GENERAL], [SPECIFIC])
    (line,) = table(client, "comparisons/text_classification.csv")
    assert float(line["ratio"]) == row["ratio"]
    page = text(client, "/compare/text_classification/")
    assert "15.0\u202f\u00d7" in page
    assert "on the same device" in page
    assert "estimated" in page


def test_the_studys_ratios_stand_beside_the_crowds(client: Client) -> None:
    call_command("load_published", verbosity=0)
    rows = client.get("/api/v1/comparisons/text_classification.json").json()["rows"]
    published = {row["dataset"]: row for row in rows if row["grade"] == "published"}
    assert list(published) == ["", "imdb", "rotten_tomatoes", "sst2"]
    assert published["imdb"]["ratio"] == pytest.approx(10.41, abs=0.005)
    assert (published["imdb"]["n_pairs"], published["imdb"]["scope"], published["imdb"]["formed"]) == (
        64,
        "node",
        "cells",
    )
    page = text(client, "/compare/text_classification/")
    assert "10.4\u202f\u00d7" in page
    assert "15.0\u202f\u00d7" in page
    assert "whole eight-GPU node" in page


def test_the_front_page_computes_its_claim(client: Client) -> None:
    call_command("load_published", verbosity=0)
    tasks = ("text_classification", "extractive_qa", "summarization")
    ratios = [
        row["ratio"]
        for task in tasks
        for row in client.get(f"/api/v1/comparisons/{task}.json").json()["rows"]
        if row["grade"] == "published" and not row["dataset"]
    ]
    page = text(client, "/")
    with override("en"):
        assert f"{significant(min(ratios))}\u202f\u00d7" in page
        assert f"{significant(max(ratios))}\u202f\u00d7" in page
    assert "15.0\u202f\u00d7" in page


def test_the_published_board_has_hollow_marks_runs_and_a_citation(client: Client) -> None:
    call_command("load_published", verbosity=0)
    board = client.get("/api/v1/boards/study-2024/image_generation.json").json()
    assert board["citation"].endswith("doi:10.1145/3630106.3658542")
    assert {(r["grade"], r["scope"], r["rank"], r["n_devices"]) for r in board["rows"]} == {
        ("published", "node", None, None)
    }
    sdxl = next(
        r for r in board["rows"] if r["model"].endswith("stable-diffusion-xl-base-1.0") and not r["dataset"]
    )
    assert sdxl["energy_wh_per_1000"] == pytest.approx(11293, abs=1)
    page = client.get("/boards/study-2024/image_generation/").content.decode()
    assert 'class="mark task-specific published"' in page
    assert f"11{chr(0x202F)}300" in page


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    call_command("load_published", verbosity=0)
    for number in range(12):
        make_result(Run(by=f"v{number}", device=f"d{number}", model=GENERAL, energy_per_query_j=5.0 + number))
    refresh_stale_cells()
    limits = {  # the first pages also read the catalogue and what is published; later ones find that as it was
        "/en/": 25,
        "/en/boards/": 6,
        f"/en/boards/{ESTIMATED}/": 12,
        "/en/boards/study-2024/text_classification/": 6,
        "/en/compare/": 8,
        "/en/compare/text_classification/": 11,
        "/en/results/": 6,
        f"/en/embed/boards/{ESTIMATED}/": 10,
        f"/en/changes/{ESTIMATED}/": 12,
        "/en/feeds/cells.atom": 4,
        "/en/feeds/records.atom": 4,
        "/en/feeds/retirements.atom": 6,
        f"/api/v1/boards/{ESTIMATED}.csv": 10,
        "/api/v1/results/": 6,
    }
    for path, limit in limits.items():
        with django_assert_max_num_queries(limit):
            assert client.get(path).status_code == 200


def test_every_row_of_a_csv_says_grade_scope_and_n(client: Client) -> None:
    rows = table(client, f"boards/{ESTIMATED}.csv")
    assert {(r["grade"], r["scope"]) for r in rows} == {("estimated", "cpu")}
    assert all(r["n_devices"] and r["n_contributors"] and r["n_results"] for r in rows)
    assert json.dumps(rows)
