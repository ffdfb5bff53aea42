"""The API's writing half: enrolments, tickets, results. Bytes in, a record out; the rules are behind the door."""

from __future__ import annotations

from django.http import HttpResponse, UnreadablePostError
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from joulemark.log.notes import MOST_NOTE_BYTES
from joulemark.record.bundle import Bundle
from joulemark.record.codec import Record, decode, encode
from joulemark.record.envelope import Envelope
from joulemark.record.limits import MAX_BATCH_BYTES, MAX_BUNDLE_BYTES
from joulemark.record.messages import (
    ENROLMENT_TYPE,
    TICKET_REQUEST_TYPE,
    Cosigned,
    Enrolled,
    Enrolment,
    PlatformKey,
    Problem,
    TicketRequest,
)
from joulemark.record.messages import Ticket as TicketRecord
from joulemark.record.requests import (
    REVOCATION_TYPE,
    ROTATION_TYPE,
    BatchAnswer,
    BatchItem,
    Revocation,
    Revoked,
    Rotation,
)
from joulemark.record.statement import PAYLOAD_TYPE, Statement
from measurements.contributors.models import Key
from measurements.intake import key_services, services
from measurements.intake.batches import Outcome, accept_gathered, accept_results, split_batch
from measurements.intake.cosignatures import accept_cosignatures
from measurements.intake.lost_results import accept_receipted
from measurements.intake.platform_key import announced
from measurements.intake.rates import EnrolmentThrottle, PrefixThrottle, prefix_of
from measurements.intake.refusals import NoLength, Refusal, TooBig, TooSlow, count_refusal
from measurements.web.message_schemas import message, signed_message
from measurements.web.openapi import SIGNED_BYTES, problems
from measurements.web.problems import problem_fields

REFUSALS = problems(400, 403, 408, 409, 411, 413, 429, 503)


MOST_DIGITS = 12
"""Of a length that is worth reading as a number."""


def read_body(request: Request, *, most: int = MAX_BUNDLE_BYTES) -> bytes:
    """The request's exact bytes, read no further than `most`. Raises NoLength, TooBig or TooSlow."""
    stream = request._request
    length = stream.META.get("CONTENT_LENGTH")
    if not length:
        raise NoLength("JM-LENGTH", "The request does not say how long its body is; send a Content-Length.")
    if not (length.isascii() and length.isdecimal()):
        raise NoLength(
            "JM-LENGTH", "The request's Content-Length is not a number; send the length of its body."
        )
    if len(length) > MOST_DIGITS or int(length) > most:
        raise TooBig("JM-BODY-SIZE", f"The body is larger than {most} bytes, the limit of the format.")
    try:
        return stream.read(most + 1)
    except UnreadablePostError as error:
        raise TooSlow("JM-BODY-SLOW", "The body stopped arriving before its end; send it again.") from error


def answer(record: Record, *, status: int) -> HttpResponse:
    """A record as JSON, in its one encoding."""
    return HttpResponse(encode(record), status=status, content_type="application/json")


class PlatformView(APIView):
    """The key under which this platform signs receipts."""

    @extend_schema(responses={200: message(PlatformKey)}, operation_id="platform_key")
    def get(self, request: Request) -> HttpResponse:
        """Answer with origin, key id and public key."""
        return answer(announced(), status=200)


