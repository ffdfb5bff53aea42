"""Answers what has not changed without computing it: the tag is known before any work.

Of a view that says what it is made of (`made_of`), the tag is a digest of the address, the language, the software and
the versions of the tables. A reader who has that tag is told so; bytes with that tag are kept and sent again. It is the
last middleware, so that everything before it is as ever.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import get_language

from measurements.answer_cache import software_digest as software
from measurements.answer_cache.answer_memory import AnswerMemory
from measurements.answer_cache.flights import Flights
from measurements.answer_cache.hot_addresses import HOT, HotAddress
from measurements.answer_cache.shared_answers import SharedAnswers, is_shareable
from measurements.answer_cache.sources import declaration_of, fixed_tables_of_frame, is_one_off, notes_of
from measurements.answer_cache.stored_answer import is_storable, store, strong_tag, tagged, takes_gzip
from measurements.answer_cache.table_reads import TableReads
from measurements.answer_cache.table_versions import answering_with, read_versions, versions_at, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from measurements.answer_cache.sources import Declaration
    from measurements.answer_cache.stored_answer import StoredAnswer

logger = logging.getLogger(__name__)

READS = ("GET", "HEAD")
ENVIRON_KEY = "answer_cache.question"
"""Where a request's environment has the question that the memory of answers has answered, compressed."""
MEMORY = AnswerMemory(settings.ANSWER_MEMORY_BYTES)
FLIGHTS = Flights()
SHARED = SharedAnswers()


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked; digested, `address` is the place of its answer, and `tag` the answer as it is now."""

    declaration: Declaration
    versions: tuple[str, ...]
    all_versions: Mapping[str, str]
    hot_address: HotAddress
    address: str
    tag: str
    as_gzip: bool
    is_negotiated: bool

    def not_modified(self) -> HttpResponse:
        """304, with the headers that its 200 has for caches (RFC 9110, 15.4.5)."""
        response = tagged(HttpResponseNotModified(), self.tag, as_gzip=self.as_gzip)
        if self.is_negotiated:
            patch_vary_headers(response, ["Accept"])
        return response


class AnswerCacheMiddleware:
    """Sends a kept answer where there is one, and keeps what had to be computed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on; `process_view` answers it where it can."""
        return self._get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """The answer of a view that says what it is made of; None leaves the request to its view alone."""
        declaration = declaration_of(view)
        if declaration is None or request.method not in READS or settings.DEBUG:
            return None
        try:
            question = _question(request, view, declaration)
        except (OperationalError, InterfaceError):
            return (
                None  # what needs no database is answered without one, and anything else says what is wrong
            )
        if question is None:
            return None
        if strong_tag(question.tag, as_gzip=question.as_gzip) in _known_tags(request):
            answer = find(question) if declaration.on_view else None
            if answer or not declaration.on_view:
                if request.method == "GET":
                    count_read(question, answer)
                return question.not_modified()
        answer = find(question)
        if answer is not None:
            return _sent(request, question, answer)
        return _compute_once(request, question, lambda: view(request, *args, **kwargs))


def _question(request: HttpRequest, view: object, declaration: Declaration) -> Question | None:
    """The question, or None where versions are not known."""
    versions = versions_at(request)
    if versions is None:
        return None
    several = len(_renderers(view)) > 1
    hot_address = HotAddress(
        path=request.get_full_path(),
        language=get_language() or "",
        accept=request.META.get("HTTP_ACCEPT", "") if several else "",
        software=software.shown_digest(),
    )
    parts = (
        *msgspec.structs.astuple(hot_address),
        str(connection.settings_dict["NAME"]),
        str(bool(getattr(request, "simulated", False))),
    )
    address = hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()
    own = versions_of(declaration.tables, versions)
    return Question(
        declaration=declaration,
        versions=own,
        all_versions=versions,
        hot_address=hot_address,
        address=address,
        tag=tag_of(address, own),
        as_gzip=takes_gzip(request.META.get("HTTP_ACCEPT_ENCODING", "")),
        is_negotiated=several,
    )


def tag_of(address: str, versions: tuple[str, ...]) -> str:
    """The tag of the answer at an address, with these versions of its tables."""
    return hashlib.sha256(f"{address} {' '.join(versions)}".encode()).hexdigest()[:32]


def _renderers(view: object) -> list[object]:
    """The formats that an API's view chooses among by what the client accepts."""
    chosen = getattr(view, "initkwargs", {}).get("renderer_classes")
    return list(chosen or getattr(getattr(view, "cls", None), "renderer_classes", []))


