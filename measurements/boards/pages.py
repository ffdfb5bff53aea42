"""The pages: read, draw, render. All that is shown comes from the reading modules; nothing is decided."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from joulemark.suite.published import load_study
from measurements.boards.comparing import read_comparison
from measurements.boards.drawing import (
    board_plot,
    cell_plot,
    comparison_plot,
    quality_plots,
    size_plot,
    window_plot,
)
from measurements.boards.equal_size import read_equal_size
from measurements.boards.evidence import read_evidence
from measurements.boards.explaining import NAMED_BY, explain_cell
from measurements.boards.needed_page import needed_of_suites
from measurements.boards.overview import read_overview
from measurements.boards.published import read_published
from measurements.boards.reading import NotKept, list_boards, read_board
from measurements.boards.result_standing import full_result_ids
from measurements.boards.sensor_facts import unknown_sensor
from measurements.boards.series import series_by_slug, series_of_suite
from measurements.boards.suite_hints import suite_hints
from measurements.boards.viewed import VIEWED
from measurements.catalog.models import Task
from measurements.catalog.suites import unpinned_suites
from measurements.display.units import wh_per_1000
from measurements.impact.form import year_of_value
from measurements.intake.models import State
from measurements.review.decisions import public_decisions
from measurements.review.filters import ResultFilter
from measurements.review.listing import PER_PAGE, codes_of, listed_submissions
from measurements.web.as_of import address_at, honours_as_of, moment_shown, time_shown

LATEST = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is, the headline, the boards, and how to take part or check."""
    context = {
        "overview": read_overview(),
        "boards": list_boards(),
        "latest": listed_submissions()[:LATEST],
        "origin": settings.ORIGIN,
        "suites": suite_hints(),
    }
    return render(request, "boards/home.html", context)


@honours_as_of
@require_safe
def board_list(request: HttpRequest) -> HttpResponse:
    """Every board, now or as of a moment."""
    at = time_shown(request)
    return render(request, "boards/board_list.html", {"boards": list_boards(at=at), "as_of": at})


@honours_as_of
@require_safe
def boards_of_series(request: HttpRequest, series: str) -> HttpResponse:
    """An address that people shorten: to what a published series says of itself, else to the list of boards."""
    moment = moment_shown(request)
    found = series_by_slug(series, at=moment.at if moment else None)
    if found is None:
        raise Http404(gettext("There is no published series of this name."))
    named = ("published", found.slug) if found.grade == "published" else ("boards",)
    return redirect(address_at(moment, *named))


