"""The forms above a task's table: every parameter of a query as a labelled field, with what there is to choose from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext

from joulemark.impact import intensity
from measurements.boards.board_query import CO2E, TIERS, TOKEN_UNITS, WH, J
from measurements.display.choices import Unit
from measurements.display.places import territory_name
from measurements.display.templatetags.figures import grade_name, kind_name, scope_name, tier_name
from measurements.display.templatetags.statement_words import metric_name
from measurements.display.titles import translated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.boards.board_query import BoardQuery
    from measurements.boards.table_choices import TableChoices

Options = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class QueryField:
    """A field of a form: a list of `options`, or a line of text where there are none."""

    name: str
    label: str
    value: str
    options: Options | None = None
    hint: str = ""
    is_number: bool = False


@dataclass(frozen=True, kw_only=True)
class FieldGroup:
    """Fields under one legend."""

    legend: str
    fields: list[QueryField]


QueryFields = dict[str, QueryField]


def filter_groups(fields: QueryFields) -> list[FieldGroup]:
    """The fields of the form that filters, orders and converts the table."""
    groups = (
        (gettext("Rows"), ("series", "dataset", "hardware", "grade", "scope", "tier")),
        (gettext("Models"), ("q", "kind", "owner", "family", "licence", "min_parameters", "max_parameters")),
        (gettext("Limits"), ("metric", "min_quality", "max_memory_gb", "max_card_gb", "max_latency_s")),
        (gettext("View"), ("unit", "region", "year", "sort")),
    )
    return [FieldGroup(legend=legend, fields=[fields[name] for name in names]) for legend, names in groups]


def chooser_fields(fields: QueryFields) -> list[QueryField]:
    """The fields of the chooser: what a model must be at least, or may need at most. One score is always chosen."""
    metric = fields["metric"]
    metrics = (metric.options or [])[1:]
    first = metrics[0][0] if metrics else ""
    fields = fields | {
        "metric": replace(metric, value=metric.value or first, options=metrics or metric.options)
    }
    names = (
        "series",
        "dataset",
        "metric",
        "min_quality",
        "max_memory_gb",
        "max_card_gb",
        "max_latency_s",
        "licence",
    )
    return [fields[name] for name in names]


def unit_title(query: BoardQuery) -> str:
    """The unit of the column of energies, as a heading."""
    return _unit_titles()[query.unit]


def _unit_titles() -> dict[str, str]:
    words = {WH: gettext("Wh per 1,000 queries"), J: gettext("J per query")}
    words |= {
        word: gettext("J per %(unit)s") % {"unit": Unit(unit).label.lower()}
        for word, unit in TOKEN_UNITS.items()
    }
    return words | {CO2E: gettext("gCO2e per 1,000 queries")}


def sort_titles() -> dict[str, str]:
    """The columns by which rows can be sorted, by the word of an address."""
    return {
        "conditions": gettext("conditions, then energy"),
        "energy": gettext("energy"),
        "least": gettext("times the least"),
        "quality": gettext("quality"),
        "model": gettext("model"),
        "dataset": gettext("data set"),
        "hardware": gettext("hardware"),
        "series": gettext("series"),
        "latency": gettext("latency"),
        "memory": gettext("memory"),
        "parameters": gettext("size"),
        "licence": gettext("licence"),
        "released": gettext("date of the model"),
        "results": gettext("results"),
    }


def query_fields(query: BoardQuery, choices: TableChoices) -> QueryFields:
    """Every parameter's field with its value in this query, by its name."""
    values = query.parameters
    options = _options(choices)
    numbers = ("min_quality", "max_memory_gb", "max_card_gb", "max_latency_s", "year")
    defaults = {"unit": WH, "sort": "conditions"}
    return {
        name: QueryField(
            name=name,
            label=label,
            value=values.get(name, defaults.get(name, "")),
            options=options.get(name),
            hint=_hints().get(name, ""),
            is_number=name in numbers,
        )
        for name, label in _labels().items()
    }


def _options(choices: TableChoices) -> dict[str, Options]:
    anything = [("", gettext("any"))]

    def titled(words: Iterable[str], title: Any = str) -> Options:
        return [*anything, *((word, str(title(word))) for word in words)]

    sorts = sort_titles().items()
    descending = gettext("%(column)s, descending")
    return {
        "series": [*anything, *((slug, series.title) for slug, series in choices.series.items())],
        "dataset": [*anything, *((slug, translated(title)) for slug, title in choices.dataset.items())],
        "hardware": [*anything, *choices.hardware.items()],
        "grade": titled(choices.grade, grade_name),
        "scope": titled(choices.scope, scope_name),
        "tier": titled(choices.tier, lambda word: tier_name(TIERS[word])),
        "kind": titled(choices.kind, kind_name),
        "owner": titled(choices.owner),
        "family": titled(choices.family),
        "licence": titled(choices.licence),
        "metric": titled(choices.metrics, metric_name),
        "unit": list(_unit_titles().items()),
        "region": [("", "–"), *_places(get_language() or "")],  # noqa: RUF001 - a dash for none
        "sort": [
            pair
            for word, title in sorts
            for pair in ((word, title), (f"-{word}", descending % {"column": title}))
        ],
    }


@lru_cache(maxsize=8)
def _places(_language: str) -> tuple[tuple[str, str], ...]:
    """The regions and countries of the table of intensities, which comes with the software, in the language in use."""
    rows = intensity.latest()
    regions = [(row.code, translated(row.name)) for row in rows if row.kind == "region"]
    countries = [(row.code, territory_name(row.code)) for row in rows if row.kind == "country"]
    return (*regions, *sorted(countries, key=lambda place: place[1].casefold()))


def region_name(code: str) -> str:
    """The name of a region or country of the table of intensities by its code, in the language in use."""
    return dict(_places(get_language() or ""))[code]


def _labels() -> dict[str, str]:
    return {
        "series": gettext("Series"),
        "dataset": gettext("Data set"),
        "hardware": gettext("Hardware"),
        "grade": gettext("Grade"),
        "scope": gettext("Scope"),
        "tier": gettext("Tier"),
        "q": gettext("Text"),
        "kind": gettext("Kind of model"),
        "owner": gettext("Owner"),
        "family": gettext("Family"),
        "licence": gettext("Licence"),
        "min_parameters": gettext("Parameters, at least"),
        "max_parameters": gettext("Parameters, at most"),
        "metric": gettext("Score"),
        "min_quality": gettext("Quality, at least as good as"),
        "max_memory_gb": gettext("Peak memory of the run, GB at most"),
        "max_card_gb": gettext("Memory of the card, GB at most"),
        "max_latency_s": gettext("Median latency, seconds at most"),
        "unit": gettext("Unit"),
        "region": gettext("Region, for gCO2e"),
        "year": gettext("Year, for gCO2e"),
        "sort": gettext("Order"),
    }


def _hints() -> dict[str, str]:
    return {
        "q": gettext("In the names of model, owner, family, data set and hardware."),
        "min_parameters": gettext("For example 350M or 7B."),
        "min_quality": gettext("Of the score chosen. For a score of which less is better: at most."),
    }
