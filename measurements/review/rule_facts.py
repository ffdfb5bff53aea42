"""A rule as pages show it: its texts and thresholds, without its function, which a template would call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.rules.judge import RULES

if TYPE_CHECKING:
    from joulemark.rules.rule import Rule


@dataclass(frozen=True, kw_only=True)
class RuleFacts:
    """The fields of `joulemark.rules.rule.Rule`; `subject` is the name of the module that has the rule."""

    code: str
    anchor: str
    severity: str
    title: str
    condition: str
    mend: str | None
    version: str
    where: str
    subject: str


def rule_facts(rule: Rule) -> RuleFacts:
    """What a page shows of a rule."""
    return RuleFacts(
        code=rule.code,
        anchor=rule.anchor,
        severity=rule.severity.value,
        title=rule.title,
        condition=rule.condition,
        mend=rule.mend,
        version=rule.version,
        where=rule.where,
        subject=rule.check.__module__.rpartition(".")[2],
    )


ALL_RULES = tuple(rule_facts(rule) for rule in RULES)
"""Every rule in the order in which they are applied."""
