"""Reads what a question asks of a resource. Whatever is not understood is refused, in words and with a code."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from measurements.boards.board_query import MAX_NAME, BadValue, QueryRefused
from measurements.downloads.resource import MOST_ROWS, ROWS_PER_PAGE, Query
from measurements.web.known_parameters import nothing_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from measurements.downloads.resource import Field, Resource

FRAME = ("cursor", "fields", "limit", "sort")
"""Parameters that every list has."""
OF_PAGES = ("cursor", "limit")
"""Those of them that a file has not: it has every row."""
LIMIT = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


class NotDeclared(QueryRefused):
    """A parameter, or a name in one, that the resource does not have."""

    def __init__(self, what: str, name: str, there_are: Iterable[str]) -> None:
        super().__init__("JM-QUERY-PARAMETER", nothing_named(what, name, there_are))


def parse_query(
    resource: Resource,
    parameters: Iterable[tuple[str, str]],
    *,
    names: Sequence[str],
    path: Mapping[str, str] | None = None,
) -> Query:
    """The query of an address that may have the parameters `names`. Raises QueryRefused.

    An empty value asks for nothing, as in a form.
    """
    pairs = [(name, value) for name, value in parameters if name != "format"]
    for name, times in Counter(name for name, _ in pairs).items():
        if name not in names:
            raise NotDeclared("parameter", name, names)
        if times > 1:
            raise BadValue(f"The parameter {name} is given more than once: give it once.")
    written = {name: value.strip() for name, value in pairs if value.strip()}
    values = {}
    for each in resource.filters:
        if each.name in written:
            values[each.name] = each.read(each.name, written[each.name])
    return Query(
        resource=resource,
        fields=_fields(resource, written.get("fields", "")),
        values=values,
        sort=_sort(resource, written.get("sort", "")),
        limit=read_limit(written.get("limit", "")),
        cursor=written.pop("cursor", ""),
        path=path or {},
        written=written,
    )


def parameter_names(resource: Resource, *, as_file: bool = False) -> list[str]:
    """The parameters that a list has, the filters first. A file has every row, and so neither pages nor a limit."""
    frame = [name for name in FRAME if name != "sort" or resource.sorts]
    return [
        *(each.name for each in resource.filters),
        *(name for name in frame if not (as_file and name in OF_PAGES)),
    ]


def _fields(resource: Resource, text: str) -> tuple[Field, ...]:
    chosen = [name.strip() for name in text.split(",") if name.strip()]
    for name in chosen:
        if name not in resource.field_names:
            raise NotDeclared("field", name, resource.field_names)
    return tuple(each for each in resource.fields if not chosen or each.name in chosen)


def _sort(resource: Resource, word: str) -> str:
    if word and word.removeprefix("-") not in resource.sorts:
        raise NotDeclared("order", word, (name for sort in resource.sorts for name in (sort, f"-{sort}")))
    return word


def read_limit(text: str) -> int:
    """The number of rows of a page; nothing said asks for `ROWS_PER_PAGE`. Raises BadValue."""
    if not text:
        return ROWS_PER_PAGE
    if not LIMIT.fullmatch(text) or int(text) > MOST_ROWS:
        raise BadValue(f"limit is the number of rows of a page: write one from 1 to {MOST_ROWS}.")
    return int(text)


def read_name(name: str, text: str) -> str:
    """A name as catalogues have them: one line. Raises BadValue."""
    if len(text) > MAX_NAME or any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise BadValue(f"The value of {name} is no name: it is one line of at most {MAX_NAME} characters.")
    return text


def read_one_of(words: Iterable[str]) -> Callable[[str, str], str]:
    """A reader for one of a closed list of words."""
    every = tuple(words)

    def read(name: str, text: str) -> str:
        if text not in every:
            raise BadValue(
                f"“{text[:MAX_NAME]}” is no value of {name} here. Choose one of: {', '.join(every)}."
            )
        return text

    return read


def read_flag(name: str, text: str) -> bool:
    """`true` or `false`. Raises BadValue."""
    if text not in ("true", "false"):
        raise BadValue(f"The value of {name} is true or false.")
    return text == "true"


def read_number_from(least: int) -> Callable[[str, str], int]:
    """A reader for a whole number of at most 15 digits, `least` or more."""

    def read(name: str, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text, re.ASCII) or int(text) < least:
            raise BadValue(
                f"The value of {name} is a whole number from {least} on: write one, or leave it out."
            )
        return int(text)

    return read
