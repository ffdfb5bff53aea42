"""Parts of a file, as a download asks for them that was broken off (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.ASCII)


class NotSatisfiable(Exception):
    """No byte of the file is in the range."""


@dataclass(frozen=True)
class ByteRange:
    """Bytes `first` to `last` of a file, both within."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many they are."""
        return self.last - self.first + 1


def byte_range(header: str, size: int) -> ByteRange | None:
    """The one range that a header asks for; None for the whole file, which is also sent for several ranges.

    Raises NotSatisfiable.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        first, last = max(size - int(match["last"]), 0), size - 1
    else:
        first, last = int(match["first"]), min(int(match["last"] or size - 1), size - 1)
        if match["last"] and int(match["last"]) < first:
            return None  # no range at all, so the header is as if it were not there
    if first > last or first >= size:
        raise NotSatisfiable
    return ByteRange(first, last)
