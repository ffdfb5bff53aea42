"""What each page's plot shows, from the rows that the page's table shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from measurements.boards.fronts import interval_of_score
from measurements.display.kinds import RATIO
from measurements.display.numbers import significant
from measurements.display.plot import Plot, Point, dot_plot
from measurements.display.scatter import Scatter, Spot, scatter
from measurements.display.templatetags.comparisons import score_interval
from measurements.display.templatetags.figures import joules, kind_name, parameters, times, watt_hours
from measurements.display.titles import translated

if TYPE_CHECKING:
    from measurements.boards.board_row import BoardRow
    from measurements.boards.cell_detail import CellDetail
    from measurements.boards.comparisons import ComparisonRow
    from measurements.boards.queries import Group
    from measurements.pages.evidence import Evidence

WINDOWS_PX, TIP_PX = 80, 4
MANY_WINDOWS = 48


def board_plot(group: Group) -> Plot | None:
    """Wh per 1,000 queries of every row of a group, on a logarithmic axis, with its 95 % interval.

    Of a published figure the bar spans the study's own runs.
    """
    points = [
        Point(
            label=row.model_title,
            text=watt_hours(row.energy_wh_per_1000),
            value=row.energy_wh_per_1000,
            low=row.least_wh_per_1000 if row.grade == "published" else row.low_wh_per_1000,
            high=row.most_wh_per_1000 if row.grade == "published" else row.high_wh_per_1000,
            kind=row.kind,
            kind_title=kind_name(row.kind),
            grade=row.grade,
        )
        for row in group.rows
    ]
    least, most = group.rows[0], group.rows[-1]
    return dot_plot(
        points,
        title=gettext("Energy per 1,000 queries by model"),
        description=gettext(
            "From %(least)s (%(low)s) to %(most)s (%(high)s). The table below has every value."
        )
        % {
            "least": least.model_title,
            "low": watt_hours(least.energy_wh_per_1000),
            "most": most.model_title,
            "high": watt_hours(most.energy_wh_per_1000),
        },
        axis=gettext("Wh per 1,000 queries, logarithmic"),
    )


def size_plot(group: Group) -> Scatter | None:
    """Energy beside the number of parameters, of the rows that state it."""
    spots = [
        Spot(
            label=row.model_title,
            text=f"{watt_hours(row.energy_wh_per_1000)}, {parameters(count)}",
            energy=row.energy_wh_per_1000,
            other=count / 1e9,
            on_line=False,
            kind=row.kind,
            kind_title=kind_name(row.kind),
            grade=row.grade,
        )
        for row in group.rows
        if (count := row.parameters)
    ]
    return scatter(
        spots,
        title=gettext("Energy and number of parameters"),
        description=gettext("Each mark is a model. The table below has every value."),
        axis=gettext("horizontal: Wh per 1,000 queries; vertical: billions of parameters; both logarithmic"),
        logarithmic=True,
    )


def quality_plots(group: Group) -> list[Scatter]:
    """Energy beside each metric that at least two rows have, with its interval; the line is the front."""
    metrics = sorted({score["metric"] for row in group.rows for score in row.quality})
    return [plot for metric in metrics if (plot := _quality_plot(group, metric)) is not None]


def _quality_plot(group: Group, metric: str) -> Scatter | None:
    spots = [
        Spot(
            label=row.model_title,
            text=_energy_and_score(row, score),
            energy=row.energy_wh_per_1000,
            other=score["value"],
            on_line=metric in row.front,
            interval=interval_of_score(score),
            kind=row.kind,
            kind_title=kind_name(row.kind),
            grade=row.grade,
        )
        for row in group.rows
        for score in row.quality
        if score["metric"] == metric
    ]
    named = [spot.label for spot in spots if spot.on_line]
    return scatter(
        spots,
        title=gettext("Energy and quality: %(metric)s") % {"metric": metric},
        description=_front_in_words(named),
        axis=gettext("horizontal: Wh per 1,000 queries, logarithmic; vertical: %(metric)s")
        % {"metric": metric},
        logarithmic=False,
    )


def _energy_and_score(row: BoardRow, score: dict[str, Any]) -> str:
    chance = f" ({score_interval(score)})" if interval_of_score(score) else ""
    return f"{watt_hours(row.energy_wh_per_1000)}, {score['metric']} {significant(score['value'])}{chance}"


def _front_in_words(named: list[str]) -> str:
    if not named:
        return gettext(
            "There is no front: the differences are within the uncertainty, or the uncertainty is not known. "
            "The table below has every value."
        )
    return gettext(
        "On the Pareto front (no other model uses less energy and scores better beyond the uncertainty): %(models)s. "
        "The table below has every value."
    ) % {"models": ", ".join(named)}


def cell_plot(cell: CellDetail) -> Plot | None:
    """What each contributor says, with the uncertainty of its difference from the others, and a line at the value."""
    row = cell.row
    points = [
        Point(
            label=str(value.contributor),
            text=watt_hours(value.energy_wh_per_1000),
            value=value.energy_wh_per_1000,
            low=value.energy_wh_per_1000 / (1 + value.equivalence.expanded_u) if value.equivalence else None,
            high=value.energy_wh_per_1000 * (1 + value.equivalence.expanded_u) if value.equivalence else None,
            kind=row.kind,
            kind_title=kind_name(row.kind),
            grade=row.grade,
        )
        for value in cell.contributor_values or ()
    ]
    return dot_plot(
        points,
        title=gettext("Value of each contributor"),
        description=gettext("The line is the consensus value: %(value)s. The table below has every number.")
        % {"value": watt_hours(row.energy_wh_per_1000)},
        axis=gettext("Wh per 1,000 queries, logarithmic"),
        reference=row.energy_wh_per_1000,
    )


def comparison_plot(rows: list[ComparisonRow]) -> Plot | None:
    """The ratio of every row, with its interval over models as a bar and a line at equality."""
    points = [
        Point(
            label=f"{translated(row.dataset_title) or gettext('All data sets')} · {row.series.name}",
            text=times(row.paired.ratio),
            value=row.paired.ratio,
            low=row.paired.over_models_low,
            high=row.paired.over_models_high,
            kind=RATIO,
            kind_title="",
            grade=row.grade,
        )
        for row in rows
    ]
    return dot_plot(
        points,
        title=gettext("Energy ratio, general-purpose to task-specific models"),
        description=gettext(
            "One row per data set and series; the bar is the 95 % interval over models. The table has every value."
        ),
        axis=gettext("energy ratio, logarithmic; the line marks equal energy"),
        reference=1.0,
    )


@dataclass(frozen=True, kw_only=True)
class WindowBar:
    """One window as a line from the baseline up to `y`."""

    x: str
    y: int
    text: str


@dataclass(frozen=True, kw_only=True)
class WindowPlot:
    """Joules per query of the windows of a run, in order, from zero up."""

    step: int
    total: int
    top: str
    height: int
    many: bool
    bars: list[WindowBar]


def window_plot(evidence: Evidence) -> WindowPlot:
    """The windows as claimed in the signed statement."""
    step, blocks = evidence.windows_drawn()
    most = max(value for _, value in blocks) or 1.0
    slot = 100 / len(blocks)
    return WindowPlot(
        step=step,
        total=len(evidence.predicate.windows),
        top=joules(most),
        height=WINDOWS_PX,
        many=len(blocks) > MANY_WINDOWS,
        bars=[
            WindowBar(
                x=f"{(place + 0.5) * slot:.2f}%",
                y=WINDOWS_PX - round((WINDOWS_PX - TIP_PX) * value / most),
                text=f"{number}: {joules(value)}",
            )
            for place, (number, value) in enumerate(blocks)
        ],
    )
