"""Which part of a file a client asks for (RFC 9110, 14), so that a download that broke off goes on where it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass

ONE_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})", re.ASCII)


@dataclass(frozen=True)
class ByteRange:
    """The bytes `first` to `last`, both included, of a file of `size` bytes."""

    first: int
    last: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes these are."""
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        """The value of Content-Range."""
        return f"bytes {self.first}-{self.last}/{self.size}"


class NotSatisfiable(Exception):
    """No byte of the file is in the range."""


def requested_range(header: str, *, size: int, if_range: str = "", etag: str = "") -> ByteRange | None:
    """The part of a file of `size` bytes that is asked for; None where all of it is to be sent.

    All of it goes to whoever asks for none, in a form that is not read here (several ranges, another unit), or for a
    part of another state of the file: `if_range` is not its strong `etag`. Raises NotSatisfiable.
    """
    match = ONE_RANGE.fullmatch(header.replace(" ", ""))
    if match is None or (if_range and (if_range != etag or etag.startswith("W/"))):
        return None
    first, last = match["first"], match["last"]
    if not first and not last:
        return None
    if not first:  # so many of the last bytes
        length = min(int(last), size)
        if not length:
            raise NotSatisfiable
        return ByteRange(size - length, size - 1, size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise NotSatisfiable
    return ByteRange(int(first), min(int(last), size - 1) if last else size - 1, size)
