"""What a card's control kernel is compared by: energy and time of one operation and of one byte."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import fsum, hypot
from typing import TYPE_CHECKING, Any, Self

from joulemark.record.control import flop_of, moved_bytes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.record.control import Control, ControlRun

UNITS = {"flop_j": "J/FLOP", "flop_s": "s/FLOP", "byte_j": "J/B", "byte_s": "s/B"}
WORDS = {
    "flop_j": "energy of an operation",
    "flop_s": "time of an operation",
    "byte_j": "energy of a byte",
    "byte_s": "time of a byte",
}


@dataclass(frozen=True, kw_only=True)
class ControlFigures:
    """Joules and seconds of one floating-point operation of the products, and of one byte that a copy moves."""

    flop_j: float
    flop_s: float
    byte_j: float
    byte_s: float

    @classmethod
    def of(cls, control: Control) -> Self:
        """Over both runs."""
        return cls._of(control, control.runs)

    @classmethod
    def of_run(cls, control: Control, run: ControlRun) -> Self:
        """Of one run."""
        return cls._of(control, [run])

    @classmethod
    def _of(cls, control: Control, runs: Sequence[ControlRun]) -> Self:
        flops = flop_of(control) * sum(run.products for run in runs)
        moved = moved_bytes_of(control) * sum(run.copies for run in runs)
        return cls(
            flop_j=fsum(run.products_j for run in runs) / flops,
            flop_s=fsum(run.products_s for run in runs) / flops,
            byte_j=fsum(run.copies_j for run in runs) / moved,
            byte_s=fsum(run.copies_s for run in runs) / moved,
        )

    def values(self) -> dict[str, float]:
        """The numbers by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_numbers(cls, numbers: Sequence[Any]) -> Self:
        """From the numbers in the order of `values`."""
        return cls(**dict(zip((field.name for field in fields(cls)), numbers, strict=True)))


def uncertainties(runs: Sequence[ControlRun]) -> dict[str, float]:
    """Relative standard uncertainty of each number over these runs; a clock's is nothing beside a counter's."""
    count = len(runs)
    return {
        "flop_j": hypot(*(run.products_u for run in runs)) / count,
        "flop_s": 0.0,
        "byte_j": hypot(*(run.copies_u for run in runs)) / count,
        "byte_s": 0.0,
    }
