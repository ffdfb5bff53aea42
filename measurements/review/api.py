"""The API of review: where a result stands."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from joulemark.record.codec import encode
from joulemark.record.messages import ResultState, ResultStatus
from measurements.intake.models import Submission


class ResultStatusView(APIView):
    """State, codes and sentences of one result."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT}, operation_id="result_status")
    def get(self, request: Request, result_id: str) -> HttpResponse:
        """Answer with the latest verdict; findings are empty while none is given."""
        submission = Submission.objects.without_bytes().filter(result_id=result_id).first()
        if submission is None:
            raise Http404(f"This platform has no result {result_id[:12]}.")
        verdict = submission.verdicts.last()
        status = ResultStatus(
            result_id=result_id,
            state=cast("ResultState", submission.state),
            received_at=submission.received_at,
            judged_at=verdict.judged_at if verdict else None,
            rules_version=verdict.rules_version if verdict else None,
            findings=tuple((f["code"], f["severity"], f["sentence"]) for f in verdict.findings)
            if verdict
            else (),
            url=f"{settings.ORIGIN}/results/{result_id}/",
        )
        return HttpResponse(encode(status), content_type="application/json")
