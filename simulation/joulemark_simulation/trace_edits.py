"""Edits of a trace's numbers, as a liar makes them; the tests of the rules tell their lies with these too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from joulemark.record.trace import Trace, from_deltas, to_deltas

Change = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""From times (us) and values to other values."""


def counting(trace: Trace, change: Change) -> Trace:
    """With the values of its one counter changed."""
    (stream,) = trace.streams
    return replace(trace, streams=(replace(stream, value=_changed(stream.t_us, stream.value, change)),))


def reading(trace: Trace, name: str, change: Change) -> Trace:
    """With the values of one gauge changed."""
    gauges = tuple(
        replace(gauge, value=_changed(gauge.t_us, gauge.value, change)) if gauge.name == name else gauge
        for gauge in trace.gauges
    )
    return replace(trace, gauges=gauges)


def scaled(trace: Trace, factor: float) -> Trace:
    """Every energy and power times `factor`."""
    trace = counting(trace, lambda _, value: np.round((value - value[0]) * factor) + value[0])
    for name in ("gpu-power-instant", "gpu-power-average"):
        trace = reading(trace, name, lambda _, value: np.round(value * factor))
    return trace


def _changed(t_us: tuple[int, ...], value: tuple[int, ...], change: Change) -> tuple[int, ...]:
    values = change(np.array(from_deltas(t_us)), np.array(from_deltas(value)))
    return to_deltas(int(each) for each in values)
