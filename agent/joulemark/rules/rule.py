"""What a rule is: a function with its code, its severity, and the words that the page of rules needs beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.rules.finding import Broken, Fact, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.rules.case import Case

Where = Literal["anywhere", "platform"]

MOST_QUOTED = 80
"""So many characters of a statement's words stand in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A named check. `check` returns what is broken, or None when the rule is kept.

    `condition` says when it is kept and `mend` what to do when it is broken, None where nobody can do anything.
    `version` is the version of the rules in which it last changed. A rule whose `where` is the platform compares
    with what only the platform knows.
    """

    code: str
    severity: Severity
    title: str
    condition: str
    mend: str | None
    version: str
    where: Where
    check: Callable[[Case], Broken | None]

    @property
    def anchor(self) -> str:
        """Its heading in docs/rules.md, as a link names it."""
        return self.code.lower()

    def __call__(self, case: Case) -> Finding | None:
        """What the rule has to say about `case`, None when it is kept."""
        broken = self.check(case)
        if broken is None:
            return None
        return Finding(self.code, self.severity, broken.sentence, broken.evidence)


def rule(
    code: str,
    severity: Severity,
    title: str,
    *,
    condition: str,
    mend: str | None,
    version: str,
    where: Where = "anywhere",
) -> Callable[[Callable[[Case], Broken | None]], Rule]:
    """Make a function the check of a rule."""

    def decorate(check: Callable[[Case], Broken | None]) -> Rule:
        return Rule(
            code=code,
            severity=severity,
            title=title,
            condition=condition,
            mend=mend,
            version=version,
            where=where,
            check=check,
        )

    return decorate


def quoted(words: str) -> str:
    """Words out of a statement as a sentence of ours may repeat them: within quotation marks, and short."""
    plain = words.replace('"', "'")
    return f'"{plain if len(plain) <= MOST_QUOTED else plain[: MOST_QUOTED - 1] + "…"}"'


def broken(sentence: str, **evidence: Fact) -> Broken:
    """A sentence with its evidence; a number that JSON cannot say becomes a word."""
    return Broken(sentence, {name: _sayable(value) for name, value in evidence.items()})


def _sayable(value: Fact) -> Fact:
    if not isinstance(value, float):
        return value
    return float(f"{value:.9g}") if math.isfinite(value) else str(value)
