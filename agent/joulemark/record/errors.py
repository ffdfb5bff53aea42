"""Errors of the record room.

RecordError                 something that claims to be a record is not one
├── Malformed               not the bytes of this format: JSON, fields, types, limits
├── Unverified              well formed, but a signature or a digest does not fit
└── TooLarge                a size limit of the format is exceeded
"""

from __future__ import annotations


class RecordError(Exception):
    """A record cannot be used. `code` is stable and public; `str(error)` is one sentence for a human."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Malformed(RecordError):
    """The bytes do not decode as this format."""


class Unverified(RecordError):
    """The bytes decode, but a signature or digest does not fit them."""


class TooLarge(RecordError):
    """The bytes exceed a limit of the format."""
