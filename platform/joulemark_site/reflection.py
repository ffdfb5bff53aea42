"""How the platform sees a request: `manage.py doctor` asks it through the proxy, and compares.

Only who knows the platform's secret is answered; to everybody else there is nothing here.
"""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from measurements.web.client_address import client_address

ADDRESS = "/doctor/reflection"
HEADER = "X-Joulemark-Doctor"
SALT = "joulemark.doctor"
LIFETIME_S = 300


def ticket() -> str:
    """What the doctor sends to be answered."""
    return signing.dumps("doctor", salt=SALT)


@require_safe
def reflect(request: HttpRequest) -> JsonResponse:
    """Scheme, host and client as the platform sees them, and how many addresses proxies have written."""
    try:
        signing.loads(request.headers.get(HEADER, ""), salt=SALT, max_age=LIFETIME_S)
    except signing.BadSignature as error:
        raise Http404 from error
    peer, forwarded = request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    client = client_address(peer, forwarded, proxies=settings.PROXIES)
    return JsonResponse(
        {
            "scheme": request.scheme,
            "host": request.get_host(),
            "client": str(client) if client else None,
            "hops": len([hop for hop in forwarded.split(",") if hop.strip()]),
        },
        headers={"Cache-Control": "no-store"},
    )
