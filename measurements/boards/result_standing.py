"""Where one result stands: its state, its value, and how it lies beside those of others in its cell.

Read in a number of queries that does not grow with the data; nothing beyond the state for a result that does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import hypot, inf
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from joulemark.consensus.agreement import tier
from joulemark.consensus.cell import CellValue, cell_equivalences, cell_value
from joulemark.energy.sensors import COVERAGE_FACTOR, sensor_u
from joulemark.leaderboard.cell_content import ROW_FIELDS, CellRow, row_of
from measurements.boards.board_row import BoardRow, row_of_cell
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.models import NAMED_BY, Cell
from measurements.boards.series import series_of_suite
from measurements.display.choices import Tier
from measurements.intake.models import State, Submission
from measurements.review.cell_key import CellKey
from measurements.review.models import Agreement, Result, Verdict

if TYPE_CHECKING:
    from joulemark.consensus.equivalence import DegreeOfEquivalence
    from joulemark.record.messages import StandingComparison

REPEATED = frozenset({Tier.REPLICATED, Tier.ESTABLISHED})
"""Tiers of values that at least two contributors agree on."""


@dataclass(frozen=True, kw_only=True)
class CellOfResult:
    """The cell that a result counts in, and the result's contributor beside the others.

    `row` is the cell as its board shows it; `is_current` whether it has all results that count by now, and each was
    compared with the others. `n_own_results` of the contributor's lie in the cell. `others` is the value that all
    others have together, None where there are none or their numbers cannot be combined; `equivalence` the
    contributor's degree of equivalence and `agreement` how the result was compared; `others_agree` whether at least two
    of the others do among themselves.
    """

    row: BoardRow
    is_current: bool
    n_own_results: int
    others: CellValue | None
    others_agree: bool
    equivalence: DegreeOfEquivalence | None
    agreement: Agreement | None

    @property
    def address_query(self) -> str:
        """What names the cell in the address of its page."""
        return urlencode({name: getattr(self.row, name) for name in NAMED_BY})

    @property
    def comparison(self) -> StandingComparison | None:
        """The comparison of the result with those of others; None while the cell is not current.

        `alone` where there is no independent other. Where others agree among themselves, the result `differs` if its
        contributor's degree of equivalence or its own comparison says so, and `agrees` if neither does. Where they do
        not, or there is one alone, it agrees or the question is `open`: nobody knows who is right. Neither statement
        is enough: docs/decisions/0046.
        """
        if not self.is_current:
            return None
        if self.others is None:
            return "alone" if self.n_own_results == self.row.n_results else None
        if self.row.label == "single source":
            return "alone"
        compared = None if self.agreement is None or not self.agreement.n_others else self.agreement
        if compared is not None and compared.agrees is None:
            return "open"
        if not self.others_agree:
            return "agrees" if compared is not None and compared.agrees else "open"
        differs = self.equivalence is not None and not self.equivalence.agrees
        return "differs" if differs or (compared is not None and not compared.agrees) else "agrees"


@dataclass(frozen=True, kw_only=True)
class ResultStanding:
    """One submission with the verdict that stands.

    `result` is None without a verdict and when it was rejected, `cell` unless it is accepted and its cell is shown.
    """

    submission: Submission
    verdict: Verdict | None
    result: Result | None
    cell: CellOfResult | None

    @property
    def expanded_u(self) -> float | None:
        """Relative expanded uncertainty (k = 2) of the energy per query; None where no budget is stated.

        Of the method as it was signed, and of the sensor as far as it is known today.
        """
        result = self.result
        if result is None or result.method_u is None:
            return None
        mean_w = result.mean_power_w or result.energy_per_query_j * result.queries / result.duration_s
        of_sensor = sensor_u(result.meter, result.hardware_class.title, mean_w)
        return None if of_sensor is None else COVERAGE_FACTOR * hypot(result.method_u, of_sensor)


def read_result_standing(result_id: str) -> ResultStanding | None:
    """Where the result with this id stands, or None when these bytes were never received."""
    submission = Submission.objects.without_bytes().filter(pk=result_id).first()
    if submission is None:
        return None
    results = Result.objects.filter(pk=result_id).select_related("suite", "hardware_class", "agreement")
    result = results.first() if submission.state in {State.ACCEPTED, State.QUARANTINED} else None
    return ResultStanding(
        submission=submission,
        verdict=submission.verdicts.last(),
        result=result,
        cell=_cell_of(result) if result is not None and submission.state == State.ACCEPTED else None,
    )


def full_result_ids(short_id: str) -> list[str]:
    """The ids of the results that begin so: none, one, or two where there are several."""
    ids = Submission.objects.filter(pk__startswith=short_id).order_by("pk").values_list("pk", flat=True)
    return list(ids[:2])


def _cell_of(result: Result) -> CellOfResult | None:
    key = CellKey.of(result)
    cell = Cell.objects.at(key).with_names().first()
    if cell is None:
        return None
    counted = Result.objects.eligible().of_cell(key).order_by().values_list(*ROW_FIELDS)
    rows = [row_of(values) for values in counted]
    agreement = getattr(result, "agreement", None)
    others = [row for row in rows if row.contributor != result.contributor_id]
    value = _value_of(cell, others)
    return CellOfResult(
        row=row_of_cell(cell, series_of_suite(result.suite, result.grade)),
        is_current=cell.n_results == len(rows) and agreement is not None,
        n_own_results=len(rows) - len(others),
        others=value,
        others_agree=value is not None and _agree(others, value),
        equivalence=_equivalence_of(cell, rows, result.contributor_id) if others else None,
        agreement=agreement,
    )


def _value_of(cell: Cell, rows: list[CellRow]) -> CellValue | None:
    if not rows:
        return None
    try:
        return computed(f"what others say in {cell}", partial(cell_value, rows))
    except NotComputable:
        return None


def _agree(rows: list[CellRow], value: CellValue) -> bool:
    return tier(rows, between_u=inf if value.between_u is None else value.between_u) in REPEATED


def _equivalence_of(cell: Cell, rows: list[CellRow], contributor: int) -> DegreeOfEquivalence | None:
    try:
        equivalences = computed(f"how the contributors of {cell} stand", partial(cell_equivalences, rows))
    except NotComputable:
        return None
    return next((each for each in equivalences if each.contributor == contributor), None)