def _known_tags(request: HttpRequest) -> set[str]:
    """The tags that the reader has, compared weakly (RFC 9110, 13.1.2); `*` needs an answer to be true."""
    return {tag.removeprefix("W/") for tag in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))}


def find(question: Question) -> StoredAnswer | None:
    """The answer, where this process has it or another has shared it."""
    answer = MEMORY.find(question.address, question.tag)
    if answer is None:
        answer = SHARED.find(question.address, question.tag)
        if answer is not None:
            MEMORY.keep(question.address, answer)
    return answer


def count_read(question: Question, answer: StoredAnswer | None) -> None:
    """An answer is about to be read; None where its reader has it already."""
    if question.declaration.on_view is not None and answer is not None:
        question.declaration.on_view(answer.notes)
    if answer is None or is_shareable(answer):
        HOT.count_read(question.address, question.hot_address)


def _sent(request: HttpRequest, question: Question, answer: StoredAnswer) -> HttpResponse:
    """An answer out of the memory, on its way to a reader; a HEAD reads nothing."""
    if request.method == "GET":
        count_read(question, answer)
    if question.as_gzip:
        request.META[ENVIRON_KEY] = question
    return answer.response(as_gzip=question.as_gzip)


def _compute_once(
    request: HttpRequest, question: Question, respond: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Compute an answer, unless another thread or process is about to have it."""
    with FLIGHTS.join(question.tag) as is_first:
        answer = None if is_first else MEMORY.find(question.address, question.tag)
        leads = is_first and SHARED.take_lead(question.tag)
        if is_first and not leads:
            answer = SHARED.await_answer(question.address, question.tag)
            if answer is not None:
                MEMORY.keep(question.address, answer)
        if answer is not None:
            return _sent(request, question, answer)
        try:
            return _compute(request, question, respond)
        finally:
            if leads:
                SHARED.end_lead(question.tag)


def _compute(
    request: HttpRequest, question: Question, respond: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Compute an answer, and keep it where it is sure to be what its tag says.

    Where a table has changed meanwhile it may be in parts of before and after; where another table was read its tag
    would not change with that one. Then it is sent, with a tag of its bytes, and not kept.
    """
    reads = TableReads()
    with connection.execute_wrapper(reads), answering_with(question.all_versions):
        response = respond()
        if isinstance(response, HttpResponse) and hasattr(response, "render"):
            response = response.render()
    if response.status_code != 200:
        return response
    notes = notes_of(request)
    patch_vary_headers(response, ["Accept-Encoding"])
    answer = None
    if isinstance(response, HttpResponse) and _may_be_kept(request, response, question, reads):
        answer = store(response, tag=question.tag, notes=notes)
        MEMORY.keep(question.address, answer)
        SHARED.keep(question.address, answer)
        return _sent(request, question, answer)
    if question.declaration.on_view is not None and request.method == "GET":
        question.declaration.on_view(notes)
    return response


def _may_be_kept(request: HttpRequest, response: HttpResponse, question: Question, reads: TableReads) -> bool:
    """Whether an answer is what its tag says, for everybody; a table that its view does not declare is an error."""
    declaration = question.declaration
    beyond = reads.tables.difference(declaration.tables, declaration.fixed, fixed_tables_of_frame())
    if beyond:
        logger.error(
            "JM-ANSWER-SOURCES the answer at %s is made of tables that its view does not declare, and is not kept: %s",
            request.path, ", ".join(sorted(beyond)),
        )  # fmt: skip
        return False
    if is_one_off(request) or not is_storable(request, response):
        return False
    return versions_of(declaration.tables, read_versions() or {}) == question.versions
