"""The rules in order, their version, and the verdict that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.rules import (
    answer_rules,
    completeness,
    control_rules,
    device_rules,
    estimate_rules,
    power_rules,
    provenance,
    recomputed,
    sensor_rules,
    suite_rules,
    texture_rules,
)
from joulemark.rules.case import Case
from joulemark.rules.finding import Finding, Severity
from joulemark.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Collection

    from joulemark.record.messages import VerdictState

RULES_VERSION = "10"
"""Incremented with any change that could change a verdict. Old verdicts keep the version under which they were given.
"""

RULES: tuple[Rule, ...] = (
    *provenance.RULES,
    *suite_rules.RULES,
    *answer_rules.RULES,
    suite_rules.enough_windows,
    suite_rules.windows_are_long_enough,
    sensor_rules.sensor_is_consistent,
    *estimate_rules.RULES,
    recomputed.trace_is_complete,
    sensor_rules.spans_follow_one_another,
    sensor_rules.latencies_fit,
    sensor_rules.latencies_fill_their_window,
    recomputed.windows_are_recomputed,
    recomputed.totals_are_recomputed,
    recomputed.uncertainty_is_recomputed,
    power_rules.rests_are_rests,
    sensor_rules.timing_fits_the_trace,
    completeness.gauges_are_there,
    recomputed.flags_are_recomputed,
    power_rules.energy_is_positive,
    power_rules.power_is_possible,
    power_rules.power_is_above_idle,
    power_rules.idle_was_measured,
    *device_rules.RULES,
    *control_rules.RULES,
    *texture_rules.RULES,
    completeness.nulls_have_reasons,
    completeness.quality_is_stated,
    answer_rules.quality_is_that_of_others,
    completeness.words_can_be_seen,
    completeness.estimators_agree,
    completeness.run_is_clean,
)


@dataclass(frozen=True)
class Judgement:
    """The state that follows from the findings; accepted if there is none."""

    state: VerdictState
    findings: tuple[Finding, ...]


def judge(case: Case) -> Judgement:
    """Apply every rule. A reject outweighs a quarantine; flags alone leave the result accepted."""
    return judge_by(RULES, case)


def judge_by(rules: tuple[Rule, ...], case: Case) -> Judgement:
    """Apply only these rules."""
    findings = tuple(finding for rule in rules if (finding := rule(case)) is not None)
    return Judgement(state_of({finding.severity for finding in findings}), findings)


def state_of(severities: Collection[Severity]) -> VerdictState:
    """The state that follows from the severities of findings."""
    if Severity.REJECT in severities:
        return "rejected"
    return "quarantined" if Severity.QUARANTINE in severities else "accepted"
