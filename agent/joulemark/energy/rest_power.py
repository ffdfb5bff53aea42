"""The device's power at rest, as a function of time, out of what its counter did in the quiet stretches.

A card that has worked leaks more while it is warm. After each piece of work its power at rest is taken as

    P(t) = base + level x exp(-(t - end of the work) / decay)

with one `base` and one `decay` for the run and one `level` for each stretch: how warm the work left the card is left
open. For a given decay this is linear in the rest (variable projection: Golub, Pereyra 1973), so the fit is a search
over one number. Only what the counter told after it had settled is used; the formula then says what was drawn while
it settled. Where no stretch is long enough to show a decay, each stretch has a constant power instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp, inf, isfinite, log
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.errors import TraceIncomplete
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from joulemark.energy.changes import Changes
    from joulemark.energy.stretches import Stretch

DECAY_S = (1.0, 60.0)
"""Decays that are looked for: heat leaves a die and its heat spreader in seconds to a minute. One that is over before
the counter has settled cannot be seen."""
LONG_S = 10.0
"""A decay is only fitted where some stretch lasts at least this long after it has settled."""
LEAST_WEIGHT = 1e-6
"""Below this, in s2, a stretch is seen so late after the work that nothing is left of its level."""
WIDTH = 0.2
"""So far to both sides of the logarithm of the decay the squares are looked at, to tell how well it is known."""
_GRID = 13
_GOLDEN = (5**0.5 - 1) / 2
_STEPS = 18
_AHEAD = 10


@dataclass(frozen=True, kw_only=True)
class RestPower:
    """Power at rest in each stretch; watts and seconds. `decay_s` is inf where the power is taken as constant.

    `level_u_w` is the standard uncertainty of each level; `ln_decay_u` that of the decay's logarithm.
    """

    stretches: tuple[Stretch, ...]
    base_w: float
    level_w: NDArray[np.float64]
    level_u_w: NDArray[np.float64]
    decay_s: float
    ln_decay_u: float

    def power_w(self, stretch: int, at_s: float) -> float:
        """Power at `at_s` in a stretch."""
        return self.base_w + float(self.level_w[stretch]) * self._fall(stretch, at_s)

    def energy_j(self, stretch: int, from_s: float, to_s: float) -> float:
        """Energy drawn between two times of a stretch."""
        return self.base_w * (to_s - from_s) + float(self.level_w[stretch]) * self.share_s(
            stretch, from_s, to_s
        )

    def share_s(self, stretch: int, from_s: float, to_s: float) -> float:
        """What `level_w` is multiplied by in `energy_j`, in seconds."""
        if self.decay_s == inf:
            return to_s - from_s
        return self.decay_s * (self._fall(stretch, from_s) - self._fall(stretch, to_s))

    def _fall(self, stretch: int, at_s: float) -> float:
        start_s = self.stretches[stretch].start_s
        if self.decay_s == inf or start_s == -inf:
            return 1.0 if self.decay_s == inf else 0.0
        return exp(-(at_s - start_s) / self.decay_s)


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What the settled counter did, step by step: its stretch, times since the stretch began, and the rise.

    `after_work` is False in the stretch before the first piece of work: a card that did nothing has nothing to lose.
    `longest_s`: how long the longest stretch goes on after it has settled.
    """

    stretch: NDArray[np.int64]
    from_s: NDArray[np.float64]
    to_s: NDArray[np.float64]
    energy_j: NDArray[np.float64]
    after_work: NDArray[np.bool_]
    count: int
    longest_s: float

    @cached_property
    def length_s(self) -> NDArray[np.float64]:
        """How long each step took."""
        return self.to_s - self.from_s

    @cached_property
    def edges_s(self) -> NDArray[np.float64]:
        """`from_s` and `to_s` as two rows."""
        return np.stack((self.from_s, self.to_s))

    @cached_property
    def rises(self) -> NDArray[np.float64]:
        """`length_s` and `energy_j` as two rows."""
        return np.stack((self.length_s, self.energy_j))

    @cached_property
    def warmed(self) -> NDArray[np.float64] | None:
        """1 after work, 0 before the first; None where all steps are after work."""
        return None if self.after_work.all() else self.after_work.astype(np.float64)

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """Where each stretch that shows steps begins among them: they are in order."""
        return np.concatenate(([0], np.flatnonzero(self.stretch[1:] != self.stretch[:-1]) + 1))

    @cached_property
    def seen(self) -> NDArray[np.int64]:
        """Each step's stretch, counted among those that show steps."""
        return np.repeat(np.arange(len(self.firsts)), np.diff(self.firsts, append=len(self.stretch)))


