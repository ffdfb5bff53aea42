"""Where a page begins: after a row, by the values that it is ordered by. No row is counted and none is skipped.

Along a resource's key, which never changes, a walk misses no row that is there from its beginning to its end and meets
none twice. Another order goes by values that may change while somebody walks. Then a row could jump over the place
where the walk stands, so such a walk holds the versions of the tables that it was begun with: once one has changed, the
next page is refused instead of being wrong, and whoever walks begins again or leaves `sort` out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from measurements.answer_cache.table_versions import read_versions, versions_of
from measurements.boards.board_query import QueryRefused
from measurements.downloads.resource import in_order, ordered, selected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from measurements.downloads.resource import Order, Query

MOST_TEXT = 500
UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


class BadCursor(QueryRefused):
    """A cursor that no page of this list has given."""

    def __init__(self) -> None:
        super().__init__(
            "JM-QUERY-CURSOR",
            "This cursor is of no page of this list with these parameters. Take the address in `next` as it is, or "
            "leave cursor out to begin again.",
        )


class ChangedSince(Exception):
    """What a list is ordered by has changed since its first page; the message says what to do."""

    code = "JM-CURSOR-CHANGED"

    def __init__(self) -> None:
        super().__init__(
            "What this list is sorted by has changed since its first page, so its next page would miss rows or repeat "
            "them. Begin again, ask for more rows a page with limit, or leave sort out: then every page fits."
        )


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows as they are sent, and the cursor of the page after them; "" after the last."""

    rows: list[dict[str, Any]]
    next_cursor: str


def read_page(query: Query) -> Page:
    """The page that a query asks for, in one query of the database. Raises BadCursor or ChangedSince.

    Two more read the versions of tables where the rows are ordered by what may change.
    """
    order = query.order
    after = _decoded(query) if query.cursor else None
    version = _version(query) if query.may_shift else ""
    if after is not None and after.version != version:
        raise ChangedSince
    rows = query.rows()
    if isinstance(rows, QuerySet):
        chosen = ordered(rows, order)
        if after is not None:
            chosen = chosen.filter(rows_after(order, after.values))
        following = list(selected(chosen, query.fields, order)[: query.limit + 1])
    else:
        following = _of_few(rows, query, after)
    if after is not None and query.may_shift and _version(query) != version:
        raise ChangedSince
    names = [each.name for each in query.fields]
    page_rows = following[: query.limit]
    more = len(following) > query.limit
    return Page(
        rows=[dict(zip(names, query.convert(row), strict=True)) for row in page_rows],
        next_cursor=_encoded(query, page_rows[-1][len(names) :], version) if more else "",
    )


def _of_few(rows: Any, query: Query, after: _Place | None) -> list[tuple[Any, ...]]:
    """Tuples of rows that are in no database, in order."""
    keys = [str(each.source) for each in query.order]
    return [
        (*(row[each.name] for each in query.fields), *(row[name] for name in keys))
        for row in in_order(rows, query.order)
        if after is None or _is_behind([row[name] for name in keys], after.values, query.order)
    ][: query.limit + 1]


def _is_behind(values: Sequence[Any], place: Sequence[Any], order: Sequence[Order]) -> bool:
    """Whether a row with these values comes after a place. Missing values come last."""
    for value, other, part in zip(values, place, order, strict=True):
        if value != other:
            if value is None or other is None:
                return value is None
            return bool(value < other if part.is_descending else value > other)
    return False


def rows_after(order: Sequence[Order], values: Sequence[Any]) -> Q:
    """Rows behind the one that has these values, in an order by aliases `order_0` and so on."""
    behind, equal = Q(pk__in=[]), Q()
    for place, (part, value) in enumerate(zip(order, values, strict=True)):
        alias = f"order_{place}"
        if value is not None:
            further = Q(**{f"{alias}__{'lt' if part.is_descending else 'gt'}": value})
            if part.is_nullable:
                further |= Q(**{f"{alias}__isnull": True})
            behind |= equal & further
            equal &= Q(**{alias: value})
        else:
            equal &= Q(**{f"{alias}__isnull": True})
    first, least = order[0], values[0]
    if first.is_nullable or least is None:
        return behind
    # the same once more in a form that an index of the first part answers
    return Q(**{f"order_0__{'lte' if first.is_descending else 'gte'}": least}) & behind


@dataclass(frozen=True, kw_only=True)
class _Place:
    values: list[Any]
    version: str


def _encoded(query: Query, values: Sequence[Any], version: str) -> str:
    written = [value.isoformat() if isinstance(value, date) else value for value in values]
    text = json.dumps([_question(query), written, version], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(query: Query) -> _Place:
    """The place that a cursor names. Raises BadCursor for what `_encoded` has not written for this question."""
    try:
        data = base64.b64decode(query.cursor + "=" * (-len(query.cursor) % 4), altchars=b"-_", validate=True)
        question, written, version = json.loads(data)
        order = query.order
        if question != _question(query) or not isinstance(version, str) or len(written) != len(order):
            raise BadCursor
        values = [_value(part, value) for part, value in zip(order, written, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadCursor from error
    return _Place(values=values, version=version)


def _value(part: Order, value: Any) -> Any:
    """A value of the order's kind. Raises ValueError or TypeError."""
    if value is None and part.is_nullable:
        return None
    return READERS[part.kind](value)


def _int(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError("no whole number of the database")
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > MOST_TEXT or UNWRITABLE.search(value):
        raise ValueError("no text of the database")
    return value


def _float(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


READERS: dict[str, Callable[[Any], Any]] = {
    "int": _int,
    "text": _text,
    "float": _float,
    "time": _time,
    "date": date.fromisoformat,
}


def _question(query: Query) -> str:
    """A digest of what must stay the same from page to page: the list, its filters and its order."""
    chosen = {name: value for name, value in query.written.items() if name not in ("fields", "limit")}
    parts = [query.resource.name, sorted(query.path.items()), sorted(chosen.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _version(query: Query) -> str:
    """A digest of the versions of the tables that a list is made of."""
    tables = sorted(frozenset[str]().union(*(source.tables for source in query.resource.sources)))
    versions = versions_of(tables, read_versions() or {})
    return hashlib.sha256(" ".join(versions).encode()).hexdigest()[:16]
