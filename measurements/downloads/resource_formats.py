"""The formats in which a whole list is sent as a file, and what writes each: `Accept` or the end of the address asks.

JSON by pages is not among them (`resource_views`). A format that is added here has its addresses, its place in the
description and its renderer for every resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from measurements.downloads.bulk import StreamBody
from measurements.streams.row_stream import MEDIA_TYPES
from measurements.web.file_schema import BOM

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from measurements.downloads.resource import Query


class Body(Protocol):
    """Writes everything that a query finds: no page, no limit."""

    def __call__(self, request: Request, query: Query) -> HttpResponseBase:
        """The answer, as a rule streamed."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format by the end of its addresses, with its media type. `is_text` tells whether its bytes are UTF-8.

    `parameters` are those that it has beside the list's.
    """

    name: str
    media_type: str
    body: Body
    is_text: bool
    parameters: tuple[str, ...] = ()


FORMATS: tuple[Format, ...] = (
    Format(name="csv", media_type="text/csv", body=StreamBody(form="csv"), is_text=True, parameters=(BOM,)),
    Format(name="jsonl", media_type=MEDIA_TYPES["jsonl"], body=StreamBody(form="jsonl"), is_text=True),
    Format(name="parquet", media_type=MEDIA_TYPES["parquet"], body=StreamBody(form="parquet"), is_text=False),
)
"""Every format, the one for a client without wishes not among them: that is JSON by pages."""


def format_named(name: str) -> Format | None:
    """The format with this name; None for JSON."""
    return next((each for each in FORMATS if each.name == name), None)
