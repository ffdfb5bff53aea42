"""What is refreshed piece by piece is what is rebuilt from the evidence, to the last digit, whatever happened."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from joulemark.leaderboard.cell_content import DeviceSays, aggregate_results
from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards import services
from measurements.boards.equal_size import read_equal_size
from measurements.boards.evidence_export import export_evidence
from measurements.boards.history import history_faults
from measurements.boards.models import BoardVersion, Cell, CellRevision, ComparedPart, DeviceValue
from measurements.boards.part_storage import part_states
from measurements.boards.rebuild import differences, rebuild_cells
from measurements.boards.rebuild_derived import factor_differences, part_differences
from measurements.boards.series import all_series
from measurements.boards.services import refresh_cells_of, refresh_stale_cells
from measurements.catalog.models import AiModel
from measurements.display.choices import ModelKind
from measurements.intake.models import State, Submission
from measurements.ledger.models import Checkpoint
from measurements.ledger.sequencer import sequence
from measurements.review.cell_key import CellKey
from measurements.review.models import Result
from tests.derived_oracle import compared_as_read, compared_now, factor_now, placed_as_read, placed_now

pytestmark = pytest.mark.django_db

EVENTS, SEED = 10_000, 20261124
LOST, CORRECTED = 0.1, 0.1
"""The shares of messages that are lost, and of those after which a model's kind is another."""
OTHER = "efficientnet-lite0"
PEOPLE = [f"person-{n}" for n in range(12)]


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


@pytest.mark.timeout(240)
def test_after_ten_thousand_events_the_boards_are_what_their_evidence_says(tmp_path: Path) -> None:
    """Cells and their history, and what is derived of cells; one message in ten is lost, and kinds are corrected."""
    chance = random.Random(SEED)  # noqa: S311 - a seeded order of events
    for who in PEOPLE * 20:
        model = chance.choice([GENERAL, SPECIFIC, OTHER])
        make_result(
            Run(
                by=who,
                device=f"{who}-{chance.randrange(2)}",
                dataset=chance.choice([TOPICS, SENTIMENT]),
                model=model,
                energy_per_query_j=chance.lognormvariate(0, 0.03),
                quality=(("accuracy", round(chance.uniform(0.5, 1), 3)),),
                announced=chance.random() < 0.8 and model != OTHER,  # which is no job of the suite
                state=State.QUARANTINED,
                tokens=chance.choice([(None, None), (400, None), (400, chance.randrange(300))]),
            )
        )
    owners = dict(Submission.objects.values_list("pk", "key__contributor"))
    happened = 0
    while happened < EVENTS:
        number = chance.randint(1, 150)
        touched = _happen(chance, owners, number)
        happened += number
        if chance.random() < LOST:
            continue
        refresh_cells_of(result_ids=sorted(touched))
        if chance.random() < CORRECTED:
            AiModel.objects.filter(slug=OTHER).update(kind=chance.choice(ModelKind.values))
            assert compared_as_read() == compared_now()
            assert placed_as_read() == placed_now()
    refresh_stale_cells()
    _check_derived()
    assert len(_said(tmp_path)) == Cell.objects.count() > 0
    assert differences(tmp_path / "evidence.parquet") == {}
    assert history_faults() == []
    _check_history()


def _check_derived() -> None:
    """What is stored is current, is what pages read, and is what is computed again, to the last digit."""
    assert all(state.is_current for state in part_states(Cell.objects.all()).values())
    assert ComparedPart.objects.with_a_comparison().count() == len(compared_now()) > 0
    assert compared_as_read() == compared_now()
    assert placed_as_read() == placed_now()
    (factor,), n_missing = read_equal_size(all_series())
    board = BoardVersion.objects.get()
    assert (factor.version, n_missing) == (board.version, 0)
    assert factor.estimate == factor_now(suite=board.suite_id, grade=board.grade)
    assert part_differences() == {}
    assert factor_differences() == {}


def _happen(chance: random.Random, owners: dict[str, int], number: int) -> set[str]:
    """So many times: accept, withdraw, re-judge with other numbers, or revoke a person's key; whose cells are touched.

    One event follows another; what they come to is then written at once.
    """
    states: dict[str, State] = {}
    numbers: dict[str, float] = {}
    for _ in range(number):
        result = chance.choice(list(owners))
        kind = chance.choices(["accept", "withdraw", "re-judge", "revoke"], [60, 25, 12, 3])[0]
        if kind == "accept":
            states[result] = State.ACCEPTED
        elif kind == "withdraw":
            states[result] = State.WITHDRAWN
        elif kind == "re-judge":
            numbers[result] = chance.lognormvariate(0, 0.03)
        else:
            states |= {other: State.REJECTED for other, who in owners.items() if who == owners[result]}
    for state in set(states.values()):
        Submission.objects.filter(pk__in=[one for one, now in states.items() if now == state]).update(
            state=state
        )
    judged = Result.objects.in_bulk(numbers)
    for result, energy in numbers.items():
        judged[result].energy_per_query_j = energy
        judged[result].window_u = energy / 250 if energy > 1 else None
    Result.objects.bulk_update(judged.values(), ["energy_per_query_j", "window_u"])
    return {*states, *numbers}


