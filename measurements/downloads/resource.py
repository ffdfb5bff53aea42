"""What one list of the API is: its columns, where each is read, its filters, its orders, and the key that pages go by.

A resource is declared once. Out of it come the list in JSON by pages, the answer about one row, the API's description,
and the whole list as a file in each of `resource_formats.FORMATS`. Columns are those of a release's tables
(`joulemark.release.tables`), so that the same thing has the same name, unit and words everywhere.

Whoever writes a file takes `Query.selection()`: tuples of the chosen columns in the order asked for, as a query that
nobody has evaluated yet, and puts each value through `Query.convert`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from django.db.models import F, Q, QuerySet

from measurements.published.terms import LICENCE

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

    from joulemark.release.tables import Column
    from measurements.answer_cache.sources import Source

Rows = QuerySet[Any] | Sequence[Mapping[str, Any]]
"""Rows of the database, or a few that are not in it, by the names of the columns."""
Values = Mapping[str, Any]
"""What filters ask for, by their names."""
OrderKind = Literal["int", "text", "float", "time", "date"]
API_VERSION = "1"
ROWS_PER_PAGE = 100
MOST_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column, the lookup or expression that gives it, and what its value goes through on the way out.

    `choices` are all words that the column has, alone or with their titles, where these are a closed list.
    """

    column: Column
    source: str | Combinable
    convert: Callable[[Any], Any] | None = None
    choices: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name


