"""Deriving every cell of a large platform, on all cores, with a line of progress."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import monotonic
from typing import TYPE_CHECKING

from django.db import connection, connections

from measurements.boards.services import refresh_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.review.cell_key import CellKey

SECONDS_TO_A_LINE = 60.0


def refresh_all(keys: Sequence[CellKey]) -> None:
    """Refresh the cell of each key, in as many processes as there are cores; cells are independent of each other."""
    connection.close()  # a forked process must not share it
    begun = said = monotonic()
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork"), connections.close_all) as pool:
        for n, _ in enumerate(pool.map(_refresh, keys, chunksize=8), start=1):
            if monotonic() - said >= SECONDS_TO_A_LINE:
                said = monotonic()
                print(f"{n:,} of {len(keys):,} cells derived, {said - begun:.0f} s", flush=True)


def _refresh(key: CellKey) -> None:
    refresh_cell(key=key)
