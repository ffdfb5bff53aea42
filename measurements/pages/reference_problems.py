"""The codes of problem documents, status by status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.pages.reference_pages import PROBLEMS, reference_place
from measurements.web.api_reference import read_reference
from measurements.web.problem_codes import codes_of_status

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from measurements.web.problem_codes import ProblemCode


@dataclass(frozen=True, kw_only=True)
class RefusalStatus:
    """A status that comes with a problem document, and its codes."""

    status: str
    codes: list[ProblemCode]


@made_of()
@require_safe
def reference_problems(request: HttpRequest) -> HttpResponse:
    """Every problem code under its status."""
    statuses = [
        RefusalStatus(status=status, codes=codes_of_status(int(status)))
        for status in read_reference().refusals
    ]
    context = {"place": reference_place(PROBLEMS), "statuses": statuses}
    return render(request, "pages/reference_problems.html", context)
