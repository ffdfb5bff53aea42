"""Where the differences come from: windows, sessions, devices, contributors.

Nested random effects on the log scale by the method of moments, from the inside out (Searle, Casella and McCulloch
1992, Variance Components, chapter 3): each level's spread less what the levels inside it explain. A level that nobody
has repeated is not known, which is None and never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence


class Measured(NamedTuple):
    """One session: the log of its energy per query, and the standard error of that from its windows, if known."""

    contributor: Hashable
    device: Hashable
    log_energy: float
    window_u: float | None
    n_windows: int


@dataclass(frozen=True, kw_only=True)
class VarianceSplit:
    """Relative standard deviations: of one window around its session, one session around its device, and so on.

    None: nothing was repeated at that level.
    """

    window: float | None
    session: float | None
    device: float | None
    contributor: float | None


def variance_split(sessions: Iterable[Measured]) -> VarianceSplit:
    """The split of one cell's sessions."""
    by_device: dict[tuple[Hashable, Hashable], list[Measured]] = {}
    for one in sorted(sessions, key=_order):
        by_device.setdefault((one.contributor, one.device), []).append(one)
    known = [one for of_device in by_device.values() for one in of_device if one.window_u is not None]
    window = _mean([one.window_u**2 * one.n_windows for one in known if one.window_u is not None])
    inside = _mean([one.window_u**2 for one in known if one.window_u is not None])
    session, of_device, inside = _level(
        [[one.log_energy for one in listed] for listed in by_device.values()], inside
    )
    by_contributor: dict[Hashable, list[float]] = {}
    for (contributor, _device), mean in zip(by_device, of_device, strict=True):
        by_contributor.setdefault(contributor, []).append(mean)
    device, of_contributor, inside = _level(list(by_contributor.values()), inside)
    contributor, _, _ = _level([of_contributor], inside)
    return VarianceSplit(
        window=_root(window), session=_root(session), device=_root(device), contributor=_root(contributor)
    )


def _order(one: Measured) -> tuple[str, str, float, float, int]:
    """Sums are taken in this order, so that the order of results changes no bit."""
    return (str(one.contributor), str(one.device), one.log_energy, one.window_u or 0.0, one.n_windows)


def _level(
    groups: Sequence[Sequence[float]], inside: float | None
) -> tuple[float | None, list[float], float | None]:
    """(variance of this level, mean of each group, variance of such a mean) from groups of values.

    `inside` is the variance of one value by what lies inside it; None counts as nothing, so that the level then holds
    it as well.
    """
    means = [sum(group) / len(group) for group in groups]
    freedom = sum(len(group) - 1 for group in groups)
    per_mean = float(np.mean([1 / len(group) for group in groups]))
    if not freedom:
        return None, means, inside
    squares = sum((value - mean) ** 2 for group, mean in zip(groups, means, strict=True) for value in group)
    together = squares / freedom
    return max(together - (inside or 0.0), 0.0), means, together * per_mean


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _root(variance: float | None) -> float | None:
    return None if variance is None else sqrt(variance)
