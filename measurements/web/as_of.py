"""The moment that a request names: which views honour it, and how links carry it on.

A middleware sets `request.moment` where the view is marked by `honours_as_of`. Any other page shows the present: it
gets `request.moment_passed_by`, says so, and its links keep the moment. Files and data refuse what they cannot show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote_plus

from django.urls import resolve, reverse

from measurements.web.languages import current_language, language_in

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from rest_framework.request import Request

PARAMETERS = ("as_of", "checkpoint")
MARK = "honours_as_of"
View = TypeVar("View")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time in UTC, and the parameter by which it was asked for, as links carry it on."""

    at: datetime
    query: str


def honours_as_of(view: View) -> View:
    """Mark a view, or a class of views, that shows the moment which `moment_shown` gives it."""
    setattr(view, MARK, True)
    return view


def honours(view: object) -> bool:
    """Whether a view, as an address resolves to it, shows the moment that it is asked for."""
    return bool(getattr(getattr(view, "cls", view), MARK, False))


def moment_shown(request: HttpRequest | Request) -> Moment | None:
    """The moment that this request is answered for; None: now."""
    return getattr(request, "moment", None)


def moment_passed_by(request: HttpRequest | Request) -> Moment | None:
    """The moment that this request names on a page of the present, which says so; None on any other."""
    return getattr(request, "moment_passed_by", None)


def keeps_moment(path: str) -> bool:
    """Whether a path is that of a page: each shows the moment it is asked for, or says that it shows the present."""
    return bool(language_in(path)) and path.endswith("/")


def question_without_moment(request: HttpRequest) -> str:
    """What an address asks, as it is written, without its moment."""
    parts = request.META.get("QUERY_STRING", "").split("&")
    return "&".join(part for part in parts if part.partition("=")[0] not in PARAMETERS)


def time_shown(request: HttpRequest | Request) -> datetime | None:
    """The same as a time."""
    moment = moment_shown(request)
    return moment.at if moment else None


def address_at(moment: Moment | None, name: str, *args: str, **query: str) -> str:
    """The path of a named view with `query`, carrying the moment on where the view honours it."""
    path = path_of(name, *args)
    queries = (
        ["&".join(f"{parameter}={_quoted(value)}" for parameter, value in query.items())] if query else []
    )
    if moment is not None and _path_honours(path):
        queries.append(moment.query)
    return "?".join([path, "&".join(queries)]) if queries else path


@lru_cache(maxsize=4096)
def _quoted(value: str) -> str:
    """A value in a question; rows of a table share most of theirs."""
    return quote_plus(value)


@lru_cache(maxsize=1024)
def _path_honours(path: str) -> bool:
    return honours(resolve(path).func)


def path_of(name: str, *args: str) -> str:
    """The path of a named view, of a page in the language in use; a table has one in each row."""
    return _path_in(current_language(), name, *args)


@lru_cache(maxsize=2048)
def _path_in(_language: str, name: str, *args: str) -> str:
    return reverse(name, args=args)
