"""The rules behind a verdict: which objected, which were satisfied, and of which that is not known any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.rules.judge import RULES_VERSION
from measurements.review.rule_facts import ALL_RULES, RuleFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from measurements.review.models import Verdict

Finding = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class AppliedRule:
    """A rule as a verdict applied it; `evidence` are the numbers of its finding, empty where it was satisfied."""

    rule: RuleFacts
    finding: Finding | None

    @property
    def evidence(self) -> Mapping[str, Any]:
        """The numbers behind the finding, by name."""
        return self.finding.get("evidence", {}) if self.finding else {}


@dataclass(frozen=True, kw_only=True)
class VerdictRules:
    """`violated` and `satisfied` in the order of the rules; `changed` have changed since the verdict's version.

    Of those nobody knows any more what exactly was asked, unless they objected.
    """

    violated: list[AppliedRule]
    satisfied: list[AppliedRule]
    changed: list[RuleFacts]
    version: str

    @property
    def is_current(self) -> bool:
        """Whether the verdict was given by the rules of now."""
        return self.version == RULES_VERSION


def rules_of_verdict(verdict: Verdict) -> VerdictRules | None:
    """The rules that a verdict applied; None where they could not be applied at all, or their version is not known."""
    findings: dict[str, Finding] = {finding["code"]: finding for finding in verdict.findings}
    if not verdict.rules_version.isdecimal() or findings.keys() - {rule.code for rule in ALL_RULES}:
        return None
    version = int(verdict.rules_version)
    unchanged = [rule for rule in ALL_RULES if int(rule.version) <= version]
    return VerdictRules(
        violated=[
            AppliedRule(rule=rule, finding=findings[rule.code]) for rule in ALL_RULES if rule.code in findings
        ],
        satisfied=[AppliedRule(rule=rule, finding=None) for rule in unchanged if rule.code not in findings],
        changed=[rule for rule in ALL_RULES if int(rule.version) > version and rule.code not in findings],
        version=verdict.rules_version,
    )
