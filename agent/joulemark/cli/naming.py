"""Which result is meant by what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joulemark.config import Folders

WHOLE = 64


def result_id(text: str, folders: Folders) -> str:
    """A whole id as it stands, the beginning of one as the outbox has it. Raises NothingToDo or UsageError."""
    from joulemark.outbox import Outbox

    wanted = text.lower()
    if len(wanted) == WHOLE and not set(wanted) - set("0123456789abcdef"):
        return wanted
    return Outbox(folders).find(text).digest
