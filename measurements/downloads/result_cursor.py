"""Where a page of results begins: behind a result, by when it was received and by its id, which never change."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from measurements.intake.refusals import BadRequest
from measurements.web.links import exact_time

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from measurements.intake.models import Submission

CURSOR = "cursor"
WRITTEN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z)_([0-9a-f]{64})", re.ASCII)
"""A time in UTC and a result's id."""


def cursor_of(submission: Submission) -> str:
    """The place behind a result."""
    return f"{exact_time(submission.received_at)}_{submission.pk}"


def behind(submissions: QuerySet[Any], cursor: str) -> QuerySet[Any]:
    """Results behind a place, in a list that has the latest first. Raises BadRequest for what is no place.

    The time is that of whichever table the list is ordered by, so that its index finds the place.
    """
    match = WRITTEN.fullmatch(cursor)
    try:
        at = datetime.fromisoformat(match[1]) if match else None
    except ValueError:
        at = None
    if match is None or at is None:
        raise BadRequest(
            "JM-QUERY-CURSOR",
            "This cursor is of no page of this list. Take the address in `next` as it is, or leave cursor out to begin "
            "again.",
        )
    received = str(submissions.query.order_by[0]).removeprefix("-")
    return submissions.filter(
        Q(**{f"{received}__lte": at}), Q(**{f"{received}__lt": at}) | Q(result_id__gt=match[2])
    )
