"""A number that says where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from joulemark.record.statement import Grade as ResultGrade

PublisherGrade = Literal["published", "modelled"]
"""How the numbers of a publisher came about: metered by somebody, or computed by a model of a machine."""

BoardGrade = Literal[ResultGrade, PublisherGrade]
"""How the numbers of a series came about: what volunteers send, or what others have published."""

Grade = Literal[BoardGrade, "own"]
"""How a number came about; `own`: the reader's, whom nobody has checked."""

NOT_STATED = "not-stated"
"""Scope of an energy of which its source does not say what it covers."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a number comes from. `year` is the year that it describes, else that of publication.

    `checked` says that the number was read in the source itself; where it is False, it was read in another text
    that quotes the source, or is from memory. A reader's own number has neither year nor licence.

    `grade` says how the number came about. `scope` is what its energy covers, None where it is no energy of a
    computation (an intensity, a phone charge). `version` tells this number from what the source says at another time.
    """

    id: str
    title: str
    year: int | None
    licence: str | None
    url: str | None = None
    checked: bool = True
    grade: Grade = "published"
    scope: str | None = None
    version: str | None = None

    @property
    def citation(self) -> str:
        """What to cite with the number: title, version and address, as far as it has them."""
        version = f"version {self.version}" if self.version else ""
        return ", ".join(word for word in (self.title, version, self.url) if word)


READER = Source(
    id="reader", title="The reader's own figure", year=None, licence=None, grade="own", scope=NOT_STATED
)
"""For numbers that the reader brings."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A value in `unit`, with `low` and `high` around it where an interval is known, and every source behind it.

    Raises ValueError for a number that is negative or not finite, or an interval that does not hold the value.
    """

    value: float
    unit: str
    sources: tuple[Source, ...]
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no quantity."""
        if (self.low is None) != (self.high is None):
            raise ValueError("An interval needs both of its ends.")
        numbers = [self.value] if self.low is None or self.high is None else [self.low, self.value, self.high]
        if not all(isfinite(number) and number >= 0 for number in numbers):
            raise ValueError("A quantity must be finite and not negative.")
        if numbers != sorted(numbers):
            raise ValueError("The interval of a quantity must hold its value.")

    def times(self, factor: float | Quantity, unit: str) -> Quantity:
        """The product, in `unit`. Intervals are multiplied end by end: the widest that the two allow.

        A factor without an interval counts as exact; a yearly intensity, for instance, has none that is stated.
        """
        if isinstance(factor, Quantity):
            return self._with(factor.value, factor.low, factor.high, unit, factor.sources)
        return self._with(factor, None, None, unit, ())

    def over(self, divisor: Quantity, unit: str) -> Quantity:
        """The quotient, in `unit`. Raises ZeroDivisionError for a divisor that is, or may be, 0."""
        inverse = Quantity(
            value=1 / divisor.value,
            low=None if divisor.high is None else 1 / divisor.high,
            high=None if divisor.low is None else 1 / divisor.low,
            unit="",
            sources=divisor.sources,
        )
        return self.times(inverse, unit)

    def _with(
        self, value: float, low: float | None, high: float | None, unit: str, sources: tuple[Source, ...]
    ) -> Quantity:
        exact = (low is None or high is None) and (self.low is None or self.high is None)
        ours = (self.value, self.value) if self.low is None or self.high is None else (self.low, self.high)
        theirs = (value, value) if low is None or high is None else (low, high)
        return Quantity(
            value=self.value * value,
            unit=unit,
            sources=tuple(dict.fromkeys((*self.sources, *sources))),
            low=None if exact else ours[0] * theirs[0],
            high=None if exact else ours[1] * theirs[1],
        )
