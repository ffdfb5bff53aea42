"""Which problem document (RFC 9457) an error of the API becomes, for every view of every app."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from rest_framework.exceptions import APIException, NotFound
from rest_framework.exceptions import PermissionDenied as ApiPermissionDenied

from joulemark.record.errors import RecordError
from measurements.intake.log_gate import LogHeld
from measurements.intake.platform_key import KeyUnusable
from measurements.intake.refusals import Refusal, TooOften, count_refusal, refusal_for
from measurements.web.problems import problem

logger = logging.getLogger(__name__)

KEY_AGAIN_S = 300
"""After so long it is worth asking again a platform whose key its operator must restore."""
HELD_SENTENCE = (
    "This platform was restored from a backup and does not receive anything until its operator has resumed its log. "
    "Nothing is wrong with what was sent; send it again later."
)
KEY_SENTENCE = (
    "This platform cannot sign at the moment: its operator must restore a key. Nothing is wrong with what was sent; "
    "send it again later."
)


def handle(error: Exception, _context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler: a problem document for what a client did; None (a 500) for what we did."""
    if isinstance(error, RecordError):
        error = refusal_for(error)
    if isinstance(error, Refusal):
        count_refusal(error)
        answer = problem(status=error.status, code=error.code, detail=str(error))
        if isinstance(error, TooOften):
            answer["Retry-After"] = str(error.wait_s)
        return answer
    if isinstance(error, KeyUnusable):
        logger.error("JM-PLATFORM-KEY %s", error)
        answer = problem(status=503, code="JM-PLATFORM-KEY", detail=KEY_SENTENCE)
        answer["Retry-After"] = str(KEY_AGAIN_S)
        return answer
    if isinstance(error, LogHeld):
        logger.error("JM-LOG-OUTDATED %s", error)
        answer = problem(status=503, code="JM-LOG-OUTDATED", detail=HELD_SENTENCE)
        answer["Retry-After"] = str(KEY_AGAIN_S)
        return answer
    if isinstance(error, Http404):
        error = NotFound(*error.args)
    if isinstance(error, PermissionDenied):
        error = ApiPermissionDenied()
    if isinstance(error, APIException):
        code = getattr(error, "problem_code", f"JM-HTTP-{error.status_code}")
        return problem(status=error.status_code, code=code, detail=_sentence(error))
    return None


def _sentence(error: APIException) -> str:
    detail = error.detail
    if isinstance(detail, dict):
        return " ".join(f"{name}: {_joined(text)}" for name, text in detail.items())
    if isinstance(detail, list):
        return _joined(detail)
    return str(detail)


def _joined(detail: object) -> str:
    return " ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
