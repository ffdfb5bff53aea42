"""What became of the crowd: verdicts by kind of contributor, and every cell beside its truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import fsum, sqrt

from joulemark.suite import load_suite
from joulemark_site.crowd.playing import Sent
from joulemark_site.crowd.truth import CARDS, JOBS, SUITE, true_j
from measurements.boards.models import Cell
from measurements.intake.models import State, Submission
from measurements.review.models import Verdict

FLAG = "flag"
RIGHT = frozenset({"honest", "clean"})
"""Sessions in which nothing is wrong."""


@dataclass
class Fate:
    """Of the sessions of one style: how many were sent, what states they have, and the codes that put them aside."""

    sent: int = 0
    states: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, kw_only=True)
class CellTruth:
    """A cell beside its truth, joules per query; no interval where there is a single source."""

    job: str
    card: str
    contributors: int
    devices: int
    truth_j: float
    value_j: float
    low_j: float | None
    high_j: float | None

    @property
    def error(self) -> float:
        """The relative error of the value."""
        return self.value_j / self.truth_j - 1

    @property
    def holds(self) -> bool | None:
        """Whether the truth lies in the interval; None without one."""
        if self.low_j is None or self.high_j is None:
            return None
        return self.low_j <= self.truth_j <= self.high_j


def fates(sent: Sequence[Sent]) -> dict[tuple[str, str], Fate]:
    """By kind of contributor and how the session went."""
    ids = [action.result_id for action in sent if action.result_id is not None]
    states = dict(Submission.objects.filter(pk__in=ids).values_list("pk", "state"))
    codes = _codes(ids)
    by_kind: dict[tuple[str, str], Fate] = defaultdict(Fate)
    for action in sent:
        fate = by_kind[action.member.kind, action.session.how]
        fate.sent += 1
        if action.result_id is None:
            fate.states["refused"] += 1
            fate.codes[action.refused or ""] += 1
        else:
            fate.states[states[action.result_id]] += 1
            fate.codes.update(codes[action.result_id])
    return dict(sorted(by_kind.items()))


def caught(sent: Sequence[Sent]) -> tuple[int, int]:
    """How many sessions had something wrong, and how many of them do not count on the boards."""
    wrong = [fate for (_kind, how), fate in fates(sent).items() if how not in RIGHT]
    whole = sum(fate.sent for fate in wrong)
    return whole, whole - sum(fate.states[State.ACCEPTED] for fate in wrong)


def _codes(ids: Sequence[str]) -> dict[str, set[str]]:
    """By result the codes of its latest verdict that are more than a flag."""
    codes: dict[str, set[str]] = {result_id: set() for result_id in ids}
    rows = Verdict.objects.filter(submission__in=ids).order_by("pk")
    for result_id, findings in rows.values_list("submission", "findings"):
        codes[result_id] = {finding["code"] for finding in findings if finding["severity"] != FLAG}
    return codes


def cells() -> Iterator[CellTruth]:
    """Every cell of the simulated jobs and cards that there is, in their order."""
    suite = load_suite(SUITE)
    shown_cells = Cell.objects.filter(
        suite__digest=suite.digest, grade="measured", stratum="float32.b1.power-default"
    )
    for name in JOBS:
        job = suite.job(name)
        for card in CARDS:
            cell = shown_cells.filter(
                dataset__slug=job.dataset,
                dataset__task__slug=job.task,
                model__slug=job.model,
                hardware_class__title=card.name,
            ).first()
            if cell is not None:
                yield CellTruth(
                    job=name,
                    card=card.name,
                    contributors=cell.n_contributors,
                    devices=cell.n_devices,
                    truth_j=true_j(name, card),
                    value_j=cell.energy_per_query_j,
                    low_j=cell.low_j,
                    high_j=cell.high_j,
                )


def rms_error(truths: Sequence[CellTruth]) -> float:
    """Root of the mean square of the relative errors. Raises ZeroDivisionError for no cell."""
    return sqrt(fsum(cell.error**2 for cell in truths) / len(truths))


def coverage(truths: Sequence[CellTruth]) -> tuple[int, int]:
    """How many intervals hold their truth, and how many there are."""
    held_intervals = [cell.holds for cell in truths if cell.holds is not None]
    return sum(held_intervals), len(held_intervals)
