"""The API of review: the status of a result, and requests of its contributor."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from joulemark.record.messages import ResultState, ResultStatus
from joulemark.record.requests import APPEAL_TYPE, WITHDRAWAL_TYPE, Appeal, Appealed, Withdrawal
from measurements.intake.api import REFUSALS, answer, read_body
from measurements.intake.models import Submission
from measurements.intake.rates import PrefixThrottle
from measurements.ledger.health import copies, is_broken, is_outdated
from measurements.review import contributor_requests
from measurements.review.health import COUNTED_ROWS, QueueWait, given_up, waiting
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


class QueueWaitSerializer(serializers.Serializer[QueueWait]):
    """How many wait for one thing, and for how long the oldest has and may."""

    count = serializers.IntegerField(help_text=f"{COUNTED_ROWS} where there are as many or more.")
    oldest_s = serializers.FloatField()
    limit_s = serializers.FloatField()
    alarm = serializers.BooleanField()


class LogCopySerializer(serializers.Serializer[object]):
    """A copy of the log off the platform's machine."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Entries that the checkpoint covers which it took last.")
    fault = serializers.CharField(help_text="Why it is behind; empty while it is not.")


class LogHealthSerializer(serializers.Serializer[object]):
    """Whether the log still says what it has said."""

    broken = serializers.BooleanField()
    outdated = serializers.BooleanField(
        help_text="The platform was restored from a backup; it signs and receives nothing until its log is resumed."
    )
    copies = LogCopySerializer(many=True, help_text="Copies off the platform's machine.")


class HealthSerializer(serializers.Serializer[object]):
    """What a monitor reads; `waiting` names what is waited for, `given_up` results whose judging killed its process."""

    ok = serializers.BooleanField()
    waiting = serializers.DictField(child=QueueWaitSerializer())
    log = LogHealthSerializer()
    given_up = serializers.ListField(child=serializers.CharField())


class HealthView(APIView):
    """Whether anything waits longer than it should, for monitoring."""

    @extend_schema(
        responses={200: HealthSerializer, 503: HealthSerializer}, operation_id="health", tags=["health"]
    )
    def get(self, request: Request) -> Response:
        """Answer 200, or 503 when something waits too long or the log is broken; the same numbers either way."""
        waits, broken = waiting(), is_broken()
        body = {
            "ok": not broken and not any(wait.is_alarm for wait in waits),
            "waiting": {wait.what: _plain(wait) for wait in waits},
            "log": {
                "broken": broken,
                "outdated": is_outdated(),
                "copies": LogCopySerializer(copies(), many=True).data,
            },
            "given_up": given_up(),
        }
        return Response(body, status=200 if body["ok"] else 503, headers={"Cache-Control": "no-store"})


def _plain(wait: QueueWait) -> dict[str, object]:
    return {"count": wait.count, "oldest_s": wait.oldest_s, "limit_s": wait.limit_s, "alarm": wait.is_alarm}


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
        url=f"{settings.ORIGIN}{submission.get_absolute_url()}",
    )
