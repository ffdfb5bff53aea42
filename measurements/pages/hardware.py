"""A hardware class: facts with sources, values on it, its energy beside other cards', its counters, who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from joulemark.energy.sensors import MAKER, measured_boards
from measurements.answer_cache.sources import made_of
from measurements.boards.hardware_common import compare_cards
from measurements.boards.hardware_owners import read_owners
from measurements.boards.sources import BOARDS
from measurements.boards.subject_rows import ROWS_PER_PAGE, SubjectRows
from measurements.catalog.cached_rows import hardware_class_named
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.intake.sources import SUBMISSIONS
from measurements.pages.provenance import provenance_of_rows
from measurements.pages.structured_data import subject_dataset
from measurements.published.sources import PUBLISHED
from measurements.review.sources import RESULTS
from measurements.summaries.counter_timings import read_counter_timings

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG, CONTRIBUTORS, PUBLISHED, RESULTS, SUBMISSIONS)
@require_safe
def hardware(request: HttpRequest, hardware: str) -> HttpResponse:
    """One hardware class with a page of the values on it."""
    subject = hardware_class_named(hardware)
    if subject is None:
        raise Http404(gettext("This platform knows no hardware of this name."))
    page = Paginator(SubjectRows(hardware_class=subject), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    lines = list(page)
    provenance = provenance_of_rows([line.row for line in lines])
    context = {
        "hardware": subject,
        "page": page,
        "lines": lines,
        "cards": compare_cards(subject),
        "timings": read_counter_timings(subject),
        "beside_meter": [
            board for board in measured_boards() if board.name == subject.public_title.removeprefix(MAKER)
        ],
        "owners": read_owners(subject),
        "provenance": provenance,
        "structured_data": subject_dataset(
            title=subject.public_title,
            description=gettext(
                "Energy of AI answers on {hardware}, model by model, with 95 % intervals."
            ).format(hardware=subject.public_title),
            path=request.path,
            provenance=provenance,
        ),
        "previous": gettext("Previous values"),
        "next": gettext("Next values"),
    }
    return render(request, "pages/hardware.html", context)
