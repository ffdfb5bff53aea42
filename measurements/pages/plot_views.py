"""Plots as files of their own: drawings, pictures, and the cards by which pages are shared.

Each is made of what its page is made of, so it is kept and renewed like the page.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.cell_detail import explain_cell
from measurements.boards.comparisons import read_comparison
from measurements.boards.ladder import read_ladder
from measurements.boards.model_comparison import compare_models
from measurements.boards.sources import BOARDS
from measurements.catalog.models import Task
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.impact.ratio_rows import ratio_rows
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.sources import LEAVES
from measurements.pages.comparison_charts import letters_of
from measurements.pages.comparison_request import ComparisonRefused, parse_comparison
from measurements.pages.evidence import read_evidence
from measurements.pages.page_sheets import (
    cell_sheet,
    claims_sheet,
    comparison_sheet,
    ladder_sheet,
    models_sheet,
    power_sheet,
    size_sheet,
)
from measurements.pages.plot_sheets import plot_answer, plot_files, social_image
from measurements.pages.provenance import provenance_of_boards
from measurements.pages.result_power import result_power
from measurements.pages.size_charts import size_charts
from measurements.published.sources import PUBLISHED
from measurements.review.sources import RESULTS
from measurements.summaries.power_curves import read_power_curve
from measurements.summaries.sources import POWER_CURVES
from measurements.web.as_of import honours_as_of, moment_shown, path_of, time_shown

if TYPE_CHECKING:
    from measurements.impact.ratio_rows import RatioRow


@made_of(BOARDS, CATALOG, PUBLISHED)
@require_safe
def home_plot(request: HttpRequest, form: str) -> HttpResponse:
    """The ladder of the front page."""
    ladder = read_ladder()
    if ladder is None:
        raise Http404(gettext("Nothing has been accepted yet."))
    return plot_answer(request, ladder_sheet(ladder, provenance_of_boards().at), form)


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED, RESULTS, SUBMISSIONS)
@honours_as_of
@require_safe
def cell_plot(request: HttpRequest, series: str, task: str, form: str) -> HttpResponse:
    """The values of the contributors of a cell."""
    detail = explain_cell(series_slug=series, task_slug=task, named=request.GET, at=time_shown(request))
    if detail is None:
        raise Http404(
            gettext("There is no such value on this board, or nothing has been accepted for it yet.")
        )
    return plot_answer(request, cell_sheet(detail, moment_shown(request)), form)


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED)
@require_safe
def comparison_plot(request: HttpRequest, task: str, form: str) -> HttpResponse:
    """The ratios of a task."""
    compared_task = Task.objects.named(task)
    comparison = read_comparison(compared_task) if compared_task else None
    if compared_task is None or comparison is None or not comparison.rows:
        raise Http404(gettext("No series has both kinds of model on this task."))
    return plot_answer(request, comparison_sheet(compared_task, comparison.rows), form)


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED)
@require_safe
def size_plot(request: HttpRequest, task: str, number: int, form: str) -> HttpResponse:
    """Energy against size, of one of the groups of a comparison's page, counted from 1."""
    compared_task = Task.objects.named(task)
    charts = size_charts(compared_task) if compared_task else []
    if compared_task is None or not 1 <= number <= len(charts):
        raise Http404(gettext("There is no such plot on this page."))
    return plot_answer(request, size_sheet(compared_task, charts[number - 1]), form)


@made_of(BOARDS, CATALOG, CONTRIBUTORS, RESULTS, SUBMISSIONS)
@require_safe
def compare_models_plot(request: HttpRequest, form: str) -> HttpResponse:
    """Several models over each other. A question that is written otherwise leads to the one way of writing it."""
    try:
        parsed = parse_comparison(request.GET)
    except ComparisonRefused as refusal:
        raise Http404(refusal.sentence) from refusal
    if len(parsed.models) < 2:
        raise Http404(gettext("Name at least two models."))
    if parsed.query != request.META.get("QUERY_STRING", ""):
        return redirect(f"{path_of('compare-models-plot', form)}?{parsed.query}")
    comparison = compare_models(parsed.models, grade=parsed.grade, page=parsed.page)
    sheet = models_sheet(comparison, parsed.models, letters_of(parsed.models), parsed.query)
    return plot_answer(request, sheet, form)


@made_of(BOARDS, CATALOG, CONTRIBUTORS, LEAVES, POWER_CURVES, RESULTS, SUBMISSIONS)
@require_safe
def result_power_plot(request: HttpRequest, result_id: str, form: str) -> HttpResponse:
    """The power of a run over time."""
    evidence = read_evidence(result_id)
    if evidence is None:
        raise Http404(gettext("This platform has received no result with this digest."))
    power = result_power(read_power_curve(result_id, evidence.bundle))
    return plot_answer(request, power_sheet(evidence, power.plot), form)


@made_of()
@require_safe
def claims_plot(request: HttpRequest, form: str) -> HttpResponse:
    """The study's ratios, whose figures come with the software."""
    return plot_answer(request, claims_sheet(ratio_rows()), form)


def share_claims(ratios: list[RatioRow]) -> dict[str, object]:
    """What the page of claims says of its plot."""
    sheet = claims_sheet(ratios)
    path = partial(path_of, "claims-plot")
    return {
        "plot": sheet.drawing,
        "files": plot_files(path),
        "social": social_image(sheet, path),
    }
