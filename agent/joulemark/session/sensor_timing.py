"""How this GPU's counter keeps time: probed once for each GPU and driver, then read from a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from joulemark import durable, workloads
from joulemark.errors import MeterUnavailable, StorageError
from joulemark.meters.probe import probe, resting_period_s
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.statement import Time
from joulemark.record.trace import Timing
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.config import Folders
    from joulemark.meters.device import DeviceFacts
    from joulemark.meters.meter import Meter
    from joulemark.meters.timer import Timer

LEAST_PERIOD_US = 1000
"""No GPU's counter moves more often."""
UNPROBED = Timing(period_us=100_000, settle_us=1_500_000, delay_us=0, coverage="unknown")
"""The slowest counter that is known, for a GPU that could not be probed; the uncertainty is then larger."""
UNPROBED_PERIODS = 2
"""A counter that moves more slowly settles so many of its periods later."""


class _StoredProbe(Record, frozen=True):
    probed_at: Time
    timing: Timing
    settled: bool

    def __post_init__(self) -> None:
        """A file that was edited or is of another kind of counter is no probe. Raises ValueError."""
        timing = self.timing
        if timing.period_us < LEAST_PERIOD_US or not -timing.period_us <= timing.delay_us <= timing.settle_us:
            raise ValueError("these times are not those of a counter")


@dataclass(frozen=True, kw_only=True)
class CounterTiming:
    """The timing of a counter, and a sentence for the reader: its source, or why it is not known better."""

    timing: Timing
    sentence: str
    reason: str | None = None


def timing_of(
    meter: Meter,
    facts: DeviceFacts,
    device: str,
    folders: Folders,
    timer: Timer,
    *,
    anew: bool = False,
    keep: bool = True,
) -> CounterTiming:
    """The stored timing of this GPU under this driver, or a probe's, which is stored.

    `anew` probes in any case; it takes about 80 s. `keep` is False on a noisy machine, whose probe must not be
    reused. A probe that cannot be stored is used all the same. Raises MeterFailed.
    """
    path = _path(folders, facts)
    stored = None if anew else _load(path)
    if stored is not None:
        return _timing_of_probe(
            stored, _("probed on {probed_at:%Y-%m-%d}").format(probed_at=stored.probed_at)
        )
    try:
        probed = probe(meter, workloads.busy_kernel(device), timer)
    except (MeterUnavailable, workloads.WorkloadError) as error:
        timing = _unprobed(resting_period_s(meter, timer))
        return CounterTiming(
            timing=timing,
            sentence=_(
                "The counter could not be probed: {error} A settling time of {settle_us:.1f} s is assumed."
            ).format(error=error, settle_us=timing.settle_us / 1e6),
            reason=getattr(error, "reason", error.code),
        )
    record = _StoredProbe(probed_at=datetime.now(UTC), timing=probed.timing, settled=probed.settled)
    if not keep:
        return _timing_of_probe(record, _("probed now on a noisy machine, not stored"))
    try:
        durable.write(path, encode(record) + b"\n")
    except StorageError as error:
        return _timing_of_probe(record, _("probed now; it could not be stored: {error}").format(error=error))
    return _timing_of_probe(record, _("probed now"))


def _unprobed(period_s: float | None) -> Timing:
    """Of a counter of which no more is known than how often it moves at rest, in seconds; None: not even that."""
    if period_s is None:
        return UNPROBED
    period_us = max(round(period_s * 1e6), LEAST_PERIOD_US)
    later_us = UNPROBED_PERIODS * max(period_us - UNPROBED.period_us, 0)
    return replace(UNPROBED, period_us=period_us, settle_us=UNPROBED.settle_us + later_us)


def _timing_of_probe(stored: _StoredProbe, when: str) -> CounterTiming:
    facts = f"{_timing_in_words(stored.timing)} ({when})."
    if stored.settled:
        return CounterTiming(timing=stored.timing, sentence=facts)
    return CounterTiming(
        timing=stored.timing,
        sentence=" ".join([facts, _("The counter had not settled when the probe ended.")]),
        reason="not-settled",
    )


def stored_timing(facts: DeviceFacts, folders: Folders) -> Timing | None:
    """The timing that an earlier probe measured, or None."""
    stored = _load(_path(folders, facts))
    return None if stored is None else stored.timing


def _timing_in_words(timing: Timing) -> str:
    """How the counter keeps time, without the full stop."""
    coverage = {
        "full": _("full coverage"),
        "part-time": _("part-time coverage"),
        "unknown": _("unknown coverage"),
    }
    tells = (
        _(
            "The energy counter is updated every {period_ms:.0f} ms, {delay_ms:.0f} ms early, and "
            "settles in {settle_ms:.0f} ms"
        )
        if timing.delay_us < 0
        else _(
            "The energy counter is updated every {period_ms:.0f} ms, {delay_ms:.0f} ms late, and "
            "settles in {settle_ms:.0f} ms"
        )
    ).format(
        period_ms=timing.period_us / 1e3,
        delay_ms=abs(timing.delay_us) / 1e3,
        settle_ms=timing.settle_us / 1e3,
    )
    parts = [tells, coverage[timing.coverage]]
    if timing.spread is not None:
        parts.append(_("trains differ by {spread:.1%}").format(spread=timing.spread))
    return "; ".join(parts)


def _load(path: Path) -> _StoredProbe | None:
    """None also where the file is broken: a probe makes it anew."""
    try:
        return decode(path.read_bytes(), _StoredProbe, what="probe")
    except (OSError, RecordError):
        return None


def _path(folders: Folders, facts: DeviceFacts) -> Path:
    """Named by a digest, so that no serial number is written down."""
    key = "\0".join((facts.identity, facts.driver or "", facts.vbios or ""))
    return folders.probes / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
