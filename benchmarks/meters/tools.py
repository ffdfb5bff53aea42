"""The meters that are compared, in the order of the table's columns."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from benchmarks.meters.codecarbon import CodeCarbon
from benchmarks.meters.polling import EverySecond, Polling
from benchmarks.meters.zeus import Zeus

if TYPE_CHECKING:
    from benchmarks.meters.tool import Tool

OURS = "joulemark"
OURS_QUERIES = "joulemark, queries"
"""Ours again, where its queries alone are another quantity than what is compared: beside the others, never ranked."""

SAME = "The same as joulemark."
OURS_MODULE = "benchmarks.meters.ours"


def counting() -> tuple[Tool, ...]:
    """Those that read the energy counter, ours first."""
    return (*_ours(), Zeus(), Zeus(instant=True), CodeCarbon())


def polling() -> tuple[Tool, ...]:
    """Those that read nothing but power: how the counter works is nothing to them."""
    return (
        EverySecond(),
        Polling("poll 100 ms", 0.1),
        Polling("poll 10 ms", 0.01),
        Polling("poll 1 ms", 0.001),
    )


def _ours() -> tuple[Tool, ...]:
    """Ours is measured as soon as its file is there."""
    if find_spec(OURS_MODULE) is None:
        return ()
    ours = import_module(OURS_MODULE)
    return (cast("Tool", ours.Joulemark()), cast("Tool", ours.JoulemarkQueries()))
