"""What a network has left of its rate, in the headers of the answer (draft-ietf-httpapi-ratelimit-headers-10).

`RateLimit-Policy: "reads";q=36000;w=3600` says how many requests in how many seconds, `RateLimit: "reads";r=9;t=120`
how many of them are left and in how many seconds there are more. Both are one reader's: no cache may keep them, so
they are put on behind the cache of answers. An answer that was kept costs nothing, and says nothing of a rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.intake.rates import QUOTA

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from measurements.intake.rates import Quota


def quota_headers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: an answer to a request that was counted says what is left, a refusal too."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        quota: Quota | None = getattr(request, QUOTA, None)
        if quota is not None:
            response.headers["RateLimit-Policy"] = f'"{quota.scope}";q={quota.number};w={quota.seconds}'
            response.headers["RateLimit"] = f'"{quota.scope}";r={quota.left};t={quota.wait_s}'
        return response

    return answer