def _said(folder: Path) -> dict[CellKey, dict[str, Any]]:
    file = folder / "evidence.parquet"
    assert export_evidence(file) == Result.objects.eligible().count()
    return {cell.key: cell.content for cell in rebuild_cells(file)}


def _check_history() -> None:
    """Versions rise one by one, and the last revisions are the cells."""
    board = BoardVersion.objects.get()
    versions = list(CellRevision.objects.order_by("version").values_list("version", flat=True))
    assert versions == list(range(1, board.version + 1))
    now = CellRevision.objects.as_of(timezone.now())
    kept = {row.key: row for row in now}
    cells = {row.key: row for row in Cell.objects.all()}
    assert kept.keys() == cells.keys()
    for key, cell in cells.items():
        assert (kept[key].energy_per_query_j, kept[key].version) == (cell.energy_per_query_j, cell.version)


def _cell_of(*runs: Run) -> Cell:
    submissions = [make_result(run) for run in runs]
    assert refresh_cells_of(result_ids=[one.pk for one in submissions]) == 1
    return Cell.objects.get()


def test_a_refresh_that_changes_nothing_is_no_new_version() -> None:
    submission = make_result(Run(by="ada"))
    refresh_cells_of(result_ids=[submission.pk])
    before = BoardVersion.objects.values().get()
    refresh_cells_of(result_ids=[submission.pk])
    assert BoardVersion.objects.values().get() == before
    assert CellRevision.objects.count() == 1


def test_any_board_can_be_had_as_of_a_time() -> None:
    first = make_result(Run(by="ada", energy_per_query_j=1.0))
    refresh_cells_of(result_ids=[first.pk])
    one = CellRevision.objects.get()
    second = make_result(Run(by="grace", device="other", energy_per_query_j=4.0))
    refresh_cells_of(result_ids=[second.pk])
    Submission.objects.update(state=State.WITHDRAWN)
    refresh_cells_of(result_ids=[first.pk])
    assert not Cell.objects.exists()
    times = list(CellRevision.objects.order_by("version").values_list("updated_at", flat=True))
    then = [[row.energy_per_query_j for row in CellRevision.objects.as_of(at)] for at in times]
    assert then == [[1.0], [2.0], []]
    assert not CellRevision.objects.as_of(one.updated_at - timedelta(seconds=1)).exists()


def test_an_edited_cell_is_found_and_mended(capsys: pytest.CaptureFixture[str]) -> None:
    cell = _cell_of(Run(by="ada"), Run(by="grace", device="other"))
    Cell.objects.filter(pk=cell.pk).update(dark_u=0.123)
    with pytest.raises(CommandError, match="1 cells differ"):
        call_command("rebuild_boards", "--check", "--processes", "1")
    assert "dark_u" in capsys.readouterr().out
    call_command("rebuild_boards", "--processes", "2")
    assert "1 cells mended" in capsys.readouterr().out
    call_command("rebuild_boards", "--check", "--processes", "1")
    assert "every cell is what its evidence says" in capsys.readouterr().out


def test_a_cell_without_evidence_and_evidence_without_a_cell_are_found(tmp_path: Path) -> None:
    gone = _cell_of(Run(by="ada"))
    Submission.objects.update(state=State.WITHDRAWN)
    make_result(Run(by="grace", dataset=SENTIMENT))
    export_evidence(tmp_path / "e.parquet")
    found = {(one.is_shown, one.has_evidence) for one in differences(tmp_path / "e.parquet").values()}
    assert found == {(True, False), (False, True)}
    call_command("rebuild_boards", "--processes", "1")
    assert not Cell.objects.filter(pk=gone.pk).exists()
    assert Cell.objects.count() == DeviceValue.objects.count() == 1


def test_an_edited_device_is_found_and_mended(capsys: pytest.CaptureFixture[str]) -> None:
    _cell_of(Run(by="ada"), Run(by="grace", device="other"))
    before = set(DeviceValue.objects.values_list("device", "energy_per_query_j", "n_results"))
    DeviceValue.objects.update(energy_per_query_j=100.0)
    with pytest.raises(CommandError, match="1 cells differ"):
        call_command("rebuild_boards", "--check", "--processes", "1")
    assert ": devices" in capsys.readouterr().out
    call_command("rebuild_boards", "--processes", "1")
    assert set(DeviceValue.objects.values_list("device", "energy_per_query_j", "n_results")) == before


