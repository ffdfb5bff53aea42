"""Up to six models beside each other, wherever at least two of them have a value under the same conditions.

Everything is read from stored rows in a number of queries that does not grow with them, and a page of conditions at a
time. Ratios are formed by the rule of all ratios (`joulemark.consensus.ratio`), here of one model over one other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import log
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, Max, Q, Sum

from joulemark.consensus.ratio import ModelValue, PairedRatio, paired_ratio
from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import Cell, DeviceValue
from measurements.boards.series import series_of_suite
from measurements.catalog.models import AiModel
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.models import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

MAX_MODELS = 6
GROUPS_PER_PAGE = 6
MAX_PAGE = 200
MAX_DEVICE_VALUES = 6000
"""Device values that one page divides; of more, its ratios are formed from the values of the boards."""
SUGGESTED_MODELS = 500
"""Models that a form suggests at most."""

CONDITIONS = ("suite", "grade", "dataset", "hardware_class", "scope", "stratum")
"""Fields of a cell that are equal for values which may stand beside each other."""

Condition = tuple[Any, ...]
Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class ComparedModel:
    """A model in one group: its board row, and what its accepted results say beside the energy.

    Latency and tokens are means over results, memory the most of any; None where no result states it.
    """

    row: BoardRow
    latency_s: float | None
    peak_memory_bytes: int | None
    output_tokens: float | None
    input_tokens: float | None


@dataclass(frozen=True, kw_only=True)
class ComparedGroup:
    """Models under the same conditions, least energy first; `ratios` by the slugs of above and below.

    `is_missing` counts pairs whose numbers cannot be combined.
    """

    models: list[ComparedModel]
    ratios: Mapping[Pair, PairedRatio]
    n_missing: int

    @property
    def head(self) -> BoardRow:
        """A row that speaks for the conditions of all."""
        return self.models[0].row


@dataclass(frozen=True, kw_only=True)
class ModelComparison:
    """One page of groups, those with the most models first. `within_devices`: whether device values were read."""

    groups: list[ComparedGroup]
    page: int
    has_next: bool
    within_devices: bool


def named_models(slugs: Sequence[str]) -> dict[str, AiModel]:
    """The models of these names, by name."""
    return {model.slug: model for model in AiModel.objects.filter(slug__in=slugs)}


def suggested_models() -> list[AiModel]:
    """Models that have a value, by name, for a form."""
    return list(
        AiModel.objects.filter(pk__in=Cell.objects.values("model")).order_by("slug")[:SUGGESTED_MODELS]
    )


def compare_models(models: Sequence[AiModel], *, grade: str = "", page: int = 1) -> ModelComparison:
    """What these models have in common, of one grade or of any; `page` is counted from 1."""
    conditions = _common_conditions(models, grade, page)
    of_page, has_next = conditions[:GROUPS_PER_PAGE], len(conditions) > GROUPS_PER_PAGE
    if not of_page:
        return ModelComparison(groups=[], page=page, has_next=False, within_devices=True)
    is_compared = _of_conditions(of_page) & Q(model__in=models)
    cells = list(Cell.objects.filter(is_compared).with_names().select_related("standing"))
    beside = _measured_beside(Result.objects.eligible().filter(is_compared))
    values = _device_values(cells)
    by_condition: dict[Condition, list[Cell]] = {}
    for cell in cells:
        by_condition.setdefault(_condition_of(cell), []).append(cell)
    return ModelComparison(
        groups=[_group(by_condition[condition], beside, values) for condition in of_page],
        page=page,
        has_next=has_next,
        within_devices=values is not None,
    )


def _common_conditions(models: Sequence[AiModel], grade: str, page: int) -> list[Condition]:
    cells = Cell.objects.filter(model__in=models)
    if grade:
        cells = cells.filter(grade=grade)
    groups = cells.order_by().values_list(*CONDITIONS).annotate(n_models=Count("model", distinct=True))
    groups = groups.filter(n_models__gte=2).order_by("-n_models", "-suite", *CONDITIONS[1:])
    first = (page - 1) * GROUPS_PER_PAGE
    return [tuple(group[:-1]) for group in groups[first : first + GROUPS_PER_PAGE + 1]]


def _condition_of(cell: Cell) -> Condition:
    return cell.suite_id, cell.grade, cell.dataset_id, cell.hardware_class_id, cell.scope, cell.stratum


def _of_conditions(conditions: Sequence[Condition]) -> Q:
    any_of = Q(pk__in=[])
    for condition in conditions:
        any_of |= Q(**dict(zip(CONDITIONS, condition, strict=True)))
    return any_of


def _measured_beside(results: QuerySet[Result]) -> dict[CellKey, dict[str, Any]]:
    counted = {
        "latency_s": Avg("latency_p50_s"),
        "peak_memory": Max("peak_memory_bytes"),
        "n_output": Sum("output_tokens"),
        "n_input": Sum("input_tokens"),
        "queries_output": Sum("queries", filter=Q(output_tokens__isnull=False)),
        "queries_input": Sum("queries", filter=Q(input_tokens__isnull=False)),
    }
    rows = results.order_by().values(*CELL_FIELDS).annotate(**counted)
    return {CellKey(*(row[name] for name in CELL_FIELDS)): row for row in rows}


def _device_values(cells: Sequence[Cell]) -> dict[int, list[tuple[int, int, float]]] | None:
    """(contributor, device, joules per query) of each cell by its key; None where they are too many for a page."""
    rows = DeviceValue.objects.filter(cell__in=cells).order_by("cell_id", "device_id")
    values = rows.values_list("cell_id", "device__contributor_id", "device_id", "energy_per_query_j")
    read = list(values[: MAX_DEVICE_VALUES + 1])
    if len(read) > MAX_DEVICE_VALUES:
        return None
    by_cell: dict[int, list[tuple[int, int, float]]] = {}
    for cell, contributor, device, energy in read:
        by_cell.setdefault(cell, []).append((contributor, device, energy))
    return by_cell


def _group(
    cells: list[Cell],
    beside: Mapping[CellKey, dict[str, Any]],
    values: Mapping[int, list[tuple[int, int, float]]] | None,
) -> ComparedGroup:
    cells = sorted(cells, key=lambda cell: (cell.energy_per_query_j, cell.model.slug))
    rows = {cell.pk: row_of_cell(cell, series_of_suite(cell.suite, cell.grade)) for cell in cells}
    ratios, n_missing = {}, 0
    for first, second in combinations(cells, 2):
        for above, below in ((first, second), (second, first)):
            try:
                paired = computed(
                    f"the ratio of {above} to {below}", partial(_ratio, above, below, rows, values or {})
                )
            except NotComputable:
                n_missing += 1
                continue
            if paired is not None:
                ratios[above.model.slug, below.model.slug] = paired
    return ComparedGroup(
        models=[_compared(rows[cell.pk], beside.get(CellKey.of(cell), {})) for cell in cells],
        ratios=ratios,
        n_missing=n_missing // 2,
    )


def _compared(row: BoardRow, beside: Mapping[str, Any]) -> ComparedModel:
    def per_query(name: str) -> float | None:
        queries = beside.get(f"queries_{name}")
        return beside[f"n_{name}"] / queries if queries else None

    return ComparedModel(
        row=row,
        latency_s=beside.get("latency_s"),
        peak_memory_bytes=beside.get("peak_memory"),
        output_tokens=per_query("output"),
        input_tokens=per_query("input"),
    )


def _ratio(
    above: Cell,
    below: Cell,
    rows: Mapping[int, BoardRow],
    values: Mapping[int, list[tuple[int, int, float]]],
) -> PairedRatio | None:
    """`above` over `below`: the rule divides a general-purpose model by a specific one, and asks no more of kinds."""
    device_values = [
        ModelValue(
            model=cell.model.slug,
            general_purpose=cell is above,
            source="",
            energy_per_query_j=energy,
            contributor=contributor,
            device=device,
        )
        for cell in (above, below)
        for contributor, device, energy in values.get(cell.pk, [])
    ]
    cell_values = [
        ModelValue(
            model=cell.model.slug,
            general_purpose=cell is above,
            source="",
            energy_per_query_j=cell.energy_per_query_j,
            half_width=_half_width(rows[cell.pk]),
        )
        for cell in (above, below)
    ]
    return paired_ratio(device_values=device_values, cell_values=cell_values)


def _half_width(row: BoardRow) -> float | None:
    interval = row.comparable_j
    return None if interval is None else log(interval[1] / interval[0]) / 2
