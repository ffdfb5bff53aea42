"""The rows of a task's table in SQL: filtered, ordered and paged by the database, whatever their number.

Volunteers' cells (or revisions) and published figures are two selections of the same columns, joined by UNION ALL. What
is the least under the same conditions is a window over the filtered rows, so that a page knows it without the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import (
    Case,
    CharField,
    ExpressionWrapper,
    F,
    FloatField,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Concat, FirstValue
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from joulemark.consensus.unit_energy import UNITS
from measurements.boards.board_query import (
    CONDITIONS,
    ENERGY,
    LEAST,
    QUALITY,
    ROWS_PER_PAGE,
    TIERS,
    TOKEN_UNITS,
)
from measurements.boards.json_entries import EntryNumber
from measurements.boards.series import PublisherSeries, SuiteSeries, cells_at
from measurements.catalog.models import AiModel, DataSet, HardwareClass, NameState, hardware_named
from measurements.display.choices import Tier
from measurements.display.units import JOULES_PER_WH
from measurements.published.models import PublishedFigure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models.expressions import Combinable

    from measurements.boards.board_query import BoardQuery
    from measurements.boards.models import CellQuerySet
    from measurements.boards.table_choices import TableChoices
    from measurements.catalog.models import Task
    from measurements.published.models import PublishedFigureQuerySet

GB = 10**9
OF_CELL, OF_FIGURE = 0, 1
"""Which of the two selections a row comes from."""
GRADE_ORDER = {"measured": 0, "estimated": 1, "published": 2}
UNIT_PLACES = {str(unit): place for place, unit in enumerate(UNITS)}
NO_NUMBER = Cast(Value(None), FloatField())


class RowKey(NamedTuple):
    """Where a row lies, and what is least under its conditions: in joules, with its interval between contributors."""

    source: int
    pk: int
    least_j: float | None
    least_low_j: float | None
    least_high_j: float | None


@dataclass(frozen=True, kw_only=True)
class _Selection:
    """One of the two: its filtered rows, and how it has each column."""

    source: int
    rows: QuerySet[Any]
    columns: dict[str, Any]
    conditions: tuple[str, ...]


def count_and_keys(
    task: Task, query: BoardQuery, choices: TableChoices, *, at: datetime | None = None
) -> tuple[int, list[RowKey]]:
    """How many rows a query finds, and the keys of those on its page, in their order; in two queries."""
    selections = _selections(task, query, choices, at)
    if not selections:
        return 0, []
    names = _order(query)
    n_rows = _joined([selection.rows.order_by().values_list("pk") for selection in selections]).count()
    every = _joined(
        [_keys(selection, [name.removeprefix("-") for name in names]) for selection in selections]
    )
    ordered = every.order_by(*map(_direction, names))
    first = (query.page - 1) * ROWS_PER_PAGE
    return n_rows, [RowKey(*values[:5]) for values in ordered[first : first + ROWS_PER_PAGE]]


def _joined(parts: Sequence[QuerySet[Any]]) -> QuerySet[Any]:
    return parts[0] if len(parts) == 1 else parts[0].union(*parts[1:], all=True)


def _direction(name: str) -> Any:
    plain = F(f"row_{name.removeprefix('-')}")
    return plain.desc(nulls_last=True) if name.startswith("-") else plain.asc(nulls_last=True)


def _order(query: BoardQuery) -> list[str]:
    """Names of columns, the last of which tell all rows apart."""
    by_conditions = ["grade_order", "series", "dataset", "hardware", "scope", "stratum", ENERGY]
    chosen = [query.sort] if query.sort_column != CONDITIONS else []
    if query.sort == f"-{CONDITIONS}":
        by_conditions = [f"-{name}" for name in by_conditions]
    names = list(dict.fromkeys([*chosen, *by_conditions, "model", "source", "pk"]))
    return [name for name in names if name in chosen or name.removeprefix("-") != query.sort_column]


def _keys(selection: _Selection, names: Sequence[str]) -> QuerySet[Any]:
    """Rows of `RowKey`'s fields and of the columns by which they are ordered."""
    columns = selection.columns
    needed = {*names, ENERGY, "source", "pk"} - {LEAST}
    rows = selection.rows.order_by().annotate(**{f"row_{name}": columns[name] for name in sorted(needed)})
    rows = rows.annotate(
        first_j=_of_least(selection, "row_energy"),
        first_low_j=_of_least(selection, columns["between_low"]),
        first_high_j=_of_least(selection, columns["between_high"]),
    )
    if LEAST in names:
        rows = rows.annotate(row_least=F("row_energy") / F("first_j"))
    own = [f"row_{name}" for name in dict.fromkeys(names) if name not in ("source", "pk")]
    keys: QuerySet[Any] = rows.values_list(
        "row_source", "row_pk", "first_j", "first_low_j", "first_high_j", *own
    )
    return keys


