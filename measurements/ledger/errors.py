"""What can go wrong with the log.

LedgerError
├── LogBroken      the log no longer says what it has said; nothing more is signed until a person has looked
│   ├── KeyLost    the key that signed it is gone; none is made in its place
│   └── LogOutdated    the database is older than what was signed; `manage.py resume_log` goes on
├── CannotResume   what it takes to go on with an outdated log is not there
├── CopyFailed     a copy of the log off this machine cannot be read or written
├── Damaged        the published checkpoint's file is none of this log; the sequencer writes it again
├── NotSequenced   a leaf waits for its place; it has one within seconds
├── WrongClock     a cosignature is dated before its checkpoint or after now
└── NotAWitness    a cosignature that no known witness gave
    └── OtherCheckpoint    a cosignature of what is no recent checkpoint of this log
"""

from __future__ import annotations


class LedgerError(Exception):
    """The root of the log's errors; `str(error)` says what to do next."""


class LogBroken(LedgerError):
    """Database, tiles and the last checkpoint do not fit together."""


class KeyLost(LogBroken):
    """There is no key, and what was signed before was signed by none that is known."""


class LogOutdated(LogBroken):
    """A checkpoint was signed that this database does not know, or nobody tells whether one was (JM-LOG-OUTDATED)."""


class CannotResume(LedgerError):
    """Entries or a checkpoint are missing without which the log would become another one."""


class CopyFailed(LedgerError):
    """A copy of the log cannot be read or written, or holds something else than this log."""


class Damaged(LedgerError):
    """What is published is no checkpoint that this log has signed."""


class NotSequenced(LedgerError):
    """There is no checkpoint yet that covers the leaf."""


class WrongClock(LedgerError):
    """The clock of a witness is wrong: it dates a cosignature before its checkpoint, or after now."""


class NotAWitness(LedgerError):
    """A note has no line of a known witness that verifies."""


class OtherCheckpoint(NotAWitness):
    """A witness has signed something else than a recent checkpoint of this log."""
