"""The heads of a task's table: each column by which rows can be sorted links to the same query in that order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.boards.board_query import CO2E, QUALITY, WH, J
from measurements.display.templatetags.statement_words import metric_name
from measurements.pages.query_form import unit_title

if TYPE_CHECKING:
    from measurements.boards.board_query import BoardQuery
    from measurements.boards.board_table import BoardTable

MAX_METRICS = 5
"""Scores that the head of a column has a link for."""
HELP_OF_UNIT = {WH: "Wh per 1,000 queries", J: "J per query", CO2E: "gCO2e per 1,000 queries"}
"""The explanation of the energies of a unit; of all others that of joules per something."""


@dataclass(frozen=True, kw_only=True)
class SortLink:
    """A link that sorts by one column; `order` is `ascending` or `descending` where rows are, else empty."""

    title: str
    encoded: str
    order: str


@dataclass(frozen=True, kw_only=True)
class TableHead:
    """A column's head: the links of what it shows. `order` is what `aria-sort` says of it.

    `help_key` names its explanation in `column_words`, "" where it needs none.
    """

    links: list[SortLink]
    is_number: bool
    help_key: str = ""

    @property
    def order(self) -> str:
        """The order of the first of its links that has one."""
        return next((link.order for link in self.links if link.order), "")


def table_heads(table: BoardTable) -> list[TableHead]:
    """The heads of all columns but the last, which has links alone."""
    metrics = [table.query.metric] if table.query.metric else list(table.choices.metrics)[:MAX_METRICS]
    columns: list[tuple[str, bool, list[tuple[str, str]]]] = [
        ("Model and its facts", False, [
            (gettext("Model"), "model"), (gettext("size"), "parameters"), (gettext("licence"), "licence"),
            (gettext("date of the model"), "-released"),
        ]),
        (HELP_OF_UNIT.get(table.query.unit, "Joules per"), True, [(unit_title(table.query), "energy")]),
        ("Times the least", True, [(gettext("Times the least"), "least")]),
        ("Measured under", False, [
            (gettext("Measured under"), "conditions"), (gettext("series"), "series"),
            (gettext("data set"), "dataset"), (gettext("hardware"), "hardware"),
        ]),
        ("Quality", True, [(metric, QUALITY) for metric in metrics] or [(gettext("Quality"), "")]),
        ("Latency, s", True, [(gettext("Latency, s"), "latency"), (gettext("memory"), "memory")]),
        ("Based on", False, [(gettext("Based on"), "-results")]),
    ]  # fmt: skip
    return [
        TableHead(
            links=[
                _quality_link(table, title) if sort == QUALITY else _link(table.query, title, sort)
                for title, sort in links
            ],
            is_number=is_number,
            help_key=help_key,
        )
        for help_key, is_number, links in columns
    ]


def _quality_link(table: BoardTable, metric: str) -> SortLink:
    """Sorts by one score, the best first."""
    is_higher_better = table.choices.metrics[metric]
    query = replace(table.query, metric=metric)
    return _link(query, str(metric_name(metric)), f"-{QUALITY}" if is_higher_better else QUALITY)


def _link(query: BoardQuery, title: str, sort: str) -> SortLink:
    """A second click turns the order round; a head without an order is no link."""
    if not sort:
        return SortLink(title=title, encoded="", order="")
    is_present = query.sort_column == sort.removeprefix("-")
    turned = query.sort.removeprefix("-") if query.is_descending else f"-{query.sort}"
    order = ("descending" if query.is_descending else "ascending") if is_present else ""
    encoded = query.but(sort=turned if is_present else sort).encoded
    return SortLink(title=title, encoded=encoded or "sort=conditions", order=order)
