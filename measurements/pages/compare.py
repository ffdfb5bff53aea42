"""General-purpose against task-specific models on one task."""

from __future__ import annotations

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from joulemark.suite.published import load_study
from measurements.answer_cache.sources import made_of
from measurements.boards.comparisons import read_comparison
from measurements.boards.sources import BOARDS
from measurements.catalog.cached_rows import tasks_by_slug
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.pages.page_sheets import comparison_sheet
from measurements.pages.plot_sheets import plot_files, social_image
from measurements.pages.provenance import provenance_of_boards
from measurements.pages.size_charts import size_charts
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import path_of


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED)
@require_safe
def compare(request: HttpRequest, task: str) -> HttpResponse:
    """General-purpose against task-specific models on one task."""
    compared_task = tasks_by_slug().get(task)
    comparison = read_comparison(compared_task) if compared_task else None
    if compared_task is None or comparison is None or not (comparison.rows or comparison.n_missing):
        raise Http404(gettext("No series has both kinds of model on this task."))
    rows = comparison.rows
    sheet = comparison_sheet(compared_task, rows)
    path = partial(path_of, "comparison-plot", task)
    sizes = size_charts(compared_task)
    context = {
        "task": compared_task,
        "n_missing": comparison.n_missing,
        "crowd": [row for row in rows if not row.series.is_published],
        "published": [row for row in rows if row.series.is_study],
        "imported": [row for row in rows if row.series.is_published and not row.series.is_study],
        "plot": sheet.drawing,
        "files": plot_files(path),
        "social": social_image(sheet, path) if rows else None,
        "size_charts": [
            (chart, plot_files(partial(path_of, "size-plot", task, str(number))))
            for number, chart in enumerate(sizes, start=1)
        ],
        "study": load_study(),
        "provenance": provenance_of_boards(),
    }
    return render(request, "pages/compare.html", context)
