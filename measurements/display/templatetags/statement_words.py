"""Template filters for what a statement or a verdict says: known words by their title, all others as quotations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from joulemark.rules.advice import title_of
from measurements.display import term_titles
from measurements.display.choices import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

register = template.Library()
EMPHASIS = re.compile(r"\*([^*]+)\*")
QUOTATION = re.compile(r'"([^"]*)"')


@register.filter
def quoted(value: object) -> SafeString:
    """Words of a contributor, as a quotation that is isolated from the text around it."""
    return format_html("<q><bdi>{}</bdi></q>", value)


@register.filter
def evidence_value(value: object) -> object:
    """What a finding names: a number as it is; all else may be a contributor's words, so it is a quotation."""
    return value if value is None or isinstance(value, bool | int | float) else quoted(value)


@register.filter
def with_quotations(sentence: str) -> SafeString:
    """A sentence of ours in which a contributor's words stand between quotation marks."""
    parts = QUOTATION.split(sentence)
    return SafeString(
        "".join(
            quoted(part) if place % 2 else format_html("<bdi>{}</bdi>", part) if part else ""
            for place, part in enumerate(parts)
        )
    )


@register.filter
def with_code(sentence: str) -> SafeString:
    """A sentence of ours with commands and names between backticks, which become code, and symbols between stars."""
    return SafeString(
        "".join(
            format_html("<code>{}</code>", part) if place % 2 else EMPHASIS.sub(r"<em>\1</em>", escape(part))
            for place, part in enumerate(sentence.split("`"))
        )
    )


@register.filter
def meter_name(meter: str) -> SafeString | str:
    """How the energy was read."""
    return _titled(meter, term_titles.METERS)


@register.filter
def term_name(name: str) -> SafeString | str:
    """A term of the uncertainty budget."""
    return _titled(name, term_titles.TERMS)


@register.filter
def estimator_name(name: str) -> SafeString | str:
    """A way to estimate energy from the readings."""
    return _titled(name, term_titles.ESTIMATORS)


@register.filter
def flag_name(flag: str) -> SafeString | str:
    """What the agent noticed of the run."""
    return _titled(flag, term_titles.FLAGS)


@register.filter
def metric_name(metric: str) -> SafeString | str:
    """A score of the answers."""
    return _titled(metric, term_titles.METRICS)


@register.filter
def severity_name(severity: str) -> str:
    """What a finding means for the result."""
    return str(Severity(severity).label)


@register.filter
def rule_title(code: str) -> str:
    """The title of the rule with this code; empty for a code of an older version."""
    title = title_of(code)
    return str(term_titles.NOT_A_RULE.get(code, "")) if title is None else gettext(title)


def _titled(word: str, titles: Mapping[str, object]) -> SafeString | str:
    """The title, or the word as a quotation: then it is none of the format's own."""
    return str(titles[word]) if word in titles else quoted(word)
