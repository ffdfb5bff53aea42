"""Compared parts in the database: which are behind their cells, derived anew and written, each by one at a time."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Q

from joulemark.leaderboard.parts import LARGE_PART_VALUES
from joulemark.leaderboard.row_places import RowPlace
from joulemark.release.board_tables import PLACE_NUMBERS
from measurements.boards.models import Cell, CellStanding, ComparedPart
from measurements.boards.part_derivation import derive_comparison, derive_places, read_part_rows
from measurements.boards.part_key import PART_FIELDS, PartKey, in_batches
from measurements.concurrency.advisory_locks import key_of, lock_until_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from measurements.boards.models import CellQuerySet
    from measurements.boards.part_derivation import PartRows

Outcome = TypeVar("Outcome")

OF_STANDING = ("part_id", "version", "kind", *PLACE_NUMBERS)


class PartState(NamedTuple):
    """How the stored row of a part stands to its cells: `is_current` where it says what a derivation now would.

    `is_large`: it has a row, and was derived from so many values that only the sweep derives it anew.
    """

    is_current: bool
    is_large: bool

    @property
    def is_shown(self) -> bool:
        """Whether pages show the stored row: if large, it may be a minute behind, and says of which version it is."""
        return self.is_current or self.is_large


def part_states(cells: CellQuerySet) -> dict[PartKey, PartState]:
    """The state of each part that has one of `cells`, which are all cells of their parts; in one query."""
    is_current = Q(standing__version=F("version"), standing__kind=F("model__kind"))
    rows = (
        cells.order_by()
        .values_list(*PART_FIELDS)
        .annotate(
            n=Count("pk"),
            n_current=Count("pk", filter=is_current),
            n_stored=Max("standing__part__n_cells"),
            n_values=Max("standing__part__n_values"),
        )
    )
    return {
        PartKey(*key): PartState(
            is_current=n == n_current == n_stored, is_large=(n_values or 0) > LARGE_PART_VALUES
        )
        for *key, n, n_current, n_stored, n_values in rows
    }


def places_of_cells(cells: Collection[Cell], *, among: CellQuerySet | None = None) -> dict[int, RowPlace]:
    """The place of each of `cells` by its primary key; they were read with their standings.

    Places are stored, but for parts that are behind their cells: there they are derived. A cell that goes meanwhile has
    none. `among`: the cells of these parts and of others, which one query reads where the parts are many.
    """
    part_of_cell = {cell.pk: PartKey.of(cell) for cell in cells}
    parts = dict.fromkeys(part_of_cell.values())
    states: dict[PartKey, PartState] = {}
    for of_parts in [among] if among is not None else map(Cell.objects.of_parts, in_batches(parts)):
        states |= part_states(of_parts)
    places, behind = {}, dict[PartKey, None]()
    for cell in cells:
        part, standing = part_of_cell[cell.pk], getattr(cell, "standing", None)
        if (
            standing is not None
            and standing.version == cell.version
            and part in states
            and states[part].is_current
        ):
            places[cell.pk] = RowPlace(**{name: getattr(standing, name) for name in PLACE_NUMBERS})
        else:
            behind[part] = None
    for batch in in_batches(behind):
        by_part: dict[PartKey, list[Cell]] = {}
        for cell in Cell.objects.of_parts(batch).with_names():
            by_part.setdefault(PartKey.of(cell), []).append(cell)
        for of_part in by_part.values():
            places |= derive_places(of_part)
    return places


def parts_behind(states: Mapping[PartKey, PartState]) -> list[PartKey]:
    """Of all parts, whose `states` these are: those that are behind their cells, and stored ones without a cell."""
    behind = [part for part, state in states.items() if not state.is_current]
    stored = {PartKey(*values) for values in ComparedPart.objects.values_list(*PART_FIELDS)}
    return behind + sorted(stored - states.keys())


def refresh_part_if_behind(key: PartKey) -> bool:
    """Derive one part anew unless its row is current, or large: then the sweep does; returns whether it changed."""

    def derive() -> bool:
        state = part_states(Cell.objects.of_parts([key])).get(key)
        return (state is None or not state.is_shown) and _store(key)

    return _alone(key, derive)


def refresh_part(key: PartKey) -> bool:
    """Derive one part anew and write what differs; returns whether anything did.

    Derivations of one part queue, so that the last one to write is also the last one to read. No cell is locked: a cell
    that changes meanwhile leaves the part behind it, and whoever changed it derives the part after this.
    """
    return _alone(key, partial(_store, key))


def part_faults(key: PartKey) -> list[str]:
    """The fields in which a part that is current differs from what is derived now; empty where it is behind its cells.

    "standings" stands for the places of its cells.
    """

    def compare() -> list[str]:
        rows, stored = read_part_rows([key]).get(key), ComparedPart.objects.at(key).first()
        if rows is None or stored is None:
            return []
        faults = [name for name, value in _content(rows).items() if getattr(stored, name) != value]
        if _stored_standings(key) != _standings(rows, stored.pk):
            faults.append("standings")
        state = part_states(Cell.objects.of_parts([key])).get(key)  # last: a cell may have changed meanwhile
        return faults if state is not None and state.is_current else []

    return _alone(key, compare)


def _alone(key: PartKey, work: Callable[[], Outcome]) -> Outcome:
    """What `work` returns, in a transaction in which nobody else derives the part.

    A cell that went before the end takes its standing with it, which the database refuses at the end: then once more.
    """

    def derive() -> Outcome:
        with transaction.atomic():
            lock_until_commit([key_of("part " + "/".join(map(str, key)))])
            return work()

    try:
        return derive()
    except IntegrityError:
        return derive()


def _store(key: PartKey) -> bool:
    rows = read_part_rows([key]).get(key)
    if rows is None:
        removed, _ = ComparedPart.objects.at(key).delete()
        return bool(removed)
    content = _content(rows)
    stored, is_new = ComparedPart.objects.get_or_create(**key.columns, defaults=content)
    differs = any(getattr(stored, name) != value for name, value in content.items())
    if differs:
        ComparedPart.objects.filter(pk=stored.pk).update(**content)
    before = _stored_standings(key)
    changed = [
        CellStanding(cell_id=cell, **dict(zip(OF_STANDING, values, strict=True)))
        for cell, values in _standings(rows, stored.pk).items()
        if before.get(cell) != values
    ]
    CellStanding.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["cell"], update_fields=[*OF_STANDING]
    )
    return is_new or differs or bool(changed)


def _content(rows: PartRows) -> dict[str, Any]:
    """The fields of a stored part beside its key."""
    comparison = derive_comparison(rows)
    return {
        "version": max(cell.version for cell in rows.cells),
        "n_cells": len(rows.cells),
        "n_values": len(rows.values),
        "comparison": None if comparison.numbers is None else comparison.numbers.to_json(),
        "is_missing": comparison.is_missing,
    }


def _standings(rows: PartRows, part: int) -> dict[int, tuple[Any, ...]]:
    """The values of `OF_STANDING` for each cell, by its primary key."""
    place_of_cell = derive_places(rows.cells)
    return {
        cell.pk: (part, cell.version, cell.model.kind, *asdict(place_of_cell[cell.pk]).values())
        for cell in rows.cells
    }


def _stored_standings(key: PartKey) -> dict[int, tuple[Any, ...]]:
    stored = CellStanding.objects.filter(cell__in=Cell.objects.of_parts([key]))
    return {cell: tuple(values) for cell, *values in stored.values_list("cell_id", *OF_STANDING)}
