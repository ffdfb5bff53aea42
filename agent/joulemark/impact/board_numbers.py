"""Numbers of a platform's boards that a reported one can be compared with: energies of a query, ratios, spreads.

Pure: the platform reads its values, and this says which of them are the quantity that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import exp, fsum, isfinite, log
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ValueSelection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which values: all that have what is given here. `hardware` is a word of its name, such as `h100`."""

    task: str | None = None
    dataset: str | None = None
    model: str | None = None
    kind: str | None = None
    hardware: str | None = None
    precision: str | None = None


class BoardQuantity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quantity of boards: the energy of a query of `of`; with `over` its ratio to that of another selection.

    Ratios are formed where the fields `paired` are equal; with `spread`, between the most and the least energy there.
    """

    of: ValueSelection
    over: ValueSelection | None = None
    spread: bool = False
    paired: tuple[str, ...] = ("suite", "dataset", "model", "hardware", "configuration")

    def __post_init__(self) -> None:
        """Refuse a ratio that is a spread too, and what is no field of a value."""
        if self.spread and self.over is not None:
            raise ValueError("A quantity is a ratio of two selections, or the spread of one.")
        unknown = (
            set(self.paired) - {field.name for field in fields(BoardValue)} - {"precision", "configuration"}
        )
        if unknown:
            raise ValueError(f"Name fields of a value in paired, not {', '.join(sorted(unknown))}.")


@dataclass(frozen=True, kw_only=True)
class BoardValue:
    """A cell of a board: joules per query with the 95 % interval, None where it has none."""

    suite: str
    task: str
    dataset: str
    model: str
    kind: str
    hardware: str
    scope: str
    stratum: str
    energy_j: float
    low_j: float | None
    high_j: float | None

    @property
    def precision(self) -> str:
        """The number format, which a stratum begins with."""
        return self.stratum.partition(".")[0]

    @property
    def configuration(self) -> str:
        """The rest of the stratum: batch size and power limit."""
        return self.stratum.partition(".")[2]

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval, where it has two usable ends."""
        if self.low_j is None or self.high_j is None or not (self.low_j > 0 and isfinite(self.high_j)):
            return None
        return self.low_j, self.high_j


@dataclass(frozen=True, kw_only=True)
class BoardNumber:
    """What boards have of one scope: the geometric mean, and the ends of all intervals together, None without any.

    `value`, `low` and `high` are Wh per query, or a ratio; `n_values` counts cells, of a ratio its pairs.
    """

    value: float
    low: float | None
    high: float | None
    scope: str
    n_values: int


class BoardValues:
    """Values of boards, those of each task apart: nearly every selection names one. Selections are looked up once."""

    def __init__(self, values: Iterable[BoardValue]) -> None:
        self._every = tuple(values)
        self._of_task: dict[str, list[BoardValue]] = {}
        for value in self._every:
            self._of_task.setdefault(value.task, []).append(value)
        self._selected: dict[ValueSelection, list[BoardValue]] = {}

    def selected(self, selection: ValueSelection) -> list[BoardValue]:
        """The values that have all that is given in a selection, in their order."""
        if selection not in self._selected:
            rows = self._every if selection.task is None else self._of_task.get(selection.task, ())
            self._selected[selection] = [row for row in rows if _matches(row, selection)]
        return self._selected[selection]


def board_numbers(subject: BoardQuantity, values: BoardValues) -> list[BoardNumber]:
    """The numbers of `subject`, one a scope: energies of different scopes never meet."""
    selected = _by_scope(values.selected(subject.of))
    over = _by_scope(values.selected(subject.over)) if subject.over is not None else {}
    numbers = [_number(subject, scope, rows, over.get(scope, ())) for scope, rows in sorted(selected.items())]
    return [number for number in numbers if number is not None]


def _by_scope(rows: Iterable[BoardValue]) -> dict[str, list[BoardValue]]:
    of_scope: dict[str, list[BoardValue]] = {}
    for row in rows:
        of_scope.setdefault(row.scope, []).append(row)
    return of_scope


def _number(
    subject: BoardQuantity, scope: str, selected: Sequence[BoardValue], over: Sequence[BoardValue]
) -> BoardNumber | None:
    """The number of one scope; `over` are the values that those of a ratio are divided by."""
    if subject.spread:
        parts = [_spread(group) for group in _grouped(selected, subject.paired).values() if len(group) > 1]
    elif subject.over is not None:
        divisors = _grouped(over, subject.paired)
        parts = [
            _ratio(group, divisors[key])
            for key, group in _grouped(selected, subject.paired).items()
            if key in divisors
        ]
    else:
        parts = [(row.energy_j / 3600, _scaled(row.interval)) for row in selected]
    if not parts:
        return None
    intervals = [interval for _, interval in parts if interval is not None]
    return BoardNumber(
        value=_geometric_mean([value for value, _ in parts]),
        low=min(low for low, _ in intervals) if intervals else None,
        high=max(high for _, high in intervals) if intervals else None,
        scope=scope,
        n_values=len(parts),
    )


Part = tuple[float, tuple[float, float] | None]


def _spread(group: Sequence[BoardValue]) -> Part:
    least, most = min(group, key=lambda row: row.energy_j), max(group, key=lambda row: row.energy_j)
    return _ratio([most], [least])


def _ratio(above: Sequence[BoardValue], below: Sequence[BoardValue]) -> Part:
    """Geometric means divided; the interval is the widest that the intervals of all allow."""
    value = _mean_energy(above) / _mean_energy(below)
    intervals = [row.interval for row in (*above, *below)]
    if any(interval is None for interval in intervals):
        return value, None
    ends = [_ends(above), _ends(below)]
    return value, (ends[0][0] / ends[1][1], ends[0][1] / ends[1][0])


def _ends(rows: Sequence[BoardValue]) -> tuple[float, float]:
    intervals = [row.interval for row in rows if row.interval is not None]
    return _geometric_mean([low for low, _ in intervals]), _geometric_mean([high for _, high in intervals])


def _mean_energy(rows: Sequence[BoardValue]) -> float:
    return _geometric_mean([row.energy_j for row in rows])


def _geometric_mean(values: Sequence[float]) -> float:
    return exp(fsum(map(log, values)) / len(values))


def _scaled(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if interval is None else (interval[0] / 3600, interval[1] / 3600)


def _grouped(rows: Iterable[BoardValue], paired: tuple[str, ...]) -> dict[tuple[str, ...], list[BoardValue]]:
    groups: dict[tuple[str, ...], list[BoardValue]] = {}
    for row in rows:
        groups.setdefault(tuple(getattr(row, name) for name in paired), []).append(row)
    return groups


def _matches(row: BoardValue, selection: ValueSelection) -> bool:
    if selection.hardware is not None and selection.hardware not in row.hardware.split("-"):
        return False
    required = (
        (name, getattr(selection, name)) for name in selection.__struct_fields__ if name != "hardware"
    )
    return all(value is None or getattr(row, name) == value for name, value in required)
