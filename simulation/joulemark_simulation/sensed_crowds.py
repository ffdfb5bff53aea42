"""Simulated cells whose true value is 1 J, read by the sensors of boards that were measured beside a meter.

The sensors are the seven of `energy/data/boards.csv`: each cell draws its design, or each device its own. Devices
differ by 3 % and sessions scatter by 1 %, as in `crowds`; what they draw is read as gradient x power + offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, log
from typing import TYPE_CHECKING

import numpy as np

from joulemark.consensus.cell import ResultReading
from joulemark.energy.sensors import measured_boards, sensor_u
from joulemark_simulation.crowds import BETWEEN, WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.energy.sensors import MeasuredBoard

LOADS_W = {"full": (200.0, 350.0), "light": (40.0, 80.0)}
"""True mean power of a board at work: of a large model, and of one that hardly keeps it busy."""

DESIGNS = ("one design", "mixed designs", "mixed designs under one name")
"""Who has which sensor: all the same; each device its own, and the platform knows; the same, and it does not."""

METHOD_U = 0.005
MOST_SESSIONS = 3
SEVEN = tuple(board for board in measured_boards() if board.group == "designs")


@dataclass(frozen=True)
class SensedCrowd:
    """So many devices, one a contributor, at a load out of `LOADS_W` with sensors out of `DESIGNS`."""

    devices: int
    load: str
    designs: str

    @property
    def case(self) -> str:
        """What a table calls it."""
        return f"{self.devices} devices, {self.load} load, {self.designs}"


EVERY = tuple(
    SensedCrowd(devices, load, designs) for designs in DESIGNS for load in LOADS_W for devices in (3, 8, 40)
)


@dataclass(frozen=True)
class SensedCell:
    """The results of a cell, and the geometric mean of what such sensors read of its true 1 J."""

    readings: tuple[ResultReading, ...]
    expected_j: float


def sensed_cells(crowd: SensedCrowd, *, number: int, seed: int) -> Iterator[SensedCell]:
    """`number` cells, reproducible."""
    chance = np.random.default_rng(
        [seed, crowd.devices, list(LOADS_W).index(crowd.load), DESIGNS.index(crowd.designs)]
    )
    for _ in range(number):
        power_w = chance.uniform(*LOADS_W[crowd.load])
        common = SEVEN[chance.integers(len(SEVEN))]
        boards = [
            common if crowd.designs == "one design" else SEVEN[chance.integers(len(SEVEN))]
            for _ in range(crowd.devices)
        ]
        possible = (common,) if crowd.designs == "one design" else SEVEN
        yield SensedCell(
            readings=tuple(
                _reading(
                    device,
                    board,
                    power_w * exp(differs + chance.normal(0, WITHIN)),
                    power_w,
                    design=board.name if crowd.designs == "mixed designs" else "the class",
                )
                for device, board in enumerate(boards)
                for differs in [chance.normal(0, BETWEEN)]
                for _session in range(chance.integers(1, MOST_SESSIONS + 1))
            ),
            expected_j=exp(
                fsum(log(_read_w(board, power_w) / power_w) for board in possible) / len(possible)
            ),
        )


def _reading(
    device: int, board: MeasuredBoard, drawn_w: float, power_w: float, *, design: str
) -> ResultReading:
    """One session of a query that takes 1 J / `power_w` seconds."""
    read_w = _read_w(board, drawn_w)
    return ResultReading(
        contributor=device,
        device=device,
        energy_per_query_j=read_w / power_w,
        relative_u=METHOD_U,
        sensor_u=sensor_u("nvml-counter", "", read_w),
        design=design,
    )


def _read_w(board: MeasuredBoard, true_w: float) -> float:
    return board.gradient * true_w + board.offset_w
