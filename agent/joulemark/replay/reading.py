"""One bundle read: its signature verified, its numbers derived, and judged by all rules that need no other result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from joulemark.leaderboard.cell_content import ROW_FIELDS
from joulemark.leaderboard.contexts import job_name
from joulemark.leaderboard.hardware_names import hardware_code, hardware_slug, hardware_title
from joulemark.leaderboard.result_numbers import result_numbers
from joulemark.record.bundle import parse, verified
from joulemark.record.errors import RecordError
from joulemark.record.trace import parse as parse_trace
from joulemark.replay.own_facts import own_context
from joulemark.rules.case import Case
from joulemark.rules.judge import RULES
from joulemark.rules.verdicts import TRIPS, plain_findings

if TYPE_CHECKING:
    from joulemark.replay.own_facts import Arrival
    from joulemark.replay.state_file import StateFile
    from joulemark.replay.suites import ReleaseSuites
    from joulemark.rules.rule import Rule

OF_OTHERS = frozenset(
    {
        "JM-BEST-OF",
        "JM-CONTROL-BAND",
        "JM-CONTROL-NONE",
        "JM-DEVICE-SHARED",
        "JM-INPUTS",
        "JM-KEY-REVOKED",
        "JM-OUTPUTS",
        "JM-QUALITY-BAND",
        "JM-TRACE-REUSED",
    }
)
"""Codes of the rules whose finding depends on what else was in the log when they were asked."""

OF_ONE = [rule for rule in RULES if rule.code not in OF_OTHERS]
OF_ALL = [rule for rule in RULES if rule.code in OF_OTHERS]
PLACES = {rule.code: number for number, rule in enumerate(RULES)}

Placed = list[tuple[int, dict[str, object]]]
"""Findings with the place of their rule in the order of the rules."""


@dataclass(kw_only=True)
class ReadResult:
    """What a replay keeps of a bundle: `error` is why its bytes make no result, `tripped` where the rules stumbled."""

    result_id: str
    error: RecordError | None = None
    tripped: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    windows: list[dict[str, Any]] = field(default_factory=list)
    own: Placed = field(default_factory=list)
    alone: Placed = field(default_factory=list)
    is_numbered: bool = False


def read_bundle(
    data: bytes, arrival: Arrival, state: StateFile, suites: ReleaseSuites, *, origin: str
) -> ReadResult:
    """Read one bundle. Never raises for what is in it."""
    result = ReadResult(result_id=arrival.result_id)
    try:
        statement, raw_trace = verified(parse(data), public_key=arrival.public_key)
        trace = parse_trace(raw_trace)
    except RecordError as error:
        result.error = error
        return result
    context = own_context(state, arrival, statement, origin=origin)
    case = Case(statement, trace, context).knowing(suite=suites.find(statement.predicate.suite.digest))
    try:
        _judge(case, result)
    except TRIPS as error:
        result.tripped = type(error).__name__
    try:
        derive_numbers(case, arrival, result)
    except TRIPS as error:
        result.tripped = result.tripped or type(error).__name__
    return result


def _judge(case: Case, result: ReadResult) -> None:
    result.own = placed(OF_ONE, case)
    result.alone = placed(OF_ALL, case)


def placed(rules: list[Rule], case: Case) -> Placed:
    """The findings of these rules, each with the place of its rule among all."""
    findings = ((rule, rule(case)) for rule in rules)
    return [
        (PLACES[rule.code], plain_findings([finding])[0]) for rule, finding in findings if finding is not None
    ]


def derive_numbers(case: Case, arrival: Arrival, result: ReadResult) -> None:
    """Give a result the names, numbers and windows that follow from its case. Raises what strange content makes it."""
    predicate, numbers = case.predicate, result_numbers(case)
    suite, task, dataset, model = job_name(case.statement)
    slug = hardware_slug(predicate.device.kind, predicate.device.name)
    result.names = {
        "suite": predicate.suite.name,
        "suite_version": predicate.suite.version,
        "suite_digest": suite,
        "task": task,
        "dataset": dataset,
        "model": model,
        "hardware_code": hardware_code(predicate.device.kind, slug),
        "hardware_title": hardware_title(predicate.device.name),
        "device": predicate.device.tag,
        "contributor": arrival.contributor,
        "seed": case.context.ticket.sample_seed if case.context.ticket else None,
        "n_measured": sum(len(queries.duration_us) for queries in case.trace.queries),
    }
    result.numbers = numbers
    result.windows = _windows(case)
    result.is_numbered = True


def _windows(case: Case) -> list[dict[str, Any]]:
    """The windows as they were stated."""
    return [
        {
            "window": number,
            "start_s": window.start_s,
            "end_s": window.end_s,
            "queries": window.queries,
            "energy_gross_j": window.energy_gross_j,
            "energy_net_j": window.energy_net_j,
        }
        for number, window in enumerate(case.predicate.windows)
    ]


def row_values(result: ReadResult, arrival: Arrival) -> list[Any]:
    """The values of `ROW_FIELDS`; the title of the hardware class is the one that this result states."""
    of = result.numbers | {
        "contributor_id": arrival.contributor,
        "device__tag": result.names["device"],
        "hardware_class__title": result.names["hardware_title"],
        "submission__ticket_id": arrival.ticket,
    }
    return [of[name] for name in ROW_FIELDS]


def digest_of(data: bytes) -> str:
    """SHA-256 (hex) of a bundle's bytes: the result's id."""
    return hashlib.sha256(data).hexdigest()
