"""The resource of rules, which lie in the software and not in the database; how often each fired does."""

from __future__ import annotations

from typing import Any

from joulemark.release.tables import Column, table_named
from joulemark.rules.judge import RULES_VERSION
from measurements.display.choices import Severity
from measurements.downloads.resource import Filter, Order, Resource, fields_of
from measurements.downloads.resource_query import read_one_of
from measurements.published.terms import LICENCE
from measurements.review.rule_facts import ALL_RULES
from measurements.summaries.models import RuleCount
from measurements.summaries.sources import RULE_COUNTS

WHERE = ("anywhere", "platform")
SEVERITIES = tuple(word for word, _ in Severity.choices)


def rule_rows() -> list[dict[str, Any]]:
    """Every rule with its counts, in one query."""
    counts = {row.code: row for row in RuleCount.objects.all()}
    return [
        {
            "code": rule.code,
            "severity": rule.severity,
            "title": rule.title,
            "condition": rule.condition,
            "mend": rule.mend,
            "since_version": rule.version,
            "where": rule.where,
            "licence": LICENCE,
            "rules_version": RULES_VERSION,
            "n_verdicts": None if (count := counts.get(rule.code)) is None else count.n_verdicts,
        }
        for rule in ALL_RULES
    ]


RULES = Resource(
    name="rules",
    singular="rule",
    description="The rules that judge results, and in how many verdicts each stands.",
    tag="results",
    fields=fields_of(
        [
            *table_named("rules").columns,
            Column("rules_version", "string", "Version of all rules together."),
            Column(
                "n_verdicts",
                "int64",
                "Verdicts with this code; null while none is counted.",
                "1",
                nullable=True,
            ),
        ],
        {},
        choices={"severity": Severity.choices, "where": WHERE},
    ),
    rows=rule_rows,
    key=(Order(source="code", kind="text"),),
    filters=(
        Filter(
            name="severity",
            read=read_one_of(SEVERITIES),
            description="What a violation leads to.",
            choices=SEVERITIES,
        ),
        Filter(name="where", read=read_one_of(WHERE), description="Where it can be applied.", choices=WHERE),
    ),
    sources=(RULE_COUNTS,),
)
