"""A GPU's counter with the processor's and the memory's beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from joulemark.errors import MeterFailed, MeterUnavailable, ReadingMissing
from joulemark.meters.meter import Reading
from joulemark.meters.plausible import checked
from joulemark.record.trace import HostScope, StreamScope
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.meters.meter import GaugeInfo, GpuMeter, Meter, Now, StreamInfo, Tick
    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName

STOPPED = "rapl-stopped"


class GpuBesideHost:
    """The meter of a GPU, whose streams come first and whose scope is the headline, and a meter of its host.

    The host's streams travel beside the headline. `absent` says why the processor (`cpu`) or memory (`dram`) is not
    among them.

    The host's meter never ends a run of the GPU and never costs it a reading. Where it gives nothing this once, its
    last ticks are returned again with their own times, so that a reading has as many ticks as there are streams and
    none of them is made up. When it is over, it is not asked again: its streams stand still, and `absent` has the
    reason `rapl-stopped` for their scopes. Whoever keeps a trace leaves out the streams whose scope is in `absent` at
    the end, and a tick whose time it has already. A first reading that fails is raised: there is nothing to repeat.
    """

    def __init__(self, gpu: GpuMeter, open_host: Callable[[], Meter]) -> None:
        """Takes `gpu`, open; a host that cannot be read is said and not raised."""
        self.gpu = gpu
        self._host: Meter | None = None
        self._host_streams: tuple[StreamInfo, ...] = ()
        self._host_conditions: tuple[GaugeInfo, ...] = ()
        self._host_ticks: tuple[Tick, ...] = ()
        try:
            self._host = open_host()
        except MeterUnavailable as error:
            self._host_absent = dict.fromkeys(get_args(HostScope), error.reason)
        else:
            self._host_streams = self._host.streams
            self._host_conditions = self._host.conditions
            self._host_absent = dict(self._host.absent)
        self._provenance = self._host.provenance if self._host else None

    @property
    def name(self) -> MeterName:
        """The name of the GPU's sensor."""
        return self.gpu.name

    @property
    def grade(self) -> Grade:
        """The grade of the GPU's meter."""
        return self.gpu.grade

    @property
    def scope(self) -> Scope:
        """The scope of the headline, which is the GPU's."""
        return self.gpu.scope

    @property
    def widest_scope(self) -> Scope:
        """What all streams together cover: with the whole host, or the GPU alone while a part of it is missing."""
        scopes = {info.scope for info in self.streams} - set(self.absent)
        return "gpu+cpu+dram" if scopes == {*get_args(StreamScope)} else self.scope

    @property
    def streams(self) -> tuple[StreamInfo, ...]:
        """The streams of the GPU, then those of the host."""
        return (*self.gpu.streams, *self._host_streams)

    @property
    def gauges(self) -> tuple[GaugeInfo, ...]:
        """The gauges of the GPU; the host has none."""
        return self.gpu.gauges

    @property
    def conditions(self) -> tuple[GaugeInfo, ...]:
        """The conditions of the GPU, then those of the host."""
        return (*self.gpu.conditions, *self._host_conditions)

    @property
    def absent(self) -> dict[str, str]:
        """What the GPU's meter does not read, and the scopes of the host that are not read, or no longer."""
        return {**self.gpu.absent, **self._host_absent}

    @property
    def period_s(self) -> float:
        """The period of the GPU's counter, in seconds."""
        return self.gpu.period_s

    @property
    def knows_idle(self) -> bool:
        """Whether the GPU's counter also rises at rest."""
        return self.gpu.knows_idle

    @property
    def stated_watts(self) -> float | None:
        """None: nothing is estimated."""
        return None

    @property
    def stated_watts_source(self) -> str | None:
        """None: nothing is estimated."""
        return None

    @property
    def provenance(self) -> str:
        """How both meters obtain their counts, for a reader."""
        return (
            _("{provenance}; also {host}").format(provenance=self.gpu.provenance, host=self._provenance)
            if self._provenance
            else self.gpu.provenance
        )

    def read(self, now: Now) -> Reading:
        """The GPU's reading with the host's ticks behind it. Raises ReadingMissing or MeterFailed of the GPU."""
        gpu = self.gpu.read(now)
        return Reading(ticks=(*gpu.ticks, *self._read_host(now)), gauges=gpu.gauges, stamp=gpu.stamp)

    def look(self, now: Now) -> tuple[Tick | None, ...]:
        """The GPU's conditions, then the host's, None of one that is over."""
        host = self._host.look(now) if self._host else (None,) * len(self._host_conditions)
        return (*self.gpu.look(now), *host)

    def close(self) -> None:
        """Let go of both."""
        if self._host:
            self._host.close()
        self.gpu.close()

    def _read_host(self, now: Now) -> tuple[Tick, ...]:
        if self._host is None:
            return self._host_ticks
        try:
            self._host_ticks = checked(self._host, self._host.read(now), self._host_ticks).ticks
        except ReadingMissing:
            if not self._host_ticks:
                raise
        except MeterFailed:
            if not self._host_ticks:
                raise
            self._host_absent |= dict.fromkeys((info.scope for info in self._host_streams), STOPPED)
            self._host.close()
            self._host = None
        return self._host_ticks
