"""A database that is away costs one short line for each request or task, not a traceback."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError

if TYPE_CHECKING:
    from types import TracebackType

CODE = "JM-DATABASE-AWAY"
OURS = ("/measurements/", "/joulemark_site/")
MAX_CHARACTERS = 300


class ShortOutages(logging.Filter):
    """For settings.LOGGING: replaces the traceback of a lost database by what was said and where it was noticed."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record if its exception is one of an absent database; keep every record."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (OperationalError, InterfaceError)):
            words = " ".join(str(error).split())[:MAX_CHARACTERS]
            place = _place(error.__traceback__)
            record.msg = f"{CODE} {record.getMessage()}: {type(error).__name__}: {words} ({place})"
            record.args, record.exc_info, record.exc_text = (), None, None
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        return True


def _place(trace: TracebackType | None) -> str:
    """The innermost line of ours, or the innermost of all."""
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames if any(part in frame.filename for part in OURS)]
    if not frames:
        return "no place"
    frame = (ours or frames)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
