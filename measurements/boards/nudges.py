"""What boards do when review has spoken: ask for the touched cells, in one message."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

from measurements.boards.tasks import refresh_cells

log = logging.getLogger(__name__)


def on_states_changed(*, result_ids: list[str], **_: object) -> None:
    """Queue a refresh of the results' cells; while the queue cannot be reached, the sweep will find them."""
    try:
        refresh_cells.delay(result_ids)
    except OperationalError as error:
        log.warning(
            "cells of %d results wait for the sweep: the queue cannot be reached (%s)", len(result_ids), error
        )
