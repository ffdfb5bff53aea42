"""What a suite must be called so that its boards and downloads have an address, and lists of it a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joulemark.suite import Suite

ADDRESSABLE = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")
"""Name and version are part of a board's address."""
LONGEST_TITLE = 200


def address_fault(suite: Suite) -> str | None:
    """Why name, version or title cannot be shown, with what can; None where they can."""
    for what, word in (("name", suite.name), ("version", suite.version)):
        if not ADDRESSABLE.fullmatch(word):
            return (
                f"has the {what} {word!r}, which cannot stand in an address; "
                "use at most 50 lower-case letters, digits, dots, dashes and underscores, a letter or digit first."
            )
    if not 0 < len(suite.title) <= LONGEST_TITLE or not suite.title.isprintable():
        return f"has the title {suite.title[:40]!r}; use a line of 1 to {LONGEST_TITLE} characters that can be seen."
    return None
