"""Whole sessions of the agent on simulated cards, many in one process; prints what came out as JSON.

Start it with the environment of any simulation: the loader looks for NVML where LD_LIBRARY_PATH says at the start.
`python simulated_sessions.py PART [NUMBER]`, PART a function of PARTS.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from math import fsum
from random import Random
from typing import TYPE_CHECKING, Any

from joulemark.energy import budget
from joulemark.energy.analysis import analyse
from joulemark.energy.errors import NotMeasurable
from joulemark.errors import MeterFailed
from joulemark.meters.nvml import NvmlMeter
from joulemark.meters.probe import Probed, probe
from joulemark.record.trace import pack
from joulemark.session.measure import measure
from joulemark.session.statement import sensor_of
from joulemark.suite import Protocol
from nvml_sim.cards import CARDS, GA102, H100
from nvml_sim.running import running
from nvml_sim.scenario import Failure, Idle, LimitChange, Process, Scenario, Sensor, Throttle
from nvml_sim.virtual import Busy, VirtualTimer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from joulemark.energy.analysis import Analysis
    from joulemark.record.trace import Timing, Trace
    from nvml_sim.cards import Card
    from nvml_sim.running import Simulation

MODES = ("full", "part_time", "lagging", "blurred")
IDLE_W = {"A100": 60.0, "H100": 60.0, "V100": 40.0, "GA102": 30.0}
NOISE_W = 1.0
WARM_UP_S = 300.0
PROTOCOL = Protocol(
    queries=100,
    windows_min=10,
    windows_max=10,
    warmup_queries=20,
    idle_s=30.0,
    half_width_target=0.02,
    budget_s=3600.0,
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the simulated model says: nothing, but about its query."""

    query_id: int
    value: str = ""
    output_tokens: int | None = None


class Work:
    """Queries that draw power: each its own duration and watts, about those of the run."""

    def __init__(self, timer: VirtualTimer, rng: Random, *, query_s: float, watts: float, spread: float) -> None:
        self._timer, self._rng = timer, rng
        self._query_s, self._watts, self._spread = query_s, watts, spread

    def answer(self, query: int) -> Answer:
        """Draw power for one query."""
        seconds = self._query_s * self._rng.uniform(1 - self._spread, 1 + self._spread)
        self._timer.work(self._watts * self._rng.uniform(0.95, 1.05), seconds)
        return Answer(query_id=query)

    def synchronise(self) -> None:
        """The card has finished when `answer` returns."""


class Nobody:
    """Does not watch."""

    def note(self, sentence: str) -> None: ...
    def job(self, number: int, of: int, key: str, *, estimated: bool) -> None: ...
    def stage(self, name: str, **facts: Any) -> None: ...
    def answered(self) -> None: ...
    def job_done(self, sentence: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Run:
    """One session and the truth about it; `error` is energy per query over the true one, less 1."""

    trace: Trace
    analysis: Analysis
    flags: tuple[str, ...]
    error: float
