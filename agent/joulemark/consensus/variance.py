"""Where the differences come from: windows, sessions, devices, contributors.

Nested random effects on the log scale (Searle, Casella and McCulloch 1992, Variance Components, chapter 3), resistant:
at each level the values of a group become its orthogonal contrasts, each contributor weighs the same however often it
repeats, and what lies beyond three spreads does not count (`clipped`). What the levels inside explain is taken off.

A component is stated only where it is known to about a factor of 1.5 either way; else it is None and has its reason:
nothing was repeated at that level, too little was, or it is too small beside what lies inside it to be told from it.
A level that nobody has repeated is part of the next one outside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import fsum, sqrt
from statistics import fmean, median
from typing import TYPE_CHECKING, Literal, NamedTuple

from joulemark.consensus.clipped import Scatter, clipped_scatter
from joulemark.consensus.student_t import t_quantile_95

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

Level = Literal["window", "session", "device", "contributor"]
Withheld = Literal["not-repeated", "too-few", "too-small"]

SURE = 0.2
"""Standard error of a component's logarithm up to which it is stated: with it, nine of ten lie within a factor of 1.5
(simulated; `make bench-consensus`)."""


MOST_WINDOW_U = 1e100
"""Relative: an uncertainty beyond it says nothing, and its square is no number."""


class SessionEnergy(NamedTuple):
    """One session: the log of its energy per query, and the part of its uncertainty that its windows show, if known.

    `window_u` is that of the budget: half of Student's 95 % half-width of the mean of `n_windows`.
    """

    contributor: Hashable
    device: Hashable
    log_energy: float
    window_u: float | None
    n_windows: int


@dataclass(frozen=True, kw_only=True)
class VarianceSplit:
    """Relative standard deviations: of one window around its session, one session around its device, and so on.

    None: it is not known, and `withheld` has the reason under the level's name.
    """

    window: float | None
    session: float | None
    device: float | None
    contributor: float | None
    withheld: dict[Level, Withheld] = field(default_factory=dict)


def variance_split(
    sessions: Iterable[SessionEnergy], *, weights: Mapping[Hashable, float] | None = None
) -> VarianceSplit:
    """The split of one cell's sessions; `weights` are those of its contributors' voices, 1 each where None."""
    listed = sorted(sessions, key=_order)
    by_device: dict[tuple[Hashable, Hashable], list[SessionEnergy]] = {}
    for measured in listed:
        by_device.setdefault((measured.contributor, measured.device), []).append(measured)
    window = _of_windows(listed)
    inside = _Inside.of_windows(window, listed)
    weigh = dict.fromkeys((measured.contributor for measured in listed), 1.0) | dict(weights or {})

    in_devices = _contrasts(
        (contributor, [measured.log_energy for measured in of_device])
        for (contributor, _device), of_device in by_device.items()
    )
    session = _scatter_within(in_devices, weigh)
    of_session = _component(session, inside)
    inside = inside.within(session, fmean(1 / len(group) for group in by_device.values()))

    by_contributor: dict[Hashable, list[float]] = {}
    for (contributor, _device), of_device in by_device.items():
        mean = fsum(measured.log_energy for measured in of_device) / len(of_device)
        by_contributor.setdefault(contributor, []).append(mean)
    device = _scatter_within(_contrasts(by_contributor.items()), weigh)
    of_device_level = _component(device, inside)
    inside = inside.within(device, fmean(1 / len(group) for group in by_contributor.values()))

    means = {contributor: fmean(group) for contributor, group in by_contributor.items()}
    between = clipped_scatter(
        list(means.values()),
        [weigh[who] for who in means],
        centred=False,
        independent=fmean(weigh[who] for who in means),
    )
    components: dict[Level, float | Withheld] = {
        "window": _component(window, _Inside(variance=0.0, error=0.0)),
        "session": of_session,
        "device": of_device_level,
        "contributor": _component(between, inside),
    }
    return VarianceSplit(
        **{level: sd if isinstance(sd, float) else None for level, sd in components.items()},
        withheld={level: reason for level, reason in components.items() if isinstance(reason, str)},
    )


@dataclass(frozen=True, kw_only=True)
class _Inside:
    """What the levels inside explain of the variance of one value, and the variance of that."""

    variance: float
    error: float

    @classmethod
    def of_windows(cls, window: Scatter | None, listed: Sequence[SessionEnergy]) -> _Inside:
        """Of a session: its windows' variance over their number."""
        if window is None:
            return cls(variance=0.0, error=0.0)
        share = fmean(1 / session.n_windows for session in listed)
        return cls(variance=window.variance * share, error=window.error * share**2)

    def within(self, level: Scatter | None, per_mean: float) -> _Inside:
        """Of a mean at the next level outside: this level's variance, which holds all that is inside, over its number.

        A level that nobody has repeated leaves what is known of the inside alone.
        """
        if level is None:
            return self
        return _Inside(variance=level.variance * per_mean, error=level.error * per_mean**2)


