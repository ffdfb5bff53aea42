"""What the front page counts, and which values changed last: stored rows alone, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.models import Cell
from measurements.boards.series import series_of_suite
from measurements.catalog.cached_rows import with_cached_names
from measurements.contributors.models import Contributor, Device
from measurements.contributors.sources import CONTRIBUTORS

N_CHANGED_VALUES = 5


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much there is: results that are in values, values, models, devices, contributors."""

    n_results: int
    n_values: int
    n_models: int
    n_devices: int
    n_contributors: int


def read_counts() -> Counts:
    """The counts as of the last change of a value."""
    cells = Cell.objects.aggregate(
        n_values=Count("pk"), n_results=Sum("n_results"), n_models=Count("model", distinct=True)
    )
    n_devices, n_contributors = _count_people()
    return Counts(
        n_results=cells["n_results"] or 0,
        n_values=cells["n_values"],
        n_models=cells["n_models"],
        n_devices=n_devices,
        n_contributors=n_contributors,
    )


@while_unchanged(CONTRIBUTORS)
def _count_people() -> tuple[int, int]:
    """How many devices and contributors there are."""
    return Device.objects.count(), Contributor.objects.count()


def read_changed_values() -> list[BoardRow]:
    """The values that changed last, the latest first."""
    cells = with_cached_names(Cell.objects.order_by("-updated_at", "-pk")[:N_CHANGED_VALUES])
    return [row_of_cell(cell, series_of_suite(cell.suite, cell.grade)) for cell in cells]
