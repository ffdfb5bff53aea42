"""How a number comes about: what is measured, how it is read, how sure it is, how results become one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.rules.completeness import DIRTY
from measurements.answer_cache.sources import made_of
from measurements.display import method_words as meanings
from measurements.display.choices import Tier
from measurements.display.term_titles import ESTIMATORS, FLAGS, TERMS
from measurements.pages.sensor_facts import unknown_sensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, kw_only=True)
class DefinedWord:
    """A word of results with its title and meaning in the reader's language."""

    word: str
    title: str
    meaning: str


@made_of()
@require_safe
def method(request: HttpRequest) -> HttpResponse:
    """The method for readers; its words are those of the pages of results."""
    unfit = {flag: title for flag, title in FLAGS.items() if flag in DIRTY}
    remarks = {flag: title for flag, title in FLAGS.items() if flag not in DIRTY}
    tiers = {tier: Tier(tier).label for tier in meanings.TIER_MEANINGS}
    context = {
        "sensor": unknown_sensor(),
        "scopes": list(meanings.SCOPE_MEANINGS.items()),
        "estimators": _defined(ESTIMATORS, meanings.ESTIMATOR_MEANINGS),
        "terms": _defined(TERMS, meanings.TERM_MEANINGS),
        "tiers": _defined(tiers, meanings.TIER_MEANINGS),
        "unfit": _defined(unfit, meanings.FLAG_MEANINGS),
        "remarks": _defined(remarks, meanings.FLAG_MEANINGS),
    }
    return render(request, "pages/method.html", context)


def _defined(titles: Mapping[str, object], meanings_of: Mapping[str, object]) -> list[DefinedWord]:
    """Each word of a list. Raises KeyError for one without a sentence."""
    return [
        DefinedWord(word=word, title=str(title), meaning=str(meanings_of[word]))
        for word, title in titles.items()
    ]
