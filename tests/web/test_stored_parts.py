"""Comparisons, ranks and factors are rows: who is behind is found, whoever writes at the same time."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards import part_storage
from measurements.boards.models import BoardVersion, Cell, CellStanding, ComparedPart, DeviceValue, SizeFactor
from measurements.boards.part_key import PartKey
from measurements.boards.part_storage import part_states, refresh_part, refresh_part_if_behind
from measurements.boards.queries import read_board
from measurements.boards.services import refresh_cell, refresh_cells_of, refresh_stale_cells
from measurements.catalog.models import AiModel, HardwareClass
from measurements.intake.models import State, Submission
from measurements.review.cell_key import CellKey
from measurements.review.models import Result
from tests.both_databases import sqlite_in_place_of_postgresql
from tests.derived_oracle import compared_as_read, compared_now, placed_as_read, placed_now
from tests.racing import Racer

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

ROUNDS = 12
API = "/api/v1/comparisons/text_classification.json"
BOARD = "/api/v1/boards/demo-1-estimated/text_classification.json"


def both_kinds(*people: str, dataset: str = TOPICS) -> list[str]:
    """Results of both kinds of model by each of these people, whose energies differ."""
    return [
        make_result(
            Run(by=by, device=by, dataset=dataset, model=model, energy_per_query_j=energy * (1 + number / 50))
        ).pk
        for number, by in enumerate(people)
        for model, energy in ((SPECIFIC, 0.4), (GENERAL, 6.0))
    ]


def check_stored() -> None:
    """Everything is current, and equal to what is computed again."""
    assert all(state.is_current for state in part_states(Cell.objects.all()).values())
    assert compared_as_read() == compared_now()
    assert placed_as_read() == placed_now()


@pytest.mark.usefixtures("committed")
def test_refreshes_of_one_part_at_once_end_with_its_last_state() -> None:
    demo_catalog()
    results = both_kinds("ada", "grace", "lin", "mae")
    refresh_stale_cells()

    def change(result: str) -> None:
        for number in range(ROUNDS):
            state = State.WITHDRAWN if number % 2 else State.ACCEPTED
            Submission.objects.filter(pk=result).update(state=state)
            refresh_cells_of(result_ids=[result])

    for racer in [Racer(partial(change, result)) for result in results[:4]]:
        racer.result()
    assert ComparedPart.objects.count() == 1
    check_stored()


@pytest.mark.usefixtures("committed")
def test_a_cell_that_goes_while_its_part_is_derived_leaves_no_fault() -> None:
    demo_catalog()
    gone, *others = both_kinds("ada"), *both_kinds("grace", "lin", dataset=SENTIMENT)
    refresh_stale_cells()

    def come_and_go(result: str) -> None:
        for number in range(ROUNDS):
            state = State.ACCEPTED if number % 2 else State.WITHDRAWN
            Submission.objects.filter(pk=result).update(state=state)
            refresh_cells_of(result_ids=[result])

    for racer in [Racer(partial(come_and_go, result)) for result in gone]:
        racer.result()
    assert len(others) == 4
    check_stored()


@pytest.fixture
def crowd(db: None) -> list[str]:
    """Three people with both kinds of model on one data set, all of it stored; the ids of their results."""
    demo_catalog()
    results = both_kinds("ada", "grace", "lin")
    refresh_cells_of(result_ids=results)
    return results


def test_what_is_read_is_what_is_stored(client: Client, crowd: list[str]) -> None:
    """A page of current parts reads no device value; an edit of the row shows."""
    part = ComparedPart.objects.get()
    assert part.comparison is not None
    part.comparison["paired"]["ratio"] = 123.0
    part.save()
    CellStanding.objects.update(rank=7)
    with CaptureQueriesContext(connection) as queries:
        ratios = [row["ratio"] for row in client.get(API).json()["rows"]]
        ranks = {row["rank"] for row in client.get(BOARD).json()["rows"]}
    assert (ratios, ranks) == ([123.0], {7})
    assert not any(DeviceValue._meta.db_table in query["sql"] for query in queries)


def test_a_part_behind_its_cells_is_computed_for_the_page_and_found_by_the_sweep(
    client: Client, crowd: list[str]
) -> None:
    """The message of a changed cell is lost: between the cell and what is derived of it, or as a whole."""
    (before,) = client.get(API).json()["rows"]
    Result.objects.filter(pk=crowd[0]).update(energy_per_query_j=0.2)
    Result.objects.filter(pk=crowd[2]).update(energy_per_query_j=0.3)
    refresh_cell(key=CellKey.of(Result.objects.get(pk=crowd[0])))
    (row,) = client.get(API).json()["rows"]
    assert row["version"] > before["version"]
    assert row["ratio"] != before["ratio"]
    assert compared_as_read() == compared_now()
    assert ComparedPart.objects.get().version == before["version"]
    refresh_stale_cells()
    assert ComparedPart.objects.get().version == row["version"]
    check_stored()
    assert client.get(API).json()["rows"] == [row]


def test_until_the_first_sweep_pages_compute(client: Client, crowd: list[str]) -> None:
    stored = client.get(API).json(), client.get(BOARD).json(), compared_as_read()
    ComparedPart.objects.all().delete()
    assert not CellStanding.objects.exists()
    assert (client.get(API).json(), client.get(BOARD).json(), compared_as_read()) == stored
    refresh_stale_cells()
    assert (client.get(API).json(), client.get(BOARD).json(), compared_as_read()) == stored
    check_stored()


def test_a_corrected_kind_is_seen_at_once_and_found_by_the_sweep(client: Client, crowd: list[str]) -> None:
    for kind, n_rows in (("unknown", 0), ("general-purpose", 0), ("task-specific", 1)):
        AiModel.objects.filter(slug=SPECIFIC).update(kind=kind)
        answer = client.get(API)
        assert len(answer.json().get("rows", [])) == n_rows
        assert not all(state.is_current for state in part_states(Cell.objects.all()).values())
        refresh_stale_cells()
        check_stored()
        assert client.get(API).content == answer.content


def test_where_devices_alone_change_the_comparison_does(crowd: list[str]) -> None:
    """Two devices change places: their cell says the same as before, and each divides another way."""
    one, other = Result.objects.get(pk=crowd[0]), Result.objects.get(pk=crowd[2])
    cell, before = Cell.objects.get(model__slug=SPECIFIC), compared_as_read()
    version = BoardVersion.objects.get().version
    for result, energy in ((one, other.energy_per_query_j), (other, one.energy_per_query_j)):
        Result.objects.filter(pk=result.pk).update(energy_per_query_j=energy)
    assert refresh_cells_of(result_ids=[one.pk]) == 1
    after = Cell.objects.get(pk=cell.pk)
    assert (after.energy_per_query_j, after.version) == (cell.energy_per_query_j, version + 1)
    assert compared_as_read() != before
    check_stored()


def test_parts_follow_a_cell_that_goes_and_empty_ones_go(crowd: list[str]) -> None:
    Submission.objects.filter(pk__in=crowd[::2]).update(state=State.WITHDRAWN)
    refresh_cells_of(result_ids=crowd[::2])
    assert (ComparedPart.objects.get().comparison, CellStanding.objects.count()) == (None, 1)
    check_stored()
    Submission.objects.all().update(state=State.WITHDRAWN)
    for result in crowd:
        refresh_cell(key=CellKey.of(Result.objects.get(pk=result)))
    assert ComparedPart.objects.count() == 1
    assert compared_as_read() == {}
    refresh_stale_cells()
    assert not ComparedPart.objects.exists()


def test_a_removal_alone_leaves_the_others_behind(crowd: list[str]) -> None:
    """The cells that are left have the versions that they had: their number says that the part is another."""
    alone = make_result(Run(by="ada", device="ada", model="efficientnet-lite0", energy_per_query_j=0.1)).pk
    refresh_cells_of(result_ids=[alone, *crowd])
    Submission.objects.filter(pk=alone).update(state=State.WITHDRAWN)
    refresh_cell(key=CellKey.of(Result.objects.get(pk=alone)))
    left = Cell.objects.first()
    assert left is not None
    assert not part_states(Cell.objects.all())[PartKey.of(left)].is_current
    assert placed_as_read() == placed_now()
    assert compared_as_read() == compared_now()


def test_a_large_part_is_left_to_the_sweep_and_says_of_which_version_it_is(
    client: Client, crowd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_storage, "LARGE_PART_VALUES", 5)
    (before,) = client.get(API).json()["rows"]
    more = both_kinds("mae")
    refresh_cells_of(result_ids=more)
    assert client.get(API).json()["rows"] == [before]
    assert before["version"] < BoardVersion.objects.get().version
    assert placed_as_read() == placed_now(), "ranks are of now"
    refresh_stale_cells()
    (row,) = client.get(API).json()["rows"]
    assert row["version"] == BoardVersion.objects.get().version
    check_stored()


def test_deriving_again_changes_nothing(crowd: list[str]) -> None:
    key = PartKey.of(ComparedPart.objects.get())
    before = list(ComparedPart.objects.values()), list(CellStanding.objects.order_by("pk").values())
    assert (refresh_part(key), refresh_part_if_behind(key)) == (False, False)
    assert before == (list(ComparedPart.objects.values()), list(CellStanding.objects.order_by("pk").values()))


def test_an_embedded_platform_stores_and_pages_the_same(db: None, tmp_path: Path) -> None:
    """More parts than SQLite takes alternatives in a condition; upgraded, so that none is stored yet."""
    with sqlite_in_place_of_postgresql(tmp_path / "embedded.sqlite3"):
        call_command("migrate", verbosity=0)
        demo_catalog()
        refresh_cells_of(result_ids=both_kinds("ada", "grace"))
        (cell, _) = Cell.objects.order_by("pk")
        classes = [
            HardwareClass(
                slug=f"gpu-{n}", code=f"gpu-{n}", title=f"GPU {n}", kind="gpu", name_state="confirmed"
            )
            for n in range(1010)
        ]
        for hardware in HardwareClass.objects.bulk_create(classes):
            cell.pk, cell.hardware_class = None, hardware
            cell.save()
        ComparedPart.objects.all().delete()
        compared = compared_as_read()
        assert len(compared) == 1
        page = read_board(series_slug="demo-1-estimated", task_slug="text_classification", page=11)
        assert page is not None
        assert (page.n_rows, len(page.rows), page.page) == (1012, 12, 11)
        refresh_part(PartKey.of(Cell.objects.order_by("pk")[0]))
        assert ComparedPart.objects.get().comparison is not None
        assert compared_as_read() == compared


def test_an_edited_row_is_found_and_mended(capsys: pytest.CaptureFixture[str], crowd: list[str]) -> None:
    refresh_stale_cells()
    CellStanding.objects.update(rank=9)
    SizeFactor.objects.update(is_missing=True)
    with pytest.raises(CommandError, match="0 cells differ, and 2 comparisons or factors"):
        call_command("rebuild_boards", "--check", "--processes", "1")
    assert re.search(r"standings\n.*is_missing", capsys.readouterr().out)
    call_command("rebuild_boards", "--processes", "1")
    assert "2 comparisons or factors derived anew" in capsys.readouterr().out
    call_command("rebuild_boards", "--check", "--processes", "1")
    assert "every rank, comparison and factor is what its cells say" in capsys.readouterr().out
    check_stored()


def test_the_sweep_heals_an_edited_row_in_its_turn(crowd: list[str]) -> None:
    ComparedPart.objects.update(comparison={}, is_missing=True)
    refresh_stale_cells()
    check_stored()
