"""Plots of energy against the number of parameters, each with its fit in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.boards.size_fit import read_size_groups
from measurements.display.scatter import FitLine, Spot, across_extent, log_steps, scatter
from measurements.display.templatetags.figures import kind_name, parameters, watt_hours
from measurements.pages.charts import energy_interval

if TYPE_CHECKING:
    from joulemark.consensus.power_law import PowerLaw
    from measurements.boards.size_fit import SizeGroup
    from measurements.catalog.models import Task
    from measurements.display.drawing import Drawing


@dataclass(frozen=True, kw_only=True)
class SizeChart:
    """A group with its plot."""

    group: SizeGroup
    plot: Drawing


def size_charts(task: Task) -> list[SizeChart]:
    """The plots of a task, of the groups with the most models, sizes on a common axis."""
    groups = read_size_groups(task)
    spots = [_spots(group) for group in groups]
    every = [spot for of_group in spots for spot in of_group]
    if not every:
        return []
    common = across_extent(every)
    return [
        SizeChart(group=group, plot=plot)
        for group, of_group in zip(groups, spots, strict=True)
        if (plot := _plot(group, of_group, common)) is not None
    ]


def _spots(group: SizeGroup) -> list[Spot]:
    return [
        Spot(
            label=row.model_title,
            text=f"{watt_hours(row.energy_wh_per_1000)}, {parameters(row.parameters)}",
            x=row.parameters / 1e9,
            y=row.energy_wh_per_1000,
            y_interval=energy_interval(row),
            kind=row.kind,
            kind_title=kind_name(row.kind),
            grade=row.grade,
        )
        for row in group.rows
        if row.parameters
    ]


def _plot(group: SizeGroup, spots: list[Spot], common: tuple[float, float]) -> Drawing | None:
    return scatter(
        spots,
        title=gettext("Energy against number of parameters"),
        description=gettext(
            "Each mark is a model; the line is a power law by least squares, the band its 95 % confidence band."
        ),
        caption=gettext(
            "horizontal: billions of parameters; vertical: Wh per 1,000 queries; both logarithmic"
        )
        + ". "
        + gettext(
            "Bars: 95 % interval of the true energy, of published figures the range of their runs. Shaded: 95 % "
            "confidence band of the line."
        ),
        is_upward_log=True,
        fit=None if group.law is None else _line(group.law),
        extent=common,
    )


def _line(law: PowerLaw) -> FitLine:
    sizes = log_steps(law.low_x, law.high_x)
    bands = [law.band(size) for size in sizes]
    return FitLine(
        xs=sizes,
        values=[law.value(size) for size in sizes],
        lows=[low for low, _ in bands],
        highs=[high for _, high in bands],
    )
