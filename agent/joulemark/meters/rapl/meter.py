"""RAPL: the energy counters of the processor's packages and their memory, as the Linux powercap driver shows them.

Kernel documentation, "Power Capping Framework": `energy_uj` is cumulative and wraps at `max_energy_range_uj`. Other
zones than packages and their `dram` are not read: `core` and `uncore` are parts of a package, `psys` is more than it.
"""

from __future__ import annotations

import errno
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.errors import MeterFailed, MeterUnavailable, ReadingMissing
from joulemark.meters import plausible
from joulemark.meters.cpu_time import FOREIGN, OWN, ProcessorTime
from joulemark.meters.meter import GaugeInfo, Now, Reading, StreamInfo, Tick, timed
from joulemark.meters.rapl.zones import find_zones
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.meters.rapl.zones import Zone
    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName

POWERCAP = Path("/sys/class/powercap")
PERMANENT = frozenset({errno.ENOENT, errno.ENODEV, errno.EACCES, errno.EPERM})
"""What a counter that is gone or was taken away fails with, as against one that did not answer this once."""


class RaplMeter:
    """Packages, and memory where every package shows it; `absent` says why memory is not read."""

    name: MeterName = "rapl"
    grade: Grade = "measured"
    period_s = 0.001
    knows_idle = True
    stated_watts: float | None = None
    stated_watts_source: str | None = None
    provenance = "intel-rapl energy_uj of the Linux powercap driver"
    gauges: tuple[GaugeInfo, ...] = ()
    gpu = None

    def __init__(
        self, *, root: Path | None = None, time_of: Callable[[], ProcessorTime] = ProcessorTime
    ) -> None:
        """Find the counters and read each once; `time_of` begins to count processor time.

        Raises MeterUnavailable with the reason and what would mend it.
        """
        zones = find_zones(root or POWERCAP)
        self._zones = zones.zones
        self.absent = {} if zones.no_dram is None else {"dram": zones.no_dram}
        self._processor: ProcessorTime | None = None
        try:
            self._processor = time_of()
        except MeterUnavailable as error:
            self.absent |= {OWN.name: error.reason, FOREIGN.name: error.reason}
        self.streams = tuple(
            StreamInfo(
                name=zone.stream, scope=zone.scope, unit="uJ", joules_per_unit=1e-6, wraps_at=zone.wraps_at
            )
            for zone in self._zones
        )
        self.scope: Scope = "cpu+dram" if zones.no_dram is None else "cpu"

    def read(self, now: Now) -> Reading:
        """One tick for each zone, in microjoules. Raises ReadingMissing or MeterFailed."""
        return Reading(ticks=tuple(timed(now, partial(_read_uj, zone)) for zone in self._zones))

    @property
    def conditions(self) -> tuple[GaugeInfo, ...]:
        """Processor time of the run and of others: a package counts whoever works."""
        return () if self._processor is None else (OWN, FOREIGN)

    def look(self, now: Now) -> tuple[Tick | None, ...]:
        """Both, or None where they could not be read this once."""
        return () if self._processor is None else self._processor.ticks(now)

    def close(self) -> None:
        """Release nothing: counters are opened for each reading."""


def _read_uj(zone: Zone) -> int:
    try:
        count_uj = zone.read_uj()
    except OSError as error:
        if error.errno in PERMANENT:
            raise MeterFailed(
                _(
                    "RAPL stopped answering ({stream}: {why}). `joulemark doctor` shows whether it "
                    "can be read."
                ).format(stream=zone.stream, why=error.strerror)
            ) from error
        raise ReadingMissing(
            _("RAPL returned no reading ({stream}: {why}).").format(stream=zone.stream, why=error.strerror)
        ) from error
    except ValueError as error:
        raise ReadingMissing(
            _("RAPL returned no count ({stream}: {error}).").format(stream=zone.stream, error=error)
        ) from error
    if not 0 <= count_uj <= (zone.wraps_at or plausible.MAX_STORABLE):
        raise ReadingMissing(
            _("RAPL returned a count beyond its range ({stream}: {count_uj} uJ).").format(
                stream=zone.stream, count_uj=count_uj
            )
        )
    return count_uj
