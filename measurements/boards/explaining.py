"""What stands behind one cell: every contributor beside the others, and what the cell said before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from joulemark.consensus.cell import cell_equivalences
from joulemark.consensus.voices import Observation as Word
from joulemark.consensus.voices import geometric_mean, voices
from joulemark.energy.sensors import COVERAGE_FACTOR
from measurements.boards.combining import ROW_FIELDS, Row, row_of
from measurements.boards.guarded import NotComputable, computed
from measurements.boards.models import Cell, CellRevision
from measurements.boards.rows import BoardRow, row_of_cell
from measurements.boards.series import SuiteSeries, series_by_slug
from measurements.catalog.models import Task, hardware_named
from measurements.contributors.models import Contributor
from measurements.display.units import wh_per_1000
from measurements.review.models import Result

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from datetime import datetime

    from joulemark.consensus.equivalence import Equivalence

REVISIONS_SHOWN = 20
NAMED_BY = ("dataset", "model", "hardware", "scope", "stratum")
"""What an address names a cell by, within a board."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one contributor says in a cell: J per query, and how that stands to all others."""

    contributor: Contributor
    energy_per_query_j: float
    n_results: int
    equivalence: Equivalence | None

    @property
    def energy_wh_per_1000(self) -> float:
        """Watt-hours per 1,000 queries."""
        return wh_per_1000(self.energy_per_query_j)


@dataclass(frozen=True, kw_only=True)
class Explained:
    """One cell with its board's task and series; `said` from the least energy to the most, latest revision first.

    As of a moment `said` is None: what each contributor says is kept only as it is now.
    """

    series: SuiteSeries
    task: Task
    row: BoardRow
    said: list[Said] | None
    revisions: list[CellRevision]
    as_of: datetime | None

    @property
    def sensor_share(self) -> float | None:
        """What the contributors' sensors may be off by together, relative, k = 2; None without sensors."""
        return None if self.row.sensor_u is None else COVERAGE_FACTOR * self.row.sensor_u


def explain_cell(
    *, series_slug: str, task_slug: str, named: Mapping[str, str], at: datetime | None = None
) -> Explained | None:
    """The cell of a board that `named` (the fields of `NAMED_BY`) means, now or at a time; None when there is none."""
    series, task = series_by_slug(series_slug, at=at), Task.objects.named(task_slug)
    if task is None or not isinstance(series, SuiteSeries):
        return None
    cell = (
        series.cells(at=at)
        .of_tasks([task])
        .with_names()
        .filter(
            hardware_named(named.get("hardware", ""), through="hardware_class__"),
            dataset__slug=named.get("dataset", ""),
            model__slug=named.get("model", ""),
            scope=named.get("scope", ""),
            stratum=named.get("stratum", ""),
        )
        .first()
    )
    if cell is None:
        return None
    revisions = CellRevision.objects.at(cell.key).order_by("-version")
    if at is not None:
        revisions = revisions.filter(updated_at__lte=at)
    return Explained(
        series=series,
        task=task,
        row=row_of_cell(cell, series),
        said=_said(cell) if at is None else None,
        revisions=list(revisions[:REVISIONS_SHOWN]),
        as_of=at,
    )


def _stands(cell: Cell, rows: list[Row]) -> dict[Hashable, Equivalence]:
    """How each contributor stands to the others; empty where there is nobody, or the numbers cannot be combined."""
    if not rows:
        return {}
    try:
        found = computed(f"how the contributors of {cell} stand", partial(cell_equivalences, rows))
    except NotComputable:
        return {}
    return {equivalence.contributor: equivalence for equivalence in found}


def _said(cell: Cell) -> list[Said]:
    found = Result.objects.eligible().of_cell(cell.key).order_by().values_list(*ROW_FIELDS)
    rows = [row_of(values) for values in found]
    counts = Counter(row.contributor for row in rows)
    says = voices(
        (Word(contributor=row.contributor, device=row.device, value=row.energy_per_query_j) for row in rows),
        between=geometric_mean,
    )
    energies = {voice.contributor: voice.value for voice in says}
    people = Contributor.objects.in_bulk(counts)
    stands = _stands(cell, rows)
    said = [
        Said(
            contributor=people[who],
            energy_per_query_j=energies[who],
            n_results=n_results,
            equivalence=stands.get(who),
        )
        for who, n_results in counts.items()
    ]
    return sorted(said, key=lambda one: (one.energy_per_query_j, one.contributor.pk))
