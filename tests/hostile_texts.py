"""Texts that nobody who means well sends: for every place where a stranger can put one."""

from __future__ import annotations

HOSTILE: dict[str, str | bytes] = {
    "NUL": "\x00",
    "a word and NUL": "ada\x00",
    "line breaks": "a\r\nSet-Cookie: x=y\n",
    "control characters": "\x01\x1b[31m\x7f",
    "a lone surrogate": "\udcff",
    "bytes that are no text": b"\xff\xfe\xed\xa0\x80",
    "10,000 letters": "a" * 10_000,
    "10,000 digits": "9" * 10_000,
    "10,000 letters of three bytes": "\u20ac" * 10_000,
    "a number too large": "9" * 30,
    "a negative number": "-1",
    "no number": "NaN",
    "infinity": "1e999",
    "other digits": "\u0663\u00b2",
    "SQL": "' OR 1=1; DROP TABLE x --",
    "a path": "../../../../etc/passwd",
    "a template": "{{ 7*7 }}{% include 'x' %}",
    "markup": "<script>alert(1)</script>",
    "format": "%s%n{0}{x.__class__}",
    "an end of the world": "9999-12-31T23:59:59.999999-23:59",
    "a year too large": "99999-01-01",
    "nothing": "",
    "a space": " ",
    "bidi": "\u202egpj.exe",
    "a list": "[1,{}]",
}
