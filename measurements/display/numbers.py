"""How a number is written: three significant digits, thin spaces, the reader's decimal mark."""

from __future__ import annotations

from functools import cache, lru_cache
from math import floor, isfinite, log10

from django.utils.formats import get_format
from django.utils.translation import get_language

THIN = "\u202f"
"""Narrow no-break space: between groups of three digits, and between a number and its unit."""

TIMES = "\u00d7"
"""The sign of multiplication."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN_FROM, PLAIN_BELOW = 1e-3, 1e7
KEPT_NUMBERS = 8192
"""Numbers that a process keeps written, some hundred bytes each."""


def significant(value: float, digits: int = 3, *, plain_from: float = PLAIN_FROM) -> str:
    """`value` to `digits` significant digits: 12345 is "12 300"; one below `plain_from` has a power of ten.

    Raises ValueError for a number that is not finite: such a number is never shown.
    """
    return _significant_in(get_language(), value, digits, plain_from)


@lru_cache(maxsize=KEPT_NUMBERS)
def _significant_in(language: str | None, value: float, digits: int, plain_from: float) -> str:
    """A page writes most of its numbers several times: in tables, plots and their descriptions."""
    if not isfinite(value):
        raise ValueError("Only a finite number can be shown.")
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    if not plain_from <= abs(rounded) < PLAIN_BELOW:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        return (
            f"{_marked(mantissa, language)}{THIN}{TIMES}{THIN}10{str(int(exponent)).translate(SUPERSCRIPTS)}"
        )
    decimals = max(0, digits - 1 - floor(log10(abs(rounded))))
    return _grouped(f"{rounded:.{decimals}f}", language)


def whole(value: int) -> str:
    """An integer in groups of three digits."""
    return _grouped(str(value), get_language())


def as_written(text: str) -> str:
    """A number in its own digits, as somebody wrote it: "0.70" keeps its zero."""
    return _grouped(text, get_language())


def joined_ends(low: str, high: str) -> str:
    """Two ends of a range, which no line break parts."""
    return (
        f"{low}\u00a0\u2013\u2060\u00a0{high}"  # a line may break after a dash, also before a no-break space
    )


def _grouped(text: str, language: str | None) -> str:
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    before, _, after = digits.partition(".")
    if len(before) > 4:
        first = len(before) % 3
        parts = [before[:first]] if first else []
        before = THIN.join([*parts, *(before[i : i + 3] for i in range(first, len(before), 3))])
    return _marked(sign + before + ("." + after if after else ""), language)


def _marked(text: str, language: str | None) -> str:
    return text.replace("-", "\u2212").replace(".", _decimal_mark(language))


@cache
def _decimal_mark(language: str | None) -> str:
    return str(get_format("DECIMAL_SEPARATOR", lang=language))
