"""How the energy counters of one hardware class keep time, as the probes of its latest results found it.

Only what a trace says of its streams is decoded, not their readings, and of few and small bundles: a page may ask.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import msgspec
from django.db.models.functions import Length

from joulemark.record.bundle import parse
from joulemark.record.errors import RecordError
from joulemark.record.trace import Timing, unpack
from measurements.intake.models import Submission
from measurements.review.models import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.catalog.models import HardwareClass

logger = logging.getLogger(__name__)

RESULTS_READ = 4
"""Results whose traces are opened: the latest that are accepted, measured and small enough."""
RESULTS_LOOKED_AT = 40
MAX_BUNDLE_BYTES = 256 * 2**10
"""Of a bundle that a page opens; a larger one is passed over."""


@dataclass(frozen=True, kw_only=True)
class CounterTiming:
    """Medians over results of what their probes found of one counter; seconds.

    `coverage` is "full" or "part-time" where the probes agree, "" where they differ.
    """

    name: str
    scope: str
    period_s: float
    settle_s: float
    delay_s: float
    coverage: str
    n_results: int


class _Stream(msgspec.Struct, frozen=True):
    """What is decoded of a stream."""

    name: str
    scope: str
    timing: Timing | None = None


class _Streams(msgspec.Struct, frozen=True):
    """What is decoded of a trace."""

    streams: tuple[_Stream, ...]


def read_counter_timings(hardware: HardwareClass) -> list[CounterTiming]:
    """The counters of a hardware class by name, in one query; none where no result states a probe."""
    latest = (
        Result.objects.eligible()
        .filter(hardware_class=hardware, grade="measured")
        .order_by("-received_at")
        .values("pk")[:RESULTS_LOOKED_AT]
    )
    small = (
        Submission.objects.filter(pk__in=latest)
        .annotate(n_bytes=Length("bundle"))
        .filter(n_bytes__lte=MAX_BUNDLE_BYTES)
    )
    bundles = small.order_by("-received_at").values_list("bundle", flat=True)[:RESULTS_READ]
    return timings_of(traces=_traces(bundles))


def timings_of(*, traces: Iterable[bytes]) -> list[CounterTiming]:
    """The medians over traces (as they are before compression) of each counter that one of them states a probe of."""
    by_counter: dict[tuple[str, str], list[Timing]] = {}
    for raw in traces:
        for stream in msgspec.json.decode(raw, type=_Streams).streams:
            if stream.timing is not None:
                by_counter.setdefault((stream.name, stream.scope), []).append(stream.timing)
    return [_medians(name, scope, timings) for (name, scope), timings in sorted(by_counter.items())]


def _medians(name: str, scope: str, timings: list[Timing]) -> CounterTiming:
    coverages = {timing.coverage for timing in timings}
    return CounterTiming(
        name=name,
        scope=scope,
        period_s=median(timing.period_us for timing in timings) / 1e6,
        settle_s=median(timing.settle_us for timing in timings) / 1e6,
        delay_s=median(timing.delay_us for timing in timings) / 1e6,
        coverage=coverages.pop() if len(coverages) == 1 else "",
        n_results=len(timings),
    )


def _traces(bundles: Iterable[bytes | memoryview[int]]) -> list[bytes]:
    """The raw traces; a bundle that cannot be read any more is logged and left out."""
    traces = []
    for bundle in bundles:
        try:
            traces.append(unpack(parse(bytes(bundle)).trace))
        except RecordError:
            logger.exception(
                "JM-TRACE-STORED a stored bundle cannot be read; `manage.py check_log` names it."
            )
    return traces