def _component(level: Scatter | None, inside: _Inside) -> float | Withheld:
    """The standard deviation of a level, or why it is not stated."""
    if level is None:
        return "not-repeated"
    if level.variance <= inside.variance:
        return "too-few" if level.relative_error > SURE else "too-small"
    own = level.variance - inside.variance
    if sqrt(level.error + inside.error) / (2 * own) <= SURE:
        return sqrt(own)
    return "too-few" if level.relative_error > SURE else "too-small"


def _of_windows(listed: Sequence[SessionEnergy]) -> Scatter | None:
    """The variance of one window around its session: the middle of contributors, each the mean of its sessions."""
    of_contributor: dict[Hashable, list[tuple[float, int]]] = {}
    for session in listed:
        if session.window_u is not None and session.window_u <= MOST_WINDOW_U and session.n_windows > 1:
            freedom = session.n_windows - 1
            error = session.window_u / (t_quantile_95(freedom) / 2)
            of_contributor.setdefault(session.contributor, []).append((error**2 * session.n_windows, freedom))
    if not of_contributor:
        return None
    variances, freedoms = [], []
    for variances_of in of_contributor.values():
        freedom = sum(freedom for _, freedom in variances_of)
        pooled = fsum(variance * freedom for variance, freedom in variances_of) / freedom
        variances.append(
            pooled / (1 - 2 / (9 * freedom)) ** 3
        )  # its median is the variance (Wilson and Hilferty)
        freedoms.append(freedom)
    return Scatter(variance=median(variances), freedom=sum(freedoms) / MEDIAN_COSTS)


MEDIAN_COSTS = 1.5708
"""Variance of a median over that of a mean, for normal errors: pi / 2."""


def _contrasts(
    groups: Iterable[tuple[Hashable, Sequence[float]]],
) -> dict[Hashable, list[float]]:
    """Helmert's contrasts of each group, by contributor: each is independent of the group's mean, with the variance
    of one value.
    """
    contrasts: dict[Hashable, list[float]] = {}
    for contributor, values in groups:
        total = 0.0
        for number, value in enumerate(values):
            if number:
                contrast = (value - total / number) * sqrt(number / (number + 1))
                contrasts.setdefault(contributor, []).append(contrast)
            total += value
    return contrasts


def _scatter_within(
    contrasts: Mapping[Hashable, Sequence[float]], weigh: Mapping[Hashable, float]
) -> Scatter | None:
    """Contributors weigh as their voices do, however many contrasts each has."""
    if not contrasts:
        return None
    values = [value for group in contrasts.values() for value in group]
    weights = [weigh[who] / len(group) for who, group in contrasts.items() for _ in group]
    return clipped_scatter(values, weights, centred=True, independent=fmean(weigh[who] for who in contrasts))


def _order(session: SessionEnergy) -> tuple[str, str, float, float, int]:
    """Sums are taken in this order, so that the order of results changes no bit."""
    return (
        str(session.contributor),
        str(session.device),
        session.log_energy,
        session.window_u or 0.0,
        session.n_windows,
    )
