"""A rule: a function with its code, its severity, and its texts for the page of rules."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.rules.finding import Broken, EvidenceValue, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.rules.case import Case

Where = Literal["anywhere", "platform"]

MOST_QUOTED = 80
"""Maximum number of characters that a sentence quotes from a statement."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A named check. `check` returns the violation, or None if the rule is satisfied.

    `condition` says when it is satisfied and `mend` what to do if it is violated, None where nothing helps. `version`
    is the version of the rules in which it last changed. A rule whose `where` is the platform needs data that only
    the platform has.
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
        """The anchor of its heading in docs/rules.md."""
        return self.code.lower()

    def __call__(self, case: Case) -> Finding | None:
        """The rule's finding about `case`, None if the rule is satisfied."""
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
    """Text from a statement for use in our own sentence: in quotation marks, and truncated."""
    plain = words.replace('"', "'")
    return f'"{plain if len(plain) <= MOST_QUOTED else plain[: MOST_QUOTED - 1] + "…"}"'


def broken(sentence: str, **evidence: EvidenceValue) -> Broken:
    """A sentence with its evidence; a number that JSON cannot represent becomes text."""
    return Broken(sentence, {name: _sayable(value) for name, value in evidence.items()})


def _sayable(value: EvidenceValue) -> EvidenceValue:
    if not isinstance(value, float):
        return value
    return float(f"{value:.9g}") if math.isfinite(value) else str(value)
