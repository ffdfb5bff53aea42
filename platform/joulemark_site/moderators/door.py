"""Where the moderators' pages are answered at all: under which host names, and for which networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http.request import split_domain_port
from django.utils.translation import gettext

from joulemark_site.errors import refuse
from measurements.web.client_address import client_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

PREFIX = "/admin"
CODE = "JM-ADMIN-CLOSED"


def moderators_door(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: 403 for the moderators' pages under a host name or from a network that the settings do not list."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(PREFIX) and not _is_open_to(request):
            sentence = gettext(
                "The moderators' pages are not served under this host name or to this network."
            )
            return refuse(request, 403, f"{CODE}: {sentence}")
        return get_response(request)

    return answer


def _is_open_to(request: HttpRequest) -> bool:
    hosts = settings.ADMIN_HOSTS
    if hosts and split_domain_port(request.get_host())[0] not in hosts:
        return False
    if not settings.ADMIN_NETWORKS:
        return True
    address = client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        proxies=settings.PROXIES,
    )
    return address is not None and any(
        address.version == network.version and address in network for network in settings.ADMIN_NETWORKS
    )
