"""Do independent results agree? And how far a cell has come: single source, replicated, established.

Two results agree where their difference on the log scale is within twice (k = 2) what they and their devices explain:
each result's own standard uncertainty, limited to between what two boards' sensors differ by and what buys nothing
(whoever states a large one must not agree with everybody), and the spread between devices of one kind. What the sensors
of a design have in common is not in it: results of one hardware class share it. So a tier says how well contributors
agree on what such sensors read; how far the sensors themselves may be off is in the interval beside the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from typing import TYPE_CHECKING, Literal

from joulemark.consensus.cell import Label, ResultReading, believed_u, cell_value
from joulemark.consensus.centre import USUAL_SPREAD
from joulemark.consensus.errors import ImpossibleValue
from joulemark.consensus.interval import relative
from joulemark.consensus.leave_out import LeaveOneOut
from joulemark.consensus.voices import Observation, Voice, geometric_mean, voices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COVERAGE = 2.0
"""k of the comparison, for about 95 %."""

ESTABLISHED_U = 0.10
"""Larger half of the interval between contributors, relative, at or below which a cell of three is established."""

Tier = Literal[Label, "replicated", "established"]


@dataclass(frozen=True, kw_only=True)
class ContributorReport(ResultReading):
    """The value of one contributor in a cell.

    One that was not `announced` by a ticket may be the best of many: it agrees with nobody and lifts no tier.
    """

    announced: bool = True


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """A report beside those of others: `relative` is how far it lies from their middle, as a share of it.

    `agrees` is None while one other contributor alone says otherwise: nobody knows which of the two is right.
    `n_others` counts independent ones: several contributors who report one device are one between them.
    """

    agrees: bool | None
    relative: float
    tolerance: float
    n_others: int


def compare(report: ContributorReport, others: Iterable[ContributorReport]) -> Agreement | None:
    """Compare a report with those of other contributors on other devices; None where there are none."""
    return _agreement(report, _leave_out(others))


def compare_all(reports: Sequence[ContributorReport]) -> list[Agreement | None]:
    """Return `compare(report, reports)` for each report, in their order.

    Takes n log n steps for n reports whose devices are reported by one contributor each.
    """
    cell = _leave_out(reports)
    return [_agreement(report, cell) for report in reports]


def _leave_out(reports: Iterable[ContributorReport]) -> LeaveOneOut:
    return LeaveOneOut(
        (
            Observation(
                contributor=report.contributor, device=report.device, value=report.energy_per_query_j
            ),
            believed_u(report.relative_u),
        )
        for report in reports
        if report.announced
    )


def _agreement(report: ContributorReport, cell: LeaveOneOut) -> Agreement | None:
    others = cell.without(report.contributor, report.device) if report.announced else None
    if others is None:
        return None
    weight = others.weight
    difference = log(report.energy_per_query_j) - log(others.middle)
    u_middle = others.largest_u / sqrt(weight)
    tolerance = COVERAGE * sqrt(
        believed_u(report.relative_u) ** 2 + u_middle**2 + USUAL_SPREAD**2 * (1 + 1 / weight)
    )
    within = abs(difference) <= tolerance
    return Agreement(
        agrees=True if within else (False if weight > 1 else None),
        relative=relative(difference),
        tolerance=tolerance,
        n_others=int(weight),
    )


def tier(reports: Sequence[ContributorReport], *, between_u: float | None = None) -> Tier:
    """How far a cell has come. `between_u` is that of its announced reports' value, computed here when None.

    Raises ImpossibleValue for no report.
    """
    if not reports:
        raise ImpossibleValue("A cell needs at least one report.")
    if _n_contributors(reports) < 2 or _n_devices(reports) < 2:
        return "single source"
    reports = [report for report in reports if report.announced]
    if _n_devices(reports) < 2:
        return "several sources"
    if _n_devices(reports) >= 3 and sum(voice.weight for voice in _contributions(reports)) >= 3:
        if between_u is None:
            between_u = cell_value(reports).between_u
        if between_u is not None and between_u <= ESTABLISHED_U:
            return "established"
    agreed = sum(1 for agreement in compare_all(reports) if agreement is not None and agreement.agrees)
    return "replicated" if agreed >= 2 else "several sources"


def _n_contributors(reports: Iterable[ContributorReport]) -> int:
    return len({report.contributor for report in reports})


def _n_devices(reports: Iterable[ContributorReport]) -> int:
    return len({report.device for report in reports})


def _contributions(reports: Iterable[ContributorReport]) -> list[Voice]:
    """One voice a contributor; a device of several speaks once between them."""
    values = (
        Observation(contributor=r.contributor, device=r.device, value=r.energy_per_query_j) for r in reports
    )
    return voices(values, between=geometric_mean)
