"""The API of the log: proofs, and the facts of the tables beside it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.record.codec import encode
from joulemark.record.messages import LogProof, Problem
from measurements.ledger.errors import NotSequenced
from measurements.ledger.log_facts import read_rows
from measurements.ledger.models import Leaf, LeafKind, LogGap
from measurements.ledger.proofs import prove
from measurements.web.known_parameters import takes
from measurements.web.message_schemas import message
from measurements.web.openapi import problems

MOST_ROWS = 1000
WAIT_S = 5


class LeafRange(serializers.Serializer[None]):
    """Which leaves: from `start` to `end`, without it."""

    start = serializers.IntegerField(min_value=0, max_value=2**53)
    end = serializers.IntegerField(min_value=0, max_value=2**53)

    def validate(self, attrs: dict[str, int]) -> dict[str, int]:
        """Neither empty nor too long."""
        if not attrs["start"] < attrs["end"] <= attrs["start"] + MOST_ROWS:
            raise serializers.ValidationError(
                f"end must be larger than start, and by at most {MOST_ROWS}; ask again in parts."
            )
        return attrs


class RowSerializer(serializers.Serializer[dict[str, object]]):
    """A leaf's row as it is in the tables now."""

    index = serializers.IntegerField(help_text="Place in the log.")
    kind = serializers.CharField()
    subject = serializers.CharField(help_text="Whom the row is about: a digest or pseudonym.")
    facts = serializers.JSONField(
        allow_null=True, help_text="Computed from the row; null when there is none. Compare with the entry's."
    )


class RowsSerializer(serializers.Serializer[dict[str, object]]):
    """The rows of a range of leaves, in order; a leaf that the log lacks is left out."""

    rows = RowSerializer(many=True)


@takes("start", "end")
class RowsView(APIView):
    """The facts that leaves record, as the live tables have them."""

    throttle_scope = "rows"  # counted apart: who audits uses no volunteer's rate up

    @extend_schema(
        parameters=[
            OpenApiParameter("start", OpenApiTypes.INT, required=True, description="First place."),
            OpenApiParameter(
                "end",
                OpenApiTypes.INT,
                required=True,
                description=f"Place behind the last; at most {MOST_ROWS} more.",
            ),
        ],
        responses={200: RowsSerializer, **problems(400, 429)},
        operation_id="log_rows",
        tags=["log"],
    )
    def get(self, request: Request) -> Response:
        """Answer with facts computed now, to be compared with the log's entries; 429 says when to come again."""
        range_query = LeafRange(data=request.query_params)
        range_query.is_valid(raise_exception=True)
        leaves = list(
            Leaf.objects.between(range_query.validated_data["start"], range_query.validated_data["end"])
        )
        recorded = read_rows(leaves)
        rows = [
            {
                "index": leaf.index,
                "kind": leaf.kind,
                "subject": recorded[leaf.pk].subject if leaf.pk in recorded else leaf.subject,
                "facts": recorded[leaf.pk].facts if leaf.pk in recorded else None,
            }
            for leaf in leaves
        ]
        return Response({"rows": rows}, headers={"Cache-Control": "no-store"})


class GapSerializer(serializers.Serializer[list[LogGap]]):
    """Entries whose rows a restore from a backup lost. The entries themselves are in the log as before."""

    start = serializers.IntegerField(help_text="First entry of the gap.")
    end = serializers.IntegerField(
        help_text="Entry behind the last: the size of the last checkpoint that was signed."
    )
    start_root = serializers.CharField(help_text="Root of the tree that the backup had, hex.")
    end_root = serializers.CharField(help_text="Root of the checkpoint of `end` entries, hex.")
    resumed_at = serializers.DateTimeField()
    index = serializers.IntegerField(
        source="leaf.index", allow_null=True, help_text="Place of the entry that publishes the gap."
    )


@takes()
class GapsView(APIView):
    """Every gap that a restore has left in the rows behind the log."""

    @extend_schema(responses={200: GapSerializer(many=True)}, operation_id="log_gaps", tags=["log"])
    def get(self, request: Request) -> Response:
        """Answer with all of them, the oldest first; most platforms have none."""
        gaps = list(LogGap.objects.select_related("leaf"))
        return Response(GapSerializer(gaps, many=True).data, headers={"Cache-Control": "no-store"})


@takes()
class ProofView(APIView):
    """Where a result is in the log, and the proof."""

    @extend_schema(
        responses={200: message(LogProof), **problems(404)},
        operation_id="result_proof",
        tags=["log"],
    )
    def get(self, _request: Request, result_id: str) -> HttpResponse:
        """Answer with index, inclusion proof and the latest checkpoint; 404 and Retry-After while the leaf waits."""
        leaf = Leaf.objects.filter(kind=LeafKind.RESULT_RECEIVED, subject=result_id).first()
        if leaf is None:
            raise Http404(f"This platform has no result {result_id[:12]}.")
        try:
            proof = prove(leaf)
        except NotSequenced as error:
            return _not_sequenced(error)
        return HttpResponse(
            encode(proof), content_type="application/json", headers={"Cache-Control": "no-store"}
        )


def _not_sequenced(error: NotSequenced) -> HttpResponse:
    problem = Problem(
        type="urn:joulemark:problem:jm-not-sequenced",
        title="Not found",
        status=404,
        detail=str(error),
        code="JM-NOT-SEQUENCED",
    )
    return HttpResponse(
        encode(problem),
        status=404,
        content_type="application/problem+json",
        headers={"Retry-After": str(WAIT_S), "Cache-Control": "no-store"},
    )
