"""Template filters of ratios and scores: their intervals, why one has none, and differences of quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from measurements.display.choices import NoInterval, NoModelInterval, NoScoreInterval, Withheld
from measurements.display.numbers import THIN, significant
from measurements.display.templatetags.figures import DASH, figure, work
from measurements.display.term_titles import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

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
    return str(NoModelInterval(reason).label) if reason else DASH


@register.filter
def signed(value: float) -> str:
    """A difference with its sign."""
    written = significant(value, digits=2, plain_from=LEAST_PLAIN)
    return f"+{written}" if value > 0 else written


@register.filter
def relative(value: float | None) -> str:
    """A relative difference in percent, with its sign; a dash for None."""
    return DASH if value is None else f"{signed(value * 100)}{THIN}%"


def difference(quality: QualityDifference) -> str:
    """How much better general-purpose models score, with the interval where there is one."""
    if quality.low is None or quality.high is None:
        return signed(quality.difference)
    return f"{signed(quality.difference)} ({signed(quality.low)} – {signed(quality.high)})"  # noqa: RUF001 - a dash


@register.filter
def differences(quality: Iterable[QualityDifference]) -> SafeString:
    """The differences of all metrics, each a line of its own."""
    return format_html_join(
        "",
        '<span class="score">{} {}</span>',
        ((_metric(compared.metric), difference(compared)) for compared in quality),
    )


@register.filter
def score_interval(score: dict[str, Any]) -> str:
    """A score's interval, or nothing where it has none."""
    return "" if score.get("low") is None else ends(score["low"], score["high"])


@register.filter
def scored(score: dict[str, Any]) -> SafeString:
    """A metric with its value, and with its interval where it has one."""
    chance = (
        ""
        if score.get("low") is None
        else format_html(' <span class="chance">({})</span>', score_interval(score))
    )
    return format_html("{} {}{}", _metric(score["metric"]), figure(score["value"]), chance)


def _metric(name: str) -> object:
    """The title of a score of our own; a publisher's is shown as it is written."""
    return METRICS.get(name) or work(name)


@register.filter
def no_score_interval(score: dict[str, Any]) -> str:
    """Why a score has no interval, in the reader's language."""
    reason = score.get("no_interval")
    return str(NoScoreInterval(reason).label) if reason else ""


@register.filter
def withheld_reason(reason: str) -> str:
    """Why a part of the differences is not stated, in the reader's language."""
    return str(Withheld(reason).label) if reason else gettext("not known")


@register.filter
def no_interval_reason(reason: str) -> str:
    """Why a value has no interval, in the reader's language."""
    return str(NoInterval(reason or NoInterval.SINGLE_SOURCE).label)