@dataclass(frozen=True, kw_only=True)
class _Fit:
    base_w: float
    level_w: NDArray[np.float64]
    weight: NDArray[np.float64]
    squares: float


def rest_power(
    changes: Changes,
    stretches: Sequence[Stretch],
    *,
    settle_s: float,
    delay_s: float,
    decay_s: float | None = None,
) -> RestPower:
    """Fit the power at rest; `decay_s` fixes the decay instead of looking for it.

    A counter's change at t tells what was drawn until t - `delay_s`. Raises TraceIncomplete when no stretch holds two
    changes after it has settled.
    """
    steps = settled_steps(changes, stretches, settle_s=settle_s, delay_s=delay_s)
    if decay_s is None:
        return fit_rest_power(steps, stretches, settle_s=settle_s)
    return rest_powers_at(steps, stretches, [decay_s])[0]


def fit_rest_power(steps: Steps, stretches: Sequence[Stretch], *, settle_s: float) -> RestPower:
    """The same of steps that are known, its decay looked for. Raises TraceIncomplete where nothing fits them."""
    if steps.longest_s < LONG_S:
        return _rest_power(steps, stretches, inf, _constant(steps, steps.length_s))
    decay_s = _search(steps, max(DECAY_S[0], settle_s))
    fit, longer, shorter = _fits_at(steps, (decay_s, decay_s * exp(WIDTH), decay_s * exp(-WIDTH)))
    rise = (longer.squares + shorter.squares) / 2 - fit.squares
    return _rest_power(steps, stretches, decay_s, fit, rise=rise)


def rest_powers_at(steps: Steps, stretches: Sequence[Stretch], decays_s: Sequence[float]) -> list[RestPower]:
    """The fit at each of some decays, none of them inf. Raises TraceIncomplete where one fits nothing."""
    fits = _fits_at(steps, decays_s)
    return [_rest_power(steps, stretches, decay_s, fit) for decay_s, fit in zip(decays_s, fits, strict=True)]


def _rest_power(
    steps: Steps, stretches: Sequence[Stretch], decay_s: float, fit: _Fit, *, rise: float | None = None
) -> RestPower:
    """`rise`: of the squares where the logarithm of the decay is `WIDTH` away; None where the decay is fixed."""
    unknowns = int(np.count_nonzero(fit.weight)) + (0 if decay_s == inf else 2)
    spare = max(len(steps.energy_j) - unknowns, 1)
    variance = fit.squares / spare
    level_w, weight = fit.level_w, fit.weight
    is_weighty = weight > LEAST_WEIGHT
    tells_of_all = bool(is_weighty.all())
    if not tells_of_all:
        level_w, weight = level_w[is_weighty], weight[is_weighty]
    if not len(level_w) or not all(map(isfinite, (fit.base_w, fit.squares, *level_w.tolist()))):
        raise TraceIncomplete(_("No power at rest fits what the counter did in the rests."))
    level_u_w = np.sqrt(variance / weight)
    if not tells_of_all:  # of a stretch that tells nothing, what the others say is taken
        level_w, level_u_w = (
            _filled(is_weighty, values, otherwise)
            for values, otherwise in ((level_w, level_w.mean()), (level_u_w, level_w.std()))
        )
    return RestPower(
        stretches=tuple(stretches),
        base_w=fit.base_w,
        level_w=level_w,
        level_u_w=level_u_w,
        decay_s=decay_s,
        ln_decay_u=0.0 if rise is None else _ln_decay_u(rise, variance),
    )


