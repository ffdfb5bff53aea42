"""Who has a hardware class: contributors with their devices, and how many results of these are in values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Sum

from measurements.boards.models import DeviceValue
from measurements.contributors.models import Contributor, Device

if TYPE_CHECKING:
    from measurements.catalog.models import HardwareClass

MAX_OWNERS = 50


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A contributor with a number of devices of the class, and of results of them that are in values."""

    contributor: Contributor
    n_devices: int
    n_results: int


@dataclass(frozen=True, kw_only=True)
class Owners:
    """The contributors with the most devices; `n_contributors` and `n_devices` count all of the class."""

    first: list[Owner]
    n_contributors: int
    n_devices: int

    @property
    def n_further(self) -> int:
        """Contributors that are not named."""
        return self.n_contributors - len(self.first)


def read_owners(hardware: HardwareClass) -> Owners:
    """Who has devices of a class, in four queries; a device that two contributors report is counted for each."""
    devices = Device.objects.filter(hardware_class=hardware).order_by()
    totals = devices.aggregate(
        n_contributors=Count("contributor", distinct=True), n_devices=Count("tag", distinct=True)
    )
    counted = list(
        devices.values_list("contributor")
        .annotate(n_devices=Count("pk"))
        .order_by("-n_devices", "contributor")[:MAX_OWNERS]
    )
    people = Contributor.objects.in_bulk([pk for pk, _ in counted])
    values = DeviceValue.objects.filter(device__hardware_class=hardware, device__contributor__in=people)
    results = dict(values.order_by().values_list("device__contributor").annotate(n_results=Sum("n_results")))
    return Owners(
        first=[
            Owner(contributor=people[pk], n_devices=n_devices, n_results=results.get(pk, 0))
            for pk, n_devices in counted
        ],
        n_contributors=totals["n_contributors"],
        n_devices=totals["n_devices"],
    )
