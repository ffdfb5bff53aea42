"""A value of a board as the energy of one query: with its grade, scope, version and source, read from the board."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.conf import settings

from joulemark.impact.quantity import Quantity, Source
from measurements.boards.models import NAMED_BY
from measurements.boards.queries import NotKept, find_row
from measurements.boards.series import PublisherSeries
from measurements.display.titles import translated
from measurements.display.units import QUERIES
from measurements.impact.values import FoundValue, ValueNotKept
from measurements.web.as_of import address_at
from measurements.web.languages import without_language

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.impact.quantity import Grade
    from measurements.boards.board_row import BoardRow
    from measurements.boards.series import Series
    from measurements.web.as_of import Moment


def find_value(named: Mapping[str, str], moment: Moment | None) -> FoundValue | None:
    """The value that `named` means, now or at a moment, or None when there is none. Raises ValueNotKept."""
    try:
        row_of_series = find_row(
            series_slug=named["series"],
            task_slug=named["task"],
            named=named,
            at=moment.at if moment else None,
        )
    except NotKept as error:
        raise ValueNotKept(str(error)) from error
    if row_of_series is None:
        return None
    series, row = row_of_series
    return FoundValue(
        row=row,
        title=f"{row.model_title}, {translated(row.dataset_title)}: {series.title}",
        query=_query(series, row, moment),
    )


def _query(series: Series, row: BoardRow, moment: Moment | None) -> Quantity:
    """A query's energy in watt-hours as a board has it; its range is the interval, or that of the publisher's runs."""
    low, high = (
        (row.least_wh_per_1000, row.most_wh_per_1000)
        if row.is_published
        else (row.low_wh_per_1000, row.high_wh_per_1000)
    )
    ends = (None, None) if low is None or high is None else (low / QUERIES, high / QUERIES)
    return Quantity(
        value=row.energy_wh_per_1000 / QUERIES,
        low=ends[0],
        high=ends[1],
        unit="Wh",
        sources=(_source(series, row, moment),),
    )


def _source(series: Series, row: BoardRow, moment: Moment | None) -> Source:
    title = f"{row.model_title}, {translated(row.dataset_title) or row.task}, {row.hardware_title}. {series.title}"
    if isinstance(series, PublisherSeries):
        title += f": {series.facts.source}"
        path = address_at(moment, "board", row.series, row.task)
    else:
        path = address_at(
            moment, "cell", row.series, row.task, **{name: getattr(row, name) for name in NAMED_BY}
        )
    return Source(
        id=f"{row.series}/{row.task}/{row.dataset}/{row.model}",
        title=title,
        year=row.updated_at.year,
        licence=series.licence,
        url=f"{settings.ORIGIN}{without_language(path)}",
        grade=cast("Grade", row.grade),
        scope=row.scope,
        version=str(row.version),
    )
