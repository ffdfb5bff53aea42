"""What each page's plot shows, from the rows that the page's table shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from joulemark.leaderboard.fronts import interval_of_score
from measurements.boards.models import NAMED_BY
from measurements.display.kinds import RATIO
from measurements.display.numbers import significant
from measurements.display.row_plot import Point, dot_plot
from measurements.display.scatter import Spot, scatter
from measurements.display.templatetags.comparisons import score_interval
from measurements.display.templatetags.figures import joules, kind_name, parameters, times, watt_hours
from measurements.display.titles import translated
from measurements.web.as_of import address_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.boards.board_row import BoardRow
    from measurements.boards.cell_detail import CellDetail
    from measurements.boards.comparisons import ComparisonRow
    from measurements.boards.queries import Group
    from measurements.display.drawing import Drawing
    from measurements.pages.evidence import Evidence
    from measurements.web.as_of import Moment

WINDOWS_PX, TIP_PX = 80, 4
MANY_WINDOWS = 48
Extent = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class GroupPlots:
    """The plots of a board's group: its energies, and energy beside each metric and beside size."""

    energy: Drawing | None
    beside: list[Drawing]


def group_plots(groups: Sequence[Group], moment: Moment | None = None) -> list[GroupPlots]:
    """The plots of the groups of a page: all energies on a common axis."""
    rows = [row for group in groups for row in group.rows]
    if not rows:
        return []
    ends = [
        end for row in rows for end in (row.energy_wh_per_1000, *_ends(row)) if end is not None and end > 0
    ]
    common = min(ends), max(ends)
    return [
        GroupPlots(
            energy=board_plot(group, extent=common, moment=moment),
            beside=[
                *quality_plots(group, extent=common),
                *filter(None, [size_plot(group, extent=common)]),
            ],
        )
        for group in groups
    ]


def board_plot(group: Group, *, extent: Extent | None = None, moment: Moment | None = None) -> Drawing | None:
    """Wh per 1,000 queries of every row of a group, on a logarithmic axis, with its 95 % interval.

    Of a published figure the bar spans the study's own runs.
    """
    least, most = group.rows[0], group.rows[-1]
    return dot_plot(
        [_energy_point(row, evidence_address(row, moment)) for row in group.rows],
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
        caption=f"{gettext('Wh per 1,000 queries, logarithmic')}. {_bars(group.rows)}",
        extent=extent,
    )


def evidence_address(row: BoardRow, moment: Moment | None) -> str:
    """The page of a row's cell; "" of a published figure, which has none."""
    if row.is_published:
        return ""
    return address_at(moment, "cell", row.series, row.task, **{name: getattr(row, name) for name in NAMED_BY})


def _bars(rows: Sequence[BoardRow]) -> str:
    """What the bars of rows of one grade are."""
    if all(row.is_published for row in rows):
        return gettext("Bars: the range of the publisher's runs.")
    return gettext("Bars: 95 % interval of the true energy; a value of a single source has none.")


def _ends(row: BoardRow) -> tuple[float | None, float | None]:
    """The ends of a row's bar, in Wh per 1,000 queries."""
    if row.is_published:
        return row.least_wh_per_1000, row.most_wh_per_1000
    return row.low_wh_per_1000, row.high_wh_per_1000


def _energy_point(row: BoardRow, href: str) -> Point:
    low, high = _ends(row)
    return Point(
        label=row.model_title,
        text=watt_hours(row.energy_wh_per_1000),
        value=row.energy_wh_per_1000,
        low=low,
        high=high,
        kind=row.kind,
        kind_title=kind_name(row.kind),
        grade=row.grade,
        href=href,
    )


def energy_interval(row: BoardRow) -> Extent | None:
    """The bar of a row's energy where both of its ends are known and positive."""
    low, high = _ends(row)
    return None if low is None or high is None or low <= 0 else (low, high)


