"""What answers are made of: each app names its tables as a source, each view the sources that it reads.

A view that says nothing is answered as ever: computed each time, with a tag of its content. So is one whose answer
changes with the clock, which no table tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import Model
    from django.http import HttpRequest

View = TypeVar("View")
Notes = frozenset[tuple[str, ...]]
CHANGES = ("INSERT", "UPDATE", "DELETE")
MARK = "made_of"
NOTES = "answer_notes"
ONE_OFF = "answer_is_one_off"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Tables that are read together. `fixed` are read too, and need no version.

    A row of theirs never changes, and is read only through a row of `tables` that was written after it. Rows of
    `referenced`, which are among `tables`, are read so too, but may change.
    """

    tables: frozenset[str]
    referenced: frozenset[str]
    fixed: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a view is made of, tables in order; `on_view` is called with its notes whenever its answer is read."""

    tables: tuple[str, ...]
    fixed: frozenset[str]
    on_view: Callable[[Notes], None] | None


_every: list[Source] = []
_common: list[Source] = []
_fixed_in_every: set[str] = set()


def source(
    *models: type[Model], referenced: Iterable[type[Model]] = (), fixed: Iterable[type[Model]] = ()
) -> Source:
    """Declare a source. Called while an app's module `sources` is loaded, before any request.

    Of `models` and `referenced` every change is counted, but for new rows of `referenced`: they are read only through a
    row of another source's tables that is written with them or later.
    """
    by_reference = frozenset(model._meta.db_table for model in referenced)
    declared = Source(
        tables=by_reference.union(model._meta.db_table for model in models),
        referenced=by_reference,
        fixed=frozenset(model._meta.db_table for model in fixed),
    )
    _every.append(declared)
    return declared


def of_every_answer(*sources: Source) -> None:
    """Declare what middleware reads for the headers of every answer."""
    _common.extend(sources)


def fixed_in_every_answer(*sources: Source) -> None:
    """Declare the fixed tables of `sources` for every view: what the frame around all pages reads."""
    _fixed_in_every.update(*(each.fixed for each in sources))


def fixed_tables_of_frame() -> frozenset[str]:
    """Fixed tables that any view may read without declaring them."""
    return frozenset(_fixed_in_every)


def common_tables() -> list[str]:
    """The tables that middleware reads, always in one order."""
    return [table for each in _common for table in sorted(each.tables)]


def versioned_tables() -> dict[str, tuple[str, ...]]:
    """The tables of every source, in order, with the statements that are counted as changes of each."""
    tables = sorted(frozenset[str]().union(*(each.tables for each in _every)))
    referenced = frozenset[str]().union(*(each.referenced for each in _every))
    return {table: CHANGES[1:] if table in referenced else CHANGES for table in tables}


def made_of(*sources: Source, on_view: Callable[[Notes], None] | None = None) -> Callable[[View], View]:
    """Mark a view, or a class of views, whose answer follows from its address, its language and these sources alone."""
    declaration = Declaration(
        tables=tuple(sorted(frozenset[str]().union(*(each.tables for each in sources)))),
        fixed=frozenset[str]().union(*(each.fixed for each in sources)),
        on_view=on_view,
    )

    def mark(view: View) -> View:
        setattr(view, MARK, declaration)
        return view

    return mark


def declaration_of(view: object) -> Declaration | None:
    """What a view, as an address resolves to it, is made of; None where it does not say."""
    return getattr(getattr(view, "cls", view), MARK, None)


def note(request: HttpRequest, notes: Iterable[tuple[str, ...]]) -> None:
    """Keep `notes` beside the answer to this request, for the view's `on_view`."""
    setattr(request, NOTES, frozenset(notes))


def note_one_off(request: Any) -> None:
    """Say that the answer to this request is not to be kept: anybody can make up any number of such addresses."""
    setattr(getattr(request, "_request", request), ONE_OFF, True)


def is_one_off(request: Any) -> bool:
    """Whether the view has said so."""
    return bool(getattr(request, ONE_OFF, False))


def notes_of(request: Any) -> Notes:
    """What the view has noted."""
    noted: Notes = getattr(request, NOTES, frozenset())
    return noted
