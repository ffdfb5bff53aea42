"""Joules per token and per right answer: of one session, and of all sessions of a cell.

Each unit is a quantity of its own, and nothing here ranks or mixes them: a token is one of the model's own tokenizer, a
right answer is right by one metric. Scope and grade of a value are those of its cell.

*Per token*, a session's value is the energy of its windows over the tokens that they counted. A cell combines these as
it combines energies per query: same voices, same middle, same two intervals (`cell`).

*Per right answer*, it is the energy of a query over the share of right answers. Energy and share err independently:
their 95 % half-widths, each on the logarithm, add as the legs of a right triangle (MOVER; Zou and Donner 2008,
doi:10.1002/sim.3095). The half-width of the share is Wilson's, over the distinct questions of one session.

A value that cannot be is None with a reason, never 0 and never infinite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, hypot, inf, isfinite, log
from typing import TYPE_CHECKING, Literal, get_args

from joulemark.consensus.cell import ResultReading, estimate_of, rounded
from joulemark.consensus.interval import MOST_LOG, WIDEST, NoInterval
from joulemark.consensus.quality import Score, quality_values
from joulemark.consensus.quality_interval import SHARES
from joulemark.energy.sensors import COVERAGE_FACTOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from joulemark.consensus.cell import CellValue
    from joulemark.consensus.quality import QualityValue

TokenUnit = Literal["output-token", "input-token", "token"]
Unit = Literal[TokenUnit, "right-answer"]
TOKEN_UNITS: tuple[TokenUnit, ...] = get_args(TokenUnit)
UNITS: tuple[Unit, ...] = get_args(Unit)

RIGHT_ANSWERS = SHARES - {"top-5"}
"""Metrics that are a share of right answers; one right guess of five is not a right answer."""

NoUnitValue = Literal[
    "tokens-not-counted", "no-tokens", "no-share-of-right-answers", "no-right-answers", "out-of-range"
]
"""Why there is no value: nobody counted these tokens (such a model writes none, or the agent was too old), none were
counted, no metric is a share of right answers, no answer was right, or a float cannot hold the number."""

NoUnitInterval = Literal[NoInterval, "sensor-not-known", "share-not-known", "no-budget"]
"""Why a value has no interval of the true energy: as in `cell`; nothing is known of a sensor; the share of right
answers is known too badly; a session states no uncertainty."""

Ends = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CountedReading(ResultReading):
    """A reading with the energy of all its windows, in joules, and the tokens counted in them; None where unknown."""

    energy_gross_j: float
    output_tokens: int | None
    input_tokens: int | None


@dataclass(frozen=True, kw_only=True)
class UnitEnergy:
    """Joules per `unit`, with the two 95 % intervals of `cell.CellValue`; `metric` says by what an answer is right.

    `no_value` says why there is no value and `no_interval` why there is none of the true energy, else they are empty.
    `interval` is how the one between contributors was computed, empty where there is none. The counts are of what the
    value is made of: `n_results` of `n_contributors`, which may be fewer than the cell has.
    """

    unit: Unit
    metric: str
    value_j: float | None
    low_j: float | None
    high_j: float | None
    between_low_j: float | None
    between_high_j: float | None
    interval: str
    no_value: NoUnitValue | Literal[""]
    no_interval: NoUnitInterval | Literal[""]
    n_contributors: int
    n_results: int


def token_count(unit: TokenUnit, *, input_tokens: int | None, output_tokens: int | None) -> int | None:
    """How many of these tokens there were; None where it is not known."""
    if unit == "input-token":
        return input_tokens
    if unit == "output-token":
        return output_tokens
    return None if input_tokens is None or output_tokens is None else input_tokens + output_tokens


def j_per_token(energy_j: float, tokens: int | None) -> tuple[float | None, NoUnitValue | Literal[""]]:
    """(joules per token, why there is none) of an energy in joules and the tokens that it was spent on."""
    if tokens is None:
        return None, "tokens-not-counted"
    if tokens <= 0:
        return None, "no-tokens"
    value = energy_j / tokens
    return (value, "") if 0 < value < inf else (None, "out-of-range")


def unit_energies(
    readings: Iterable[CountedReading], *, value: CellValue, quality: Iterable[QualityValue]
) -> list[UnitEnergy]:
    """One of each unit, in the order of `UNITS`, of a cell with this `value` and `quality`.

    The order of readings changes no bit. Raises ImpossibleValue as `cell_value` does.
    """
    listed = list(readings)
    return [
        *(_per_token(unit, listed) for unit in TOKEN_UNITS),
        _per_right_answer(
            right_answers(quality),
            energy_j=value.energy_per_query_j,
            true=_ends(value.low_j, value.high_j),
            between=_ends(value.between_low_j, value.between_high_j),
            interval=value.interval or "",
            no_interval=_no_interval(value.no_interval, value.low_j),
            counts=(value.n_contributors, value.n_results),
        ),
    ]


def session_unit_energies(reading: CountedReading, scores: Iterable[Score]) -> list[UnitEnergy]:
    """One of each unit of a single session, with its own stated uncertainty and its sensor's (k = 2) as the interval.

    Without a stated uncertainty, or with a sensor of which nothing is known, there is none.
    """
    per_query_j = reading.energy_per_query_j
    share = right_answers(quality_values(scores))
    true = _session_ends(reading, per_query_j)
    reason: NoUnitInterval | Literal[""] = "" if true else "no-budget"
    energies = [_session_per_token(unit, reading) for unit in TOKEN_UNITS]
    return [
        *energies,
        _per_right_answer(
            share,
            energy_j=per_query_j,
            true=true,
            between=None,
            interval="",
            no_interval=reason,
            counts=(1, 1),
        ),
    ]


def right_answers(quality: Iterable[QualityValue]) -> QualityValue | None:
    """The score that is a share of right answers; of several the one over most answers, then by its name."""
    shares = [score for score in quality if score.metric in RIGHT_ANSWERS and score.higher_is_better]
    return min(shares, key=lambda score: (-score.n, score.metric), default=None)


def over_share(energy_j: float, energy: Ends, share: float, of_share: Ends) -> Ends | None:
    """The 95 % interval of `energy_j` over `share`, of both of theirs; None where that of the share tells nothing.

    The lower end is 0 where that of the energy is.
    """
    if of_share[0] <= 0 or log(share) - log(of_share[0]) > WIDEST:
        return None
    value = log(energy_j) - log(share)
    below = inf if energy[0] <= 0 else hypot(log(energy_j) - log(energy[0]), log(of_share[1]) - log(share))
    above = hypot(log(energy[1]) - log(energy_j), log(share) - log(of_share[0]))
    return (exp(value - below), exp(value + above)) if value + above < MOST_LOG else None


def _per_token(unit: TokenUnit, listed: Sequence[CountedReading]) -> UnitEnergy:
    counted: list[ResultReading] = []
    reasons: set[NoUnitValue | Literal[""]] = set()
    for reading in listed:
        value, reason = _of_session(unit, reading)
        reasons.add(reason)
        if value is not None:
            counted.append(replace(reading, energy_per_query_j=value))
    if not counted:
        return _without_value(unit, max(reasons, key=_PRECEDENCE.index))
    estimate = estimate_of(counted)
    return UnitEnergy(
        unit=unit,
        metric="",
        value_j=estimate.value,
        low_j=estimate.low,
        high_j=estimate.high,
        between_low_j=estimate.between_low,
        between_high_j=estimate.between_high,
        interval=estimate.interval or "",
        no_value="",
        no_interval=_no_interval(estimate.no_interval, estimate.low),
        n_contributors=estimate.n_contributors,
        n_results=len(counted),
    )


_PRECEDENCE: tuple[NoUnitValue | Literal[""], ...] = ("", "tokens-not-counted", "no-tokens", "out-of-range")
"""Of several reasons the last one is given: it says most about who did count."""


def _of_session(unit: TokenUnit, reading: CountedReading) -> tuple[float | None, NoUnitValue | Literal[""]]:
    tokens = token_count(unit, input_tokens=reading.input_tokens, output_tokens=reading.output_tokens)
    return j_per_token(reading.energy_gross_j, tokens)


def _session_per_token(unit: TokenUnit, reading: CountedReading) -> UnitEnergy:
    value, reason = _of_session(unit, reading)
    if value is None:
        return _without_value(unit, reason)
    ends = _session_ends(reading, value)
    return UnitEnergy(
        unit=unit,
        metric="",
        value_j=rounded(value),
        low_j=ends and rounded(ends[0]),
        high_j=ends and rounded(ends[1]),
        between_low_j=None,
        between_high_j=None,
        interval="",
        no_value="",
        no_interval="" if ends else "no-budget",
        n_contributors=1,
        n_results=1,
    )


def _session_ends(reading: CountedReading, value: float) -> Ends | None:
    if reading.relative_u is None or reading.sensor_u is None:
        return None
    half = COVERAGE_FACTOR * hypot(reading.relative_u, reading.sensor_u)
    low, high = value * max(1 - half, 0.0), value * (1 + half)
    return (low, high) if isfinite(high) else None


def _per_right_answer(
    share: QualityValue | None,
    *,
    energy_j: float,
    true: Ends | None,
    between: Ends | None,
    interval: str,
    no_interval: NoUnitInterval | Literal[""],
    counts: tuple[int, int],
) -> UnitEnergy:
    if share is None or not 0 <= share.value <= 1:
        return _without_value("right-answer", "no-share-of-right-answers")
    if share.value == 0:
        return _without_value("right-answer", "no-right-answers", metric=share.metric)
    value = energy_j / share.value
    if not 0 < value < inf:
        return _without_value("right-answer", "out-of-range", metric=share.metric)
    of_share = _ends(share.low, share.high)
    low, high = _over_share(energy_j, true, share.value, of_share)
    between_low, between_high = _over_share(energy_j, between, share.value, of_share)
    unknown = true is not None and low is None
    return UnitEnergy(
        unit="right-answer",
        metric=share.metric,
        value_j=rounded(value),
        low_j=low,
        high_j=high,
        between_low_j=between_low,
        between_high_j=between_high,
        interval=interval if between_low is not None else "",
        no_value="",
        no_interval="share-not-known" if unknown else no_interval,
        n_contributors=counts[0],
        n_results=counts[1],
    )


def _over_share(
    energy_j: float, energy: Ends | None, share: float, of_share: Ends | None
) -> tuple[float, float] | tuple[None, None]:
    ends = over_share(energy_j, energy, share, of_share) if energy and of_share else None
    if ends is None:
        return None, None
    value = rounded(energy_j / share)
    return min(rounded(ends[0]), value), max(rounded(ends[1]), value)


def _no_interval(reason: NoInterval | None, low: float | None) -> NoUnitInterval | Literal[""]:
    return reason or ("" if low is not None else "sensor-not-known")


def _ends(low: float | None, high: float | None) -> Ends | None:
    return None if low is None or high is None else (low, high)


def _without_value(unit: Unit, reason: NoUnitValue | Literal[""], *, metric: str = "") -> UnitEnergy:
    return UnitEnergy(
        unit=unit,
        metric=metric,
        value_j=None,
        low_j=None,
        high_j=None,
        between_low_j=None,
        between_high_j=None,
        interval="",
        no_value=reason,
        no_interval="",
        n_contributors=0,
        n_results=0,
    )
