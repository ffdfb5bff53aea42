"""What the front page counts, and which values changed last: stored rows alone, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Max, Sum

from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.models import Cell
from measurements.boards.series import series_of_suite
from measurements.contributors.models import Contributor, Device
from measurements.ledger.checkpoint_times import checkpoint_size_at

if TYPE_CHECKING:
    from datetime import datetime

N_CHANGED_VALUES = 5


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much there is: results that are in values, values, models, devices, contributors.

    `changed_at` is when a value last changed, None before the first; `checkpoint` the size of the last checkpoint that
    was signed until then, None where none was.
    """

    n_results: int
    n_values: int
    n_models: int
    n_devices: int
    n_contributors: int
    changed_at: datetime | None
    checkpoint: int | None


def read_counts() -> Counts:
    """The counts as of the last change of a value."""
    cells = Cell.objects.aggregate(
        n_values=Count("pk"),
        n_results=Sum("n_results"),
        n_models=Count("model", distinct=True),
        at=Max("updated_at"),
    )
    return Counts(
        n_results=cells["n_results"] or 0,
        n_values=cells["n_values"],
        n_models=cells["n_models"],
        n_devices=Device.objects.count(),
        n_contributors=Contributor.objects.count(),
        changed_at=cells["at"],
        checkpoint=None if cells["at"] is None else checkpoint_size_at(cells["at"]),
    )


def read_changed_values() -> list[BoardRow]:
    """The values that changed last, the latest first."""
    cells = Cell.objects.with_names().order_by("-updated_at", "-pk")[:N_CHANGED_VALUES]
    return [row_of_cell(cell, series_of_suite(cell.suite, cell.grade)) for cell in cells]
