"""Sends an answer again in front of all middleware: to the same request, while its tables are as they were.

What an answer is follows from the request, the software, the settings, and the tables that the view and the middleware
read. So the headers that all middleware has given an answer are remembered under everything of the request that could
change them, with the versions of those tables; its bytes lie in the memory of answers. The versions are read after
each request has come (`batched_reads`). Whatever is not plainly the same goes through the whole stack, as a conditional
request does.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from measurements.answer_cache.batched_reads import BatchedReads
from measurements.answer_cache.middleware import ENVIRON_KEY, MEMORY, Question, count_read, find, tag_of
from measurements.answer_cache.software_digest import shown_digest
from measurements.answer_cache.sources import common_tables
from measurements.answer_cache.stored_answer import strong_tag
from measurements.answer_cache.table_versions import read_versions_directly, versions_of
from measurements.web.languages import language_in, negotiated_language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from measurements.answer_cache.stored_answer import StoredAnswer

    Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
    Key = tuple[tuple[str, str], ...]
    Headers = list[tuple[str, str]]

ROUTE_KEY = "joulemark.route"
"""Under this name of its environ a request has the pattern of its address, once it was answered."""
NO_ROUTE = "-"
OK = "200 OK"
MAX_REMEMBERED = 1024
OF_THE_REQUEST = frozenset(
    {"PATH_INFO", "QUERY_STRING", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT", "wsgi.url_scheme"}
)
WITHOUT_EFFECT = frozenset({
    "HTTP_USER_AGENT", "HTTP_CONNECTION", "HTTP_KEEP_ALIVE", "HTTP_CACHE_CONTROL", "HTTP_PRAGMA", "HTTP_REFERER",
    "HTTP_DNT", "HTTP_SEC_GPC", "HTTP_PRIORITY", "HTTP_UPGRADE_INSECURE_REQUESTS", "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP", "HTTP_X_REQUEST_ID", "HTTP_VIA", "HTTP_ORIGIN",
})  # fmt: skip
"""Headers that no view and no middleware reads for an answer that is kept. Any other one is part of the question."""
OF_ONE_READER = frozenset({"ratelimit", "ratelimit-policy"})
"""Headers of an answer that tell of who asked: the same answer is sent again without them."""
ACCEPT_LANGUAGE = "HTTP_ACCEPT_LANGUAGE"
"""Of it only the language counts that follows, and none where the path has one."""
CONDITIONS = ("HTTP_IF_", "HTTP_RANGE", "HTTP_AUTHORIZATION")


@dataclass(frozen=True, kw_only=True)
class ReplayedAnswer:
    """An answer that was sent in front of all middleware: what is to be logged of it."""

    environ: Mapping[str, Any]
    route: str
    n_bytes: int
    seconds: float


class Remembered:
    """How one request was answered: the headers of all middleware, and what must be as it was for them to be true.

    `own_headers` are those of them that the view gave, `route` is the pattern of the address.
    """

    __slots__ = ("current", "headers", "own_headers", "question", "route", "versions_of_all")

    def __init__(self, headers: Headers, question: Question, own_headers: object, route: str) -> None:
        self.headers, self.question, self.own_headers, self.route = headers, question, own_headers, route
        self.current = question.all_versions
        self.versions_of_all = versions_of(common_tables(), self.current)

    def as_of(self, versions: Mapping[str, str]) -> Question | None:
        """The same question with these versions of tables; None where middleware may answer otherwise by now."""
        question = self.question
        if versions is self.current:
            return question
        own = versions_of(question.declaration.tables, versions)
        if versions_of(common_tables(), versions) != self.versions_of_all:
            return None
        if own == question.versions:
            self.current = versions
            return question
        return replace(question, versions=own, all_versions=versions, tag=tag_of(question.address, own))


class ReplayingApplication:
    """A WSGI application in front of Django's. Threads may share it.

    While `may_replay` says no, everything goes through Django. `on_replay` is called with each answer of its own.
    """

    def __init__(
        self,
        application: Application,
        *,
        may_replay: Callable[[], bool] = lambda: True,
        on_replay: Callable[[ReplayedAnswer], None] = lambda _: None,
    ) -> None:
        self._application, self._may_replay, self._on_replay = application, may_replay, on_replay
        self._versions = BatchedReads(read_versions_directly)
        self._lock = Lock()
        self._remembered: OrderedDict[Key, Remembered] = OrderedDict()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as Django does."""
        begin_s = time.perf_counter()
        key = key_of(environ)
        if key is None or settings.DEBUG or not self._may_replay():
            return self._application(environ, start_response)
        body = self._replay(key, environ, start_response, begin_s)
        return self._computed(key, environ, start_response) if body is None else body

    def _replay(
        self, key: Key, environ: dict[str, Any], start_response: Callable[..., Any], begin_s: float
    ) -> list[bytes] | None:
        """The body of an answer that has begun, the same as before or renewed; None where there is none."""
        remembered = self._remembered.get(key)
        if remembered is None or remembered.question.hot_address.software != shown_digest():
            return None
        try:
            versions = self._versions.read()
        except (DatabaseError, InterfaceError):
            return None  # Django's own handler closes the connection, and says what is wrong
        question = None if versions is None else remembered.as_of(versions)
        answer = None if question is None else find(question)
        if question is None or answer is None or answer.headers != remembered.own_headers:
            return None
        if question is not remembered.question:
            headers = _headers_of(answer, remembered.headers)
            remembered = Remembered(headers, question, answer.headers, remembered.route)
            self._remember(key, remembered)
        count_read(question, answer)
        start_response(OK, remembered.headers)
        self._on_replay(
            ReplayedAnswer(
                environ=environ,
                route=remembered.route,
                n_bytes=len(answer.compressed),
                seconds=time.perf_counter() - begin_s,
            )
        )
        return [answer.compressed]

    def _computed(
        self, key: Key, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        def start(status: str, headers: Headers, *rest: Any) -> Any:
            question: Question | None = environ.get(ENVIRON_KEY)
            if question is not None and is_repeatable(status, headers):
                answer = MEMORY.find(question.address, question.tag)
                if answer is not None:
                    route = environ.get(ROUTE_KEY, NO_ROUTE)
                    shared = [pair for pair in headers if pair[0].lower() not in OF_ONE_READER]
                    self._remember(key, Remembered(shared, question, answer.headers, route))
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
    has_language = bool(language_in(environ["PATH_INFO"]))
    key = []
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            if name in WITHOUT_EFFECT or (has_language and name == ACCEPT_LANGUAGE):
                continue
            if name.startswith(CONDITIONS):
                return None
            key.append((name, negotiated_language(value) if name == ACCEPT_LANGUAGE else value))
        elif name in OF_THE_REQUEST:
            key.append((name, value))
    return tuple(key)


def is_repeatable(status: str, headers: Headers) -> bool:
    """Whether the bytes in memory are the body of this answer, and it is nobody's own."""
    values = {name.lower(): value for name, value in headers}
    return status == OK and values.get("content-encoding") == "gzip" and "set-cookie" not in values


def _headers_of(answer: StoredAnswer, before: Headers) -> Headers:
    """The headers of an answer that its view gave the same ones as the answer before: tag and length are its own."""
    own = {"etag": strong_tag(answer.tag, as_gzip=True), "content-length": str(len(answer.compressed))}
    return [(name, own.get(name.lower(), value)) for name, value in before]
