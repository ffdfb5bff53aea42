"""How a result moved the value of its cell: the revisions of the cell before and after it was accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.boards.models import CellRevision
from measurements.display.units import wh_per_1000
from measurements.review.cell_key import CellKey

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.review.models import Result


@dataclass(frozen=True, kw_only=True)
class ResultEffect:
    """The value of a cell before a result counted and after it did; None where there was no value.

    Values that are computed for several results at once change once: then `n_others` came with it.
    """

    before: CellRevision | None
    after: CellRevision | None

    @property
    def before_wh_per_1000(self) -> float | None:
        """The value before it."""
        return wh_per_1000(self.before.energy_per_query_j) if self.before else None

    @property
    def after_wh_per_1000(self) -> float | None:
        """The value with it."""
        return wh_per_1000(self.after.energy_per_query_j) if self.after else None

    @property
    def relative_change(self) -> float | None:
        """(after - before) / before, None where one of them is not there."""
        if self.before is None or self.after is None:
            return None
        return self.after.energy_per_query_j / self.before.energy_per_query_j - 1

    @property
    def n_others(self) -> int:
        """Results that began to count at the same time."""
        if self.after is None:
            return 0
        return max(self.after.n_results - (self.before.n_results if self.before else 0) - 1, 0)


def read_result_effect(result: Result, *, accepted_at: datetime) -> ResultEffect:
    """What became of the value of a result's cell when the result was accepted, in two queries."""
    revisions = CellRevision.objects.at(CellKey.of(result)).order_by("version")
    before = revisions.filter(updated_at__lt=accepted_at).last()
    after = revisions.filter(updated_at__gte=accepted_at).first()
    return ResultEffect(
        before=None if before is None or before.gone else before,
        after=None if after is None or after.gone else after,
    )
