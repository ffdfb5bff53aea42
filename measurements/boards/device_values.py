"""What one device says in the cells that it has results in, beside the value of each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.boards.models import DeviceValue
from measurements.boards.series import series_of_suite
from measurements.display.units import wh_per_1000

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.boards.models import Cell
    from measurements.contributors.models import Device

MAX_CELLS = 50


@dataclass(frozen=True, kw_only=True)
class DeviceCell:
    """A device's value in a cell."""

    cell: Cell
    value: DeviceValue

    @property
    def series(self) -> str:
        """The slug of the cell's board."""
        return series_of_suite(self.cell.suite, self.cell.grade).slug

    @property
    def energy_wh_per_1000(self) -> float:
        """The device's value."""
        return wh_per_1000(self.value.energy_per_query_j)

    @property
    def cell_wh_per_1000(self) -> float:
        """The cell's value, of which the device's is a part."""
        return wh_per_1000(self.cell.energy_per_query_j)

    @property
    def difference(self) -> float:
        """(device - cell) / cell."""
        return self.value.energy_per_query_j / self.cell.energy_per_query_j - 1


def device_values(devices: Sequence[Device]) -> list[DeviceCell]:
    """The values of these devices, of the cells that changed last first, at most `MAX_CELLS`."""
    values = DeviceValue.objects.filter(device__in=devices).order_by("-cell__updated_at", "cell_id", "pk")
    values = values.select_related(
        "cell__suite", "cell__dataset__task", "cell__model", "cell__hardware_class"
    )
    return [DeviceCell(cell=value.cell, value=value) for value in values[:MAX_CELLS]]
