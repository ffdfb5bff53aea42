"""What to do about a finding, by its code: the words that docs/rules.md has too."""

from __future__ import annotations


def what_to_do(code: str) -> str | None:
    """The advice of the rule with this code; None where there is none, or where the rule is of a later version."""
    from joulemark.rules.judge import RULES

    return next((rule.mend for rule in RULES if rule.code == code), None)
