"""What will go: an answer says since when (RFC 9745), until when at the earliest (RFC 8594), and where to read why.

docs/api.md has the promise that this keeps: whatever is announced to end stays for `NOTICE_DAYS` more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils.http import http_date

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http.response import HttpResponseBase
    from rest_framework.views import APIView

NOTICE_DAYS = 365
"""Between the day on which something is deprecated and the first on which it may be gone."""
View = TypeVar("View", bound="type[APIView]")


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """What is deprecated `since` a day; `sunset` is the day on which it may go, None while nobody has set one.

    `documentation` is an address that says what to use instead. Raises ValueError for a notice that is too short.
    """

    since: date
    documentation: str
    sunset: date | None = None

    def __post_init__(self) -> None:
        """Hold the promise."""
        if self.sunset is not None and (self.sunset - self.since).days < NOTICE_DAYS:
            raise ValueError(f"What is deprecated stays for {NOTICE_DAYS} days: name a later sunset.")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an answer that has it."""
        headers = {
            "Deprecation": f"@{_seconds(self.since)}",
            "Link": f'<{self.documentation}>; rel="deprecation"; type="text/html"',
        }
        if self.sunset is not None:
            headers["Sunset"] = http_date(_seconds(self.sunset))
        return headers

    def mark(self, response: HttpResponseBase) -> None:
        """Put the headers on an answer, beside other links that it has."""
        for name, value in self.headers.items():
            before = response.headers.get(name) if name == "Link" else None
            response.headers[name] = f"{before}, {value}" if before else value


def deprecated(notice: Deprecation) -> Callable[[View], View]:
    """Mark a view: every answer of it says so, refusals too. Its `extend_schema` says `deprecated=True` beside it."""

    def mark(view: View) -> View:
        finalize = view.finalize_response

        def finalize_response(self: APIView, *arguments: Any, **named: Any) -> Any:
            response = finalize(self, *arguments, **named)
            notice.mark(response)
            return response

        view.finalize_response = finalize_response  # type: ignore[method-assign]  # that is what it is for
        return view

    return mark


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp())
