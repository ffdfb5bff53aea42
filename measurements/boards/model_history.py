"""How a model's values changed: the latest revisions of its cells, each beside the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Window
from django.db.models.functions import Lag

from measurements.boards.board_row import row_of_cell
from measurements.boards.models import CellRevision
from measurements.boards.series import series_of_suite
from measurements.display.units import wh_per_1000
from measurements.review.cell_key import CELL_FIELDS

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.boards.board_row import BoardRow
    from measurements.catalog.models import AiModel

CHANGES_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class ValueChange:
    """A value from `at` on, in joules per query; `before_j` and `after_j` are None where there was or is none."""

    row: BoardRow
    at: datetime
    before_j: float | None
    after_j: float | None
    n_results: int

    @property
    def before_wh_per_1000(self) -> float | None:
        """The value before, in watt-hours per 1,000 queries."""
        return None if self.before_j is None else wh_per_1000(self.before_j)

    @property
    def after_wh_per_1000(self) -> float | None:
        """The value since, in watt-hours per 1,000 queries."""
        return None if self.after_j is None else wh_per_1000(self.after_j)

    @property
    def relative_change(self) -> float | None:
        """(after - before) / before; None where one of them is not there."""
        if self.before_j is None or self.after_j is None:
            return None
        return self.after_j / self.before_j - 1


def read_changes(model: AiModel) -> list[ValueChange]:
    """The latest changes of a model's values, in one query."""
    revisions = CellRevision.objects.filter(model=model).annotate(
        before_j=_of_revision_before("energy_per_query_j"), was_gone=_of_revision_before("gone")
    )
    latest = revisions.with_names().order_by("-updated_at", "-version", "-pk")[:CHANGES_SHOWN]
    return [_change(revision) for revision in latest]


def _of_revision_before(column: str) -> Window:
    """What the revision before has in a column, of the same cell."""
    return Window(
        Lag(column),
        partition_by=[F(name) for name in CELL_FIELDS],
        order_by=[F("updated_at").asc(), F("version").asc()],
    )


def _change(revision: CellRevision) -> ValueChange:
    before_j: float | None = getattr(revision, "before_j", None)
    return ValueChange(
        row=row_of_cell(revision, series_of_suite(revision.suite, revision.grade)),
        at=revision.updated_at,
        before_j=None if getattr(revision, "was_gone", None) else before_j,
        after_j=None if revision.gone else revision.energy_per_query_j,
        n_results=0 if revision.gone else revision.n_results,
    )
