"""The moment that a request names is read before its view runs, or refused with a reason.

Where a view is not marked by `honours_as_of`, a page is answered as it is now and says so, with links that keep the
moment; data and files are refused. So nothing that ignores moments can be mistaken for something that honours them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.utils.translation import gettext

from measurements.answer_cache.sources import note_one_off
from measurements.boards.as_of import MomentError, moment_of
from measurements.intake.problems import handle
from measurements.intake.refusals import BadRequest
from measurements.web.as_of import PARAMETERS, Moment, honours, keeps_moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

API = "/api/"
READS = ("GET", "HEAD")


class AsOfMiddleware:
    """Reads the moment of each request; refuses it where the view does not honour it and is no page, which says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; `process_view` reads its moment."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Set `request.moment`, or that it is passed by; else refuse: a problem document under /api/, or a page."""
        parameters = {name: request.GET[name] for name in PARAMETERS if name in request.GET}
        if not parameters or request.method not in READS or _is_admin(request):
            return None
        if not honours(view) and not keeps_moment(request.path_info):
            return _refusal(request, "JM-MOMENT-UNKNOWN-HERE", _not_here())
        try:
            at = moment_of(parameters)
        except MomentError as error:
            return _refusal(request, "JM-MOMENT", str(error))
        moment = Moment(at=at, query=urlencode(parameters))
        if honours(view):
            request.moment = moment  # type: ignore[attr-defined]  # read by moment_shown
        else:
            _pass_by(request, moment)
        return None


def _pass_by(request: HttpRequest, moment: Moment) -> None:
    """Let a page of the present be asked as if without the moment. Its answer is not kept: times are without number."""
    request.moment_passed_by = moment  # type: ignore[attr-defined]  # read by web.as_of.moment_passed_by
    question = request.GET.copy()
    for name in PARAMETERS:
        question.pop(name, None)
    request.GET = question  # type: ignore[assignment]  # a copy of a QueryDict, which may be changed, is one too
    note_one_off(request)


def _is_admin(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.app_name == "admin"


def _not_here() -> str:
    return gettext(
        "What is at this address is known only as it is now: leave out as_of and checkpoint. Boards, their values "
        "and their downloads can be shown as of a moment."
    )


def _refusal(request: HttpRequest, code: str, sentence: str) -> HttpResponse:
    if not request.path.startswith(API):
        raise Http404(sentence)
    problem = handle(BadRequest(code, sentence), {})
    assert problem is not None  # noqa: S101 - a refusal always has its problem document
    return problem
