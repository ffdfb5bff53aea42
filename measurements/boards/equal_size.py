"""At equal size: the size-controlled factor out of volunteers' results, one for each series that can tell.

Its rows are computed by the sweep for a series whose board or models have changed, at most once a minute, and the less
often the longer it takes. Pages read the row, with the version of the boards that it was computed from.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from redis.exceptions import RedisError

from joulemark.consensus.size_controlled import FactorEstimate, SizeControlled, size_controlled_columns
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import BoardVersion, Cell, DeviceValue, SizeFactor
from measurements.boards.series import SuiteSeries
from measurements.catalog.cached_rows import suites_by_key
from measurements.catalog.models import AiModel
from measurements.concurrency.advisory_locks import key_of, lock_until_commit
from measurements.display.choices import ModelKind
from measurements.review.cell_turns import pause_s

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from measurements.boards.series import Series

logger = logging.getLogger(__name__)

PAUSE_TIMES = 20
"""A fit reads every device value of a board: so long it costs a twentieth of a processor at most."""
Board = tuple[int, str]
"""Primary key of a suite, and grade."""

GROUP = ("dataset_id", "hardware_class_id", "scope", "stratum")
"""The fields of a cell that are equal for what may be compared directly."""

VALUE = {"cell_id": "i8", "energy_per_query_j": "f8", "device__contributor_id": "i8"}
"""What of a device value is read, and as which number."""


@dataclass(frozen=True, kw_only=True)
class EqualSize:
    """A series with the estimate of its factor; the clusters are contributors.

    `version` is that of the boards that it was computed from, at `computed_at`.
    """

    series: SuiteSeries
    estimate: SizeControlled
    version: int
    computed_at: datetime


def read_equal_size(every: Iterable[Series]) -> tuple[list[EqualSize], int]:
    """Of the volunteers' series among these, each once: whose models differ enough in size to tell kind from size.

    The groups are what may be compared directly: a data set, hardware class, scope and configuration. A model whose
    number of parameters or whose kind is not known is left out. The number is of series whose numbers cannot be
    combined. A series whose factor no sweep has computed yet has it computed here.
    """
    fitted, n_missing = [], 0
    series_by_board = _boards_of(every)
    stored = {
        (row.suite_id, row.grade): row for row in SizeFactor.objects.filter(_of_boards(series_by_board))
    }
    for board, series in series_by_board.items():
        factor = stored.get(board) or _computed_factor(board)
        n_missing += factor.is_missing
        if factor.estimate is not None:
            fitted.append(
                EqualSize(
                    series=series,
                    estimate=_of_json(factor.estimate),
                    version=factor.version,
                    computed_at=factor.computed_at,
                )
            )
    return fitted, n_missing


def stale_factors() -> list[Board]:
    """The boards whose factor is not stored, or was computed from another version, other kinds or other sizes."""
    stored = {
        (suite, grade): state
        for suite, grade, *state in SizeFactor.objects.values_list("suite_id", "grade", "version", "inputs")
    }
    versions = BoardVersion.objects.order_by("suite_id", "grade").values_list("suite_id", "grade", "version")
    return [
        (suite, grade)
        for suite, grade, version in versions
        if stored.get((suite, grade)) != [version, _inputs((suite, grade))]
    ]


def due_factors() -> list[Board]:
    """Those of `stale_factors` that no sweep has computed lately, measured by how long that took."""
    return [board for board in stale_factors() if not _rests(board)]


def refresh_due_factor(board: Board) -> bool:
    """The same as `refresh_factor`; sweeps then leave the board's factor alone for `PAUSE_TIMES` as long as it took."""
    began_s = monotonic()
    changed = refresh_factor(*board)
    rest_s = ceil(PAUSE_TIMES * (monotonic() - began_s))
    if pause_s():  # where no beat comes back all follows at once
        try:
            cache.set(_rest_key(board), 1, timeout=rest_s)
        except (RedisError, OSError) as error:
            logger.warning("pauses between factors are not kept, the cache is away: %s", error)
    return changed


def _rests(board: Board) -> bool:
    try:
        return bool(pause_s()) and cache.get(_rest_key(board)) is not None
    except (RedisError, OSError):
        return False


def _rest_key(board: Board) -> str:
    suite, grade = board
    return f"size-factor:{suite}:{grade}"


