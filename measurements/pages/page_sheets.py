"""The plot of each page as a sheet: with the words that a file or a card needs where no page stands around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from joulemark.impact.study_ratios import size_controlled_of_study
from joulemark.suite.published import load_study
from measurements.boards.models import NAMED_BY
from measurements.display.choices import Grade
from measurements.display.plot_file import Sheet
from measurements.display.templatetags.comparisons import ends, over_models
from measurements.display.templatetags.figures import figure, interval, times, watt_hours
from measurements.display.titles import translated
from measurements.display.units import wh_per_1000
from measurements.impact.ratio_rows import ratio_plot
from measurements.pages.charts import cell_plot, comparison_plot
from measurements.pages.comparison_charts import comparison_overlay
from measurements.pages.ladder_chart import draw_ladder, ladder_sentence
from measurements.pages.plot_sheets import dated, sheet_notes
from measurements.pages.quality_chart import quality_plot
from measurements.pages.query_form import unit_title
from measurements.pages.table_words import plot_notes, table_plot, table_title
from measurements.published.models import STUDY
from measurements.web.as_of import address_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from measurements.boards.board_row import BoardRow
    from measurements.boards.board_table import BoardTable
    from measurements.boards.cell_detail import CellDetail
    from measurements.boards.comparisons import ComparisonRow
    from measurements.boards.ladder import Ladder
    from measurements.boards.model_comparison import ModelComparison
    from measurements.catalog.models import AiModel, Task
    from measurements.display.drawing import Drawing
    from measurements.impact.ratio_rows import RatioRow
    from measurements.pages.evidence import Evidence
    from measurements.pages.size_charts import SizeChart
    from measurements.web.as_of import Moment


def ladder_sheet(ladder: Ladder, at: datetime | None) -> Sheet:
    """The front page's ladder."""
    about = ", ".join(filter(None, [ladder.series.name, translated(ladder.hardware_title)]))
    return Sheet(
        title=gettext("What does one AI answer cost in energy?"),
        about=[about],
        drawing=draw_ladder(ladder),
        headline=ladder_sentence(ladder),
        dated=dated([ladder.grade], at),
        notes=sheet_notes(
            grades=[ladder.grade],
            scopes=[ladder.scope],
            series=ladder.series.name,
            at=at,
            path=address_at(None, "home"),
        ),
    )


def table_sheet(table: BoardTable, moment: Moment | None) -> Sheet:
    """The rows of a task's table as they are queried."""
    return replace(table_on_page(table, moment), notes=plot_notes(table, moment))


def table_on_page(table: BoardTable, moment: Moment | None) -> Sheet:
    """The same without notes: its page says below the table what they say, and a card has none."""
    return _of_table(table, table_title(table), table_plot(table, moment))


def quality_sheet(table: BoardTable, moment: Moment | None) -> Sheet:
    """The same rows beside their quality; without a drawing where less than two have a score."""
    drawing = quality_plot(table, moment)
    title = f"{translated(table.task.title)}: {gettext('energy versus quality')}"
    return replace(_of_table(table, title, drawing), notes=plot_notes(table, moment))


def _of_table(table: BoardTable, title: str, drawing: Drawing | None) -> Sheet:
    counted = gettext("Rows %(first)d to %(last)d of %(total)d") % {
        "first": table.n_first,
        "last": table.n_last,
        "total": table.n_rows,
    }
    return Sheet(
        title=title,
        about=[counted if table.rows else gettext("No row fits these filters.")],
        drawing=drawing,
        headline=_least_of_table(table),
        dated=dated(
            sorted({line.row.grade for line in table.rows}),
            max((line.row.updated_at for line in table.rows), default=None),
        ),
        notes=(),
    )


def _least_of_table(table: BoardTable) -> str:
    """The row with the least energy in the unit, with its interval."""
    lines = [line for line in table.rows if line.energy.value is not None]
    if not lines:
        return ""
    line = min(lines, key=lambda each: each.energy.value or 0.0)
    energy = line.energy
    bounds = "" if energy.low is None or energy.high is None else f" ({ends(energy.low, energy.high)})"
    return gettext("Least of these rows: %(model)s, %(energy)s %(unit)s") % {
        "model": line.row.model_title,
        "energy": f"{figure(energy.value)}{bounds}",
        "unit": unit_title(table.query),
    }


def value_in_words(row: BoardRow) -> str:
    """A value with its interval."""
    low, high = row.low_wh_per_1000, row.high_wh_per_1000
    bounds = "" if low is None or high is None else f" ({ends(low, high)})"
    return gettext("%(energy)s per 1,000 queries") % {
        "energy": f"{watt_hours(row.energy_wh_per_1000)}{bounds}"
    }


def cell_sheet(detail: CellDetail, moment: Moment | None) -> Sheet:
    """One value with those of its contributors."""
    row = detail.row
    conditions = [translated(row.dataset_title), row.hardware_title, row.stratum]
    return Sheet(
        title=f"{row.model_title} · {translated(detail.task.title)}",
        about=[" · ".join(filter(None, conditions))],
        drawing=cell_plot(detail),
        headline=value_in_words(row),
        dated=dated([row.grade], row.updated_at),
        notes=sheet_notes(
            grades=[row.grade],
            scopes=[row.scope],
            series=detail.series.title,
            version=row.version,
            at=row.updated_at,
            path=address_at(
                moment, "cell", row.series, row.task, **{name: getattr(row, name) for name in NAMED_BY}
            ),
        ),
    )


