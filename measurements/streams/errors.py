"""What can go wrong with a stream."""

from __future__ import annotations


class StreamBroken(Exception):
    """A stream ended before its last row: its reader must not take what has come for all of it."""


class TooManyStreams(Exception):
    """As many streams are under way as this process may have; `wait_s` says when to ask again."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"This platform sends as many downloads at once as it can; ask again in {wait_s} s.")
        self.wait_s = wait_s
