"""What a suite must be called so that its boards and downloads have an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joulemark.suite import Suite

ADDRESSABLE = re.compile(r"[a-z0-9._-]{1,50}")
"""Name and version are part of a board's address."""


def address_fault(suite: Suite) -> str | None:
    """Why name or version cannot stand in an address, with what can; None where both can."""
    for what, word in (("name", suite.name), ("version", suite.version)):
        if not ADDRESSABLE.fullmatch(word):
            return (
                f"has the {what} {word!r}, which cannot stand in an address; "
                "use at most 50 lower-case letters, digits, dots, dashes and underscores."
            )
    return None
