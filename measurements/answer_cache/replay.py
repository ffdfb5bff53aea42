"""Sends an answer again in front of all middleware: to the same request, while its tables are as they were.

What an answer is follows from the request, the software, the settings, and the tables that the view and the middleware
read. So the headers that all middleware has given an answer are remembered under everything of the request that could
change them, with the versions of those tables; its bytes lie in the memory of answers. The versions are read for each
request. Whatever is not plainly the same goes through the whole stack, as a conditional request does.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from measurements.answer_cache.middleware import ENVIRON_KEY, MEMORY, Question, count_read
from measurements.answer_cache.software_digest import shown_digest
from measurements.answer_cache.sources import common_tables
from measurements.answer_cache.table_versions import read_versions, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    Key = tuple[tuple[str, str], ...]
    Headers = list[tuple[str, str]]

MAX_REMEMBERED = 1024
OF_THE_REQUEST = frozenset(
    {"PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme"}
)
WITHOUT_EFFECT = frozenset({
    "HTTP_USER_AGENT", "HTTP_CONNECTION", "HTTP_KEEP_ALIVE", "HTTP_CACHE_CONTROL", "HTTP_PRAGMA", "HTTP_REFERER",
    "HTTP_DNT", "HTTP_SEC_GPC", "HTTP_PRIORITY", "HTTP_UPGRADE_INSECURE_REQUESTS", "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP", "HTTP_VIA",
})  # fmt: skip
"""Headers that no view and no middleware reads for an answer that is kept. Any other one is part of the question."""
CONDITIONS = ("HTTP_IF_", "HTTP_RANGE", "HTTP_AUTHORIZATION")


class Remembered:
    """How one request was answered: the headers of all middleware, and what must be as it was for them to be true."""

    __slots__ = ("current", "headers", "question", "software", "status", "tables", "versions")

    def __init__(self, status: str, headers: Headers, question: Question) -> None:
        self.status, self.headers, self.question = status, headers, question
        self.software = question.asked.software
        self.tables = (*question.declaration.tables, *common_tables())
        self.versions = versions_of(self.tables, question.all_versions)
        self.current = question.all_versions

    def is_current(self, versions: Mapping[str, str]) -> bool:
        """Whether all of its tables have these versions still; of equal maps the first is compared."""
        if versions is not self.current and versions_of(self.tables, versions) != self.versions:
            return False
        self.current = versions
        return True


class ReplayingApplication:
    """A WSGI application in front of Django's. Threads may share it."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._lock = Lock()
        self._remembered: OrderedDict[Key, Remembered] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as Django does."""
        key = key_of(environ)
        if key is None or settings.DEBUG:
            return self._application(environ, start_response)
        body = self._replay(key, start_response)
        return self._computed(key, environ, start_response) if body is None else body

    def _replay(self, key: Key, start_response: Callable[..., Any]) -> list[bytes] | None:
        """The body of the same answer as before, which has begun; None where there is none or it may be another."""
        remembered = self._remembered.get(key)
        if remembered is None or remembered.software != shown_digest():
            return None
        try:
            versions = read_versions()
        except (DatabaseError, InterfaceError):
            return None  # Django's own handler closes the connection, and says what is wrong
        question = remembered.question
        if versions is None or not remembered.is_current(versions):
            return None
        answer = MEMORY.find(question.address, question.tag)
        if answer is None:
            return None
        count_read(question, answer)
        start_response(remembered.status, remembered.headers)
        return [answer.compressed]

    def _computed(
        self, key: Key, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        def start(status: str, headers: Headers, *rest: Any) -> Any:
            question = environ.get(ENVIRON_KEY)
            if question is not None and is_repeatable(status, headers):
                self._remember(key, Remembered(status, list(headers), question))
            return start_response(status, headers, *rest)

        return self._application(environ, start)

    def _remember(self, key: Key, remembered: Remembered) -> None:
        with self._lock:
            self._remembered.pop(key, None)
            self._remembered[key] = remembered
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)


def key_of(environ: dict[str, Any]) -> Key | None:
    """All of a request that may change its answer; None where it is no GET, or conditional."""
    if environ["REQUEST_METHOD"] != "GET":
        return None
    key = []
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            if name in WITHOUT_EFFECT:
                continue
            if name.startswith(CONDITIONS):
                return None
            key.append((name, value))
        elif name in OF_THE_REQUEST:
            key.append((name, value))
    return tuple(key)


def is_repeatable(status: str, headers: Headers) -> bool:
    """Whether the bytes in memory are the body of this answer, and it is nobody's own."""
    names = {name.lower(): value for name, value in headers}
    return status.startswith("200") and names.get("content-encoding") == "gzip" and "set-cookie" not in names

