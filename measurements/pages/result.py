"""One result with its evidence, and the way to it from its short address."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of, note
from measurements.boards.page_views import VIEWED
from measurements.boards.result_standing import full_result_ids
from measurements.boards.series import series_of_suite
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.display.units import wh_per_1000
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.sources import LEAVES
from measurements.pages.charts import (
    window_plot,
)
from measurements.pages.evidence import read_evidence
from measurements.review.sources import RESULTS


@made_of(BOARDS, CATALOG, CONTRIBUTORS, LEAVES, RESULTS, SUBMISSIONS, on_view=VIEWED.note)
@require_safe
def result(request: HttpRequest, result_id: str) -> HttpResponse:
    """One result with its evidence."""
    evidence = read_evidence(result_id)
    if evidence is None:
        raise Http404(gettext("This platform has received no result with this digest."))
    workload = evidence.predicate.workload
    if evidence.result is not None:
        note(request, [(workload.task, workload.dataset, workload.model)])
    context = {
        "evidence": evidence,
        "windows": window_plot(evidence),
        "headline": wh_per_1000(evidence.predicate.totals.energy_per_query_j),
        "cell_headline": wh_per_1000(evidence.cell.energy_per_query_j) if evidence.cell else None,
        "series": series_of_suite(evidence.result.suite, evidence.result.grade).slug
        if evidence.result
        else "",
        "origin": settings.ORIGIN,
    }
    return render(request, "pages/result.html", context)


@require_safe
def short_result(_request: HttpRequest, short_id: str) -> HttpResponse:
    """Lead from a result's short address, which fits into a line of a terminal, to its page."""
    result_ids = full_result_ids(short_id)
    if len(result_ids) > 1:
        raise Http404(gettext("Several results start with these digits. Open one by its full address."))
    if not result_ids:
        raise Http404(gettext("This platform has received no result with this digest."))
    return redirect("result", result_ids[0])
