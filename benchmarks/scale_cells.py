"""The cells of a large platform for benchmarks/scale.py: derived from their results on all cores."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from django.db import connection, connections

from benchmarks.scale_figures import note_progress
from measurements.boards.services import refresh_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.review.cell_key import CellKey

CELLS_TO_A_LINE = 500


def refresh_all(keys: Sequence[CellKey]) -> None:
    """Refresh the cell of each key, in as many processes as there are cores; cells are independent of each other."""
    processes = len(os.sched_getaffinity(0))
    connection.close()  # a forked process must not share it
    with ProcessPoolExecutor(processes, get_context("fork"), connections.close_all) as pool:
        for n_cells, _ in enumerate(pool.map(_refresh, keys, chunksize=8), start=1):
            if n_cells % CELLS_TO_A_LINE == 0:
                note_progress(f"{n_cells:,} of {len(keys):,} cells are derived")


def _refresh(key: CellKey) -> None:
    """`refresh_cell` with its key by position, as a pool passes it."""
    refresh_cell(key=key)
