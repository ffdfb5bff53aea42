"""YAML of plain data: mappings, lists, text, numbers, truth and nothing. Every text is quoted.

Written here because the agent has no YAML library, and what it writes is a small part of the language.
"""

from __future__ import annotations

import json
import re
from typing import Any

PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML 1.1 reads as something else than text."""
NOT_PRINTABLE = re.compile(
    "[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]"
)


def yaml_text(value: Any) -> str:
    """The document, with one newline at its end. Raises ValueError for a number that is not finite, TypeError else."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        return [line for name, part in value.items() for line in _of_key(name, part)]
    if isinstance(value, list) and value:
        return [line for part in value for line in _of_item(part)]
    return [_scalar(value)]


def _of_key(name: str, part: Any) -> list[str]:
    key = name if PLAIN_KEY.fullmatch(name) and name.casefold() not in RESERVED else _quoted(name)
    if isinstance(part, dict | list) and part:
        return [f"{key}:", *(f"  {line}" for line in _lines(part))]
    return [f"{key}: {_scalar(part)}"]


def _of_item(part: Any) -> list[str]:
    first, *others = _lines(part)
    return [f"- {first}", *(f"  {line}" for line in others)]


def _scalar(value: Any) -> str:
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)


def _float(value: float) -> str:
    """With a point in its mantissa: YAML 1.1 reads `1e-05` as a word."""
    text = json.dumps(value, allow_nan=False)
    mantissa, exponent, power = text.partition("e")
    if exponent and "." not in mantissa:
        mantissa += ".0"
    sign = "" if not exponent or power.startswith("-") else "+"
    return f"{mantissa}{exponent}{sign}{power.removeprefix('+')}"


def _quoted(text: str) -> str:
    """In double quotes; what YAML does not print is escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return NOT_PRINTABLE.sub(_escaped, quoted)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
