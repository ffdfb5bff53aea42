"""The title and the advice of a rule, by its code, as in docs/rules.md."""

from __future__ import annotations


def what_to_do(code: str) -> str | None:
    """The advice of the rule with this code; None if there is none, or if the rule is of a later version."""
    from joulemark.rules.judge import RULES

    return next((rule.mend for rule in RULES if rule.code == code), None)


def title_of(code: str) -> str | None:
    """The title of the rule with this code: what holds if it is satisfied; None if the rule is of a later version."""
    from joulemark.rules.judge import RULES

    return next((rule.title for rule in RULES if rule.code == code), None)
