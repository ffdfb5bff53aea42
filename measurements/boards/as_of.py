"""The moment that a request names: a time, or when a checkpoint of the log was signed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from measurements.ledger.models import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class MomentError(ValueError):
    """The parameters name no moment; the message says how to name one."""


def moment_of(parameters: Mapping[str, str]) -> datetime:
    """The moment that `as_of` (ISO 8601; a day means its end, UTC) or `checkpoint` (a tree size) names.

    `parameters` has at least one of them. Raises MomentError.
    """
    if "as_of" in parameters and "checkpoint" in parameters:
        raise MomentError(gettext("Ask for a time or for a checkpoint, not for both."))
    return _signed_at(parameters["checkpoint"]) if "checkpoint" in parameters else _time(parameters["as_of"])


def _signed_at(size: str) -> datetime:
    if not (size.isascii() and size.isdecimal() and len(size) <= 18):
        raise MomentError(gettext("A checkpoint is named by its size, a whole number."))
    checkpoint = Checkpoint.objects.filter(size=int(size)).first()
    if checkpoint is None:
        raise MomentError(
            gettext("No checkpoint of this size was signed; /log/checkpoint has the latest one.")
        )
    return checkpoint.signed_at


def _time(text: str) -> datetime:
    at: datetime | None
    try:
        if DAY.fullmatch(text):  # first: to Python a day is a time as well, and its beginning
            at = datetime.combine(date.fromisoformat(text), time.max)
        else:
            at = parse_datetime(text.replace(" ", "+"))  # a plus sign in an address arrives as a space
        if at is not None and at.tzinfo:
            at = at.astimezone(UTC)  # no moment before the first year or after the last has a time there
    except (ValueError, OverflowError):
        at = None
    if at is None:
        raise MomentError(
            gettext("A time is written as 2026-11-24 or 2026-11-24T12:00:00Z; this one cannot be read.")
        )
    return at if at.tzinfo else at.replace(tzinfo=UTC)
