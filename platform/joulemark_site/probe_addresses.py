"""Where probes are answered: before every other middleware, which may need what is away, or know no such host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.monitoring import probes

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

PROBES = {"livez": probes.livez, "readyz": probes.readyz, "metrics": probes.metrics}
"""By the name of the address, which is also its path."""


def answered_probes(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: the answer of a probe, or whatever the rest of the platform answers."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        view = PROBES.get(request.path_info.removeprefix("/"))
        if view is None:
            return get_response(request)
        response = view(request)
        response.headers.setdefault("Cache-Control", "no-store")  # of a refused method as well
        return response

    return answer
