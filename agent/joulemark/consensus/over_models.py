"""A mean over pairs of models, and its 95 % interval if other models of the two kinds had been chosen.

Models are the unit that is drawn anew: two results of one model say nothing of another. Each kind contributes the
variance of its models' sums over the pairs that they are in, as a sandwich with one cluster a model and k / (k - 1) for
its k models. Where every model of one kind meets every one of the other this is Welch's interval (1947) with
Satterthwaite's degrees of freedom, to the last digit; where pairs are missing it is near to it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import fsum, inf, sqrt
from typing import Literal

from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.student_t import t_quantile_95

Pair = tuple[Hashable, Hashable]
"""A general-purpose model and a task-specific one."""

NoModelInterval = Literal["one-pair", "one-model-of-a-kind", "too-few-models", "no-spread"]
"""Why there is no interval over models: one pair; several models of one kind alone; so few that differ so much that the
interval would tell nothing; or models that do not differ at all, which says nothing of how much others would."""

LEAST_SPREAD = 1e-9
"""Of the mean, on the scale of its values: below it models differ by rounding alone."""


LARGEST = 1e100
"""A value whose square a float holds."""


@dataclass(frozen=True, kw_only=True)
class MeanOverPairs:
    """The mean, and half of its interval with the degrees of freedom; None with a reason where there is no interval."""

    mean: float
    half_width: float | None
    degrees: float | None
    no_interval: NoModelInterval | None


def mean_over_pairs(pairs: Mapping[Pair, float], *, widest: float = inf) -> MeanOverPairs:
    """Each pair counts once. An interval whose half exceeds `widest`, or every float, is none.

    Raises ImpossibleValue for no pair, or a value that is not finite, or beyond `LARGEST`.
    """
    if not pairs or not all(abs(value) <= LARGEST for value in pairs.values()):
        raise ImpossibleValue("A mean over pairs of models needs at least one, and values of up to 1e100.")
    mean = _exact_mean(list(pairs.values()))
    kinds = [_deviations(pairs, mean, side) for side in (0, 1)]
    if min(len(models) for models in kinds) < 2:
        reason: NoModelInterval = "one-pair" if len(pairs) == 1 else "one-model-of-a-kind"
        return MeanOverPairs(mean=mean, half_width=None, degrees=None, no_interval=reason)
    parts = [
        len(models) / (len(models) - 1) * fsum((off / len(pairs)) ** 2 for off in models) for models in kinds
    ]
    if sqrt(fsum(parts)) <= LEAST_SPREAD * max(1.0, abs(mean)):
        return MeanOverPairs(mean=mean, half_width=None, degrees=None, no_interval="no-spread")
    degrees = _satterthwaite(parts, [len(models) - 1 for models in kinds])
    half = t_quantile_95(degrees) * sqrt(fsum(parts))
    if not half <= widest or half == inf:
        return MeanOverPairs(mean=mean, half_width=None, degrees=None, no_interval="too-few-models")
    return MeanOverPairs(mean=mean, half_width=half, degrees=degrees, no_interval=None)


def _exact_mean(values: list[float]) -> float:
    """In no order: sums are exact, so that no bit depends on it; and within the values, whatever rounding does."""
    return min(max(fsum(value / len(values) for value in values), min(values)), max(values))


def _deviations(pairs: Mapping[Pair, float], mean: float, side: int) -> list[float]:
    """For each model of one kind the sum of its pairs' deviations from the mean."""
    of_model: dict[Hashable, list[float]] = {}
    for pair, value in pairs.items():
        of_model.setdefault(pair[side], []).append(value - mean)
    return sorted(map(fsum, of_model.values()))


def _satterthwaite(parts: list[float], freedoms: list[int]) -> float:
    """Degrees of freedom of a sum of variances, which is above 0."""
    total = fsum(parts)
    return 1 / fsum((part / total) ** 2 / freedom for part, freedom in zip(parts, freedoms, strict=True))