def _of_least(selection: _Selection, column: Any) -> Window:
    """What the row with the least energy under the same conditions has in a column."""
    return Window(
        FirstValue(column),
        partition_by=list(selection.conditions),
        order_by=F("row_energy").asc(nulls_last=True),
    )


def _selections(
    task: Task, query: BoardQuery, choices: TableChoices, at: datetime | None
) -> list[_Selection]:
    """Those in which a query can find anything."""
    series = choices.series.get(query.series)
    publishers = [each.slug for each in choices.series.values() if isinstance(each, PublisherSeries)]
    selections = []
    if not isinstance(series, PublisherSeries) and query.grade != "published":
        cells = cells_at(at).filter(dataset__task=task)
        if isinstance(series, SuiteSeries):
            cells = cells.of_series(suite=series.suite, version=series.version, grade=series.grade)
        selections.append(_of_cells(cells, query, choices))
    asks_for_runs = query.max_latency_s is not None or query.max_memory_gb is not None
    if (
        not isinstance(series, SuiteSeries)
        and publishers
        and query.grade in ("", "published")
        and not asks_for_runs
    ):
        figures = PublishedFigure.objects.filter(task=task, series__slug__in=publishers)
        if series is not None:
            figures = figures.of_series(series.slug)
        if query.tier in ("", Tier.PUBLISHED.value):
            selections.append(_of_figures(figures, query, choices))
    return selections


def limits_of_cells(query: BoardQuery, metrics: Mapping[str, bool]) -> Q:
    """What a query asks of cells, series and task aside; `metrics` tells of scores whether higher ones are better."""
    limits = Q(
        **{"scope": query.scope} if query.scope else {}, **{"grade": query.grade} if query.grade else {}
    )
    if query.tier:
        limits &= Q(tier=TIERS[query.tier])
    if query.max_latency_s is not None:
        limits &= Q(latency_p50_s__lte=float(query.max_latency_s))
    if query.max_memory_gb is not None:
        limits &= Q(peak_memory_bytes__lte=int(query.max_memory_gb * GB))
    return limits & _common_limits(query, metrics)


def _of_cells(cells: CellQuerySet, query: BoardQuery, choices: TableChoices) -> _Selection:
    unit = TOKEN_UNITS.get(query.unit)
    energies = ("energy_per_query_j", "between_low_j", "between_high_j")
    fields = ("value_j", "between_low_j", "between_high_j")
    energy, low, high = (
        F(name) if unit is None else _of_unit(unit, field)
        for name, field in zip(energies, fields, strict=True)
    )
    columns = _columns(query, OF_CELL) | {
        "series": Concat(
            "suite__name", Value("-"), "suite__version", Value("-"), "grade", output_field=CharField()
        ),
        "scope": F("scope"),
        "grade_order": Case(
            *(When(grade=grade, then=Value(place)) for grade, place in GRADE_ORDER.items()),
            output_field=IntegerField(),
        ),
        "latency": F("latency_p50_s"),
        "memory": Cast("peak_memory_bytes", FloatField()),
        "results": Cast("n_results", FloatField()),
        ENERGY: energy,
        "between_low": low,
        "between_high": high,
    }
    conditions = ("suite_id", "grade", "dataset_id", "hardware_class_id", "scope", "stratum")
    rows = cells.filter(limits_of_cells(query, choices.metrics))
    return _Selection(source=OF_CELL, rows=rows, columns=columns, conditions=conditions)


