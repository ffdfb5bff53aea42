"""The rules in order, their version, and the verdict that they give together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from joulemark.rules import answer_rules, completeness, energy_rules, provenance, suite_rules
from joulemark.rules.case import Case, Finding, Rule, Severity

RULES_VERSION = "3"
"""Raised with any change that could change a verdict. Old verdicts keep the version they were given under."""

State = Literal["accepted", "quarantined", "rejected"]

RULES: tuple[Rule, ...] = (
    Rule("JM-KEY-UNKNOWN", Severity.REJECT, "The key is enrolled", provenance.key_is_known),
    Rule("JM-KEY-REVOKED", Severity.REJECT, "The key is not revoked", provenance.key_is_valid),
    Rule("JM-AUDIENCE", Severity.REJECT, "Signed for this platform", provenance.audience_is_ours),
    Rule("JM-TRACE-REUSED", Severity.REJECT, "The trace is new", provenance.trace_is_new),
    Rule("JM-TIMES", Severity.REJECT, "The times are possible", provenance.times_are_possible),
    Rule("JM-TICKET-NONE", Severity.FLAG, "The run was announced", provenance.has_ticket),
    Rule("JM-TICKET-OTHER", Severity.REJECT, "The ticket fits the run", provenance.ticket_fits),
    Rule("JM-TICKET-LATE", Severity.REJECT, "The run fits the ticket's time", provenance.ticket_in_time),
    Rule("JM-SUITE-UNKNOWN", Severity.REJECT, "The suite is known", suite_rules.suite_is_known),
    Rule("JM-JOB-UNKNOWN", Severity.REJECT, "The job is in the suite", suite_rules.job_is_in_suite),
    Rule("JM-REVISION", Severity.REJECT, "Data and weights are the pinned ones", suite_rules.revisions_fit),
    Rule(
        "JM-CONFIG",
        Severity.REJECT,
        "The configuration is one of the suite's",
        suite_rules.configuration_fits,
    ),
    Rule("JM-SAMPLE", Severity.REJECT, "The queries are the seeded sample", suite_rules.sample_is_seeded),
    Rule("JM-INPUTS", Severity.QUARANTINE, "The model was given the same", answer_rules.inputs_agree),
    Rule("JM-ANSWERS", Severity.QUARANTINE, "Every query has its answer", answer_rules.answers_are_there),
    Rule("JM-TOKENS", Severity.REJECT, "Answers are as long as asked", answer_rules.tokens_are_possible),
    Rule(
        "JM-KNOWN-ANSWERS",
        Severity.QUARANTINE,
        "Known answers are right",
        answer_rules.known_answers_are_right,
    ),
    Rule("JM-WINDOWS-FEW", Severity.QUARANTINE, "There are enough windows", suite_rules.enough_windows),
    Rule("JM-SENSOR", Severity.REJECT, "Meter, unit and grade agree", energy_rules.sensor_is_consistent),
    Rule("JM-TRACE-GAPS", Severity.REJECT, "The trace covers the run", energy_rules.trace_is_complete),
    Rule("JM-SPANS", Severity.REJECT, "Nothing is counted twice", energy_rules.spans_follow_one_another),
    Rule("JM-LATENCY", Severity.REJECT, "Queries fit their window", energy_rules.latencies_fit),
    Rule(
        "JM-WINDOWS", Severity.REJECT, "Windows are those of the trace", energy_rules.windows_are_recomputed
    ),
    Rule("JM-TOTALS", Severity.REJECT, "Totals are those of the trace", energy_rules.totals_are_recomputed),
    Rule(
        "JM-UNCERTAINTY",
        Severity.REJECT,
        "Uncertainty is that of the trace",
        energy_rules.uncertainty_is_recomputed,
    ),
    Rule("JM-REST", Severity.QUARANTINE, "Rests are rests", energy_rules.rests_are_rests),
    Rule("JM-TIMING", Severity.QUARANTINE, "Timing fits the trace", energy_rules.timing_fits_the_trace),
    Rule("JM-GAUGES", Severity.QUARANTINE, "The GPU's state was read", completeness.gauges_are_there),
    Rule("JM-FLAGS", Severity.QUARANTINE, "Flags are stated", energy_rules.flags_are_recomputed),
    Rule(
        "JM-ENERGY-ZERO", Severity.REJECT, "Energies are finite and positive", energy_rules.energy_is_positive
    ),
    Rule("JM-POWER-HIGH", Severity.REJECT, "Power is below the limit", energy_rules.power_is_possible),
    Rule("JM-POWER-LOW", Severity.QUARANTINE, "Power is above idle", energy_rules.power_is_above_idle),
    Rule("JM-IDLE-NONE", Severity.QUARANTINE, "Rest was measured too", energy_rules.idle_was_measured),
    Rule("JM-ABSENT", Severity.REJECT, "What is null says why", completeness.nulls_have_reasons),
    Rule("JM-QUALITY", Severity.QUARANTINE, "Quality is stated", completeness.quality_is_stated),
    Rule("JM-TEXT", Severity.REJECT, "Words are what they seem", completeness.words_can_be_seen),
    Rule("JM-DIRTY", Severity.QUARANTINE, "The run is clean", completeness.run_is_clean),
)


@dataclass(frozen=True)
class Judgement:
    """The state that the findings amount to; no finding means accepted."""

    state: State
    findings: tuple[Finding, ...]


def judge(case: Case) -> Judgement:
    """Ask every rule. A reject outweighs a quarantine; flags alone leave the result accepted."""
    findings = tuple(
        Finding(rule.code, rule.severity, sentence)
        for rule in RULES
        if (sentence := rule.check(case)) is not None
    )
    severities = {finding.severity for finding in findings}
    if Severity.REJECT in severities:
        return Judgement("rejected", findings)
    if Severity.QUARANTINE in severities:
        return Judgement("quarantined", findings)
    return Judgement("accepted", findings)
