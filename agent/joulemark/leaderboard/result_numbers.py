"""From a verified result to the numbers of its row: all of it follows from the bytes of its bundle."""

from __future__ import annotations

from dataclasses import fields
from math import hypot
from typing import TYPE_CHECKING, Any

import msgspec

from joulemark.energy.budget import combined, method_u
from joulemark.energy.core_watts import core_watts
from joulemark.leaderboard.control_design import control_design
from joulemark.leaderboard.stratum import stratum_of
from joulemark.record.stated import stated
from joulemark.rules.control_figures import ControlFigures

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from joulemark.record.statement import Predicate, Term
    from joulemark.rules.case import Case


def result_numbers(case: Case) -> dict[str, Any]:
    """The fields of a result's row beside its names and its arrival; energies in joules, times in seconds.

    The energies of an estimate are those at the watts by which all estimates on its processor are compared.
    """
    statement, predicate = case.statement, case.predicate
    factor = compared_by(predicate)
    return {
        "grade": predicate.sensor.grade,
        "scope": predicate.sensor.scope,
        "stratum": stratum_of(predicate),
        "meter": predicate.sensor.meter,
        "session": predicate.session,
        "started_at": predicate.started_at,
        "queries": predicate.totals.queries,
        "window_count": len(predicate.windows),
        "duration_s": predicate.totals.duration_s,
        "energy_gross_j": predicate.totals.energy_gross_j * factor,
        "energy_net_j": predicate.totals.energy_net_j,
        "energy_per_query_j": predicate.totals.energy_per_query_j * factor,
        "latency_p50_s": predicate.totals.latency_p50_s,
        "latency_p95_s": predicate.totals.latency_p95_s,
        "output_tokens": sum_known(window.output_tokens for window in predicate.windows),
        "input_tokens": sum_known(window.input_tokens for window in predicate.windows),
        "quality": [msgspec.to_builtins(quality) for quality in predicate.quality],
        "not_scored": predicate.not_scored,
        "sample_sha256": predicate.workload.sample_sha256,
        "inputs_sha256": stated(predicate.workload.inputs_sha256, otherwise=""),
        "outputs_sha256": statement.digest_of("outputs"),
        "peak_memory_bytes": stated(predicate.peak_memory_bytes, otherwise=None),
        "times_sha256": case.times_sha256,
        "answers": case.trace.answers,
        "noise": case.noise,
        "relative_u": combined(predicate.budget) if predicate.budget else None,
        "method_u": method_u(predicate.budget) if predicate.budget else None,
        "mean_power_w": None
        if case.read is None or case.read.mean_power_w is None
        else case.read.mean_power_w * factor,
        "window_u": within_session_u(predicate.budget),
        **control_numbers(predicate),
    }


def control_numbers(predicate: Predicate) -> dict[str, Any]:
    """The design that a control kernel is compared within, and its numbers; None where none ran."""
    control = stated(predicate.control, otherwise=None)
    names = [field.name for field in fields(ControlFigures)]
    numbers = dict.fromkeys(names) if control is None else ControlFigures.of(control).values()
    return {
        "control_design": control_design(predicate),
        **{f"control_{name}": numbers[name] for name in names},
    }


def compared_by(predicate: Predicate) -> float:
    """What the stated energies of a result are multiplied by: 1 where they were measured, or are at common watts."""
    watts = predicate.sensor.stated_watts
    if predicate.sensor.grade != "estimated" or watts is None:
        return 1.0
    return core_watts(predicate.device.name).watts / watts


def within_session_u(budget: Sequence[Term]) -> float | None:
    """What the same job on the same device in another run would differ by: by its windows and their queries."""
    terms = [term.relative for term in budget if term.name in ("windows", "queries")]
    return hypot(*terms) if terms else None


def sum_known(counts: Iterable[int | msgspec.UnsetType | None]) -> int | None:
    """The sum, or None where one is not known."""
    total = 0
    for count in counts:
        if not isinstance(count, int):
            return None
        total += count
    return total
