"""Progress of downloads in bytes, reported to a callback in place of the progress bars of the hub's library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

Progress = Callable[[str, int, int], None]
"""Told a file's name, the bytes that have come of all files, and the bytes of all files."""


class ByteCount:
    """Counts over several files, one after the other."""

    def __init__(self, total_bytes: int, progress: Progress) -> None:
        self.total_bytes = total_bytes
        self._progress = progress
        self._whole_bytes = 0
        self._part_bytes = 0

    def part(self, name: str, more_bytes: int) -> None:
        """So many more bytes of the file have come, or fewer where it began anew."""
        self._part_bytes += more_bytes
        self._tell(name)

    def again(self) -> None:
        """The file is begun from its first byte."""
        self._part_bytes = 0

    def whole(self, name: str, size_bytes: int) -> None:
        """The file is there, whole."""
        self._part_bytes = 0
        self._whole_bytes += size_bytes
        self._tell(name)

    def expect(self, more_bytes: int) -> None:
        """One more file is needed."""
        self.total_bytes += more_bytes

    def _tell(self, name: str) -> None:
        done_bytes = self._whole_bytes + self._part_bytes
        self._progress(name, done_bytes, max(done_bytes, self.total_bytes))


class UnseenBar:
    """Takes the place of a bar of tqdm and draws nothing."""

    def __init__(self, *_: Any, total: float | None = None, **__: Any) -> None:
        self.total = total
        self.n = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def update(self, n: float | None = 1) -> None:
        """So many more have come."""
        self.n += int(n or 0)

    def update_transfer(self, n: float | None = 1) -> None:
        """Bytes off the network, before they are put together: not counted."""

    def _nothing(self, *_: Any, **__: Any) -> None:
        return

    close = refresh = set_description = set_description_str = _nothing
    set_postfix_str = set_transfer_postfix_str = _nothing


def bar_for(count: ByteCount, name: str) -> type[UnseenBar]:
    """A class of bars that count the bytes of the file `name`."""

    class Counting(UnseenBar):
        def update(self, n: float | None = 1) -> None:
            super().update(n)
            count.part(name, int(n or 0))

    return Counting
