"""Values of options that several commands take."""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing: importing that is a tenth of a command's start
if TYPE_CHECKING:
    from datetime import datetime


def positive(text: str) -> int:
    """A whole number of at least 1. Raises ValueError."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def key_digest(text: str) -> str:
    """The id of a key: 64 hex digits. Raises ValueError."""
    if len(text) != 64 or set(text.lower()) - set("0123456789abcdef"):
        raise ValueError(text)
    return text.lower()


def moment(text: str) -> datetime:
    """A time as ISO 8601 has it; one that names no zone is UTC. Raises ValueError."""
    from datetime import UTC, datetime

    time = datetime.fromisoformat(text)
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