@honours_as_of
@require_safe
def board(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """One leaderboard, now or as of a moment."""
    try:
        found = read_board(series_slug=series, task_slug=task, at=time_shown(request))
    except NotKept as error:
        raise Http404(str(error)) from error
    if found is None:
        raise Http404(gettext("There is no such board, or nothing has been accepted on it yet."))
    if request.method == "GET":
        VIEWED.note((row.task, row.dataset, row.model) for row in found.rows if row.dataset)
    groups = [
        (group, board_plot(group), [*quality_plots(group), *filter(None, [size_plot(group)])])
        for group in found.groups
    ]
    context = {
        "board": found,
        "groups": groups,
        "study": load_study() if found.series.is_study else None,
    }
    return render(request, "boards/board.html", context)


@honours_as_of
@require_safe
def cell(request: HttpRequest, series: str, task: str) -> HttpResponse:
    """One value, now with everybody behind it, or as of a moment."""
    found = explain_cell(series_slug=series, task_slug=task, named=request.GET, at=time_shown(request))
    if found is None:
        raise Http404(
            gettext("There is no such value on this board, or nothing has been accepted for it yet.")
        )
    year = address_at(moment_shown(request), "impact", **year_of_value(found.row))
    named = {name: request.GET.get(name, "") for name in NAMED_BY}
    context = {"cell": found, "plot": cell_plot(found), "year": year, "cell_query": urlencode(named)}
    return render(request, "boards/cell.html", context)


@honours_as_of
@require_safe
def published(request: HttpRequest, series: str) -> HttpResponse:
    """What a published series says of itself, where its boards are, and what of its input was not taken."""
    try:
        found = read_published(series, at=time_shown(request))
    except NotKept as error:
        raise Http404(str(error)) from error
    if found is None:
        raise Http404(gettext("There is no published series of this name."))
    return render(request, "boards/published.html", {"found": found, "as_of": time_shown(request)})


@require_safe
def compare_list(request: HttpRequest) -> HttpResponse:
    """The tasks on which both kinds of model were run."""
    overview = read_overview()
    equal_size, n_missing = read_equal_size(row.series for _task, row in overview.crowd)
    context = {"overview": overview, "equal_size": equal_size, "n_missing": n_missing}
    return render(request, "boards/compare_list.html", context)


@require_safe
def compare(request: HttpRequest, task: str) -> HttpResponse:
    """General-purpose against task-specific models on one task."""
    found = Task.objects.filter(slug=task).first()
    comparison = read_comparison(found) if found else None
    if comparison is None or not (comparison.rows or comparison.n_missing):
        raise Http404(gettext("No series has both kinds of model on this task."))
    rows = comparison.rows
    context = {
        "task": found,
        "n_missing": comparison.n_missing,
        "crowd": [row for row in rows if row.grade != "published"],
        "published": [row for row in rows if row.series.is_study],
        "imported": [row for row in rows if row.grade == "published" and not row.series.is_study],
        "plot": comparison_plot(rows),
        "study": load_study(),
    }
    return render(request, "boards/compare.html", context)


@require_safe
def needed(request: HttpRequest) -> HttpResponse:
    """What to measure next, with the command to do it."""
    context = {"suites": needed_of_suites(), "origin": settings.ORIGIN, "waiting": unpinned_suites()}
    return render(request, "boards/needed.html", context)


@require_safe
def result_list(request: HttpRequest) -> HttpResponse:
    """Every result in every state, latest first."""
    chosen = ResultFilter(request.GET, queryset=listed_submissions())
    found = chosen.qs if chosen.is_valid() else listed_submissions().none()
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "lines": [(submission, codes_of(submission)) for submission in page],
        "active": {name: value for name, value in request.GET.items() if name in chosen.filters and value},
        "query": query.urlencode(),
        "states": State.values,
    }
    return render(request, "boards/result_list.html", context)


@require_safe
def result(request: HttpRequest, result_id: str) -> HttpResponse:
    """One result with its evidence."""
    evidence = read_evidence(result_id)
    if evidence is None:
        raise Http404(gettext("This platform has received no result with this digest."))
    said = evidence.said.workload
    if evidence.result is not None and request.method == "GET":
        VIEWED.note([(said.task, said.dataset, said.model)])
    context = {
        "evidence": evidence,
        "windows": window_plot(evidence),
        "headline": wh_per_1000(evidence.said.totals.energy_per_query_j),
        "cell_headline": wh_per_1000(evidence.cell.energy_per_query_j) if evidence.cell else None,
        "series": series_of_suite(evidence.result.suite, evidence.result.grade).slug
        if evidence.result
        else "",
        "origin": settings.ORIGIN,
    }
    return render(request, "boards/result.html", context)


@require_safe
def short_result(_request: HttpRequest, short_id: str) -> HttpResponse:
    """Lead from a result's short address, which fits into a line of a terminal, to its page."""
    result_ids = full_result_ids(short_id)
    if len(result_ids) > 1:
        raise Http404(gettext("Several results have these first digits; open one by its whole address."))
    if not result_ids:
        raise Http404(gettext("This platform has received no result with this digest."))
    return redirect("result", result_ids[0])


@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """What people decided about results, and which appeals wait."""
    page = Paginator(public_decisions(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "boards/decision_list.html", {"page": page})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What a number here means, and what a signature does not prove."""
    context = {"study": load_study(), "sensor": unknown_sensor(), "suites": suite_hints()}
    return render(request, "boards/about.html", context)
