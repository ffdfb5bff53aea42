"""The meter of last resort: CPU time of this process and its children x watts per busy core.

An estimate, and marked so.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from joulemark.energy.core_watts import ANY_W, core_watts
from joulemark.errors import MeterUnavailable
from joulemark.meters.cpu_time import FOREIGN, OWN, ProcessorTime, children_s
from joulemark.meters.device import cpu_name
from joulemark.meters.meter import GaugeInfo, Now, Reading, StreamInfo, Tick, timed
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName

DEFAULT_WATTS = ANY_W
DEFAULT_WATTS_SOURCE = marked(
    "Green Algorithms v3.0 (Lannelongue et al. 2021), TDP_cpu.csv, row Any: 12.0 W per core"
)
"""The value that the Green Algorithms calculator takes for a processor that is not in its list.

Lannelongue, Grealey, Inouye 2021, doi:10.1002/advs.202100707; data file `data/v3.0/TDP_cpu.csv` of
green-algorithms-tool.
"""
LISTED_SOURCE = "Green Algorithms v3.0 (Lannelongue et al. 2021), TDP_cpu.csv, row {processor}"
"""The source of the watts of a processor that is in the list."""
STATED_BY_USER = marked("stated by the contributor")


def watts_of(processor: str | None = None) -> tuple[float, str]:
    """Watts of a busy core of the processor of this name, by default this machine's, and where they come from."""
    listed = core_watts((cpu_name() or "") if processor is None else processor)
    if listed.processor is None:
        return listed.watts, DEFAULT_WATTS_SOURCE
    return listed.watts, LISTED_SOURCE.format(processor=listed.processor)


def provenance_of(watts: float, source: str | None) -> str:
    """What an estimate with so many watts per busy core rests on, in words."""
    return _("CPU time of this process and its children x {watts:g} W per busy core ({source})").format(
        watts=watts, source=source if source is None else _(source)
    )


class EstimateMeter:
    """CPU microseconds of all threads of this process and of its child processes; idle power is not in it."""

    name: MeterName = "cpu-time-estimate"
    grade: Grade = "estimated"
    scope: Scope = "cpu"
    period_s = 1e-6
    knows_idle = False
    gauges: tuple[GaugeInfo, ...] = ()
    gpu = None

    def __init__(
        self,
        *,
        watts: float | None = None,
        processor: str | None = None,
        time_of: Callable[[], ProcessorTime] = ProcessorTime,
    ) -> None:
        """`watts` per busy core, by default those of the `processor` of this name, by default this machine's."""
        per_core_w, source = watts_of(processor) if watts is None else (watts, STATED_BY_USER)
        self.stated_watts: float | None = per_core_w
        self.stated_watts_source: str | None = source
        self.absent: dict[str, str] = {}
        self._processor: ProcessorTime | None = None
        try:
            self._processor = time_of()
        except MeterUnavailable as error:
            self.absent = {OWN.name: error.reason, FOREIGN.name: error.reason}
        self._children_us = 0
        self.streams = (
            StreamInfo(
                name="process-cpu",
                scope="cpu",
                unit="cpu-us",
                joules_per_unit=per_core_w * 1e-6,
                wraps_at=None,
            ),
        )
        self.provenance = provenance_of(per_core_w, self.stated_watts_source)

    def read(self, now: Now) -> Reading:
        """One tick: CPU microseconds so far."""
        return Reading(ticks=(timed(now, self._cpu_us),))

    def _cpu_us(self) -> int:
        # a child that ends between two looks of one reading is in neither for that moment: time never goes back
        self._children_us = max(self._children_us, round(children_s() * 1e6))
        return time.process_time_ns() // 1000 + self._children_us

    @property
    def conditions(self) -> tuple[GaugeInfo, ...]:
        """Processor time of the run and of others, who are in no estimate and slow the run down."""
        return () if self._processor is None else (OWN, FOREIGN)

    def look(self, now: Now) -> tuple[Tick | None, ...]:
        """Both, or None where they could not be read this once."""
        return () if self._processor is None else self._processor.ticks(now)

    def close(self) -> None:
        """Release nothing: an estimate opens no sensor."""
