"""A plain question on a terminal, answered by yes or no."""

from __future__ import annotations

import sys

from joulemark.translation import gettext as _

YES = frozenset({"", "y", "yes", "д", "да"})
NO = frozenset({"n", "no", "н", "нет"})
"""In each language, whichever is spoken."""


def can_ask() -> bool:
    """Whether somebody sits at a terminal; standard input may be closed altogether."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> bool:
    """Ask on stderr until the answer is a yes (or just Enter) or a no (or the end of input)."""
    while True:
        print(f"{question} {_('[Y/n]')} ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        word = answer.strip().lower()
        if not answer or word in NO:
            return False
        if word in YES:
            return True
        print(_("Answer y or n."), file=sys.stderr, flush=True)
