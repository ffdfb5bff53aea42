"""Whether this platform's data hold a simulated crowd: then every page and every download says so.

A crowd stays for good, since results are never deleted: once seen it is remembered. Until then each request asks the
database once, for names that a crowd's keys have; a name alone makes nobody simulated, the key does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection
from django.utils.functional import SimpleLazyObject

from joulemark_site.crowd.identity import PREFIX
from joulemark_site.crowd.recognition import crowd_of
from measurements.contributors.models import Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

HEADER = "Joulemark-Simulated"
"""On every answer to a reader of a platform that holds a crowd, also where the bytes are signed: bundles, the log."""

READS = ("GET", "HEAD")


class Presence:
    """What this process knows of crowds in each database."""

    def __init__(self) -> None:
        self._crowds: set[str] = set()
        self._others: set[str] = set()

    def is_simulated(self) -> bool:
        """Whether a key of a crowd is enrolled here."""
        database = str(connection.settings_dict["NAME"])
        if database in self._crowds:
            return True
        named = Key.objects.filter(contributor__display_name__startswith=PREFIX)
        for key, name in named.values_list("key_id", "contributor__display_name"):
            if key in self._others:
                continue
            if crowd_of(key, name) is not None:
                self._crowds.add(database)
                return True
            self._others.add(key)
        return False

    def forget(self) -> None:
        """Know nothing: for a database that another test has filled."""
        self._crowds.clear()
        self._others.clear()


PRESENCE = Presence()
"""This process' knowledge."""


def mark_simulated(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: sets `request.simulated`, which pages and downloads show, and the header of every answer."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method not in READS:
            return get_response(request)
        request.simulated = SimpleLazyObject(PRESENCE.is_simulated)  # type: ignore[attr-defined]  # for templates
        response = get_response(request)
        try:
            simulated = bool(request.simulated)  # type: ignore[attr-defined]
        except (OperationalError, InterfaceError):
            return response  # what needs no database is answered without one
        if simulated:
            response.headers[HEADER] = "crowd"
        return response

    return answer
