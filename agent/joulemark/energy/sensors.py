"""How far a board's own power sensor may be off: its scale and its zero, from boards measured beside a meter.

A sensor reads `gradient` x true power + `offset_w`: what it reads, times 1 / gradient and less offset_w / gradient, is
true. Neither is known of a volunteer's board. `data/boards.csv` (Yang, Adamek and Armour, arXiv:2312.02741) has a board
of each of seven designs, and five boards of one design. Nothing that is read is corrected by it: the five differ among
themselves by more than half of what the seven do, so one measured board says little of the next board of its design
(docs/decisions/0033). Instead the interval around a reading is as wide as these boards require:

* a design of which `ENOUGH_UNITS` boards were measured has their spread,
* every other design has the spread of the seven designs.

The spread is the root mean square about zero, times half of Student's t at as many degrees of freedom as there are
boards, so that twice of it covers 95 % of boards like these. The relative error of an energy depends on the load: an
offset of 13 W is 4 % of 350 W and 22 % of 60 W.

Whoever adds a board adds an edition: what agents signed before was computed from an earlier one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import fsum, hypot, sqrt
from typing import TYPE_CHECKING

from joulemark.energy.precision import student_t_95

if TYPE_CHECKING:
    from collections.abc import Sequence

COVERAGE_FACTOR = 2.0
"""k: the expanded uncertainty covers about 95 %."""

EDITION = 2
"""The tables that agents sign by today."""

FIRST_EDITION = 1
"""A scale alone, 2.5 % for NVML: +-5 % as two standard deviations. NVIDIA states +-5 % for Fermi and Kepler only
(NVML API reference, `nvmlDeviceGetPowerUsage`), and +-5 watts in the nvidia-smi manual ("Power Draw"), so it was wrong
for every later board. It stays here because results were signed by it."""

RAPL_GAIN_U = 0.05
"""Standard uncertainty of RAPL's scale: an assumption. Published comparisons with wall meters find a few per cent, more
for memory (Desrochers et al. 2016, doi:10.1145/2989081.2989088). An offset is not known of it, and is not stated."""

ENOUGH_UNITS = 5
"""Measured boards of one design from which their own spread counts for it."""

MAKER = "NVIDIA "
"""What drivers since 2021 put before a board's name."""


@dataclass(frozen=True, kw_only=True)
class MeasuredBoard:
    """One board beside a meter. `energy_errors`: reading over truth less 1, of its test loads; may be none."""

    group: str
    name: str
    gradient: float
    offset_w: float
    energy_errors: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class SensorError:
    """Standard uncertainties (k = 1) of a sensor: of its scale, relative; of its zero, in watts, None: not stated."""

    gain_u: float
    offset_u_w: float | None

    def relative_u(self, mean_power_w: float) -> float:
        """Of an energy that was drawn at this mean power, in watts, which must be above 0."""
        return hypot(self.gain_u, (self.offset_u_w or 0.0) / mean_power_w)


@cache
def measured_boards() -> tuple[MeasuredBoard, ...]:
    """Every board of the table, in its order."""
    text = (files("joulemark.energy") / "data" / "boards.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        MeasuredBoard(
            group=row["group"],
            name=row["board"],
            gradient=float(row["gradient"]),
            offset_w=float(row["offset_w"]),
            energy_errors=tuple(
                float(per_cent) / 100 for per_cent in row["energy_errors_percent"].split(";") if per_cent
            ),
        )
        for row in rows
    )


def spread_of(boards: Sequence[MeasuredBoard]) -> SensorError:
    """What a board like these may be off by, of which nothing else is known. Raises ValueError for no board."""
    if not boards:
        raise ValueError("A spread needs at least one measured board.")
    widened = student_t_95(len(boards)) / COVERAGE_FACTOR
    return SensorError(
        gain_u=widened * sqrt(fsum((1 / board.gradient - 1) ** 2 for board in boards) / len(boards)),
        offset_u_w=widened
        * sqrt(fsum((board.offset_w / board.gradient) ** 2 for board in boards) / len(boards)),
    )


def sensor_error(meter: str, board_name: str = "", *, edition: int = EDITION) -> SensorError | None:
    """What is known of the sensor of a meter on a board of this name; None for an estimate, which has no sensor.

    Raises LookupError for an edition that never was.
    """
    if edition not in (FIRST_EDITION, EDITION):
        raise LookupError(f"There is no edition {edition} of the sensors' table.")
    if meter == "rapl":
        return SensorError(gain_u=RAPL_GAIN_U, offset_u_w=None)
    if meter != "nvml-counter":
        return None
    if edition == FIRST_EDITION:
        return SensorError(gain_u=0.025, offset_u_w=None)
    return _nvml_error(board_name.removeprefix(MAKER))


@cache
def _nvml_error(design: str) -> SensorError:
    units = [board for board in measured_boards() if (board.group, board.name) == ("units", design)]
    if len(units) >= ENOUGH_UNITS:
        return spread_of(units)
    return spread_of([board for board in measured_boards() if board.group == "designs"])


def sensor_u(meter: str, board_name: str, mean_power_w: float | None) -> float | None:
    """Relative standard uncertainty that all boards of one design share, of an energy drawn at this mean power.

    None for an estimate, and where an offset cannot be set against a power because that is not known.
    """
    error = sensor_error(meter, board_name)
    if error is None or (error.offset_u_w is not None and not mean_power_w):
        return None
    return error.relative_u(mean_power_w or 1.0)
