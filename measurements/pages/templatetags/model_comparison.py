"""Template tags of a comparison of models: letters, licences, and the ratio of one model to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext

from measurements.display.choices import Formed
from measurements.display.templatetags.comparisons import ends
from measurements.display.templatetags.figures import DASH, times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

    from measurements.boards.model_comparison import ComparedGroup

register = template.Library()


@register.filter
def of_model(values: Mapping[str, str], slug: str) -> str:
    """What a mapping has of a model, a dash for nothing."""
    return values.get(slug) or DASH


@register.simple_tag
def ratio_of(group: ComparedGroup, above: str, below: str) -> SafeString:
    """The energy of one model over another's, with the interval of the measurement and how it was formed."""
    paired = group.ratios.get((above, below))
    if paired is None:
        return format_html("{}", DASH)
    interval = (
        gettext("no interval")
        if paired.low_95 is None or paired.high_95 is None
        else ends(paired.low_95, paired.high_95)
    )
    return format_html(
        '{}<br><span class="quiet">{}</span> <span class="quiet">{}</span>',
        times(paired.ratio), interval, Formed(paired.formed).label,
    )  # fmt: skip
