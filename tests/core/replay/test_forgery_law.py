"""What a dishonest publisher can sign anew is named all the same: each forgery of a list, by its code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from joulemark.release.tables import TABLES
from joulemark.replay import board_step
from joulemark.rules.findings_digest import findings_digest
from joulemark.rules.verdicts import LOST, failed, plain_findings
from joulemark_simulation.small_release import Crowd, build
from tests.core.replay.forging import (
    Rows,
    cast_column,
    drop_columns,
    edit_table,
    manifest_of,
    republish,
    rows_of,
)
from tests.core.replay.replayed import codes, replayed

Forge = Callable[[Path], object]


def _in_crowd(edit: Callable[[Crowd], None]) -> Forge:
    """A release in its place whose publisher has edited what it is made of, the log among it."""
    return lambda root: build(root, edit=edit)


def _in_table(name: str, edit: Callable[[Rows], Rows | None]) -> Forge:
    """Other rows of a table."""

    def forge(root: Path) -> None:
        edit_table(root, name, edit)

    return forge


def _in_manifest(**without: Any) -> Forge:
    def forge(root: Path) -> None:
        republish(root, replace(manifest_of(root), **without))

    return forge


def _without_table(name: str) -> Forge:
    def forge(root: Path) -> None:
        manifest = manifest_of(root)
        tables = {table: files for table, files in manifest.tables.items() if table != name}
        republish(root, replace(manifest, tables=tables))

    return forge


def _given_up(crowd: Crowd, *, sentence: str, state: str) -> None:
    """The first verdict says that it was given up, in the log too."""
    row = crowd.tables["verdicts"][0]
    findings = plain_findings(failed(LOST).findings)
    findings[0]["sentence"] = sentence
    row |= {"findings": findings, "state": state, "codes": [finding["code"] for finding in findings]}
    entry = crowd.log.entries[row["leaf_index"]]
    facts = {"state": state, "codes": row["codes"], "findings_sha256": findings_digest(findings)}
    crowd.log.entries[row["leaf_index"]] = replace(entry, facts={**entry.facts, **facts})
    crowd.tables["states"][0] |= {"state": state, "codes": row["codes"]}


def _count_given_up(crowd: Crowd) -> None:
    _given_up(crowd, sentence=plain_sentence(), state="accepted")


def _quarantine_in_other_words(crowd: Crowd) -> None:
    _given_up(crowd, sentence="The rules could not be applied (the process was tired).", state="quarantined")


def plain_sentence() -> str:
    """The words of a verdict that was given up."""
    return failed(LOST).findings[0].sentence


def _repeat_place_of_writing(root: Path) -> None:
    """Of two verdicts that are said to be written at once the first is not published."""
    first, second, *_ = (row["leaf_index"] for row in rows_of(root, "verdicts"))

    def edit(rows: Rows) -> None:
        rows[first]["written"] = rows[second]["written"]

    edit_table(root, "events", edit)
    edit_table(root, "verdicts", lambda rows: rows[1:])


def _two_files_of_values(root: Path) -> None:
    """The edited values lie in a file of their own, before the honest ones."""
    [honest] = manifest_of(root).tables["cells"].files

    def edit(rows: Rows) -> None:
        for row in rows:
            row["energy_per_query_j"] /= 2

    edit_table(root, "cells", edit)
    manifest = manifest_of(root)
    table = manifest.tables["cells"]
    both = replace(table, files=(*table.files, honest), rows=2 * table.rows)
    republish(root, replace(manifest, tables=manifest.tables | {"cells": both}))


def _written_as_words(name: str, column: str) -> Forge:
    return lambda root: cast_column(root, name, column)


def _enrol_unlogged_key(crowd: Crowd) -> None:
    crowd.tables["keys"].append({"key_id": "ff" * 32, "public_key": "00" * 32, "contributor": "v-unknown"})


def _without_numbers(rows: Rows) -> None:
    kept = ("leaf_index", "result_id", "received_at", "key_id", "contributor", "ticket", "trace_sha256")
    rows[0] = {name: rows[0][name] for name in kept} | {"not_derived": "not-readable"}


def _other(name: str, value: Any) -> Callable[[Rows], None]:
    def edit(rows: Rows) -> None:
        assert rows[0][name] != value
        rows[0][name] = value

    return edit


def _halved(name: str) -> Callable[[Rows], None]:
    def edit(rows: Rows) -> None:
        rows[0][name] /= 2

    return edit


FORGERIES: dict[str, tuple[Forge, str]] = {
    "a verdict counts as given up": (_in_crowd(_count_given_up), "JM-REPLAY-VERDICT"),
    "given up in other words": (_in_crowd(_quarantine_in_other_words), "JM-REPLAY-VERDICT"),
    "two entries were written at once": (_repeat_place_of_writing, "JM-REPLAY-EVENT"),
    "an entry was never written": (_in_table("events", _other("written", None)), "JM-REPLAY-EVENT"),
    "codes of another verdict": (_in_table("verdicts", _other("codes", ["JM-UNITS"])), "JM-REPLAY-VERDICT"),
    "rules of another version": (_in_table("verdicts", _other("rules_version", "0")), "JM-REPLAY-VERDICT"),
    "no table of results": (_without_table("results"), "JM-REPLAY-TABLE"),
    "no table of windows": (_without_table("windows"), "JM-REPLAY-TABLE"),
    "no table of verdicts": (_without_table("verdicts"), "JM-REPLAY-TABLE"),
    "no table of entries": (_without_table("events"), "JM-REPLAY-TABLE"),
    "values written as words": (_written_as_words("cells", "energy_per_query_j"), "JM-REPLAY-TABLE"),
    "two files of values": (_two_files_of_values, "JM-REPLAY-TABLE"),
    "no archive of bundles": (_in_manifest(bundles=()), "JM-REPLAY-BUNDLE-MISSING"),
    "numbers of a result left out": (_in_table("results", _without_numbers), "JM-REPLAY-RESULT"),
    "a result without numbers has them": (
        _in_table("results", _other("not_derived", "not-judged")), "JM-REPLAY-RESULT",
    ),
    "a key that nobody enrolled": (_in_crowd(_enrol_unlogged_key), "JM-REPLAY-KEY"),
    "a key left out": (_in_table("keys", lambda rows: rows[1:]), "JM-REPLAY-KEY"),
    "a ticket left out": (_in_table("tickets", lambda rows: rows[1:]), "JM-REPLAY-TICKET"),
    "a rank left out": (_in_table("ranks", lambda rows: rows[1:]), "JM-REPLAY-RANK"),
    "a comparison left out": (_in_table("comparisons", lambda _: []), "JM-REPLAY-COMPARISON"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_every_forgery_is_named_by_its_code(name: str, release: Path, tmp_path: Path) -> None:
    forge, code = FORGERIES[name]
    forge(release)
    assert code in codes(replayed(release, tmp_path / "state"))


def test_a_verdict_that_was_given_up_is_counted_and_not_compared(tmp_path: Path) -> None:
    """In the words and with the state of a platform: then the value lacks a result, and nothing else differs."""
    forged = build(
        tmp_path / "forged",
        edit=lambda crowd: _given_up(crowd, sentence=plain_sentence(), state="quarantined"),
    )
    report = replayed(forged, tmp_path / "state")
    assert report.counts["verdicts_given_up"] == 1
    assert "JM-REPLAY-VERDICT" not in codes(report)


LARGE = {
    "an edited comparison": (_in_table("comparisons", _halved("ratio")), ["JM-REPLAY-COMPARISON"]),
    "an edited rank": (_in_table("ranks", _other("rank", 2)), ["JM-REPLAY-RANK"]),
    "one rank of two": (_in_table("ranks", lambda rows: rows[1:]), ["JM-REPLAY-RANK"]),
    "no comparison yet": (_in_table("comparisons", lambda _: []), []),
    "no rank yet": (_in_table("ranks", lambda _: []), []),
}


@pytest.mark.parametrize("name", LARGE)
def test_of_a_large_part_only_what_is_not_there_yet_is_excused(
    name: str, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_step, "LARGE_PART_VALUES", 1)
    forge, expected = LARGE[name]
    forge(release)
    assert codes(replayed(release, tmp_path / "state")) == expected


def test_places_beside_a_value_that_waits_are_not_compared(release: Path, tmp_path: Path) -> None:
    """A result came after the places were derived: they are those of the values before it."""
    edit_table(release, "cells", _other("is_current", value=False))
    edit_table(release, "ranks", _other("rank", 2))
    report = replayed(release, tmp_path / "state")
    assert (report.differences, report.counts["places_that_wait"]) == ([], 2)


def _missing_tables(root: Path, tmp_path: Path) -> set[str]:
    differences = replayed(root, tmp_path / "state").differences
    return {each.subject for each in differences if each.code == "JM-REPLAY-TABLE"}


def test_every_table_that_is_left_out_is_named(release: Path, tmp_path: Path) -> None:
    republish(release, replace(manifest_of(release), tables={}))
    assert _missing_tables(release, tmp_path) == {table.name for table in TABLES}


def test_every_table_without_a_parquet_file_is_named(release: Path, tmp_path: Path) -> None:
    manifest = manifest_of(release)
    tables = {name: replace(table, files=(), rows=0) for name, table in manifest.tables.items()}
    republish(release, replace(manifest, tables=tables))
    assert _missing_tables(release, tmp_path) == {table.name for table in TABLES}


def test_every_column_that_is_left_out_is_named(release: Path, tmp_path: Path) -> None:
    dropped = {table.name: [name for name in table.column_names if name not in table.key] for table in TABLES}
    for name, columns in dropped.items():
        drop_columns(release, name, columns)
    report = replayed(release, tmp_path / "state")
    sentences = [each.sentence for each in report.differences if each.code == "JM-REPLAY-TABLE"]
    for name, columns in dropped.items():
        lacks = f"the table {name}: it lacks the columns {', '.join(sorted(columns))}"
        assert any(lacks in sentence for sentence in sentences), name
