"""What monitors and proxies ask, answered before anything else of the platform is: `/livez`, `/readyz`, `/metrics`.

`/livez` says that the process answers, and asks nothing else: restarting it would mend nothing that is away. `/readyz`
asks each thing that a request needs and names every one that is amiss, in a sentence for the operator. `/metrics` is
for Prometheus. None of them is for the public.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from measurements.monitoring.access import may_read_figures
from measurements.monitoring.conditions import read_readiness
from measurements.monitoring.exposition import exposition

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)

NOT_KEPT = {"Cache-Control": "no-store"}
PLAIN = "text/plain; charset=utf-8"


@require_safe
def livez(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers."""
    return HttpResponse("alive\n", content_type=PLAIN, headers=NOT_KEPT)


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 with `ready`, or 503; `checks` has for each thing that a request needs "ok" or what is amiss."""
    readiness = read_readiness()
    for condition in readiness.conditions:
        if not condition.holds:
            logger.warning("not ready, %s: %s", condition.name, condition.words)
    return JsonResponse(
        {
            "ready": readiness.is_ready,
            "checks": {condition.name: condition.words for condition in readiness.conditions},
        },
        status=200 if readiness.is_ready else 503,
        headers=NOT_KEPT,
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Every figure; 404 for whoever may not read them, as if there were none."""
    if not may_read_figures(request):
        return HttpResponse("Nothing is here.\n", status=404, content_type=PLAIN, headers=NOT_KEPT)
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST, headers=NOT_KEPT)