def _of_figures(figures: PublishedFigureQuerySet, query: BoardQuery, choices: TableChoices) -> _Selection:
    limits = Q(series__scope=query.scope) if query.scope else Q()
    joules = ExpressionWrapper(F("energy_kwh_per_1000") * Value(JOULES_PER_WH), output_field=FloatField())
    columns = _columns(query, OF_FIGURE) | {
        "series": F("series__slug"),
        "scope": F("series__scope"),
        "grade_order": Value(GRADE_ORDER["published"], output_field=IntegerField()),
        "latency": NO_NUMBER,
        "memory": NO_NUMBER,
        "results": Cast("n_runs", FloatField()),
        ENERGY: NO_NUMBER if query.unit in TOKEN_UNITS else joules,
        "between_low": NO_NUMBER,
        "between_high": NO_NUMBER,
    }
    conditions = ("series_id", "dataset_id", "hardware_class_id", "stratum")
    rows = figures.filter(limits & _common_limits(query, choices.metrics))
    return _Selection(source=OF_FIGURE, rows=rows, columns=columns, conditions=conditions)


def _columns(query: BoardQuery, source: int) -> dict[str, Combinable]:
    """Columns that both have under the same names."""
    return {
        "source": Value(source, output_field=IntegerField()),
        "pk": F("pk"),
        "model": F("model__slug"),
        "dataset": F("dataset__slug"),
        "hardware": Case(
            When(hardware_class__name_state=NameState.CONFIRMED, then="hardware_class__slug"),
            default="hardware_class__code",
            output_field=CharField(),
        ),
        "stratum": F("stratum"),
        "parameters": Cast("model__parameters", FloatField()),
        "licence": Case(When(~Q(model__licence=""), then="model__licence"), output_field=CharField()),
        "released": F("model__released_on"),
        QUALITY: score_of(query.metric) if query.metric else NO_NUMBER,
    }


def _of_unit(unit: str, field: str) -> Cast:
    """A number of a cell's energy per unit, which lies in the order of `UNITS`; null where there is none."""
    return Cast(KeyTextTransform(field, KeyTransform(UNIT_PLACES[unit], "unit_energies")), FloatField())


def score_of(metric: str) -> EntryNumber:
    """The value that a row has of one score; null where it has none."""
    return EntryNumber("quality", key="metric", word=metric, field="value")


def _common_limits(query: BoardQuery, metrics: Mapping[str, bool]) -> Q:
    """Conditions on what both have under the same names.

    Rows of the catalogue are chosen first, by subqueries that the database runs once: a planner that sees their columns
    behind a join may compare the words of every model with every cell.
    """
    limits = Q(dataset__slug=query.dataset) if query.dataset else Q()
    models = _models(query)
    if models is not None:
        limits &= Q(model__in=models)
    if query.hardware:
        limits &= Q(
            hardware_class__in=HardwareClass.objects.filter(hardware_named(query.hardware)).values("pk")
        )
    if query.max_card_gb is not None:
        cards = HardwareClass.objects.filter(memory_bytes__lte=int(query.max_card_gb * GB))
        limits &= Q(hardware_class__in=cards.order_by().values("pk"))
    for word in query.q.split():
        limits &= _named(word)
    if query.min_quality is not None:
        limits &= _at_least_as_good(query, is_higher_better=metrics[query.metric])
    return limits


def _models(query: BoardQuery) -> QuerySet[Any] | None:
    """The primary keys of the models that a query allows; None where it allows any."""
    conditions = {
        "kind": query.kind,
        "owner": query.owner,
        "family": query.family,
        "licence": query.licence,
        "parameters__gte": query.min_parameters,
        "parameters__lte": query.max_parameters,
    }
    chosen = {name: value for name, value in conditions.items() if value}
    return AiModel.objects.filter(**chosen).order_by().values("pk") if chosen else None


def _named(word: str) -> Q:
    """Rows with this word in the name of the model, its owner, its family, the data set or confirmed hardware."""
    models = _with_word(AiModel.objects.all(), word, "title", "slug", "owner", "family")
    datasets = _with_word(DataSet.objects.all(), word, "title", "slug")
    hardware = _with_word(HardwareClass.objects.filter(name_state=NameState.CONFIRMED), word, "title")
    return Q(model__in=models) | Q(dataset__in=datasets) | Q(hardware_class__in=hardware)


def _with_word(rows: QuerySet[Any], word: str, *columns: str) -> QuerySet[Any]:
    any_of = Q()
    for column in columns:
        any_of |= Q(**{f"{column}__icontains": word})
    return rows.filter(any_of).order_by().values("pk")


def _at_least_as_good(query: BoardQuery, *, is_higher_better: bool) -> Q:
    compare = GreaterThanOrEqual if is_higher_better else LessThanOrEqual
    return Q(compare(score_of(query.metric), float(query.min_quality or 0)))
