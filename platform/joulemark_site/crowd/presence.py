"""Whether this platform's data hold a simulated crowd: then every page and every download says so.

A crowd stays for good, since results are never deleted: once seen it is remembered. Until then the database is asked
whenever keys or names have changed, for names that a crowd's keys have; a name alone makes nobody simulated, the key
does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError, connection
from django.utils.functional import SimpleLazyObject

from joulemark_site.crowd.identity import PREFIX
from joulemark_site.crowd.recognition import crowd_of
from measurements.answer_cache.sources import of_every_answer
from measurements.answer_cache.table_versions import versions_at
from measurements.contributors.models import Contributor, Key
from measurements.contributors.sources import CONTRIBUTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse

HEADER = "Joulemark-Simulated"
"""On every answer to a reader of a platform that holds a crowd, also where the bytes are signed: bundles, the log."""

READS = ("GET", "HEAD")
HEALTH = "/api/v1/health"
"""It answers while the database is silent, and shows nothing of any crowd's."""
of_every_answer(CONTRIBUTORS)
TABLES = (Contributor._meta.db_table, Key._meta.db_table)


class Presence:
    """What this process knows of crowds in each database."""

    def __init__(self) -> None:
        self._crowds: set[str] = set()
        self._others: set[str] = set()
        self._searched: dict[str, tuple[str, ...]] = {}

    def is_simulated(self, versions: Mapping[str, str] | None = None) -> bool:
        """Whether a key of a crowd is enrolled here. `versions` are those of tables, where they are known."""
        database = str(connection.settings_dict["NAME"])
        if database in self._crowds:
            return True
        now = tuple(versions.get(table, "") for table in TABLES) if versions is not None else None
        if now is not None and self._searched.get(database) == now:
            return False
        named = Key.objects.filter(contributor__display_name__startswith=PREFIX)
        for key, name in named.values_list("key_id", "contributor__display_name"):
            if key in self._others:
                continue
            if crowd_of(key, name) is not None:
                self._crowds.add(database)
                return True
            self._others.add(key)
        if now is not None:
            self._searched[database] = now
        return False

    def forget(self) -> None:
        """Know nothing: for a database that another test has filled."""
        self._crowds.clear()
        self._others.clear()
        self._searched.clear()


PRESENCE = Presence()
"""This process' knowledge."""


def is_simulated() -> bool:
    """Whether a key of a crowd is enrolled here: what settings.SIMULATED_BY names for the apps."""
    return PRESENCE.is_simulated()


def mark_simulated(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: sets `request.simulated`, which pages and downloads show, and the header of every answer."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method not in READS or request.path_info == HEALTH:
            return get_response(request)
        request.simulated = SimpleLazyObject(lambda: PRESENCE.is_simulated(versions_at(request)))  # type: ignore[attr-defined]  # for templates
        response = get_response(request)
        try:
            simulated = bool(request.simulated)  # type: ignore[attr-defined]
        except (OperationalError, InterfaceError):
            return response  # what needs no database is answered without one
        if simulated:
            response.headers[HEADER] = "crowd"
        return response

    return answer
