"""The API of review: the status of a result, and requests of its contributor."""

from __future__ import annotations

from typing import cast

from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from joulemark.record.messages import ReleasesHolding, ResultState, ResultStatus
from joulemark.record.requests import APPEAL_TYPE, WITHDRAWAL_TYPE, Appeal, Appealed, Withdrawal
from measurements.intake.api import REFUSALS, answer, read_body
from measurements.intake.models import State, Submission
from measurements.intake.rates import PrefixThrottle
from measurements.ledger.release_entries import read_release_entries
from measurements.review import contributor_requests
from measurements.review.retirements import releases_before_withdrawal
from measurements.web.links import page_url
from measurements.web.message_schemas import message, signed_message
from measurements.web.openapi import SIGNED_BYTES, problems


class ResultStatusView(APIView):
    """State, codes and sentences of one result."""

    @extend_schema(responses={200: message(ResultStatus), **problems(404)}, operation_id="result_status")
    def get(self, request: Request, result_id: str) -> HttpResponse:
        """Answer with the latest verdict; findings are empty while none is given."""
        submission = Submission.objects.without_bytes().filter(result_id=result_id).first()
        if submission is None:
            raise Http404(f"This platform has no result {result_id[:12]}.")
        return answer(status_of(submission), status=200)


class WithdrawalView(APIView):
    """Withdraw a result of one's own."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={201: message(ResultStatus), **REFUSALS},
        operation_id="withdraw_result",
        extensions=signed_message(WITHDRAWAL_TYPE, Withdrawal),
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with where the result stands now."""
        return answer(status_of(contributor_requests.withdraw(data=read_body(request))), status=201)


class AppealView(APIView):
    """Appeal against a verdict."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={201: message(Appealed), **REFUSALS},
        operation_id="appeal",
        extensions=signed_message(APPEAL_TYPE, Appeal),
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the time by which it is decided."""
        appeal = contributor_requests.appeal(data=read_body(request))
        record = Appealed(
            result_id=appeal.submission_id, filed_at=appeal.filed_at, decide_by=appeal.decide_by
        )
        return answer(record, status=201)


def status_of(submission: Submission) -> ResultStatus:
    """The status of a submission, with the findings of its last verdict."""
    verdict = submission.verdicts.last()
    return ResultStatus(
        result_id=submission.pk,
        state=cast("ResultState", submission.state),
        received_at=submission.received_at,
        judged_at=verdict.judged_at if verdict else None,
        rules_version=verdict.rules_version if verdict else None,
        findings=tuple((f["code"], f["severity"], f["sentence"]) for f in verdict.findings)
        if verdict
        else (),
        url=page_url(submission.pk),
        releases=_releases_of(submission) if submission.state == State.WITHDRAWN else None,
    )


def _releases_of(submission: Submission) -> ReleasesHolding | None:
    span = releases_before_withdrawal(submission, read_release_entries())
    return ReleasesHolding(count=span.count, first=span.first, last=span.last) if span else None
