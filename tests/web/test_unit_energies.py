"""Joules per token and per right answer: one number on the cell, the board, the result, in the JSON and in the CSV."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils.translation import override

from joulemark.consensus.quality_interval import wilson
from joulemark.consensus.unit_energy import UNITS
from joulemark.record.statement import Term
from joulemark_simulation.result_rows import GENERAL, Run, demo_catalog, make_result
from measurements.boards.models import BoardVersion, Cell, CellRevision
from measurements.boards.services import refresh_stale_cells
from measurements.display.numbers import significant
from measurements.downloads.board_csv import UNIT_COLUMNS
from measurements.intake.models import State
from tests.both_databases import sqlite_in_place_of_postgresql

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

pytestmark = pytest.mark.django_db
BOARD = "demo-1-estimated/text_classification"
MEASURED = "demo-1-measured/text_classification"
BUDGET = (Term(name="windows", kind="A", relative=0.02),)
WINDOWS, QUERIES = 4, 16


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


def three_people(**fields: Any) -> None:
    """Energies of a query of 1.0, 1.1 and 0.9 J; a window has 16 queries."""
    for by, energy in (("ada", 1.0), ("grace", 1.1), ("lin", 0.9)):
        make_result(Run(by=by, device=by, energy_per_query_j=energy, **fields))
    refresh_stale_cells()


def rows(client: Client, board: str = BOARD) -> list[dict[str, Any]]:
    return client.get(f"/api/v1/boards/{board}.json").json()["rows"]


def table(client: Client, board: str = BOARD) -> list[dict[str, str]]:
    text = client.get(f"/api/v1/boards/{board}.csv").content.decode()
    return list(csv.DictReader(io.StringIO(text)))


def by_unit(energies: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert [energy["unit"] for energy in energies] == list(UNITS)
    return {energy["unit"]: energy for energy in energies}


def words_of(client: Client, address: str, language: str = "en") -> str:
    page = client.get(address, headers={"Accept-Language": language}).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def cell_address(client: Client, board: str = BOARD) -> str:
    page = client.get(f"/boards/{board}/").content.decode()
    return re.findall(r'href="([^"]*/cell/[^"]*)"', page)[0].replace("&amp;", "&")


def test_the_page_the_json_and_the_csv_say_the_same(client: Client) -> None:
    three_people(tokens=(160, 320))  # ten read and twenty written, a query
    (row,), (line,) = rows(client), table(client)
    energies = by_unit(row["unit_energies"])
    assert energies["input-token"]["value_j"] == pytest.approx(0.1)
    assert energies["output-token"]["value_j"] == pytest.approx(0.05)
    assert energies["token"]["value_j"] == pytest.approx(1 / 30)
    assert energies["right-answer"]["value_j"] == pytest.approx(1 / 0.875)
    assert energies["right-answer"]["metric"] == line["right_answer_metric"] == "accuracy"
    for unit, energy in energies.items():
        name = unit.replace("-", "_")
        assert float(line[f"j_per_{name}"]) == energy["value_j"]
        for end in ("low", "high", "between_low", "between_high"):
            assert float(line[f"{end}_j_per_{name}"]) == energy[f"{end}_j"]
        assert line[f"no_interval_j_per_{name}"] == ""
        assert (line[f"no_j_per_{name}"], energy["n_results"], energy["interval"]) == ("", 3, "preliminary")
    page, board = words_of(client, cell_address(client)), words_of(client, f"/boards/{BOARD}/")
    with override("en"):
        for energy in energies.values():
            assert significant(energy["value_j"]) in page
            assert significant(energy["low_j"]) in page
        assert "J per output token" in board
        assert "J per correct answer (accuracy)" in board
        assert significant(energies["output-token"]["value_j"]) in board


def test_columns_are_added_behind_all_that_were_there(client: Client) -> None:
    three_people()
    header = client.get(f"/api/v1/boards/{BOARD}.csv").content.decode().split("\r\n", 1)[0].split(",")
    assert header[-3:] == ["board_version", "checkpoint", "cite_as"]
    header = header[:-3]
    assert tuple(header[-len(UNIT_COLUMNS) :]) == UNIT_COLUMNS
    assert header[-len(UNIT_COLUMNS) - 2 : -len(UNIT_COLUMNS)] == ["updated_at", "simulated"]
    assert "unit_energies" not in header


def test_the_chance_of_the_score_is_in_the_interval_of_a_right_answer(client: Client) -> None:
    three_people(quality=(("accuracy", 0.75),))
    (row,) = rows(client)
    energy = by_unit(row["unit_energies"])["right-answer"]
    wilson_low, wilson_high = wilson(0.75, WINDOWS * QUERIES)
    value = row["energy_per_query_j"]
    assert energy["low_j"] < min(value / wilson_high, row["low_wh_per_1000"] * 3.6 / 0.75)
    assert energy["high_j"] > max(value / wilson_low, row["high_wh_per_1000"] * 3.6 / 0.75)


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({}, ["tokens-not-counted"] * 3 + [""]),
        ({"tokens": (160, None)}, ["tokens-not-counted", "", "tokens-not-counted", ""]),
        ({"tokens": (160, 0)}, ["no-tokens", "", "", ""]),
        ({"quality": (("rouge-l", 0.4),)}, ["tokens-not-counted"] * 3 + ["no-share-of-right-answers"]),
        ({"quality": (("accuracy", 0.0),)}, ["tokens-not-counted"] * 3 + ["no-right-answers"]),
    ],
)
def test_what_is_not_known_is_null_with_the_reason_everywhere(
    client: Client, fields: dict[str, Any], reasons: list[str]
) -> None:
    three_people(**fields)
    (row,), (line,) = rows(client), table(client)
    (result, *_) = client.get("/api/v1/results/").json()["results"]
    for energies in (row["unit_energies"], result["unit_energies"]):
        assert [energy["no_value"] for energy in energies] == reasons
        assert all((energy["value_j"] is None) == (energy["no_value"] != "") for energy in energies)
    columns = [f"j_per_{unit.replace('-', '_')}" for unit in UNITS]
    assert [line[f"no_{column}"] for column in columns] == reasons
    assert all(
        (line[column] == "") == (reason != "") for column, reason in zip(columns, reasons, strict=True)
    )
    for address in (cell_address(client), f"/results/{result['result_id']}/"):
        for language in ("en", "ru"):
            assert client.get(address, headers={"Accept-Language": language}).status_code == 200


def test_a_boards_column_has_one_denominator_or_is_not_there(client: Client) -> None:
    """A classifier writes no token, and is not set beside the tokens of a model that does."""
    three_people()
    for by in ("ada", "grace"):
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.0, tokens=(160, 320)))
    refresh_stale_cells()
    page = words_of(client, f"/boards/{BOARD}/")
    assert "J per output token" not in page
    assert "J per correct answer (accuracy)" in page
    assert [row["rank"] for row in rows(client)] == [1, 2]
    for by in ("ada", "grace", "lin"):
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.0, quality=(("top-1", 0.9),)))
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.0, quality=(("top-1", 0.9),)))
    refresh_stale_cells()
    assert {e["metric"] for row in rows(client) for e in row["unit_energies"][-1:]} == {"accuracy", "top-1"}
    assert "J per correct answer" not in words_of(client, f"/boards/{BOARD}/")


def test_a_result_has_them_with_its_own_uncertainty_on_its_page_and_in_the_api(client: Client) -> None:
    submission = make_result(
        Run(
            grade="measured",
            scope="gpu",
            hardware="NVIDIA GeForce RTX 3090",
            energy_per_query_j=2.0,
            tokens=(160, 320),
            budget=BUDGET,
        )
    )
    refresh_stale_cells()
    (result,) = client.get("/api/v1/results/").json()["results"]
    energies = by_unit(result["unit_energies"])
    assert energies["output-token"]["value_j"] == pytest.approx(0.1)
    half = 1 - energies["output-token"]["low_j"] / 0.1
    assert half > 0.04, "the sensor's error is in it"
    assert energies["output-token"]["high_j"] == pytest.approx(0.1 * (1 + half))
    assert (energies["token"]["between_low_j"], energies["token"]["no_interval"]) == (None, "")
    page = words_of(client, f"/results/{submission.pk}/")
    assert "Energy per token and per correct answer" in page
    assert "output token 0.100" in page
    assert "GPU board measured" in page
    (row,) = rows(client, MEASURED)
    assert by_unit(row["unit_energies"])["token"]["no_interval"] == "single-source"
    assert "Энергия на токен и на правильный ответ" in words_of(client, f"/results/{submission.pk}/", "ru")


def test_a_rejected_result_has_none_and_its_page_shows_claims(client: Client) -> None:
    submission = make_result(Run(state=State.REJECTED, tokens=(160, 320)))
    (result,) = client.get("/api/v1/results/").json()["results"]
    assert result["unit_energies"] == []
    assert client.get(f"/results/{submission.pk}/").status_code == 200


def test_published_figures_have_none_and_say_so(client: Client) -> None:
    call_command("load_published", verbosity=0)
    published = rows(client, "study-2024/text_classification")
    reasons = {energy["no_value"] for row in published for energy in row["unit_energies"]}
    assert reasons == {"not-published"}
    assert {line["no_j_per_token"] for line in table(client, "study-2024/text_classification")} == {
        "not-published"
    }


def test_a_value_from_before_is_derived_by_the_next_sweep_and_its_past_says_so(client: Client) -> None:
    three_people(tokens=(160, 320))
    Cell.objects.update(unit_energies=[])
    CellRevision.objects.update(unit_energies=[])
    then = CellRevision.objects.latest("version").updated_at.isoformat()
    (row,) = rows(client)
    assert {energy["no_value"] for energy in row["unit_energies"]} == {"not-computed-then"}
    assert refresh_stale_cells() == 1
    assert refresh_stale_cells() == 0
    (row,) = rows(client)
    assert [energy["no_value"] for energy in row["unit_energies"]] == [""] * 4
    assert BoardVersion.objects.get().version == 2
    answer = client.get(f"/api/v1/boards/{BOARD}.json", {"as_of": then}).json()
    assert {energy["no_value"] for energy in answer["rows"][0]["unit_energies"]} == {"not-computed-then"}
    past = f"{cell_address(client)}&{urlencode({'as_of': then})}"
    assert words_of(client, past).count("not computed at that time") == 4


def test_a_database_of_before_gets_them_on_either_kind(tmp_path: Path) -> None:
    """Back to the last migration before, forth again with cells in it, and swept: the same to the last digit."""

    def energies() -> list[dict[str, Any]]:
        demo_catalog()
        three_people(tokens=(160, 321))
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET CONSTRAINTS ALL IMMEDIATE"
                )  # a table with checks to come cannot be altered
        before = Cell.objects.get().unit_energies
        call_command("migrate", "boards", "0009", verbosity=0)
        call_command("migrate", "boards", verbosity=0)
        assert [cell.unit_energies for cell in (Cell.objects.get(), CellRevision.objects.get())] == [[], []]
        assert refresh_stale_cells() == 1
        assert Cell.objects.get().unit_energies == before
        return before

    with sqlite_in_place_of_postgresql(tmp_path / "embedded.sqlite3"):
        assert connection.vendor == "sqlite"
        call_command("migrate", verbosity=0)
        embedded = energies()
    assert connection.vendor == "postgresql"
    assert energies() == embedded
    assert [energy["no_value"] for energy in embedded] == [""] * 4
