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
OF_CONTRIBUTOR = (
    "contributor", "contributor__pseudonym", "contributor__display_name", "contributor__name_key",
)  # fmt: skip


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
    """Who has devices of a class, in two queries, or three where not all contributors are named.

    A device that two contributors report is counted for each.
    """
    devices = Device.objects.filter(hardware_class=hardware).order_by()
    counted = list(
        devices.values_list(*OF_CONTRIBUTOR)
        .annotate(n_devices=Count("pk"))
        .order_by("-n_devices", "contributor")[: MAX_OWNERS + 1]
    )
    named = counted[:MAX_OWNERS]
    values = DeviceValue.objects.filter(
        device__hardware_class=hardware, device__contributor__in=[pk for pk, *_ in named]
    )
    results = dict(values.order_by().values_list("device__contributor").annotate(n_results=Sum("n_results")))
    n_contributors, n_devices = len(named), sum(n for *_, n in named)
    if len(counted) > MAX_OWNERS:
        totals = devices.aggregate(
            n_contributors=Count("contributor", distinct=True), n_devices=Count("pk", distinct=True)
        )
        n_contributors, n_devices = totals["n_contributors"], totals["n_devices"]
    return Owners(
        first=[
            Owner(
                contributor=Contributor(
                    pk=pk, pseudonym=pseudonym, display_name=display_name, name_key=name_key
                ),
                n_devices=n_of_devices,
                n_results=results.get(pk, 0),
            )
            for pk, pseudonym, display_name, name_key, n_of_devices in named
        ],
        n_contributors=n_contributors,
        n_devices=n_devices,
    )
