"""The API's reading half of a result's standing: its state, and how it lies beside those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.boards.result_standing import ResultStanding, read_result_standing
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.display.units import wh_per_1000
from measurements.downloads.standing_serializers import ResultStandingSerializer
from measurements.intake.sources import SUBMISSIONS
from measurements.review.sources import RESULTS
from measurements.web.known_parameters import takes
from measurements.web.links import absolute, page_url, short_url
from measurements.web.openapi import problems
from measurements.web.simulated import DownloadJsonRenderer

if TYPE_CHECKING:
    from rest_framework.request import Request

    from joulemark.consensus.cell import CellValue
    from measurements.boards.board_row import BoardRow
    from measurements.boards.result_standing import CellOfResult


@made_of(BOARDS, CATALOG, CONTRIBUTORS, RESULTS, SUBMISSIONS)
@takes()
class ResultStandingView(APIView):
    """Where one result stands."""

    renderer_classes = [DownloadJsonRenderer]

    @extend_schema(
        responses={200: ResultStandingSerializer, **problems(404)},
        operation_id="result_standing",
        tags=["results"],
    )
    def get(self, _request: Request, result_id: str) -> Response:
        """Answer with the verdict, the result's value, its cell, and the value of all others there."""
        standing = read_result_standing(result_id)
        if standing is None:
            raise Http404(f"This platform has no result {result_id[:12]}.")
        return Response(ResultStandingSerializer(_described(standing)).data)


def _described(standing: ResultStanding) -> dict[str, Any]:
    submission, verdict, cell = standing.submission, standing.verdict, standing.cell
    findings = verdict.findings if verdict else []
    equivalence = cell.equivalence if cell else None
    return {
        "result_id": submission.pk,
        "state": submission.state,
        "received_at": submission.received_at,
        "judged_at": verdict.judged_at if verdict else None,
        "rules_version": verdict.rules_version if verdict else None,
        "findings": [
            {name: finding[name] for name in ("code", "severity", "sentence")} for finding in findings
        ],
        "page_url": page_url(submission.pk),
        "short_url": short_url(submission.pk),
        "value": _value(standing),
        "cell": None if cell is None else _cell(cell),
        "others": None if cell is None or cell.others is None else _others(cell.others, cell.row),
        "comparison": cell.comparison if cell else None,
        "difference": equivalence.d if equivalence else None,
        "difference_u": equivalence.expanded_u if equivalence else None,
    }


def _value(standing: ResultStanding) -> dict[str, Any] | None:
    result = standing.result
    if result is None:
        return None
    return {
        "result": result,
        "energy_wh_per_1000": wh_per_1000(result.energy_per_query_j),
        "expanded_u": standing.expanded_u,
    }


def _cell(cell: CellOfResult) -> dict[str, Any]:
    row = cell.row
    fields = {name: getattr(row, name) for name in ("series", "task", "dataset", "model", "hardware", "grade", "scope",
             "stratum", "energy_wh_per_1000", "between_low_wh_per_1000", "between_high_wh_per_1000", "interval",
             "no_interval", "label", "tier", "n_contributors", "n_devices", "n_results")}  # fmt: skip
    page = f"{absolute('cell', row.series, row.task)}?{cell.address_query}"
    return fields | {"is_current": cell.is_current, "n_own_results": cell.n_own_results, "page_url": page}


def _others(value: CellValue, row: BoardRow) -> dict[str, Any]:
    low_j, high_j = value.between_low_j, value.between_high_j
    return {
        "grade": row.grade,
        "scope": row.scope,
        "energy_wh_per_1000": wh_per_1000(value.energy_per_query_j),
        "between_low_wh_per_1000": None if low_j is None else wh_per_1000(low_j),
        "between_high_wh_per_1000": None if high_j is None else wh_per_1000(high_j),
        "interval": value.interval or "",
        "no_interval": value.no_interval or "",
        "label": value.label,
        "n_contributors": value.n_contributors,
        "n_devices": value.n_devices,
        "n_results": value.n_results,
    }
