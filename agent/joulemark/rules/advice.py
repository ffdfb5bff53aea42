"""What a finding is about and what to do about it, by its code: the words that docs/rules.md has too."""

from __future__ import annotations


def what_to_do(code: str) -> str | None:
    """The advice of the rule with this code; None where there is none, or where the rule is of a later version."""
    from joulemark.rules.judge import RULES

    return next((rule.mend for rule in RULES if rule.code == code), None)


def title_of(code: str) -> str | None:
    """The title of the rule with this code: what holds when it is kept; None where the rule is of a later version."""
    from joulemark.rules.judge import RULES

    return next((rule.title for rule in RULES if rule.code == code), None)
