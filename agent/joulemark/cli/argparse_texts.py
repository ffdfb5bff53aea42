"""The sentences of Python's argparse, which has no Russian of its own, in the language in use."""

from __future__ import annotations

import argparse

from joulemark import translation
from joulemark.translation import marked

TEXTS = (
    marked("usage: "),
    marked("positional arguments"),
    marked("options"),
    marked("show this help message and exit"),
    marked("%(prog)s: error: %(message)s\n"),
    marked("argument %(argument_name)s: %(message)s"),
    marked("the following arguments are required: %s"),
    marked("unrecognized arguments: %s"),
    marked("invalid choice: %(value)r (choose from %(choices)s)"),
    marked("invalid %(type)s value: %(value)r"),
    marked("ambiguous option: %(option)s could match %(matches)s"),
    marked("ignored explicit argument %r"),
    marked("expected one argument"),
    marked("expected at most one argument"),
    marked("expected at least one argument"),
    marked("not allowed with argument %s"),
    marked("one of the arguments %s is required"),
)


def translate_argparse() -> None:
    """Let argparse look its sentences up in the catalogue in use: it asks gettext, which knows the locale alone."""
    if translation.language_in_use() != translation.SOURCE or argparse.__dict__["_"] is translation.gettext:
        vars(argparse)["_"] = translation.gettext
