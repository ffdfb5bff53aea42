"""The tables that stand whole in each release, written under the names of their digests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from joulemark.release import layout
from joulemark.release.board_tables import BOARD_TABLES
from joulemark.release.manifest import TableFile, TableFiles
from joulemark.release.subject_tables import SUBJECT_TABLES
from measurements.releases import board_rows, subject_rows
from measurements.releases.table_writer import TableWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from joulemark.release.columns import Form, Table
    from measurements.releases.staging import Staging
    from measurements.releases.table_writer import Row

ROWS: dict[str, Callable[[], Iterable[Row]]] = {
    "cells": board_rows.cell_rows,
    "ranks": board_rows.rank_rows,
    "comparisons": board_rows.comparison_rows,
    "size_factors": board_rows.size_factor_rows,
    "keys": subject_rows.key_rows,
    "contributors": subject_rows.contributor_rows,
    "devices": subject_rows.device_rows,
    "hardware": subject_rows.hardware_rows,
    "models": subject_rows.model_rows,
    "tasks": subject_rows.task_rows,
    "datasets": subject_rows.dataset_rows,
    "suites": subject_rows.suite_rows,
    "rules": subject_rows.rule_rows,
    "published_series": subject_rows.published_series_rows,
    "published_figures": subject_rows.published_figure_rows,
    "published_claims": subject_rows.claim_rows,
    "intensities": subject_rows.intensity_rows,
}
"""What gives the rows of each table; `states` needs the size of the tree too."""


def write_snapshots(staging: Staging, *, tree_size: int) -> dict[str, TableFiles]:
    """Write and store every snapshot table, within the transaction of the moment that they show."""
    sources: dict[str, Callable[[], Iterable[Row]]] = {
        **ROWS,
        "states": partial(board_rows.state_rows, tree_size),
    }
    return {
        table.name: write_snapshot(staging, table, sources[table.name]())
        for table in (*BOARD_TABLES, *SUBJECT_TABLES)
    }


def write_snapshot(staging: Staging, table: Table, rows: Iterable[Row]) -> TableFiles:
    """Write and store one table; what is the same as in a former release is stored already."""
    with TableWriter(table, staging.place, stem="snapshot") as writer:
        writer.write_all(rows)

    def path_of(form: Form) -> Callable[[str], str]:
        return lambda sha256: layout.snapshot_path(table.name, sha256, form)

    files = []
    for form, path in writer.paths.items():
        stored = staging.store(path, path_of(form))
        files.append(
            TableFile(path=stored.path, bytes=stored.bytes, sha256=stored.sha256, form=form, rows=writer.rows)
        )
    return TableFiles(partition="snapshot", rows=writer.rows, files=tuple(files))