def test_a_history_that_was_edited_is_found_and_a_lost_version_counts_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cell = _cell_of(Run(by="ada"), Run(by="grace", device="other"))
    CellRevision.objects.update(n_results=9999)
    with pytest.raises(CommandError, match="1 faults in the history"):
        call_command("rebuild_boards", "--processes", "1")
    assert "otherwise than its last revision does: n_results" in capsys.readouterr().out
    CellRevision.objects.update(n_results=cell.n_results)
    BoardVersion.objects.all().delete()
    with pytest.raises(CommandError, match="1 faults in the history"):
        call_command("rebuild_boards", "--check", "--processes", "1")
    call_command("rebuild_boards", "--processes", "1")
    assert BoardVersion.objects.get().version == cell.version == 1
    assert history_faults() == []
    CellRevision.objects.all().delete()
    assert any("knows nothing" in fault for fault in history_faults())


def test_what_changes_while_a_file_is_read_is_no_difference(tmp_path: Path) -> None:
    """The file was written before a result came; the cell has it already."""
    first = make_result(Run(by="ada"))
    refresh_cells_of(result_ids=[first.pk])
    export_evidence(tmp_path / "e.parquet")
    second = make_result(Run(by="grace", device="other", energy_per_query_j=2.0))
    refresh_cells_of(result_ids=[second.pk])
    assert differences(tmp_path / "e.parquet") == {}


def test_the_sweep_finds_a_cell_where_as_many_came_as_went() -> None:
    ada, grace = (
        make_result(Run(by="ada", energy_per_query_j=1.0)),
        make_result(Run(by="grace", device="other", energy_per_query_j=2.0, state=State.QUARANTINED)),
    )
    refresh_cells_of(result_ids=[ada.pk])
    Submission.objects.filter(pk=ada.pk).update(state=State.WITHDRAWN)
    Submission.objects.filter(pk=grace.pk).update(state=State.ACCEPTED)
    assert refresh_stale_cells() == 1
    assert Cell.objects.get().energy_per_query_j == 2.0
    assert refresh_stale_cells() == 0


def test_a_cell_that_cannot_be_refreshed_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for dataset in (SENTIMENT, TOPICS):
        make_result(Run(by="ada", dataset=dataset))
    tried: list[object] = []

    def tripping(results: list[Any]) -> tuple[dict[str, Any], dict[int, DeviceSays]]:
        tried.append(results)
        if len(tried) == 1:
            raise ValueError("a strange cell")
        return aggregate_results(results)

    monkeypatch.setattr(services, "aggregate_results", tripping)
    with pytest.raises(ValueError, match="a strange cell"):
        refresh_stale_cells()
    assert (len(tried), Cell.objects.count()) == (2, 1)


def test_the_api_and_the_page_answer_as_of_a_time_and_a_checkpoint(client: Client) -> None:
    address = "demo-1-estimated/text_classification"
    refresh_cells_of(result_ids=[make_result(Run(by="ada", energy_per_query_j=1.0)).pk])
    sequence()
    first = CellRevision.objects.get().updated_at
    refresh_cells_of(result_ids=[make_result(Run(by="grace", device="b", energy_per_query_j=4.0)).pk])
    size = Checkpoint.objects.get().size

    def asked(**moment: str) -> tuple[object, ...]:
        answer = client.get(f"/api/v1/boards/{address}.json", moment).json()
        return answer["version"], answer["rows"][0]["energy_per_query_j"], answer["as_of"]

    assert asked()[:2] == (2, 2.0)
    then = first.isoformat()
    assert asked(as_of=then)[:2] == (1, 1.0)
    assert asked(checkpoint=str(size))[:2] == (1, 1.0)
    page = client.get(f"/boards/{address}/", {"as_of": then}).content.decode()
    assert "version 1 of this board" in page
    assert client.get(f"/api/v1/boards/{address}.json", {"as_of": "2020-01-01"}).status_code == 404
    today = first.date().isoformat()
    assert asked(as_of=today) == (2, 2.0, f"{today}T23:59:59.999999Z")


@pytest.mark.parametrize("processes", [0, -1, 10**9])
def test_a_number_of_processes_that_cannot_be_is_refused(processes: int) -> None:
    with pytest.raises(CommandError, match="from 1 to 256"):
        call_command("rebuild_boards", processes=processes)


@pytest.mark.parametrize(
    "asked",
    [{"as_of": "soon"}, {"as_of": "2026-13-01"}, {"as_of": "9999-12-31T23:59:59-14:00"},
     {"as_of": "0001-01-01T00:00:00+14:00"}, {"checkpoint": "-1"}, {"checkpoint": "5"},
     {"as_of": "2026-01-01", "checkpoint": "1"}],
)  # fmt: skip
def test_a_moment_that_is_none_is_refused_with_a_sentence(client: Client, asked: dict[str, str]) -> None:
    make_result(Run())
    answer = client.get("/api/v1/boards/demo-1-estimated/text_classification.json", asked)
    assert answer.status_code == 400
    assert answer.json()["code"] == "JM-MOMENT"
    assert client.get("/boards/demo-1-estimated/text_classification/", asked).status_code == 404
