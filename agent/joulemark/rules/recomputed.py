"""Rules that recompute every number from the trace; a stated total is never trusted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from joulemark.energy.budget import SENSOR_TERMS, sensor_terms
from joulemark.energy.errors import EnergyError
from joulemark.energy.sensors import EDITION, FIRST_EDITION
from joulemark.rules.finding import Broken, Severity
from joulemark.rules.rule import broken, quoted, rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joulemark.energy.analysis import Analysis
    from joulemark.record.statement import Comparison, Predicate, Term
    from joulemark.rules.case import Case

TOLERANCE = 1e-6
"""Relative difference that rounding may cause between a stated and a recomputed number."""

LATER_FLAGS = frozenset({"counters-disagree", "board-limited", "reliability-limited", "unknown-clock-reason"})
"""Flags that agents without the estimator `derivative` raise by other criteria or not at all. None of them alone makes
a run unfit."""


@rule(
    "JM-TRACE-GAPS",
    Severity.REJECT,
    "The trace covers the run",
    condition="Ticks bracket every window and counters never decrease",
    mend="Measure again; close programs that delay the sampler",
    version="2",
)
def trace_is_complete(case: Case) -> Broken | None:
    """Energies can be computed from the trace: ticks bracket every window, and counters never decrease."""
    if not isinstance(case.energy, EnergyError):
        return None
    return broken(
        f"No energy can be computed from the trace: {case.energy}", error=type(case.energy).__name__
    )


@rule(
    "JM-WINDOWS",
    Severity.REJECT,
    "Windows match the trace",
    condition="Stated windows equal those recomputed from the trace, to 1e-6",
    mend=None,
    version="2",
)
def windows_are_recomputed(case: Case) -> Broken | None:
    """Stated windows match the trace: times, queries, gross and net energy."""
    if case.read is None:
        return None  # trace_is_complete says so
    windows = case.read.windows
    if len(windows) != len(case.predicate.windows):
        return broken(
            f"The statement has {len(case.predicate.windows)} windows, the trace has {len(windows)}.",
            stated=len(case.predicate.windows),
            recomputed=len(windows),
        )
    for number, (stated, traced) in enumerate(zip(case.predicate.windows, windows, strict=True), 1):
        pairs = (
            ("start_s", stated.start_s, traced.start_s),
            ("end_s", stated.end_s, traced.end_s),
            ("queries", stated.queries, traced.queries),
            ("energy_gross_j", stated.energy_gross_j, traced.gross_j),
            ("energy_net_j", stated.energy_net_j, traced.net_j),
        )
        for name, value, recomputed in pairs:
            if not same(value, recomputed):
                return broken(
                    f"Window {number} states {name} = {value}; its trace gives {recomputed}.",
                    window=number,
                    name=name,
                    stated=value,
                    recomputed=recomputed,
                )
    return None


@rule(
    "JM-TOTALS",
    Severity.REJECT,
    "Totals match the trace",
    condition="Stated totals, latencies and idle equal those recomputed from the trace, to 1e-6",
    mend=None,
    version="2",
)
def totals_are_recomputed(case: Case) -> Broken | None:
    """Stated totals and idle power match the trace."""
    if case.read is None:
        return None  # trace_is_complete says so
    totals, idle = case.read.totals, case.read.idle
    for name in totals.__struct_fields__:
        value, recomputed = getattr(case.predicate.totals, name), getattr(totals, name)
        if not same(value, recomputed):
            return broken(
                f"The total {name} is stated as {value}; the trace gives {recomputed}.",
                name=name,
                stated=value,
                recomputed=recomputed,
            )
    stated = case.predicate.idle
    if (stated is None) != (idle is None):
        return broken(
            "Idle power is stated without idle spans in the trace, or omitted although there are some.",
            stated=stated is not None,
            recomputed=idle is not None,
        )
    if stated is not None and idle is not None:
        for name in idle.__struct_fields__:
            value, recomputed = getattr(stated, name), getattr(idle, name)
            if not same(value, recomputed):
                return broken(
                    f"Idle {name} is stated as {value}; the trace gives {recomputed}.",
                    name=name,
                    stated=value,
                    recomputed=recomputed,
                )
    return None


@rule(
    "JM-UNCERTAINTY",
    Severity.REJECT,
    "Uncertainty matches the trace",
    condition="Estimators, their comparisons and the uncertainty budget equal those recomputed from the trace, to "
    "1e-6, with the sensor's terms from the current or an earlier table of boards",
    mend=None,
    version="8",
)
def uncertainty_is_recomputed(case: Case) -> Broken | None:
    """Stated estimators and uncertainty budget match the trace."""
    analysis, stated = case.read, case.predicate
    if analysis is None:
        return None  # trace_is_complete says so
    states_nothing = not (stated.estimates or stated.not_estimated or stated.budget)
    if states_nothing and all(stream.timing is None for stream in case.trace.streams):
        return None  # an agent from before the bracket stated one estimator and no budget
    recomputed_j, missing = _by_known_estimators(case, analysis)
    if set(stated.estimates) != set(recomputed_j) or stated.not_estimated != missing:
        names, recomputed = _names(stated.estimates), _names(recomputed_j)
        return broken(
            f"The estimators are stated as {quoted(names)}; the trace gives {recomputed}.",
            stated=names,
            recomputed=recomputed,
        )
    for name, value in recomputed_j.items():
        if not same(stated.estimates[name], value):
            return broken(
                f"The estimator {name} is stated as {stated.estimates[name]}; the trace gives {value}.",
                name=name,
                stated=stated.estimates[name],
                recomputed=value,
            )
    if knows_derivative(stated) and (fault := _other_comparisons(stated.comparisons, analysis.comparisons)):
        return fault
    budgets = [_budget(case, analysis, edition) for edition in (EDITION, FIRST_EDITION)]
    kinds = [[(term.name, term.kind) for term in budget] for budget in budgets]
    stated_kinds = [(term.name, term.kind) for term in stated.budget]
    if stated_kinds not in kinds:
        return broken(
            "The terms of the uncertainty budget differ from those that the trace gives.",
            stated=", ".join(term.name for term in stated.budget),
            recomputed=", ".join(term.name for term in budgets[0]),
        )
    for claimed, term in zip(stated.budget, budgets[kinds.index(stated_kinds)], strict=True):
        if abs(claimed.relative - term.relative) > TOLERANCE:
            return broken(
                f"The uncertainty term {term.name} is stated as {claimed.relative}; the trace gives {term.relative}.",
                name=term.name,
                stated=claimed.relative,
                recomputed=term.relative,
            )
    return None


def knows_derivative(stated: Predicate) -> bool:
    """Whether the agent has the estimator `derivative`, and therefore compares estimators and has the later flags."""
    return "derivative" in stated.estimates or "derivative" in stated.not_estimated


def _by_known_estimators(case: Case, analysis: Analysis) -> tuple[dict[str, float], dict[str, str]]:
    """Estimates and reasons for missing ones, without estimators that the agent did not have yet."""
    if knows_derivative(case.predicate):
        return analysis.estimates, analysis.not_estimated
    estimates, missing = dict(analysis.estimates), dict(analysis.not_estimated)
    estimates.pop("derivative", None)
    missing.pop("derivative", None)
    return estimates, missing


def _other_comparisons(stated: Sequence[Comparison], recomputed: Sequence[Comparison]) -> Broken | None:
    names = [", ".join(each.estimator for each in listed) for listed in (stated, recomputed)]
    if names[0] != names[1]:
        return broken(
            f"The estimators that are compared are stated as {quoted(names[0])}; the trace gives {names[1] or 'none'}.",
            stated=names[0],
            recomputed=names[1],
        )
    for claimed, traced in zip(stated, recomputed, strict=True):
        for name in ("windows", "relative", "joint"):
            pair = float(getattr(claimed, name)), float(getattr(traced, name))
            if abs(pair[0] - pair[1]) > TOLERANCE * max(1.0, abs(pair[1])):
                return broken(
                    f"The {name} of the estimator {claimed.estimator} is stated as {pair[0]}; "
                    f"the trace gives {pair[1]}.",
                    name=name,
                    estimator=claimed.estimator,
                    stated=pair[0],
                    recomputed=pair[1],
                )
    return None


def _budget(case: Case, analysis: Analysis, edition: int) -> tuple[Term, ...]:
    """The budget as agents with this edition of the sensors' table sign it."""
    method = tuple(term for term in analysis.budget if term.name not in SENSOR_TERMS)
    if analysis.mean_power_w is None:
        return method
    return method + sensor_terms(
        case.predicate.sensor,
        board_name=case.predicate.device.name,
        mean_power_w=analysis.mean_power_w,
        edition=edition,
    )


@rule(
    "JM-FLAGS",
    Severity.QUARANTINE,
    "Flags are stated",
    condition="Every flag that follows from the trace and that the agent knows is stated",
    mend=None,
    version="8",
)
def flags_are_recomputed(case: Case) -> Broken | None:
    """Every flag that follows from the trace is stated: foreign processes, throttling, changed limits and others."""
    if case.read is None:
        return None  # trace_is_complete says so
    unknown = frozenset[str]() if knows_derivative(case.predicate) else LATER_FLAGS
    hidden = ", ".join(sorted(set(case.read.flags) - set(case.predicate.flags) - unknown))
    return (
        broken(f"The trace shows flags that the run does not state: {hidden}.", flags=hidden)
        if hidden
        else None
    )


def same(stated: float | None, recomputed: float | None) -> bool:
    """Whether two numbers are equal except for rounding; None equals only None."""
    if stated is None or recomputed is None:
        return stated is recomputed
    return math.isclose(stated, recomputed, rel_tol=TOLERANCE, abs_tol=1e-9)


def _names(estimates: Mapping[str, float]) -> str:
    return ", ".join(sorted(estimates)) or "none"
