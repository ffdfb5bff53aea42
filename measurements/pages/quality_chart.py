"""A task's energies beside their quality, with uncertainty on both axes and the front of the rows shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

from joulemark.leaderboard.fronts import interval_of_score
from measurements.boards.table_front import front_places, scored_rows
from measurements.display.scatter import Spot, scatter
from measurements.display.templatetags.figures import figure, kind_name
from measurements.pages.charts import energy_and_score, evidence_address, front_in_words, front_rule
from measurements.pages.query_form import unit_title
from measurements.pages.table_words import row_labeller

if TYPE_CHECKING:
    from measurements.boards.board_table import BoardTable, TableRow
    from measurements.display.drawing import Drawing
    from measurements.web.as_of import Moment


def quality_plot(table: BoardTable, moment: Moment | None) -> Drawing | None:
    """A mark for each row that has an energy and a score; None for less than two."""
    label_of = row_labeller(table)
    metric, scored = scored_rows(table)
    front = front_places(scored)
    spots = [
        Spot(
            label=label_of(line.row),
            text=energy_and_score(figure(line.energy.value), score),
            x=line.energy.value or 0.0,
            y=score["value"],
            is_front=place in front,
            x_interval=_interval(line),
            y_interval=interval_of_score(score),
            kind=line.row.kind,
            kind_title=kind_name(line.row.kind),
            grade=line.row.grade,
            href=evidence_address(line.row, moment),
        )
        for place, (line, score) in enumerate(scored)
    ]
    higher_is_better = all(score["higher_is_better"] for _, score in scored)
    return scatter(
        spots,
        title=gettext("Energy and quality: %(metric)s") % {"metric": metric},
        description=front_in_words([spot.label for spot in spots if spot.is_front]),
        caption=" ".join(_caption(table, metric)),
        is_upward_log=False,
        higher_is_better=higher_is_better if table.has_one_condition else None,
    )


def _caption(table: BoardTable, metric: str) -> list[str]:
    return [
        gettext("Horizontal: %(unit)s, logarithmic; vertical: %(metric)s.")
        % {"unit": unit_title(table.query), "metric": metric},
        gettext(
            "Level bars: 95 % interval of the true energy, of published figures the range of their runs; upright bars: "
            "95 % interval of the score. Where a bar is missing, the interval is not known."
        ),
        front_rule()
        if table.has_one_condition
        else gettext(
            "These rows were measured under different conditions, so no line joins them. Marks on the front of "
            "their own conditions are named first: no other one there surely uses less energy and surely scores "
            "better (95 % for all comparisons under these conditions together)."
        ),
    ]


def _interval(line: TableRow) -> tuple[float, float] | None:
    energy = line.energy
    return None if energy.low is None or energy.high is None else (energy.low, energy.high)
