"""Template filters of ratios and scores: their intervals, why one has none, and differences of quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.translation import gettext

from measurements.display.numbers import significant
from measurements.display.templatetags.figures import DASH

if TYPE_CHECKING:
    from joulemark.consensus.quality_difference import QualityDifference
    from joulemark.consensus.ratio import PairedRatio

register = template.Library()

LEAST_PLAIN = 1e-9
"""Differences of scores are written with a point, however small."""


def ends(low: float, high: float) -> str:
    """An interval's two ends."""
    return f"{significant(low)} – {significant(high)}"  # noqa: RUF001 - a dash between numbers


@register.filter
def over_models(paired: PairedRatio) -> str:
    """The ratio's interval over models, or why it has none."""
    if paired.over_models_low is None or paired.over_models_high is None:
        return no_model_interval(paired.no_interval or "")
    return ends(paired.over_models_low, paired.over_models_high)


@register.filter
def of_measurement(paired: PairedRatio) -> str:
    """The ratio's interval of the measurement alone, or a dash."""
    return DASH if paired.low_95 is None or paired.high_95 is None else ends(paired.low_95, paired.high_95)


def no_model_interval(reason: str) -> str:
    """Why nothing is known of other models, in the reader's language."""
    return {
        "one-pair": gettext("one pair of models: nothing is known of others"),
        "one-model-of-a-kind": gettext("one model of a kind: nothing is known of others"),
        "no-spread": gettext("models that do not differ say nothing of others"),
        "too-few-models": gettext("too few models, which differ too much, for an interval"),
    }.get(reason, DASH)


@register.filter
def signed(value: float) -> str:
    """A difference with its sign."""
    written = significant(value, digits=2, plain_from=LEAST_PLAIN)
    return f"+{written}" if value > 0 else written


@register.filter
def difference(quality: QualityDifference) -> str:
    """How much better general-purpose models score, with the interval where there is one."""
    if quality.low is None or quality.high is None:
        return signed(quality.difference)
    return f"{signed(quality.difference)} ({signed(quality.low)} – {signed(quality.high)})"  # noqa: RUF001 - a dash


@register.filter
def score_interval(score: dict[str, Any]) -> str:
    """A score's interval, or nothing where it has none."""
    return "" if score.get("low") is None else ends(score["low"], score["high"])


@register.filter
def no_score_interval(score: dict[str, Any]) -> str:
    """Why a score has no interval, in the reader's language."""
    return {
        "n-not-known": gettext("nobody states over how many questions"),
        "no-mean-over-questions": gettext("its chance cannot be told from one number"),
        "outside-0-to-1": gettext("it does not lie between 0 and 1"),
        "several-models": gettext("the middle of several models"),
    }.get(score.get("no_interval") or "", "")


@register.filter
def withheld_reason(reason: str) -> str:
    """Why a part of the differences is not stated, in the reader's language."""
    return {
        "not-repeated": gettext("not known: nobody has repeated it"),
        "too-few": gettext("not stated: too few to tell within a factor of 1.5"),
        "too-small": gettext("not stated: too small beside what lies inside it"),
    }.get(reason, gettext("not known"))


@register.filter
def no_interval_reason(reason: str) -> str:
    """Why a value has no interval, in the reader's language."""
    return {
        "sources-disagree": gettext("none: the contributors differ so much that it would tell nothing"),
    }.get(reason, gettext("none: a single source"))