def size_plot(group: Group, *, extent: Extent | None = None) -> Drawing | None:
    """Energy beside the number of parameters, of the rows that state it."""
    spots = [
        Spot(
            label=row.model_title,
            text=f"{watt_hours(row.energy_wh_per_1000)}, {parameters(count)}",
            x=row.energy_wh_per_1000,
            y=count / 1e9,
            kind=row.kind,
            kind_title=kind_name(row.kind),
            grade=row.grade,
            x_interval=energy_interval(row),
        )
        for row in group.rows
        if (count := row.parameters)
    ]
    return scatter(
        spots,
        title=gettext("Energy and number of parameters"),
        description=gettext("Each mark is a model. The table below has every value."),
        caption=gettext(
            "horizontal: Wh per 1,000 queries; vertical: billions of parameters; both logarithmic"
        )
        + f". {_bars(group.rows)}",
        is_upward_log=True,
        extent=extent,
    )


def quality_plots(group: Group, *, extent: Extent | None = None) -> list[Drawing]:
    """Energy beside each metric that at least two rows have, with both intervals; the line is the front."""
    metrics = sorted({score["metric"] for row in group.rows for score in row.quality})
    return [plot for metric in metrics if (plot := _quality_plot(group, metric, extent)) is not None]


def _quality_plot(group: Group, metric: str, extent: Extent | None) -> Drawing | None:
    scored = [(row, score) for row in group.rows for score in row.quality if score["metric"] == metric]
    spots = [
        Spot(
            label=row.model_title,
            text=energy_and_score(watt_hours(row.energy_wh_per_1000), score),
            x=row.energy_wh_per_1000,
            y=score["value"],
            is_front=metric in row.front,
            x_interval=energy_interval(row),
            y_interval=interval_of_score(score),
            kind=row.kind,
            kind_title=kind_name(row.kind),
            grade=row.grade,
        )
        for row, score in scored
    ]
    return scatter(
        spots,
        title=gettext("Energy and quality: %(metric)s") % {"metric": metric},
        description=front_in_words([spot.label for spot in spots if spot.is_front]),
        caption=" ".join(
            [
                gettext("horizontal: Wh per 1,000 queries, logarithmic; vertical: %(metric)s")
                % {"metric": metric}
                + ".",
                _bars(group.rows),
                gettext("Upright bars: 95 % interval of the score."),
                front_rule(),
            ]
        ),
        is_upward_log=False,
        higher_is_better=all(score["higher_is_better"] for _, score in scored),
        extent=extent,
    )


def front_rule() -> str:
    """When a model is off the front, and that chance takes none off it."""
    return gettext(
        "Dashed: the front. A model is off it only where another one uses less energy and scores better, and chance "
        "explains neither difference (95 % for all comparisons of this plot together)."
    )


def energy_and_score(energy: str, score: dict[str, Any]) -> str:
    """A row's energy and one of its scores in words, with the score's interval."""
    chance = f" ({score_interval(score)})" if interval_of_score(score) else ""
    return f"{energy}, {score['metric']} {significant(score['value'])}{chance}"


def front_in_words(named: Sequence[str]) -> str:
    """Who is on the front, or that there is none."""
    if not named:
        return gettext(
            "There is no front: the differences are within the uncertainty, or the uncertainty is not known. "
            "The table below has every value."
        )
    return gettext(
        "On the Pareto front (no other model uses less energy and scores better beyond the uncertainty): %(models)s. "
        "The table below has every value."
    ) % {"models": ", ".join(named)}


def cell_plot(cell: CellDetail) -> Drawing | None:
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
        caption=gettext("Wh per 1,000 queries, logarithmic")
        + ". "
        + gettext(
            "Bars: expanded uncertainty (k = 2) of the difference from all other contributors. The line is the "
            "consensus value."
        ),
        reference=row.energy_wh_per_1000,
    )


def comparison_plot(rows: list[ComparisonRow]) -> Drawing | None:
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
        caption=gettext("energy ratio, logarithmic; the line marks equal energy")
        + ". "
        + gettext("Bars: 95 % interval over models."),
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