def comparison_sheet(task: Task, rows: list[ComparisonRow]) -> Sheet:
    """The ratios of a task."""
    at = max((row.updated_at for row in rows), default=None)
    grades = sorted({row.grade for row in rows})
    headline = ""
    if rows:
        headline = f"{times(rows[0].paired.ratio)} ({over_models(rows[0].paired)}) · {rows[0].series.name}"
    return Sheet(
        title=f"{translated(task.title)}: {gettext('general-purpose versus task-specific models')}",
        about=[],
        drawing=comparison_plot(rows),
        headline=headline,
        dated=dated(grades, at),
        notes=sheet_notes(
            grades=grades,
            scopes=sorted({row.scope for row in rows}),
            at=at,
            path=address_at(None, "comparison", task.slug),
        ),
    )


def size_sheet(task: Task, chart: SizeChart) -> Sheet:
    """Energy against size of one group of a task."""
    group = chart.group
    head, law = group.head, group.law
    headline = ""
    if law is not None:
        headline = gettext("energy ∝ parameters to the power of %(exponent)s (%(interval)s)") % {
            "exponent": figure(law.exponent),
            "interval": ends(law.exponent_low, law.exponent_high),
        }
    return Sheet(
        title=f"{translated(task.title)}: {gettext('Energy against number of parameters')}",
        about=[
            " · ".join(
                [
                    translated(head.dataset_title) or gettext("All data sets"),
                    group.series.name,
                    head.hardware_title,
                ]
            )
        ],
        drawing=chart.plot,
        headline=headline,
        dated=dated([head.grade], max(row.updated_at for row in group.rows)),
        notes=sheet_notes(
            grades=[head.grade],
            scopes=[head.scope],
            series=group.series.title,
            version=max(row.version for row in group.rows),
            at=max(row.updated_at for row in group.rows),
            path=address_at(None, "comparison", task.slug),
        ),
    )


def models_sheet(
    comparison: ModelComparison, models: Sequence[AiModel], letters: Mapping[str, str], query: str
) -> Sheet:
    """Several models on what they have in common; `query` is that of the page."""
    rows = [compared.row for group in comparison.groups for compared in group.models]
    at = max((row.updated_at for row in rows), default=None)
    grades = sorted({row.grade for row in rows})
    headline = ""
    if comparison.groups:
        headline = " · ".join(
            f"{compared.row.model_title}: {value_in_words(compared.row)}"
            for compared in comparison.groups[0].models[:2]
        )
    return Sheet(
        title=" · ".join(f"{letters[model.slug]} {model.title}" for model in models),
        about=[gettext("Each group is one data set on one hardware.")],
        drawing=comparison_overlay(comparison, letters),
        headline=headline,
        dated=dated(grades, at),
        notes=sheet_notes(
            grades=grades,
            scopes=sorted({row.scope for row in rows}),
            at=at,
            path=f"{address_at(None, 'compare-models')}?{query}",
        ),
    )


def power_sheet(evidence: Evidence, drawing: Drawing | None) -> Sheet:
    """The power of a run over time."""
    sensor, result_id = evidence.predicate.sensor, evidence.submission.pk
    at, half_width_j = evidence.submission.received_at, evidence.half_width_j
    energy = watt_hours(wh_per_1000(evidence.predicate.totals.energy_per_query_j))
    if half_width_j is not None:
        energy = f"{energy} ± {watt_hours(wh_per_1000(half_width_j))}"
    return Sheet(
        title=gettext("Result {result} with its evidence").format(result=result_id[:12]),
        about=[gettext("Power over the time of the run")],
        drawing=drawing,
        headline=gettext("%(energy)s per 1,000 queries") % {"energy": energy},
        dated=dated([sensor.grade], at),
        notes=sheet_notes(
            grades=[sensor.grade], scopes=[sensor.scope], at=at, path=address_at(None, "result", result_id)
        ),
    )


def claims_sheet(rows: list[RatioRow]) -> Sheet:
    """The study's ratios, on which most claims rest."""
    study = load_study()
    sized = size_controlled_of_study()
    headline = ""
    if sized is not None:
        headline = gettext("At equal size a general-purpose model uses %(factor)s (%(range)s) the energy") % {
            "factor": times(sized.factor.value),
            "range": interval(sized.factor),
        }
    return Sheet(
        title=gettext("Claims checked"),
        about=[gettext("General-purpose to task-specific ratios in the study, with intervals")],
        drawing=ratio_plot(rows),
        headline=headline,
        dated=f"{dated([Grade.PUBLISHED.value], None)} · {study.citation.year}",
        notes=sheet_notes(
            grades=[Grade.PUBLISHED.value],
            scopes=["node"],
            series=STUDY,
            at=None,
            path=address_at(None, "claims"),
        ),
    )
