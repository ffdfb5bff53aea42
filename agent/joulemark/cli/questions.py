"""A plain question on a terminal, answered by yes or no."""

from __future__ import annotations

import sys

YES = frozenset({"", "y", "yes"})
NO = frozenset({"n", "no"})


def can_ask() -> bool:
    """Whether somebody sits at a terminal; standard input may be closed altogether."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> bool:
    """Ask on stderr until the answer is a yes (or just Enter) or a no (or the end of input)."""
    while True:
        print(f"{question} [Y/n] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        word = answer.strip().lower()
        if not answer or word in NO:
            return False
        if word in YES:
            return True
        print("Answer y or n.", file=sys.stderr, flush=True)
