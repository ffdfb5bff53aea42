"""The API's list of what people decided about results."""

from __future__ import annotations

from typing import Any, get_args

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of
from measurements.intake.models import JUDGED
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.sources import LEAVES
from measurements.review.decisions import Decision, DecisionKind, PublicDecisions
from measurements.review.sources import RESULTS
from measurements.web.known_parameters import takes
from measurements.web.links import OriginPages
from measurements.web.openapi import problems
from measurements.web.simulated import DownloadJsonRenderer


class DecisionSerializer(serializers.Serializer[Decision]):
    """A decision, or an appeal that waits for one."""

    result_id = serializers.CharField()
    kind = serializers.ChoiceField(get_args(DecisionKind))
    state = serializers.ChoiceField(JUDGED)
    reason = serializers.CharField(help_text="A stable code; empty for an appeal that waits.")
    at = serializers.DateTimeField()
    moderators = serializers.ListField(child=serializers.CharField(), help_text="Numbers, not names.")
    leaf = serializers.IntegerField(allow_null=True, help_text="Place in the log; null until it has one.")
    appeal = serializers.CharField(help_text="The words of the appeal that this answers, or that waits.")
    decide_by = serializers.DateTimeField(allow_null=True)


class DecisionPageSerializer(serializers.Serializer[dict[str, Any]]):
    """One page of decisions."""

    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = DecisionSerializer(many=True)


class DecisionPages(OriginPages):
    """A hundred decisions a page."""

    page_size = 100


@made_of(LEAVES, RESULTS, SUBMISSIONS)
@takes("page")
class DecisionListView(APIView):
    """Every decision of a moderator and every open appeal, latest first."""

    renderer_classes = [DownloadJsonRenderer]

    @extend_schema(
        operation_id="list_decisions",
        tags=["results"],
        parameters=[OpenApiParameter("page", OpenApiTypes.INT)],
        responses={200: DecisionPageSerializer, **problems(404)},
    )
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Answer with one page."""
        pages = DecisionPages()
        page = pages.paginate_queryset(PublicDecisions(), request, view=self)
        return pages.get_paginated_response(DecisionSerializer(page, many=True).data)  # type: ignore[arg-type]  # many=True
