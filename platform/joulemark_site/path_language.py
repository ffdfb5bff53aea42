"""The language of an answer is that of its address, and an address without one leads its reader to theirs.

`/` leads for now, since who reads another language tomorrow asks again; every other address of a page that has no
language, as all had before, leads for good. Both say that Accept-Language decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponsePermanentRedirect, HttpResponseRedirect
from django.urls import is_valid_path
from django.utils import translation
from django.utils.cache import patch_vary_headers

from measurements.web.languages import in_language, language_in, language_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

HOME = "/"
READS = ("GET", "HEAD")
WITHOUT_LANGUAGE = ("/api/", "/log/", "/admin/", "/static/")


def language_of_path(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: activates the language of an address, and redirects pages' addresses that have none."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        language = language_of(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = _redirect(request, language) or get_response(request)
        if not language_in(request.path_info):
            patch_vary_headers(response, ["Accept-Language"])
        response.headers.setdefault("Content-Language", language)
        return response

    return answer


def _redirect(request: HttpRequest, language: str) -> HttpResponseBase | None:
    """The way to a page whose address has no language; None for everything else."""
    path = request.path_info
    if request.method not in READS or language_in(path) or path.startswith(WITHOUT_LANGUAGE):
        return None
    leads_to_page = any(is_valid_path(in_language(each, language)) for each in (path, f"{path}/"))
    if not leads_to_page:
        return None
    request.get_host()  # a host that is not ours is refused, not led on
    address = in_language(request.get_full_path(), language)
    return HttpResponseRedirect(address) if path == HOME else HttpResponsePermanentRedirect(address)
