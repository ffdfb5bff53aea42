"""How many phone charges, kilometres or searches an energy is; each with its source and year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from joulemark.impact.quantity import Quantity, Source
from joulemark.impact.study_figures import task_mean
from joulemark.impact.tables import read_toml
from joulemark.suite.published import load_study

if TYPE_CHECKING:
    from collections.abc import Iterable

Basis = Literal["energy", "emissions"]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class EquivalenceRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the file; either an amount or the task of the study whose mean it is."""

    id: str
    title: str
    basis: Basis
    unit: str
    source: str
    year: int
    licence: str
    checked: bool
    amount: Positive | None = None
    task: str | None = None
    times: Positive = 1.0
    url: str | None = None

    def __post_init__(self) -> None:
        """Refuse an entry with two amounts, or none."""
        if (self.amount is None) == (self.task is None):
            raise ValueError(f"Equivalence {self.id} needs an amount or a task, and not both.")


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    equivalences: tuple[EquivalenceRow, ...]


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """`per_item`: kWh or gCO2e for one of `title` (after `times`); `unit` says what it was given in."""

    id: str
    title: str
    basis: Basis
    unit: str
    per_item: Quantity


@dataclass(frozen=True, kw_only=True)
class Equal:
    """`count` of an equivalence."""

    equivalence: Equivalence
    count: Quantity


@cache
def equivalences() -> dict[str, Equivalence]:
    """Every equivalence by its id, in the file's order."""
    return {entry.id: _read(entry) for entry in read_toml("equivalences.toml", _File).equivalences}


def equal_to(
    ids: Iterable[str], *, energy_kwh: Quantity | None = None, emissions_gco2e: Quantity | None = None
) -> list[Equal]:
    """How many of each an energy in kWh, or its emissions in gCO2e, are; what has no number here is left out.

    Raises KeyError for an unknown id.
    """
    equals = []
    for name in ids:
        equivalence = equivalences()[name]
        amount = energy_kwh if equivalence.basis == "energy" else emissions_gco2e
        if amount is not None:
            count = amount.over(equivalence.per_item, equivalence.title)
            equals.append(Equal(equivalence=equivalence, count=count))
    return equals


def _read(entry: EquivalenceRow) -> Equivalence:
    amount = entry.amount
    if amount is None:
        amount = task_mean(load_study(), str(entry.task)) / 1000
    source = Source(
        id=entry.id,
        title=entry.source,
        year=entry.year,
        licence=entry.licence,
        url=entry.url,
        checked=entry.checked,
        scope=load_study().scope if entry.task else None,
    )
    unit = "kWh" if entry.basis == "energy" else "gCO2e"
    return Equivalence(
        id=entry.id,
        title=entry.title,
        basis=entry.basis,
        unit=entry.unit,
        per_item=Quantity(value=amount / entry.times, unit=unit, sources=(source,)),
    )
