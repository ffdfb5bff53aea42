"""How a counter and a power reading follow a load of known times: steps, lag, and what share of the load they see.

Pure. Times are in seconds, energies in joules, powers in watts. The load's own power is what the sensor says of a long
one, so that the sensor's scale and zero cancel: what is left is when it looks, and how often.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LAGS_S = np.arange(-0.15, 1.5, 0.0025)
"""A sensor may be early, where it takes what it sees for the whole of its period."""


@dataclass(frozen=True, kw_only=True)
class Levels:
    """What the sensor reads at rest and under a long load."""

    rest_w: float
    load_w: float


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How a value that is read often moves: distances of its changes in seconds, and the resolution of its numbers."""

    changes: int
    median_s: float | None
    p05_s: float | None
    p95_s: float | None
    resolution: int | None


def steps_of(t_s: NDArray[np.float64], values: NDArray[np.int64]) -> Steps:
    """Of integers in the sensor's own unit; nulls where there are fewer than three changes."""
    moved = np.flatnonzero(np.diff(values)) + 1
    if len(moved) < 3:
        return Steps(changes=len(moved), median_s=None, p05_s=None, p95_s=None, resolution=None)
    distances_s = np.diff(t_s[moved])
    p05_s, median_s, p95_s = (float(each) for each in np.percentile(distances_s, (5, 50, 95)))
    return Steps(
        changes=len(moved),
        median_s=median_s,
        p05_s=p05_s,
        p95_s=p95_s,
        resolution=int(np.gcd.reduce(np.diff(values[moved]))),
    )


def true_energy_j(
    pulses: Sequence[tuple[float, float]], levels: Levels, at_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Energy since the first of `at_s`, if the load is switched between the two levels at once."""
    edges_s = np.array([edge for pulse in pulses for edge in pulse], dtype=np.float64)
    on_s = np.concatenate(([0.0], np.cumsum(np.diff(edges_s)[::2]))) if len(edges_s) else np.zeros(1)
    busy_s = np.repeat(on_s, 2)[1:-1]  # before the first edge 0; after each pair of edges one pulse more
    seconds = np.interp(at_s, edges_s, busy_s) if len(edges_s) else np.zeros_like(at_s)
    energies_j = levels.rest_w * at_s + (levels.load_w - levels.rest_w) * seconds
    return np.asarray(energies_j - energies_j[0], dtype=np.float64)


def counter_lag_s(
    t_s: NDArray[np.float64],
    energy_j: NDArray[np.float64],
    pulses: Sequence[tuple[float, float]],
    levels: Levels,
) -> float:
    """How late the counter's own steps tell: where the true energy, moved by so much, fits them best."""
    moved = np.flatnonzero(np.diff(energy_j)) + 1
    at_s, told_j = t_s[moved], energy_j[moved]
    misfits = [
        float(np.var(told_j - true_energy_j(pulses, levels, at_s - lag_s))) for lag_s in LAGS_S.tolist()
    ]
    return float(LAGS_S[int(np.argmin(misfits))])


def power_lag_s(
    t_s: NDArray[np.float64],
    power_w: NDArray[np.float64],
    pulses: Sequence[tuple[float, float]],
    levels: Levels,
) -> float:
    """The same of power readings, against a load that is on or off."""
    starts_s, ends_s = (np.array([pulse[side] for pulse in pulses]) for side in (0, 1))

    def misfit(lag_s: float) -> float:
        at_s = t_s - lag_s
        on = starts_s.searchsorted(at_s, side="right") > ends_s.searchsorted(at_s, side="right")
        return float(np.mean((power_w - np.where(on, levels.load_w, levels.rest_w)) ** 2))

    return float(LAGS_S[int(np.argmin([misfit(lag_s) for lag_s in LAGS_S.tolist()]))])


def share_seen(energy_j: float, *, seconds: float, on_s: float, levels: Levels) -> float | None:
    """What a sensor counted of the load, over what it was; 1 for one that misses nothing. None without a load."""
    added_j = (levels.load_w - levels.rest_w) * on_s
    return (energy_j - levels.rest_w * seconds) / added_j if added_j > 0 else None


def spread_of(shares: Sequence[float]) -> dict[str, Any]:
    """Lowest, highest and mean of what was seen over the cells."""
    return {
        "lowest": min(shares),
        "highest": max(shares),
        "mean": sum(shares) / len(shares),
        "cells": len(shares),
    }
