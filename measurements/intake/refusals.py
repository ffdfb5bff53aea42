"""Refusals at the door: what is wrong, under a stable code, with the HTTP status that fits.

Refusal
├── BadRequest      400  not in the format, or says something that cannot be
├── Forbidden       403  the signature, key or audience does not fit
├── TooSlow         408  the body stopped arriving
├── Conflict        409  used already
├── NoLength        411  the body's length is not stated
├── TooBig          413  over a limit of the format
└── TooOften        429  over a rate; says how long to wait
"""

from __future__ import annotations

import logging
from typing import ClassVar

from joulemark.record.errors import Malformed, RecordError, TooLarge, Unverified
from measurements.intake import refusal_counts

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """A request is refused. `code` is public and stable; `str(refusal)` is a sentence that says what to do next."""

    status: ClassVar[int] = 400

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class BadRequest(Refusal):
    """The request is not in the format."""


class Forbidden(Refusal):
    """The signature, the key or the audience does not fit."""

    status = 403


class TooSlow(Refusal):
    """The body stopped arriving."""

    status = 408


class Conflict(Refusal):
    """What the request names was used before."""

    status = 409


class NoLength(Refusal):
    """The request does not state the length of its body."""

    status = 411


class TooBig(Refusal):
    """The request is larger than the format allows."""

    status = 413


class TooOften(Refusal):
    """More requests than the rate allows. `wait_s`: until the next is taken."""

    status = 429

    def __init__(self, code: str, sentence: str, *, wait_s: int) -> None:
        super().__init__(code, sentence)
        self.wait_s = wait_s


REFUSAL_FOR: dict[type[RecordError], type[Refusal]] = {
    Malformed: BadRequest,
    Unverified: Forbidden,
    TooLarge: TooBig,
}


def refusal_for(error: RecordError) -> Refusal:
    """Translate an error of the record room."""
    return REFUSAL_FOR[type(error)](error.code, str(error))


def count_refusal(refusal: Refusal) -> None:
    """Write one log line and add one to today's count of the code: all that is kept of a refused request."""
    logger.warning("refused %s: %.300s", refusal.code, refusal)
    refusal_counts.REFUSED.add(refusal.code)
