"""A data set: what is in it, the suites that use it with its revision, the boards on it, and how to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.sources import BOARDS
from measurements.boards.subject_boards import boards_of_dataset
from measurements.boards.subject_rows import ROWS_PER_PAGE, SubjectRows
from measurements.catalog.models import DataSet
from measurements.catalog.services import is_link
from measurements.catalog.sources import CATALOG
from measurements.catalog.suite_contents import suites_of_dataset
from measurements.display.titles import translated
from measurements.pages.provenance import provenance_of_rows
from measurements.pages.structured_data import subject_dataset
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG, PUBLISHED)
@require_safe
def dataset(request: HttpRequest, task: str, dataset: str) -> HttpResponse:
    """One data set of a task with a page of the values on it."""
    subject = DataSet.objects.select_related("task").filter(task__slug=task, slug=dataset).first()
    if subject is None:
        raise Http404(gettext("This platform knows no data set of this name for this task."))
    page = Paginator(SubjectRows(dataset=subject), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    lines = list(page)
    suites = suites_of_dataset(task=task, slug=dataset)
    provenance = provenance_of_rows([line.row for line in lines])
    title = translated(subject.title)
    context = {
        "dataset": subject,
        "source_is_link": is_link(subject.source),
        "suites": suites,
        "current": [used for used in suites if used.is_current],
        "boards": boards_of_dataset(subject),
        "page": page,
        "lines": lines,
        "provenance": provenance,
        "structured_data": subject_dataset(
            title=title,
            description=gettext(
                "Energy of AI answers on the data set {dataset}, with 95 % intervals."
            ).format(dataset=title),
            path=request.path,
            provenance=provenance,
        ),
        "previous": gettext("Previous values"),
        "next": gettext("Next values"),
    }
    return render(request, "pages/dataset.html", context)
