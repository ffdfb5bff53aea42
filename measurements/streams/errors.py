"""What can go wrong with a stream."""

from __future__ import annotations


class StreamBroken(Exception):
    """A stream ended before its last row: its reader must not take what has come for all of it."""