@dataclass(frozen=True, kw_only=True)
class Order:
    """Something that rows are ordered by. Missing values come last in any direction.

    One that `is_lasting` goes by values that never change, as a key does.
    """

    source: str | Combinable
    kind: OrderKind
    is_descending: bool = False
    is_nullable: bool = False
    is_lasting: bool = False

    def reversed(self) -> Order:
        """The other direction."""
        return replace(self, is_descending=not self.is_descending)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A parameter that leaves rows out. `read(name, text)` gives its value, or raises QueryRefused.

    `condition(value)` is what the rows must satisfy; None where `Resource.narrow` looks at the value itself. Of a
    filter that `is_free` there are any number of values.
    """

    name: str
    read: Callable[[str, str], Any]
    description: str
    condition: Callable[[Any], Q] | None = None
    choices: tuple[str, ...] = ()
    is_free: bool = False


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One list of the API.

    `name` is its part of an address and `singular` what one of it is called. `rows` gives all of it; where the address
    has variable parts it takes them by name. `key` is an order by columns that never change, and tells all rows apart:
    a walk along it meets every row that is there from its beginning to its end exactly once, whatever else changes.
    `key_of_narrowed` gives another such key to rows that filters have narrowed, where an index has these in that order:
    along the first one they might be looked for from end to end. `sorts` are other orders, by values that may change;
    `sources` are the tables that answers are made of. `find` narrows the rows to one that an address names, by its
    variable parts.
    """

    name: str
    singular: str
    description: str
    fields: tuple[Field, ...]
    rows: Callable[..., Rows]
    key: tuple[Order, ...]
    sources: tuple[Source, ...]
    filters: tuple[Filter, ...] = ()
    key_of_narrowed: Callable[[Values], tuple[Order, ...]] | None = None
    sorts: Mapping[str, Callable[[Values], Order]] = field(default_factory=dict)
    narrow: Callable[[QuerySet[Any], Values], QuerySet[Any]] | None = None
    find: Callable[..., QuerySet[Any]] = QuerySet.filter
    licence: str = LICENCE
    tag: str = "data"
    parameters: tuple[str, ...] = ()

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of its columns, in their order."""
        return tuple(each.name for each in self.fields)

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column that is an amount; `1` is that of a relative one and of a count."""
        return {each.name: each.column.unit for each in self.fields if each.column.unit}

    def key_for(self, values: Values) -> tuple[Order, ...]:
        """The key of the rows that filters with these values leave."""
        return self.key_of_narrowed(values) if values and self.key_of_narrowed else self.key

    def filter_named(self, name: str) -> Filter | None:
        """The filter of this name, None where there is none."""
        return next((each for each in self.filters if each.name == name), None)


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is asked of a resource: columns, filters, order, and where a page begins.

    `path` are the variable parts of the address; `written` are the parameters as they stand in it, without `cursor`.
    """

    resource: Resource
    fields: tuple[Field, ...]
    values: Values = field(default_factory=dict)
    sort: str = ""
    limit: int = ROWS_PER_PAGE
    cursor: str = ""
    path: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_common(self) -> bool:
        """Whether its answer is worth keeping: a first page with two choices out of lists at most."""
        chosen = [each for each in self.resource.filters if each.name in self.values]
        is_plain = not self.cursor and len(self.fields) == len(self.resource.fields)
        return (
            is_plain
            and len(chosen) <= 2
            and not any(each.is_free for each in chosen)
            and self.limit in (ROWS_PER_PAGE, MOST_ROWS)
        )

    @property
    def order(self) -> tuple[Order, ...]:
        """By what the rows are ordered, the last of which tell all of them apart."""
        key = self.resource.key_for(self.values)
        if not self.sort:
            return key
        order = self.resource.sorts[self.sort.removeprefix("-")](self.values)
        return (order.reversed() if self.sort.startswith("-") else order, *key)

    @property
    def may_shift(self) -> bool:
        """Whether rows may change places while somebody walks."""
        return bool(self.sort) and not self.order[0].is_lasting

    def rows(self) -> Rows:
        """The rows that the filters leave, in no order."""
        rows = self.resource.rows(**self.path)
        chosen = [each for each in self.resource.filters if each.name in self.values]
        if not isinstance(rows, QuerySet):
            values_by_name = {each.name: self.values[each.name] for each in chosen}
            return [row for row in rows if all(row[name] == value for name, value in values_by_name.items())]
        for each in chosen:
            if each.condition is not None:
                rows = rows.filter(each.condition(self.values[each.name]))
        return rows if self.resource.narrow is None else self.resource.narrow(rows, self.values)

    def selection(self) -> QuerySet[Any, tuple[Any, ...]] | list[tuple[Any, ...]]:
        """Tuples of the chosen columns of all rows, in order; `convert` makes what is sent out of each."""
        rows = self.rows()
        if not isinstance(rows, QuerySet):
            return [tuple(row[each.name] for each in self.fields) for row in in_order(rows, self.order)]
        return selected(ordered(rows, self.order), self.fields)

    def convert(self, row: Iterable[Any]) -> list[Any]:
        """What is sent of a tuple of `selection`."""
        return [
            value if value is None or each.convert is None else each.convert(value)
            for each, value in zip(self.fields, row, strict=False)
        ]


def ordered(rows: QuerySet[Any], order: Sequence[Order]) -> QuerySet[Any]:
    """Rows in an order, whose parts have the aliases `order_0` and so on."""
    named: QuerySet[Any] = rows.order_by().alias(
        **{f"order_{place}": _expression(each.source) for place, each in enumerate(order)}
    )
    return named.order_by(*(_direction(f"order_{place}", each) for place, each in enumerate(order)))


def in_order(rows: Iterable[Mapping[str, Any]], order: Sequence[Order]) -> list[Mapping[str, Any]]:
    """Rows that are in no database in an order, whose parts are names of columns."""
    in_order = list(rows)
    for part in reversed(order):
        name = str(part.source)
        with_value = [row for row in in_order if row[name] is not None]
        with_value.sort(key=lambda row: row[name], reverse=part.is_descending)
        in_order = [*with_value, *(row for row in in_order if row[name] is None)]
    return in_order


def selected(
    rows: QuerySet[Any], fields: Sequence[Field], order: Sequence[Order] = ()
) -> QuerySet[Any, tuple[Any, ...]]:
    """Tuples of columns, followed by the values of an order's parts."""
    columns = {f"field_{place}": _expression(each.source) for place, each in enumerate(fields)}
    columns |= {f"key_{place}": _expression(each.source) for place, each in enumerate(order)}
    tuples: QuerySet[Any, tuple[Any, ...]] = rows.annotate(**columns).values_list(*columns)
    return tuples


def _expression(source: str | Combinable) -> Any:
    return F(source) if isinstance(source, str) else source


def _direction(alias: str, order: Order) -> Any:
    if not order.is_nullable:
        return f"-{alias}" if order.is_descending else alias
    return F(alias).desc(nulls_last=True) if order.is_descending else F(alias).asc(nulls_last=True)


def fields_of(
    columns: Iterable[Column],
    sources: Mapping[str, str | Combinable],
    *,
    convert: Mapping[str, Callable[[Any], Any]] | None = None,
    choices: Mapping[str, Iterable[Any]] | None = None,
) -> tuple[Field, ...]:
    """Fields of columns, each read under the column's own name unless `sources` names another lookup."""
    return tuple(
        Field(
            column=column,
            source=sources.get(column.name, column.name),
            convert=(convert or {}).get(column.name),
            choices=tuple((choices or {}).get(column.name, ())),
        )
        for column in columns
    )


def without(columns: Iterable[Column], *names: str) -> list[Column]:
    """Columns but for those with these names."""
    return [column for column in columns if column.name not in names]
