"""Rows of what is combined and compared, as it is at one moment: states, cells, ranks, comparisons, factors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, Subquery

from joulemark.release.board_tables import CELL_NUMBERS, COMPARISON_SIDES, PAIRED_NUMBERS, PLACE_NUMBERS
from measurements.boards.models import Cell, ComparedPart, DueRefresh, SizeFactor
from measurements.boards.part_key import PartKey
from measurements.boards.part_storage import part_states
from measurements.boards.series import SuiteSeries
from measurements.intake.models import Submission
from measurements.published.terms import LICENCE
from measurements.review.cell_key import CELL_FIELDS
from measurements.review.due_cells import DueComparison
from measurements.review.models import Transition, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measurements.catalog.models import Suite
    from measurements.releases.table_writer import Row

CHUNK = 2000


def state_rows(tree_size: int) -> Iterator[Row]:
    """Rows of `states`, of results that are in the tree."""
    last_move = Transition.objects.filter(submission=OuterRef("pk")).order_by("-id").values("moved_at")[:1]
    last_verdict = Verdict.objects.filter(submission=OuterRef("pk")).order_by("-id").values("findings")[:1]
    rows = (
        Submission.objects.filter(leaf__index__lt=tree_size)
        .order_by("pk")
        .annotate(moved_at=Subquery(last_move), last_findings=Subquery(last_verdict))
        .values_list(
            "pk", "state", "last_findings", "moved_at", "received_at", "result__agreement__agrees",
            "result__agreement__relative", "result__agreement__tolerance", "result__agreement__n_others",
            "result__agreement__wants_replication",
        )
    )  # fmt: skip
    for pk, state, findings, moved_at, received_at, *agreement in rows.iterator(CHUNK):
        codes = [finding["code"] for finding in findings or []]
        yield pk, state, codes, moved_at or received_at, *agreement, LICENCE


def cell_rows() -> Iterator[Row]:
    """Rows of `cells`."""
    same = {name: OuterRef(name) for name in CELL_FIELDS}
    cells = _in_key_order(
        Cell.objects.annotate(
            is_due=Exists(DueRefresh.objects.filter(**same)) | Exists(DueComparison.objects.filter(**same))
        )
    )
    for cell in cells.iterator(CHUNK):
        yield (
            *_series_and_key(cell),
            cell.hardware_class.public_slug,
            *(getattr(cell, name) for name in CELL_NUMBERS),
            not cell.is_due,
            cell.version,
            cell.updated_at,
            LICENCE,
        )


def rank_rows() -> Iterator[Row]:
    """Rows of `ranks`, of parts that are not behind their cells: elsewhere a rank would be another board's."""
    current = {key for key, state in part_states(Cell.objects.all()).items() if state.is_current}
    cells = _in_key_order(Cell.objects.filter(standing__isnull=False).select_related("standing"))
    for cell in cells.iterator(CHUNK):
        standing = cell.standing
        if standing.version == cell.version and PartKey.of(cell) in current:
            place = (getattr(standing, name) for name in PLACE_NUMBERS)
            yield (*_series_and_key(cell), standing.kind, *place, cell.version, LICENCE)


def comparison_rows() -> Iterator[Row]:
    """Rows of `comparisons`, of parts in which both kinds of model meet and that are not behind their cells."""
    current = {key for key, state in part_states(Cell.objects.all()).items() if state.is_current}
    parts = ComparedPart.objects.with_names().filter(~Q(comparison=None)).order_by(
        "suite__name", "suite__version", "suite__digest", "grade", "dataset__task__slug", "dataset__slug",
        "hardware_class__code", "scope",
    )  # fmt: skip
    for part in parts.iterator(CHUNK):
        if part.comparison is None or PartKey.of(part) not in current:
            continue
        numbers = part.comparison
        paired = numbers["paired"]
        yield (
            _series(part.suite, part.grade),
            *_suite(part.suite),
            part.grade,
            part.dataset.task.slug,
            part.dataset.slug,
            part.hardware_class.code,
            part.scope,
            *(paired[name] for name in PAIRED_NUMBERS),
            *(numbers[name] for name in COMPARISON_SIDES),
            numbers["version"],
            datetime.fromisoformat(numbers["updated_at"]),
            LICENCE,
        )


def size_factor_rows() -> Iterator[Row]:
    """Rows of `size_factors`."""
    factors = SizeFactor.objects.select_related("suite").order_by("suite__name", "suite__version", "grade")
    for factor in factors:
        series = (_series(factor.suite, factor.grade), *_suite(factor.suite), factor.grade)
        yield (*series, factor.estimate, factor.version, LICENCE)


def _in_key_order(cells: Any) -> Any:
    return cells.with_names().order_by(
        "suite__name", "suite__version", "suite__digest", "dataset__task__slug", "dataset__slug", "model__slug",
        "hardware_class__code", "grade", "scope", "stratum",
    )  # fmt: skip


def _series_and_key(cell: Cell) -> Row:
    return (
        _series(cell.suite, cell.grade),
        *_suite(cell.suite),
        cell.dataset.task.slug,
        cell.dataset.slug,
        cell.model.slug,
        cell.hardware_class.code,
        cell.grade,
        cell.scope,
        cell.stratum,
    )


def _suite(suite: Suite) -> tuple[str, str, str]:
    return suite.name, suite.version, suite.digest


def _series(suite: Suite, grade: str) -> str:
    return SuiteSeries(suite=suite.name, version=suite.version, grade=grade).slug
