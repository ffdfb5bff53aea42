"""What boards do when review has spoken: ask for the one touched cell."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

from measurements.boards.tasks import refresh_cell

log = logging.getLogger(__name__)


def on_verdict(*, result_id: str, **_: object) -> None:
    """Queue a refresh of the result's cell; while the queue cannot be reached, the sweep will find it."""
    try:
        refresh_cell.delay(result_id)
    except OperationalError as error:
        log.warning(
            "cell of result %s waits for the sweep: the queue cannot be reached (%s)", result_id[:12], error
        )
