"""Five changes by a publisher who signs everything anew: each is named, with what is published and what follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from joulemark.log.checkpoints import Checkpoint, log_name
from joulemark.rules import provenance
from joulemark_simulation.records import ORIGIN, signing_key
from joulemark_simulation.release_files import LOG_KEY
from joulemark_simulation.small_release import build
from tests.core.replay.forging import (
    drop_bundle,
    edit_table,
    manifest_of,
    raise_threshold,
    reverse_row_groups,
    rows_of,
    swap_checkpoint,
)
from tests.core.replay.replayed import codes, replayed


def test_one_edited_value_is_named_beside_the_one_that_follows(release: Path, tmp_path: Path) -> None:
    [honest_j, *_] = [row["energy_per_query_j"] for row in rows_of(release, "cells")]

    def edit(rows: list[dict[str, object]]) -> None:
        rows[0]["energy_per_query_j"] = honest_j * 0.999

    edit_table(release, "cells", edit)
    [difference] = replayed(release, tmp_path / "state").differences
    assert difference.code == "JM-REPLAY-CELL"
    assert f"energy_per_query_j is published as {honest_j * 0.999!r}" in difference.sentence
    assert f"the evidence gives {honest_j!r}" in difference.sentence


def test_one_dropped_bundle_is_named_by_its_result(release: Path, tmp_path: Path) -> None:
    dropped = drop_bundle(release)
    report = replayed(release, tmp_path / "state")
    assert ("JM-REPLAY-BUNDLE-MISSING", dropped) in [(each.code, each.subject) for each in report.differences]
    assert "JM-REPLAY-CELL" in codes(report)  # the value says more than what is left of its evidence


def test_one_altered_threshold_in_the_rules_is_named_with_both_numbers(release: Path, tmp_path: Path) -> None:
    altered = raise_threshold(release)
    [difference] = replayed(release, tmp_path / "state").differences
    assert (difference.code, difference.subject) == ("JM-REPLAY-RULE", altered.code)
    assert altered.code in difference.sentence
    published, ours = difference.sentence.split(" is published as ")[1].split("; version ")
    assert altered.published in published.split()
    assert altered.ours in ours.split()


def test_one_altered_threshold_in_the_verdicts_is_named_with_the_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher judged by another limit and says nothing of it in the table of rules; the log has its verdicts."""
    with monkeypatch.context() as patched:
        patched.setattr(provenance, "MOST_UNREPORTED", 0)
        forged = build(tmp_path / "forged")
    report = replayed(forged, tmp_path / "state")
    assert codes(report) == ["JM-REPLAY-VERDICT"]
    assert len(report.differences) == report.counts["verdicts"] == 6
    for difference in report.differences:
        assert "JM-BEST-OF: it is published that" in difference.sentence
        assert "limit 0" in difference.sentence
        assert difference.sentence.endswith("nothing follows.")


def test_verdicts_by_a_lower_threshold_are_named_where_ours_is_the_lower_one(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "MOST_UNREPORTED", 0)
    report = replayed(honest, tmp_path / "state")
    assert codes(report) == ["JM-REPLAY-VERDICT"]
    assert "JM-BEST-OF: nothing is published; it follows that" in report.differences[0].sentence


def test_one_swapped_checkpoint_is_named(release: Path, tmp_path: Path) -> None:
    manifest, name = manifest_of(release), log_name(ORIGIN)
    root = bytes.fromhex(manifest.root_hash)
    honest = Checkpoint(origin=name, size=manifest.tree_size, root=root)
    swap_checkpoint(release, honest.text(), name=name, key=signing_key(98))
    assert codes(replayed(release, tmp_path / "strange key")) == ["JM-REPLAY-CHECKPOINT"]
    other = Checkpoint(origin=name, size=manifest.tree_size, root=bytes(32))
    swap_checkpoint(release, other.text(), name=name, key=LOG_KEY)
    assert codes(replayed(release, tmp_path / "other root")) == ["JM-REPLAY-CHECKPOINT"]


def test_one_reordered_row_group_is_named_with_its_row(release: Path, tmp_path: Path) -> None:
    reverse_row_groups(release, "events")
    [difference] = replayed(release, tmp_path / "state").differences
    assert (difference.code, difference.subject) == (
        "JM-REPLAY-ORDER",
        manifest_of(release).tables["events"].of_form("parquet")[0].path,
    )
    assert "at row" in difference.sentence
