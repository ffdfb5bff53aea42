"""Adaptive replication: results are compared with others', and whoever agrees often needs others less.

As in BOINC: every result of a contributor asks for another contributor's, until ten in a row have agreed; from then on
one in so many does, chosen by the result's own digest, so that nobody can tell beforehand which. One disagreement and
it begins anew.

A comparison is derived, and what it was made from may change: every accepted result has its row once its cell was
compared, and no other has. Whoever changes an accepted result takes its row away in the same transaction (`forget`),
so a lost message leaves a trace that the sweep finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import Min, Q

from joulemark.consensus.agreement import Agreement as ComputedAgreement
from joulemark.consensus.agreement import ContributorReport, compare_all
from measurements.catalog.models import AiModel
from measurements.contributors.models import Contributor
from measurements.intake.models import State
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.models import Agreement, Result, Standing


def compare_results(*, result_ids: Sequence[str]) -> int:
    """Compare anew all results of the cells that these results lie in; returns how many results were compared.

    Running it twice changes nothing.
    """
    return sum(map(_compare_cell, Result.objects.filter(pk__in=result_ids).cell_keys()))


def compare_stale(*, most: int) -> int:
    """Compare the cells that a lost message has left behind, at most `most`; returns how many."""
    accepted = Q(submission__state=State.ACCEPTED)
    stale = Result.objects.filter(
        (accepted & Q(agreement__isnull=True)) | (~accepted & Q(agreement__isnull=False))
    )
    cells = stale.order_by().values(*CELL_FIELDS).annotate(first=Min("pk"))
    result_ids = list(cells.values_list("first", flat=True)[:most])
    compare_results(result_ids=result_ids)
    return len(result_ids)


def forget(*, result_ids: Sequence[str]) -> None:
    """Delete the agreements of these results, within the transaction that changes them."""
    agreements = Agreement.objects.select_for_update().filter(pk__in=result_ids).order_by("pk")
    Agreement.objects.filter(pk__in=list(agreements.values_list("pk", flat=True))).delete()


def cells_of(result_ids: Sequence[str]) -> dict[str, CellKey]:
    """The cell in which each of these results lies now."""
    rows = Result.objects.filter(pk__in=result_ids).values_list("pk", *CELL_FIELDS)
    return {result_id: CellKey(*values) for result_id, *values in rows}


def forget_left(before: Mapping[str, CellKey]) -> None:
    """As `forget`, for the results of every cell that one of these results has left since `before`."""
    now = cells_of(list(before))
    for left in [cell for result_id, cell in before.items() if now.get(result_id) != cell]:
        forget(result_ids=list(Result.objects.of_cell(left).values_list("pk", flat=True)))


@transaction.atomic
def _compare_cell(cell: CellKey) -> int:
    """Comparisons of one model's cells queue on its row; rows that were compared are held before results are read.

    So the last to write is the last to read, and what is forgotten meanwhile stays forgotten.
    """
    AiModel.objects.select_for_update(no_key=True).get(pk=cell.model_id)
    list(
        Agreement.objects.select_for_update()
        .filter(result__in=Result.objects.of_cell(cell))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    counted = list(
        Result.objects.eligible()
        .of_cell(cell)
        .select_related("device", "contributor__standing", "submission__ticket")
        .defer("submission__bundle", "submission__receipt")
        .order_by("started_at", "pk")
    )
    compared = compare_all([report_of(result) for result in counted])
    rows = [_agreement(result, computed) for result, computed in zip(counted, compared, strict=True)]
    Agreement.objects.filter(result__in=Result.objects.of_cell(cell)).exclude(
        result__submission__state=State.ACCEPTED
    ).delete()
    Agreement.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["result"],
        update_fields=["agrees", "relative", "tolerance", "n_others", "wants_replication"],
    )
    touched = Result.objects.of_cell(cell).order_by().values_list("contributor", flat=True).distinct()
    _refresh_standing(touched)
    return len(rows)


def report_of(result: Result) -> ContributorReport:
    """The report of a result, by which agreement is judged."""
    return ContributorReport(
        contributor=result.contributor_id,
        device=result.device.tag,
        energy_per_query_j=result.energy_per_query_j,
        relative_u=result.method_u,
        announced=result.submission.ticket_id is not None,
    )


def _agreement(result: Result, computed: ComputedAgreement | None) -> Agreement:
    return Agreement(
        result=result,
        contributor=result.contributor,
        agrees=computed.agrees if computed else None,
        relative=computed.relative if computed else None,
        tolerance=computed.tolerance if computed else None,
        n_others=computed.n_others if computed else 0,
        wants_replication=not (computed and computed.agrees) and _asks(result),
    )


def _asks(result: Result) -> bool:
    """Whether this result needs another's: always, but of a trusted contributor one in as many as have agreed."""
    standing = getattr(result.contributor, "standing", None)
    if standing is None or not standing.is_trusted:
        return True
    return int(result.pk[:12], 16) % int(standing.in_a_row) == 0


def _refresh_standing(contributors: Iterable[int]) -> None:
    """Recompute standings; rows of contributors are locked, so that the last to write is the last to read.

    Results count in the order in which they arrived, not in that of the times that their contributors state.
    """
    locked = list(
        Contributor.objects.filter(pk__in=list(contributors)).select_for_update(no_key=True).order_by("pk")
    )
    outcomes: dict[int, list[bool]] = {contributor.pk: [] for contributor in locked}
    agreements = Agreement.objects.filter(contributor__in=outcomes, agrees__isnull=False)
    for contributor, agrees in agreements.order_by("-result__submission__leaf").values_list(
        "contributor", "agrees"
    ):
        outcomes[contributor].append(bool(agrees))
    Standing.objects.bulk_create(
        [
            Standing(
                contributor_id=contributor,
                in_a_row=next((place for place, agrees in enumerate(history) if not agrees), len(history)),
                agreed=sum(history),
                disagreed=len(history) - sum(history),
            )
            for contributor, history in outcomes.items()
        ],
        update_conflicts=True,
        unique_fields=["contributor"],
        update_fields=["in_a_row", "agreed", "disagreed"],
    )
