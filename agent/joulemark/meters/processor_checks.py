"""Whether others keep the processor busy, before its energy is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.energy.foreign_cpu import MOST_IDLE_CORES
from joulemark.errors import MeterUnavailable
from joulemark.meters.check import Check, CheckState, not_available
from joulemark.meters.cpu_time import ProcessorTime
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.meters.timer import Timer

NAME = "foreign-cpu-cores"
WATCH_S = 2.0


def company(
    timer: Timer, *, time_of: Callable[[], ProcessorTime] = ProcessorTime, busy: CheckState = "noisy"
) -> Check:
    """How many processors others keep busy on average, watched for WATCH_S; `busy` is the state of too many."""
    try:
        processor = time_of()
    except MeterUnavailable as error:
        return not_available(NAME, error.reason, error.sentence)
    begin_us = timer.now()
    timer.wait(WATCH_S)
    times = processor.times()
    passed_ms = (timer.now() - begin_us) / 1e3
    if times is None:
        return not_available(
            NAME, "no-proc-stat", _("The load of other programs on the processor cannot be read now.")
        )
    cores = max(times.foreign_ms / passed_ms, 0.0)
    if cores <= MOST_IDLE_CORES:
        return Check(
            name=NAME,
            value=cores,
            state="ok",
            sentence=_("Other programs keep {cores:.2f} processors busy.").format(cores=cores),
        )
    return Check(
        name=NAME,
        value=cores,
        state=busy,
        sentence=_(
            "Other programs keep {cores:.1f} processors busy, and their energy is counted too."
        ).format(cores=cores),
        mend=_("Close them (`top` shows which), or measure when nothing else runs on the machine."),
    )
