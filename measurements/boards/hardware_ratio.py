"""How many times the energy on one kind of hardware as on another: by the models that both ran under equal conditions.

Each model counts once, with the mean over its data sets on the log scale; the ratio is the geometric mean over models.
Sensors of different boards err apart, so the wide intervals of the true energy are compared. The 95 % interval has two
parts that add as the legs of a right triangle: Student's t over models (other models could have been measured), and
what the values themselves leave open, taken as if all of one kind of hardware erred together, as its sensors may. Of
one model there is only the second part, and the ratio says nothing of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, fsum, hypot, log, sqrt
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from joulemark.consensus.interval import tells_something
from joulemark.consensus.student_t import t_quantile_95

if TYPE_CHECKING:
    from collections.abc import Iterable

Ends = tuple[float, float] | None


class NoHardwareInterval(TextChoices):
    """Why a ratio between two kinds of hardware has no interval."""

    NO_VALUE_INTERVAL = "no-value-interval", _("none: one of the values has no interval")
    TOO_WIDE = "too-wide", _("none: it would be so wide that it tells nothing")


@dataclass(frozen=True, kw_only=True)
class CommonValue:
    """One model on one data set on both kinds of hardware, in joules per query with intervals of the true energy."""

    model: str
    own_j: float
    other_j: float
    own_ends: Ends
    other_ends: Ends

    @property
    def log_ratio(self) -> float:
        """The logarithm of its energy here over that there."""
        return log(self.own_j) - log(self.other_j)

    @property
    def half_widths(self) -> tuple[float, float] | None:
        """(below, above) of the logarithm's interval; None where one of both values has none."""
        if self.own_ends is None or self.other_ends is None:
            return None
        below = hypot(log(self.own_j / self.own_ends[0]), log(self.other_ends[1] / self.other_j))
        above = hypot(log(self.own_ends[1] / self.own_j), log(self.other_j / self.other_ends[0]))
        return below, above


@dataclass(frozen=True, kw_only=True)
class HardwareRatio:
    """`ratio` is own over other; `low` to `high` its 95 % interval, None for the reason `no_interval`."""

    ratio: float
    low: float | None
    high: float | None
    no_interval: str
    n_models: int
    n_values: int


def hardware_ratio(values: Iterable[CommonValue]) -> HardwareRatio | None:
    """The ratio by common models; None where there is none. Energies must be positive and finite."""
    by_model: dict[str, list[CommonValue]] = {}
    for value in values:
        by_model.setdefault(value.model, []).append(value)
    if not by_model:
        return None
    of_models = [_mean([value.log_ratio for value in of_model]) for of_model in by_model.values()]
    mean, n_values = _mean(of_models), sum(map(len, by_model.values()))
    halves = _half_widths(list(by_model.values()), of_models)
    is_wide = halves is not None and not tells_something(*halves)
    no_interval = ""
    if halves is None:
        no_interval = NoHardwareInterval.NO_VALUE_INTERVAL.value
    elif is_wide:
        no_interval = NoHardwareInterval.TOO_WIDE.value
    return HardwareRatio(
        ratio=exp(mean),
        low=None if halves is None or is_wide else exp(mean - halves[0]),
        high=None if halves is None or is_wide else exp(mean + halves[1]),
        no_interval=no_interval,
        n_models=len(by_model),
        n_values=n_values,
    )


def _half_widths(by_model: list[list[CommonValue]], of_models: list[float]) -> tuple[float, float] | None:
    """(below, above) the mean on the log scale; None where a value has no interval."""
    measured = [[value.half_widths for value in of_model] for of_model in by_model]
    intervals = [[halves for halves in of_model if halves is not None] for of_model in measured]
    if [len(of_model) for of_model in intervals] != [len(of_model) for of_model in measured]:
        return None
    below = _mean([_mean([halves[0] for halves in of_model]) for of_model in intervals])
    above = _mean([_mean([halves[1] for halves in of_model]) for of_model in intervals])
    spread = _half_over_models(of_models)
    return hypot(below, spread), hypot(above, spread)


def _half_over_models(of_models: list[float]) -> float:
    """Half of Student's interval of the mean over models; 0 of one model, of which no spread is known."""
    n = len(of_models)
    if n < 2:
        return 0.0
    mean = _mean(of_models)
    variance = fsum((value - mean) ** 2 for value in of_models) / (n - 1)
    return t_quantile_95(n - 1) * sqrt(variance / n)


def _mean(values: list[float]) -> float:
    return fsum(values) / len(values)
