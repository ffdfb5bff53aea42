"""Upgrades from former states with data inside, and that a difference would be seen."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from tests.upgrades import comparing, former_platforms, run

pytestmark = [pytest.mark.timeout(300)]

ROW = {name: name for name in comparing.ROW} | {
    "energy_per_query_j": "0.5",
    "no_j_per_token": "single-source",
}
OLDEST, FEW, MOST_LEFT_OUT = 120, 3, 5


def write_board(folder: Path, *rows: dict[str, str]) -> Path:
    """A folder with one board."""
    folder.mkdir()
    with (folder / "demo--summarization.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (ROW | {"energy_per_query_j": "0.500001"}, "energy_per_query_j was '0.5' and is '0.500001'"),
        (ROW | {"model": "another"}, "without the row"),
        ({name: value for name, value in ROW.items() if name != "energy_per_query_j"}, "without the columns"),
        (ROW | {"no_j_per_token": ""}, "no_j_per_token was 'single-source' and is ''"),
        (ROW | {"no_j_per_token": "", "no_interval_j_per_token": "x"}, "no_j_per_token was 'single-source'"),
    ],
)
def test_each_difference_of_a_board_is_named(tmp_path: Path, row: dict[str, str], what: str) -> None:
    before = write_board(tmp_path / "before", ROW)
    after = write_board(tmp_path / "after", row)
    (sentence,) = comparing.board_differences(before, after)
    assert what in sentence
    assert sentence.startswith("demo--summarization.csv: ")


def test_a_board_that_is_gone_is_named(tmp_path: Path) -> None:
    before = write_board(tmp_path / "before", ROW)
    (tmp_path / "after").mkdir()
    assert comparing.board_differences(before, tmp_path / "after") == ["demo--summarization.csv is gone"]


def test_more_columns_more_rows_and_a_reason_that_moved_are_no_difference(tmp_path: Path) -> None:
    before = write_board(tmp_path / "before", ROW)
    moved = ROW | {"no_j_per_token": "", "no_interval_j_per_token": "single-source", "more": "1"}
    after = write_board(tmp_path / "after", moved, moved | {"model": "another"})
    assert comparing.board_differences(before, after) == []


def test_a_schema_that_lacks_or_has_a_line_is_named() -> None:
    assert comparing.schema_differences(["a", "b"], ["a", "b"]) == []
    assert comparing.schema_differences(["a", "c"], ["a", "b"]) == ["- b", "+ c"]


@pytest.mark.long
def test_a_former_state_with_data_becomes_this_one(tmp_path: Path) -> None:
    """On PostgreSQL, with few contributors; `make upgrades` does it on SQLite too, and from further states.

    That models and migrations agree is asked by `make check`.
    """
    names = run.main_line(OLDEST)
    if len(names) < OLDEST:
        pytest.skip("the history of this checkout does not go so far back; `make upgrades` needs it")
    usable = [name for name in reversed(names) if not run.renumbered_migrations(name)][:MOST_LEFT_OUT]
    server = os.environ["DATABASE_URL"]
    urls = [former_platforms.new_database(server, name) for name in ("upgrade_new", "upgrade_former")]
    new = former_platforms.FormerPlatform(folder=tmp_path / "new", database_url=urls[0])
    new.folder.mkdir()
    new.manage(former_platforms.ROOT, "prepare")
    schema = comparing.schema(urls[0], new.folder)
    for commit in usable:
        try:
            differences = run.differences_from(
                commit, tmp_path / commit, urls[1], schema, contributors=FEW, audits=run.AUDITS[:2]
            )
        except former_platforms.NeverRan:
            urls[1] = former_platforms.new_database(server, "upgrade_former")
            continue
        assert differences == [], "\n".join(differences)
        return
    pytest.fail(f"none of {usable} could prepare a platform")