def refresh_factor(suite: int, grade: str) -> bool:
    """Compute the factor of a suite's results of one grade and store it; returns whether it differs from before."""
    with transaction.atomic():
        lock_until_commit([key_of(f"size factor {suite}/{grade}")])
        before = SizeFactor.objects.filter(suite=suite, grade=grade).first()
        factor = _computed_factor((suite, grade))
        facts = ("version", "inputs", "computed_at", "estimate", "is_missing")
        content = {name: getattr(factor, name) for name in facts}
        SizeFactor.objects.update_or_create(suite_id=suite, grade=grade, defaults=content)
    return before is None or (before.estimate, before.is_missing) != (factor.estimate, factor.is_missing)


def factor_faults(suite: int, grade: str) -> list[str]:
    """The fields in which a stored factor differs from what is computed now; none where it is not stored, or behind."""
    with transaction.atomic():
        lock_until_commit([key_of(f"size factor {suite}/{grade}")])
        stored = SizeFactor.objects.filter(suite=suite, grade=grade).first()
        factor = _computed_factor((suite, grade))
    now = (_version((suite, grade)), _inputs((suite, grade)))
    if stored is None or not (stored.version, stored.inputs) == (factor.version, factor.inputs) == now:
        return []
    return [name for name in ("estimate", "is_missing") if getattr(stored, name) != getattr(factor, name)]


def _boards_of(every: Iterable[Series]) -> dict[Board, SuiteSeries]:
    volunteers = dict.fromkeys(series for series in every if isinstance(series, SuiteSeries))
    suites = {(suite.name, suite.version): pk for pk, suite in suites_by_key().items()}
    return {(suites[series.suite, series.version], series.grade): series for series in volunteers}


def _of_boards(boards: Iterable[Board]) -> Q:
    any_of = Q(pk__in=[])
    for suite, grade in boards:
        any_of |= Q(suite=suite, grade=grade)
    return any_of


def _version(board: Board) -> int:
    """The version of a board; 0 where its row was lost."""
    suite, grade = board
    versions = BoardVersion.objects.filter(suite=suite, grade=grade).values_list("version", flat=True)
    return versions.first() or 0


def _inputs(board: Board) -> str:
    """A digest of the kinds and sizes of a board's models."""
    suite, grade = board
    models = AiModel.objects.filter(cells__suite=suite, cells__grade=grade).order_by("pk").distinct()
    return hashlib.sha256(repr(list(models.values_list("pk", "kind", "parameters"))).encode()).hexdigest()


def _computed_factor(board: Board) -> SizeFactor:
    """The row of a board as it is computed now, not stored. Its version and inputs are read before its values."""
    suite, grade = board
    factor = SizeFactor(
        suite_id=suite,
        grade=grade,
        version=_version(board),
        inputs=_inputs(board),
        computed_at=timezone.now(),
    )
    try:
        estimate = computed(f"the factor at equal size of suite {suite}, {grade},", partial(_fit, board))
    except NotComputable:
        factor.is_missing = True
    else:
        factor.estimate = None if estimate is None else asdict(estimate)
    return factor


def _of_json(stored: dict[str, Any]) -> SizeControlled:
    intervals = {name: FactorEstimate(**stored[name]) for name in ("factor", "size_exponent")}
    return SizeControlled(**stored | intervals)


def _fit(board: Board) -> SizeControlled | None:
    """The factor of a board. Device values are read as columns, beside the group, size and kind of each cell."""
    suite, grade = board
    sized = Q(parameters__isnull=False) & ~Q(kind=ModelKind.UNKNOWN)
    cells = Cell.objects.filter(suite=suite, grade=grade, model__in=AiModel.objects.filter(sized)).order_by()
    numbers: dict[tuple[Any, ...], int] = {}
    facts = {
        pk: (numbers.setdefault(tuple(group), len(numbers)), parameters, kind == ModelKind.GENERAL_PURPOSE)
        for pk, parameters, kind, *group in cells.values_list(
            "pk", "model__parameters", "model__kind", *GROUP
        )
    }
    values = DeviceValue.objects.filter(cell__in=cells).order_by("cell_id", "device_id")
    columns = np.fromiter(
        (value for value in values.values_list(*VALUE).iterator() if value[0] in facts),
        dtype=list(VALUE.items()),
    )
    if not len(columns):
        return None
    of_values = np.array([facts[cell] for cell in columns["cell_id"].tolist()], dtype=float)
    return size_controlled_columns(
        energies=columns["energy_per_query_j"],
        parameters=of_values[:, 1],
        general_purpose=of_values[:, 2].astype(bool),
        groups=of_values[:, 0].astype(np.intp),
        clusters=columns["device__contributor_id"].astype(np.intp),
    )
