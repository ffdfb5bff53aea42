"""What can go wrong with the log.

LedgerError
├── LogBroken      the log no longer says what it has said; nothing more is signed until a person has looked
│   └── KeyLost    the key that signed it is gone; none is made in its place
├── Damaged        the published checkpoint's file is none of this log; the sequencer writes it again
├── NotSequenced   a leaf waits for its place; it has one within seconds
└── NotAWitness    a cosignature that no known witness gave, or one of another checkpoint
"""

from __future__ import annotations


class LedgerError(Exception):
    """The root of the log's errors; `str(error)` says what to do next."""


class LogBroken(LedgerError):
    """Database, tiles and the last checkpoint do not fit together."""


class KeyLost(LogBroken):
    """There is no key, and what was signed before was signed by none that is known."""


class Damaged(LedgerError):
    """What is published is no checkpoint that this log has signed."""


class NotSequenced(LedgerError):
    """There is no checkpoint yet that covers the leaf."""


class NotAWitness(LedgerError):
    """A note brings no new line of a known witness."""
