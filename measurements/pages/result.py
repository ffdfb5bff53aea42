"""One result with its evidence, and the way to it from its short address."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of, note
from measurements.boards.page_views import VIEWED
from measurements.boards.result_effect import ResultEffect, read_result_effect
from measurements.boards.result_standing import full_result_ids
from measurements.boards.series import series_of_suite
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.display.units import wh_per_1000
from measurements.intake.models import UNJUDGED, State
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.release_entries import read_release_entries
from measurements.ledger.sources import LEAVES
from measurements.pages.charts import (
    window_plot,
)
from measurements.pages.evidence import Evidence, read_evidence
from measurements.pages.plot_sheets import plot_files
from measurements.pages.result_power import result_power
from measurements.review.retirements import releases_before_withdrawal
from measurements.review.sources import RESULTS
from measurements.review.verdict_rules import rules_of_verdict
from measurements.summaries.power_curves import read_power_curve
from measurements.summaries.sources import POWER_CURVES
from measurements.web.as_of import path_of


@made_of(BOARDS, CATALOG, CONTRIBUTORS, LEAVES, POWER_CURVES, RESULTS, SUBMISSIONS, on_view=VIEWED.note)
@require_safe
def result(request: HttpRequest, result_id: str) -> HttpResponse:
    """One result with its evidence."""
    evidence = read_evidence(result_id)
    if evidence is None:
        raise Http404(gettext("This platform has received no result with this digest."))
    workload = evidence.predicate.workload
    if evidence.result is not None:
        note(request, [(workload.task, workload.dataset, workload.model)])
    power = result_power(read_power_curve(result_id, evidence.bundle))
    context = {
        "evidence": evidence,
        "windows": window_plot(evidence),
        "headline": wh_per_1000(evidence.predicate.totals.energy_per_query_j),
        "cell_headline": wh_per_1000(evidence.cell.energy_per_query_j) if evidence.cell else None,
        "series": series_of_suite(evidence.result.suite, evidence.result.grade).slug
        if evidence.result
        else "",
        "origin": settings.ORIGIN,
        "power": power,
        "power_files": plot_files(partial(path_of, "result-power-plot", result_id)),
        "rules": rules_of_verdict(evidence.verdict) if evidence.verdict else None,
        "effect": _effect(evidence),
        "releases": releases_before_withdrawal(evidence.submission, read_release_entries())
        if evidence.submission.state == State.WITHDRAWN
        else None,
        "follows": evidence.submission.state in UNJUDGED,
    }
    return render(request, "pages/result.html", context)


def _effect(evidence: Evidence) -> ResultEffect | None:
    """How an accepted result moved its value; None of any other."""
    if evidence.result is None or evidence.cell is None:
        return None
    accepted_at = [verdict.judged_at for verdict in evidence.verdicts if verdict.state == State.ACCEPTED]
    accepted_at += [row.decided_at for row in evidence.moderations if row.state == State.ACCEPTED]
    return read_result_effect(evidence.result, accepted_at=max(accepted_at)) if accepted_at else None


@require_safe
def short_result(_request: HttpRequest, short_id: str) -> HttpResponse:
    """Lead from a result's short address, which fits into a line of a terminal, to its page."""
    result_ids = full_result_ids(short_id)
    if len(result_ids) > 1:
        raise Http404(gettext("Several results start with these digits. Open one by its full address."))
    if not result_ids:
        raise Http404(gettext("This platform has received no result with this digest."))
    return redirect("result", result_ids[0])
