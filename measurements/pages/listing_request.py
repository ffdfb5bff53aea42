"""What a reader asks of a list of models or of hardware: free text and choices out of lists, refused in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils.translation import gettext

from measurements.boards.board_query import MAX_NAME, BadValue, QueryRefused, parse_text, unknown_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import QueryDict


@dataclass(frozen=True, kw_only=True)
class ListingRequest:
    """`text` to search for, and the `chosen` values by parameter, "" for any."""

    text: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """What links to other pages carry on."""
        fields = {"q": self.text} | dict(self.chosen)
        return urlencode({name: value for name, value in fields.items() if value})


def parse_listing(query: QueryDict, choices: Mapping[str, Sequence[str]]) -> ListingRequest:
    """What an address asks for; `choices` are the values of each parameter beside q and page. Raises QueryRefused."""
    names = ("q", *choices, "page")
    for name in query:
        if name not in names:
            sentence = gettext("“%(name)s” is no parameter of this page. It takes: %(names)s.")
            raise QueryRefused(
                "JM-LIST-PARAMETER", sentence % {"name": name[:MAX_NAME], "names": ", ".join(names)}
            )
    chosen = {name: query.get(name, "").strip() for name in choices}
    for name, value in chosen.items():
        if value and value not in choices[name]:
            raise BadValue(unknown_value(name, value, choices[name]))
    return ListingRequest(text=parse_text("q", query.get("q", "")), chosen=chosen)
