"""Plots of energy against the number of parameters, each with its fit in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.boards.size_fit import read_size_groups
from measurements.display.fit_plot import FitLine, FitPlot, FitPoint, fit_plot, log_steps
from measurements.display.templatetags.figures import kind_name, parameters, watt_hours

if TYPE_CHECKING:
    from joulemark.consensus.power_law import PowerLaw
    from measurements.boards.size_fit import SizeGroup
    from measurements.catalog.models import Task


@dataclass(frozen=True, kw_only=True)
class SizeChart:
    """A group with its plot."""

    group: SizeGroup
    plot: FitPlot


def size_charts(task: Task) -> list[SizeChart]:
    """The plots of a task, of the groups with the most models."""
    return [
        SizeChart(group=group, plot=plot)
        for group in read_size_groups(task)
        if (plot := _plot(group)) is not None
    ]


def _plot(group: SizeGroup) -> FitPlot | None:
    points = [
        FitPoint(
            text=f"{row.model_title}: {watt_hours(row.energy_wh_per_1000)}, {parameters(row.parameters)}, "
            + kind_name(row.kind),
            size=row.parameters / 1e9,
            energy=row.energy_wh_per_1000,
            kind=row.kind,
            grade=row.grade,
        )
        for row in group.rows
        if row.parameters
    ]
    return fit_plot(
        points,
        None if group.law is None else _line(group.law),
        title=gettext("Energy against number of parameters"),
        description=gettext(
            "Each mark is a model; the line is a power law by least squares, the band its 95 % confidence band."
        ),
        axis=gettext("horizontal: billions of parameters; vertical: Wh per 1,000 queries; both logarithmic"),
    )


def _line(law: PowerLaw) -> FitLine:
    sizes = log_steps(law.low_x, law.high_x)
    bands = [law.band(size) for size in sizes]
    return FitLine(
        sizes=sizes,
        values=[law.value(size) for size in sizes],
        lows=[low for low, _ in bands],
        highs=[high for _, high in bands],
    )
