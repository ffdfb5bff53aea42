"""Computes the answers at hot addresses anew when what they are made of has changed, before a reader asks for them.

Each is computed by the whole stack of middleware as for a reader, and kept where all processes find it. It is asked for
by HEAD, which computes what GET does and counts as nobody's reading. Doing it twice changes nothing. What is not done
in time, or is not kept because something has changed meanwhile, the next reader computes.
"""

from __future__ import annotations

import io
import logging
import sys
import time
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

from django.conf import settings
from django.core.cache import caches
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.urls import Resolver404, resolve
from django.utils import translation
from redis.exceptions import RedisError

from joulemark.record.origin import parse_origin
from measurements.answer_cache.hot_addresses import HOT
from measurements.answer_cache.software_digest import shown_digest
from measurements.answer_cache.sources import declaration_of
from measurements.answer_cache.table_versions import read_versions, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from measurements.answer_cache.hot_addresses import HotAddress, HotAddresses

logger = logging.getLogger(__name__)

RUN_FOR_S = 4.0
"""After so many seconds a run begins no further answer; the next run goes on with those that are left."""
TURN = "renewal"


class Renewal:
    """What this process has renewed: the versions of each hot address' tables then, the longest ago first."""

    def __init__(self, hot: HotAddresses, clock: Callable[[], float] = time.monotonic) -> None:
        self._hot = hot
        self._clock = clock
        self._renewed: dict[HotAddress, tuple[str, ...]] = {}

    def run(self) -> int:
        """Have the answers computed whose tables have changed, as far as time allows; returns how many were."""
        until_s = self._clock() + RUN_FOR_S
        hot = {address for address in self._hot.read_all() if address.software == shown_digest()}
        versions = read_versions() if hot else None
        if versions is None:
            return 0
        self._renewed = {address: own for address, own in self._renewed.items() if address in hot}
        n_computed = 0
        for address in [*(hot - self._renewed.keys()), *self._renewed]:
            own = _own_versions(address, versions)
            if self._renewed.get(address) == own:
                continue
            if self._clock() >= until_s:
                break
            request_head(address)
            self._renewed.pop(address, None)
            self._renewed[address] = own
            n_computed += 1
        return n_computed


RENEWAL = Renewal(HOT)


def renew_answers(*, every_s: int) -> int:
    """Renew hot answers, unless a process has begun to in the last `every_s` seconds; returns how many it computed."""
    try:
        is_due = caches["answers"].add(TURN, 1, timeout=every_s)
    except (RedisError, OSError) as error:
        logger.warning("no answer is renewed, the cache is away: %s", error)
        return 0
    return RENEWAL.run() if is_due else 0


def request_head(address: HotAddress) -> None:
    """Ask this process for an address by HEAD; an error is in the log and changes nothing."""
    path, _, question = address.path.partition("?")
    origin = parse_origin(settings.ORIGIN)
    environ = {
        "REQUEST_METHOD": "HEAD",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": question,
        "SERVER_NAME": origin.host,
        "SERVER_PORT": str(origin.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": origin.authority,
        "HTTP_ACCEPT": address.accept,
        "HTTP_ACCEPT_ENCODING": "gzip",
        "HTTP_ACCEPT_LANGUAGE": address.language,
        "wsgi.url_scheme": origin.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    with translation.override(None):  # and the language of this process is afterwards what it was
        _handler().get_response(WSGIRequest(environ))


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


def _own_versions(address: HotAddress, versions: Mapping[str, str]) -> tuple[str, ...]:
    """The versions of what the address is made of; none where no view is there any more."""
    try:
        with translation.override(address.language):  # in which alone its path is one
            declaration = declaration_of(resolve(unquote(address.path.partition("?")[0])).func)
    except Resolver404:
        return ()
    return () if declaration is None else versions_of(declaration.tables, versions)
