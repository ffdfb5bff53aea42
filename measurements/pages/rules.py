"""Every rule with its sentence, its thresholds, and how often it fired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.rules.judge import RULES_VERSION
from measurements.answer_cache.sources import made_of
from measurements.review.rule_facts import ALL_RULES
from measurements.summaries.models import CountedVerdicts, RuleCount
from measurements.summaries.sources import RULE_COUNTS

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from measurements.review.rule_facts import RuleFacts


@dataclass(frozen=True, kw_only=True)
class RuleEntry:
    """A rule, and the verdicts that it stands in; None while it stands in none that is counted."""

    rule: RuleFacts
    count: RuleCount | None


@made_of(RULE_COUNTS)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule in the order in which they are applied, and the codes of former versions that are still counted."""
    counts = {row.code: row for row in RuleCount.objects.all()}
    entries = [RuleEntry(rule=rule, count=counts.pop(rule.code, None)) for rule in ALL_RULES]
    context = {
        "entries": entries,
        "version": RULES_VERSION,
        "counted": CountedVerdicts.objects.first(),
        "former": list(counts.values()),
    }
    return render(request, "pages/rules.html", context)