class EnrolmentView(APIView):
    """Make a key known, by an envelope that the key itself has signed."""

    throttle_classes = (PrefixThrottle, EnrolmentThrottle)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={201: message(Enrolled), **REFUSALS},
        operation_id="enrol",
        extensions=signed_message(ENROLMENT_TYPE, Enrolment),
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the pseudonym under which results are shown."""
        return answer(_enrolled(key_services.accept_enrolment(data=read_body(request))), status=201)


def _enrolled(key: Key) -> Enrolled:
    return Enrolled(contributor=key.contributor.pseudonym, key_id=key.key_id, platform=announced())


class RotationView(APIView):
    """Let a key give way to a new one of the same contributor."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={201: message(Enrolled), **REFUSALS},
        operation_id="rotate_key",
        extensions=signed_message(ROTATION_TYPE, Rotation),
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer as to an enrolment of the new key."""
        return answer(_enrolled(key_services.rotate(data=read_body(request))), status=201)


class RevocationView(APIView):
    """Revoke a key of one's own."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={201: message(Revoked), **REFUSALS},
        operation_id="revoke_key",
        extensions=signed_message(REVOCATION_TYPE, Revocation),
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the time and how many results are judged again."""
        revoked = key_services.revoke(data=read_body(request))
        at = revoked.key.ended_at or timezone.now()
        record = Revoked(key_id=revoked.key.key_id, revoked_at=at, judged_again=revoked.judged_again)
        return answer(record, status=201)


class CosignatureView(APIView):
    """Hand over what a witness has signed."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={200: message(Cosigned), **REFUSALS},
        operation_id="add_cosignature",
        tags=["log"],
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the size of the checkpoint and the witnesses whose lines the platform has.

        The body is a recent checkpoint of this log with the lines of witnesses whose keys the platform knows (C2SP
        tlog-cosignature). The same note may be sent again.
        """
        data = read_body(request, most=MOST_NOTE_BYTES)
        return answer(accept_cosignatures(data=data), status=200)


class TicketView(APIView):
    """Announce a run before it starts."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={201: message(TicketRecord), **REFUSALS},
        operation_id="request_ticket",
        extensions=signed_message(TICKET_REQUEST_TYPE, TicketRequest),
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with nonce and sample seed."""
        meta = request.META
        prefix = prefix_of(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""))
        ticket = services.issue_ticket(data=read_body(request), prefix=prefix)
        record = TicketRecord(
            id=ticket.id,
            nonce=ticket.nonce,
            sample_seed=ticket.sample_seed,
            issued_at=ticket.issued_at,
            expires_at=ticket.expires_at,
        )
        return answer(record, status=201)


OF_A_BUNDLE = {
    "x-signed-message": {
        "bundle": message(Bundle),
        "payloadType": PAYLOAD_TYPE,
        "payload": message(Statement),
    }
}
"""What is signed within a bundle, for the API's description."""


class SubmissionView(APIView):
    """Hand in a signed bundle."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={200: message(Envelope), 202: message(Envelope), **REFUSALS},
        operation_id="submit_result",
        extensions=OF_A_BUNDLE,
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the signed receipt: 202 when the bytes are new, 200 when they were here already."""
        submission, created = accept_gathered(data=read_body(request))
        return HttpResponse(
            bytes(submission.receipt), status=202 if created else 200, content_type="application/json"
        )


class ReceiptedView(APIView):
    """Hand in a result again that this platform has receipted and lost."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={200: message(Envelope), 202: message(Envelope), **REFUSALS},
        operation_id="submit_receipted_result",
        extensions=OF_A_BUNDLE,
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer with the receipt: 202 when the result is stored again, 200 when it was not lost.

        The body is the bundle with the receipt inside, as the agent keeps it. The result gets its old entry of the log
        and its old time.
        """
        submission, restored = accept_receipted(data=read_body(request))
        return HttpResponse(
            bytes(submission.receipt), status=202 if restored else 200, content_type="application/json"
        )


class BatchView(APIView):
    """Hand in up to 64 signed bundles in one request, one a line."""

    throttle_classes = (PrefixThrottle,)

    @extend_schema(
        request=SIGNED_BYTES,
        responses={200: message(BatchAnswer), **REFUSALS},
        operation_id="submit_results",
    )
    def post(self, request: Request) -> HttpResponse:
        """Answer for each bundle as its own door would, in their order."""
        bodies = split_batch(read_body(request, most=MAX_BATCH_BYTES))
        return answer(BatchAnswer(items=tuple(map(_item, accept_results(bodies=bodies)))), status=200)


def _item(outcome: Outcome) -> BatchItem:
    if isinstance(outcome, Refusal):
        count_refusal(outcome)
        fields = problem_fields(status=outcome.status, code=outcome.code, detail=str(outcome))
        return BatchItem(status=outcome.status, result_id=None, receipt=None, problem=Problem(**fields))
    submission, created = outcome
    receipt = decode(bytes(submission.receipt), Envelope, what="receipt")
    return BatchItem(
        status=202 if created else 200, result_id=submission.result_id, receipt=receipt, problem=None
    )
