"""Nothing is received while the database is older than the log: it knows neither who enrolled since nor what came.

A result that came in the lost hours would be logged a second time, and a ticket of these hours refused as unknown,
which an agent takes for final. So the doors answer 503 until `manage.py resume_log`; agents keep their results and
come again.
"""

from __future__ import annotations

import time

from measurements.ledger.models import LogGap, LogHead

TRUSTED_S = 1.0
"""How long a process relies on the last look: a look before each upload would cost a query."""

_open_until_s = 0.0
_are_rows_lost = False


class LogHeld(Exception):
    """The log has not been resumed after a restore; `str(error)` is for the operator."""


def require_log_current() -> None:
    """Raises LogHeld while the log waits for `manage.py resume_log`."""
    global _open_until_s, _are_rows_lost  # noqa: PLW0603 - one look a second in each process
    now_s = time.monotonic()
    if now_s < _open_until_s:
        return
    fault = LogHead.objects.filter(outdated=True).values_list("fault", flat=True).first()
    if fault is not None:
        raise LogHeld(fault)
    _are_rows_lost = LogGap.objects.exists()
    _open_until_s = now_s + TRUSTED_S


def are_rows_lost() -> bool:
    """Whether a restore has ever lost rows behind the log, so that what is new may have its entry already."""
    require_log_current()
    return _are_rows_lost


def look_again() -> None:
    """Have the next request look, whatever was seen a moment ago."""
    global _open_until_s  # noqa: PLW0603 - see above
    _open_until_s = 0.0
