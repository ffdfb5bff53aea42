"""Template filters of facts about models, hardware and counters: why one is not known, and titles of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy

from measurements.boards.hardware_ratio import NoHardwareInterval
from measurements.catalog.models import NoFact
from measurements.display.numbers import significant
from measurements.display.templatetags.comparisons import ends
from measurements.display.templatetags.figures import with_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

    from measurements.boards.hardware_ratio import HardwareRatio
    from measurements.catalog.models import AiModel, HardwareClass

register = template.Library()

COVERAGES = {
    "full": gettext_lazy("all of the time"),
    "part-time": gettext_lazy("a part of each period"),
    "unknown": gettext_lazy("the probe could not tell"),
    "": gettext_lazy("probes differ"),
}
"""What part of the time a counter sees, by the word of a trace; "" where results state different ones."""


@register.filter
def model_unknown(model: AiModel, fact: str) -> SafeString:
    """Why a fact of a model has no value."""
    return _reason(model.why_unknown(fact))


@register.filter
def hardware_unknown(hardware: HardwareClass, fact: str) -> SafeString:
    """Why a fact of hardware has no value."""
    return _reason(hardware.why_unknown(fact))


def _reason(word: str) -> SafeString:
    return format_html(
        '<span class="quiet">{}</span>', gettext("not known: %(reason)s") % {"reason": NoFact(word).label}
    )


@register.filter
def ratio_interval(ratio: HardwareRatio) -> str:
    """The interval of a ratio between two kinds of hardware, or why it has none."""
    if ratio.low is None or ratio.high is None:
        return str(NoHardwareInterval(ratio.no_interval).label)
    return ends(ratio.low, ratio.high)


@register.filter
def milliseconds(value: float) -> str:
    """A time in milliseconds, given in seconds."""
    return with_unit(value * 1000, gettext("ms"))


@register.filter
def coverage_name(coverage: str) -> str:
    """What part of the time a counter sees, in the reader's language."""
    return str(COVERAGES[coverage])


@register.filter
def gain_of(gradient: float) -> str:
    """A sensor's gradient as what it reads of one watt."""
    return significant(gradient)


@register.filter
def of_key(values: Mapping[str, str], key: str) -> str:
    """What a mapping has of a key. Raises KeyError where it has nothing."""
    return values[key]