def _filled(places: NDArray[np.bool_], values: NDArray[np.float64], otherwise: float) -> NDArray[np.float64]:
    """`values` in these places, in the others `otherwise`."""
    whole = np.full(len(places), otherwise)
    whole[places] = values
    return whole


def settled_steps(
    changes: Changes, stretches: Sequence[Stretch], *, settle_s: float, delay_s: float
) -> Steps:
    """Consecutive settled changes of each stretch. Raises TraceIncomplete when no stretch holds two."""
    middle_s = changes.middle_s() - delay_s
    starts_s = np.array([stretch.start_s for stretch in stretches])
    ends_s = np.array([stretch.end_s for stretch in stretches])
    first = changes.low_s.searchsorted(starts_s + settle_s, side="left")
    behind = np.maximum(changes.high_s.searchsorted(ends_s, side="right"), first)
    numbers = np.flatnonzero(behind - first >= 2)
    if not len(numbers):
        raise TraceIncomplete(_("No rest is long enough for the counter to settle in it."))
    first, behind, worked = first[numbers], behind[numbers], starts_s[numbers] > -inf
    lengths = behind - first - 1
    last = np.arange(lengths.sum()) + np.repeat(behind - lengths.cumsum(), lengths)
    origin_s = np.repeat(np.where(worked, starts_s[numbers], middle_s[first]), lengths)
    return Steps(
        stretch=np.repeat(numbers, lengths),
        from_s=middle_s[last - 1] - origin_s,
        to_s=middle_s[last] - origin_s,
        energy_j=changes.energy_j[last] - changes.energy_j[last - 1],
        after_work=np.repeat(worked, lengths),
        count=len(stretches),
        longest_s=max(0.0, float((middle_s[behind - 1] - middle_s[first]).max())),
    )


def _fits_at(steps: Steps, decays_s: Sequence[float]) -> list[_Fit]:
    """Least squares for base and levels at each decay, all at once."""
    base_w, by_length, by_energy, weights, squares = _fits(steps, np.array(decays_s)[:, None])
    levels_w = by_energy - base_w[:, None] * by_length
    return [
        _Fit(
            base_w=float(base_w[place]),
            level_w=_spread_out(steps, levels_w[place]),
            weight=_spread_out(steps, weights[place]),
            squares=float(squares[place]),
        )
        for place in range(len(decays_s))
    ]


