"""The 95 % interval of a cell's centre between contributors, and what it moves by when one of them is left out.

From `ENOUGH` independent voices on: a bootstrap over contributors, 2,000 draws. Devices, sessions and windows are not
drawn again inside a contributor: what varies there varies between contributors as well, and would be counted twice
(Davison and Hinkley 1997, section 3.8). Each draw keeps the pull that voices have in the whole (Salibian-Barrera and
Zamar 2002, doi:10.1214/aos/1021379865), so a draw that happens to hold many far voices does not break down. Percentiles
are moved outwards for few voices (Hesterberg 2015, doi:10.1080/00031305.2015.1089789, section 5.3).

Below: a t-interval with the dark uncertainty between voices, called preliminary.

Few equal voices may be equal by chance, so no interval is narrower than the usual spread allows that they have not yet
contradicted (`least_spread`). What all voices have in common, such as the error of one kind of sensor, is in no
interval between them: `shared_error`.
"""

from __future__ import annotations

import hashlib
from math import expm1, log, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from joulemark.consensus.centre import ENOUGH, USUAL_SPREAD, USUAL_WEIGHT, Centre
from joulemark.consensus.student_t import normal_tail, t_quantile_95

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.consensus.centre import Floats

DRAWS = 2000

MOST_LOG = 709.0
"""Below the logarithm of the largest float."""

MEDIAN_COSTS = 1.2533
"""Standard error of a median over that of a mean, for normal errors: the square root of pi / 2."""

Kind = Literal["bootstrap", "preliminary"]

WIDEST = log(100.0)
"""Of an interval's half on the log scale: one that reaches further than a hundredfold tells nothing."""

NoInterval = Literal["single-source", "sources-disagree"]
"""Why a value has no interval: nobody has repeated it, or those who did differ so much that it would tell nothing."""


def interval_of(
    centre: Centre, values: Floats, uncertainties: Sequence[float], dark: float
) -> tuple[float, float, Kind]:
    """(low, high, kind) on the log scale for two voices or more. `uncertainties` are theirs, standard, relative.

    The draws' seed is a digest of the voices: the same voices give the same interval, and nobody can choose it.
    """
    least = least_spread(centre.voices) / sqrt(centre.effective)
    if centre.voices < ENOUGH:
        error = max(_standard_error(centre, uncertainties, dark), least)
        half = t_quantile_95(max(centre.effective - 1, 1.0)) * error
        return centre.value - half, centre.value + half, "preliminary"
    effective = max(centre.effective, 2.0)
    student = t_quantile_95(effective - 1)
    tail = normal_tail(sqrt(effective / (effective - 1)) * student)
    low, high = np.quantile(_draws(centre, values), [tail, 1 - tail])
    least *= student
    return float(min(low, centre.value - least)), float(max(high, centre.value + least)), "bootstrap"


def least_spread(voices: float) -> float:
    """The standard deviation of a voice that so many equal ones still leave open: that of `centre` for no deviation."""
    return USUAL_SPREAD * sqrt(USUAL_WEIGHT / (USUAL_WEIGHT + voices))


def shifts(centre: Centre, values: Floats) -> Floats:
    """By how much the centre moves when one voice is left out, for each, to first order; 0 for a single voice.

    Exact for a mean; where pulls change with the centre it is the same correction as the bootstrap's.
    """
    left = centre.pull.sum() - centre.pull
    if len(values) < 2 or not left.all():
        return np.zeros(len(values))
    without = (float(centre.pull @ values) - centre.pull * values) / left
    mean = float(centre.pull @ values) / float(centre.pull.sum())
    return np.asarray(_correction(centre) * (without - mean))


def tells_something(below: float, above: float) -> bool:
    """Whether an interval is informative, from its two halves on the log scale; infinite ones are not."""
    return max(below, above) <= WIDEST


def relative(log_difference: float) -> float:
    """A difference on the log scale as a share, at most the largest that a float holds."""
    return expm1(min(log_difference, MOST_LOG))


def _standard_error(centre: Centre, uncertainties: Sequence[float], dark: float) -> float:
    total = float(centre.pull.sum())
    spread = np.square(np.asarray(uncertainties)) + dark**2
    cost = MEDIAN_COSTS if centre.voices > 2 else 1.0
    return cost * sqrt(float(np.square(centre.pull / total) @ spread))


def _draws(centre: Centre, values: Floats) -> Floats:
    """The centre of each draw of as many voices as there are, with replacement."""
    seed = hashlib.sha256(values.tobytes() + centre.pull.tobytes()).digest()[:16]
    # the raw stream of a bit generator never changes between versions of numpy (NEP 19): anyone has the same draws
    stream = np.random.PCG64(int.from_bytes(seed))
    apart = centre.pull * (values - centre.value)
    total, offset = np.zeros(DRAWS), np.zeros(DRAWS)
    for _ in range(len(values)):  # one voice of every draw at a time: arrays that stay in the cache
        words = stream.random_raw(DRAWS // 2).astype("<u8").view("<u4").astype(np.uint64)
        places = (words * np.uint64(len(values)) >> np.uint64(32)).astype(np.intp)
        total += centre.pull.take(places)
        offset += apart.take(places)
    moved = np.divide(offset, total, out=np.zeros(DRAWS), where=total > 0)
    return np.asarray(centre.value + _correction(centre) * moved)


def _correction(centre: Centre) -> float:
    """From the mean at fixed pulls to the estimate whose pulls follow it, to first order; at most fourfold."""
    total = float(centre.pull.sum())
    return total / max(centre.slope, total / 4)
