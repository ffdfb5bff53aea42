"""A model: what it is, its values on every task and card, what beats it, how its values changed, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from joulemark.exports.forms import MOST_ENERGIES
from measurements.answer_cache.sources import made_of
from measurements.boards.model_history import CHANGES_SHOWN, read_changes
from measurements.boards.model_needs import read_model_needs
from measurements.boards.model_rivals import SIZE_FACTOR, Rivalry, rivalries
from measurements.boards.sources import BOARDS
from measurements.boards.subject_rows import ROWS_PER_PAGE, SubjectRows
from measurements.catalog.models import AiModel
from measurements.catalog.sources import CATALOG
from measurements.catalog.suite_contents import suites_of_model
from measurements.pages.provenance import provenance_of_rows
from measurements.pages.structured_data import subject_dataset
from measurements.published.sources import PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from measurements.boards.subject_rows import SubjectRow


@made_of(BOARDS, CATALOG, PUBLISHED)
@require_safe
def model(request: HttpRequest, model: str) -> HttpResponse:
    """One model with a page of its values."""
    subject = AiModel.objects.filter(slug=model).first()
    if subject is None:
        raise Http404(gettext("This platform knows no model of this name."))
    values = SubjectRows(model=subject)
    page = Paginator(values, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    beside = rivalries([line.cell for line in rows if line.cell is not None])
    lines = [(line, _rivalry(line, beside or {})) for line in rows]
    provenance = provenance_of_rows([line.row for line in rows])
    context = {
        "model": subject,
        "page": page,
        "lines": lines,
        "is_exported": 0 < values.n_cells <= MOST_ENERGIES,
        "beaten": [(line, rivalry) for line, rivalry in lines if rivalry.better],
        "is_too_much": beside is None,
        "size_factor": SIZE_FACTOR,
        "changes": read_changes(subject),
        "changes_shown": CHANGES_SHOWN,
        "needs": read_model_needs(subject),
        "suites": suites_of_model(subject.slug),
        "provenance": provenance,
        "structured_data": subject_dataset(
            title=subject.title,
            description=gettext(
                "Energy of answers of the model {model}, task by task, with 95 % intervals."
            ).format(model=subject.title),
            path=request.path,
            provenance=provenance,
        ),
        "previous": gettext("Previous values"),
        "next": gettext("Next values"),
    }
    return render(request, "pages/model.html", context)


def _rivalry(line: SubjectRow, beside: Mapping[int, Rivalry]) -> Rivalry:
    """What is beside a value: nothing of a published figure, which one source states."""
    return Rivalry() if line.cell is None else beside.get(line.cell.pk, Rivalry())