def _fits(steps: Steps, decay_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """At each of a column of decays: base, what each seen stretch has of length and of energy, its weight, and the
    squares that are left.
    """
    edges_s, rises = steps.edges_s[:, None], steps.rises[:, None]  # decays come between the two rows
    fall = np.exp(edges_s * (-1 / decay_s))
    share = decay_s * (fall[0] - fall[1])
    if steps.warmed is not None:
        share *= steps.warmed
    products = np.empty((3, *share.shape))
    np.multiply(rises, share, out=products[:2])
    np.multiply(share, share, out=products[2])
    sums = np.add.reduceat(products, steps.firsts, axis=-1)
    weight = sums[2]
    by = sums[:2] / np.where(weight > LEAST_WEIGHT, weight, 1.0)
    left = rises - share * by.take(steps.seen, axis=-1)
    spread, common = np.add.reduce(left * left[0], axis=-1)
    if (spread <= 0).any():
        raise TraceIncomplete(
            _("The rests hold too few changes of the counter to tell a decay from a level.")
        )
    base_w = common / spread
    unexplained = left[1] - base_w[..., None] * left[0]
    return base_w, by[0], by[1], weight, np.add.reduce(unexplained * unexplained, axis=-1)


@lru_cache
def _grid(least_s: float) -> NDArray[np.float64]:
    """Decays to begin the search with."""
    grid = np.geomspace(least_s, DECAY_S[1], _GRID)
    grid.setflags(write=False)
    return grid


def _spread_out(steps: Steps, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of every stretch; 0 for those that show no step."""
    of_stretches = np.zeros(steps.count)
    of_stretches[steps.stretch[steps.firsts]] = values
    return of_stretches


def _sums(steps: Steps, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of `values` over the steps of each stretch."""
    return np.bincount(steps.stretch, weights=values, minlength=steps.count).astype(np.float64, copy=False)


def _constant(steps: Steps, length: NDArray[np.float64]) -> _Fit:
    seconds = _sums(steps, length)
    joules = _sums(steps, steps.energy_j)
    level_w = np.divide(joules, seconds, out=np.zeros_like(joules), where=seconds > 0)
    left = steps.energy_j - level_w[steps.stretch] * length
    weight = _sums(steps, length * length)
    return _Fit(base_w=0.0, level_w=level_w, weight=weight, squares=float((left * left).sum()))


def _search(steps: Steps, least_s: float) -> float:
    """The decay with the least squares: a grid, then golden sections around its best point.

    Each point that a section asks for is computed together with those that the next ones will probably ask for: which
    they are, a parabola tells well. A wrong guess costs time and changes no number.
    """
    grid = _grid(least_s)
    logs = [log(decay_s) for decay_s in grid]
    grid_squares = dict(zip(logs, _fits(steps, grid[:, None])[-1].tolist(), strict=True))
    best = min(range(_GRID), key=lambda place: grid_squares[logs[place]])
    low, high = logs[max(best - 1, 0)], logs[min(best + 1, _GRID - 1)]
    section = low, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low), high
    section_squares: dict[float, float] = {}
    for step in range(_STEPS):
        if section[1] not in section_squares or section[2] not in section_squares:
            ahead = _next_points(section, section_squares or grid_squares, most=min(_STEPS - step, _AHEAD))
            decays_s = np.array([[exp(point)] for point in ahead])
            section_squares.update(zip(ahead, _fits(steps, decays_s)[-1].tolist(), strict=True))
        section = _narrowed(*section, left=section_squares[section[1]] < section_squares[section[2]])
    return exp((section[0] + section[3]) / 2)


def _narrowed(
    low: float, first: float, second: float, high: float, *, left: bool
) -> tuple[float, float, float, float]:
    """The next golden section: of the left part, or of the right one."""
    if left:
        return low, second - _GOLDEN * (second - low), first, second
    return first, second, first + _GOLDEN * (high - first), high


def _next_points(
    section: tuple[float, float, float, float], squares_by_point: dict[float, float], *, most: int
) -> list[float]:
    """The points that this section and those after it ask for, if squares are a parabola through the lowest known."""
    lowest = _vertex(*sorted((squares, point) for point, squares in squares_by_point.items())[:3])
    points: dict[float, None] = {}
    for _step in range(most):
        points.update(dict.fromkeys(section[1:3]))
        section = _narrowed(*section, left=abs(section[1] - lowest) < abs(section[2] - lowest))
    return [point for point in points if point not in squares_by_point]


def _vertex(*lowest: tuple[float, float]) -> float:
    """Where the parabola through three (value, point) has its bottom; the first of them where it has none."""
    (f0, x0), (f1, x1), (f2, x2) = lowest
    left, right = (x0 - x1) * (f0 - f2), (x0 - x2) * (f0 - f1)
    if left == right:
        return x0
    return x0 - ((x0 - x1) * left - (x0 - x2) * right) / (2 * (left - right))


def _ln_decay_u(rise: float, variance: float) -> float:
    """Standard uncertainty of ln(decay): where the squares have risen by one variance; at most 1."""
    if rise <= 0:
        return 1.0
    return float(min(1.0, WIDTH * (variance / rise) ** 0.5))
