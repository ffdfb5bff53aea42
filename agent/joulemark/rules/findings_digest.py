"""The digest by which the log commits to a verdict's findings, and the ones by which it did before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from joulemark.record.exact_json import exact_text


def findings_digest(findings: object) -> str:
    """SHA-256 over the text in which findings are kept, so that no word and no digit of them can be edited."""
    return hashlib.sha256(exact_text(findings).encode()).hexdigest()


def is_former_digest(digest: object, findings: object) -> bool:
    """Whether an earlier version would have written `digest` for these findings.

    It hashed whole numbers without a point, and a large one with the digits of its double, while the database kept the
    decimal ones: 1.23456789e23 was hashed as 123456789000000003637248 and came back as 123456789000000000000000.
    """
    return digest in {_hashed(_whole(findings, exactly)) for exactly in (int, _digits_of_double)}


def _hashed(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def _whole(value: object, exactly: Callable[[int | float], int]) -> object:
    """`value` with its whole numbers as integers, each made by `exactly`."""
    if isinstance(value, dict):
        return {name: _whole(item, exactly) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(item, exactly) for item in value]
    if isinstance(value, float):
        return exactly(value) if value.is_integer() else value
    return exactly(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _digits_of_double(number: float) -> int:
    """An integer beyond 2**53 in the digits of the double that is nearest; a smaller one is itself."""
    return int(float(number)) if abs(number) > 2**53 else int(number)
