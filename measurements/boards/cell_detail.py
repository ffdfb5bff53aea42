"""The detail of one cell: the value of each contributor beside the others, and earlier revisions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from joulemark.consensus.cell import cell_equivalences
from joulemark.consensus.voices import Observation as Word
from joulemark.consensus.voices import geometric_mean, voices
from joulemark.energy.sensors import COVERAGE_FACTOR
from joulemark.leaderboard.cell_content import ROW_FIELDS, CellRow, row_of
from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import Cell, CellRevision
from measurements.boards.series import SuiteSeries, series_by_slug
from measurements.catalog.cached_rows import tasks_by_slug
from measurements.contributors.models import Contributor
from measurements.display.units import wh_per_1000
from measurements.review.models import Result

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from datetime import datetime

    from joulemark.consensus.equivalence import DegreeOfEquivalence
    from measurements.catalog.models import Task

REVISIONS_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class ContributorValue:
    """The value of one contributor in a cell in J per query, and its degree of equivalence with all others."""

    contributor: Contributor
    energy_per_query_j: float
    n_results: int
    equivalence: DegreeOfEquivalence | None

    @property
    def energy_wh_per_1000(self) -> float:
        """Watt-hours per 1,000 queries."""
        return wh_per_1000(self.energy_per_query_j)


@dataclass(frozen=True, kw_only=True)
class CellDetail:
    """One cell with its board's task and series; values by energy, ascending; latest revision first.

    As of a moment `contributor_values` is None: the values of contributors are stored only as they are now.
    """

    series: SuiteSeries
    task: Task
    row: BoardRow
    contributor_values: list[ContributorValue] | None
    revisions: list[CellRevision]
    as_of: datetime | None

    @property
    def sensor_share(self) -> float | None:
        """The relative uncertainty of the contributors' sensors together, k = 2; None without sensors."""
        return None if self.row.sensor_u is None else COVERAGE_FACTOR * self.row.sensor_u


def explain_cell(
    *, series_slug: str, task_slug: str, named: Mapping[str, str], at: datetime | None = None
) -> CellDetail | None:
    """The cell of a board that `named` (the fields of `NAMED_BY`) means, now or at a time; None when there is none."""
    series, task = series_by_slug(series_slug, at=at), tasks_by_slug().get(task_slug)
    if task is None or not isinstance(series, SuiteSeries):
        return None
    cell = series.cells(at=at).of_tasks([task]).named(named).with_names().first()
    if cell is None:
        return None
    revisions = CellRevision.objects.at(cell.key).order_by("-version")
    if at is not None:
        revisions = revisions.filter(updated_at__lte=at)
    return CellDetail(
        series=series,
        task=task,
        row=row_of_cell(cell, series),
        contributor_values=_contributor_values(cell) if at is None else None,
        revisions=list(revisions[:REVISIONS_SHOWN]),
        as_of=at,
    )


def _stands(cell: Cell, rows: list[CellRow]) -> dict[Hashable, DegreeOfEquivalence]:
    """The equivalence of each contributor; empty where there is none, or where the numbers cannot be combined."""
    if not rows:
        return {}
    try:
        equivalences = computed(f"how the contributors of {cell} stand", partial(cell_equivalences, rows))
    except NotComputable:
        return {}
    return {equivalence.contributor: equivalence for equivalence in equivalences}


def _contributor_values(cell: Cell) -> list[ContributorValue]:
    records = Result.objects.eligible().of_cell(cell.key).order_by().values_list(*ROW_FIELDS)
    rows = [row_of(values) for values in records]
    counts = Counter(row.contributor for row in rows)
    says = voices(
        (Word(contributor=row.contributor, device=row.device, value=row.energy_per_query_j) for row in rows),
        between=geometric_mean,
    )
    energies = {voice.contributor: voice.value for voice in says}
    people = Contributor.objects.in_bulk(counts)
    stands = _stands(cell, rows)
    contributor_values = [
        ContributorValue(
            contributor=people[who],
            energy_per_query_j=energies[who],
            n_results=n_results,
            equivalence=stands.get(who),
        )
        for who, n_results in counts.items()
    ]
    return sorted(contributor_values, key=lambda value: (value.energy_per_query_j, value.contributor.pk))
