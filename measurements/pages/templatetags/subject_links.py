"""Template filters that link what a page names: rules, contributors, devices, models and hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from joulemark.rules.advice import title_of
from measurements.display.templatetags.figures import outside
from measurements.web.addresses import SHORT_DIGITS

if TYPE_CHECKING:
    from measurements.catalog.models import AiModel, HardwareClass
    from measurements.contributors.models import Contributor, Device

register = template.Library()


@register.filter
def rule_link(code: str) -> SafeString:
    """A code, leading to its rule; a code that is no rule's stands as it is."""
    if title_of(code) is None:
        return format_html('<code class="code">{}</code>', code)
    return format_html(
        '<a class="code" href="{}#{}"><code>{}</code></a>', reverse("rules"), code.lower(), code
    )


@register.filter
def contributor_link(contributor: Contributor) -> SafeString:
    """A contributor by name and always by pseudonym, leading to its page."""
    address = reverse("contributor", args=[contributor.pseudonym])
    if contributor.shown_name == contributor.pseudonym:
        return format_html('<a href="{}"><code>{}</code></a>', address, contributor.pseudonym)
    return format_html(
        '<a href="{}">{} <code>{}</code></a>', address, outside(contributor.shown_name), contributor.pseudonym
    )


@register.filter
def device_url(device: Device) -> str:
    """The page of a device of a contributor."""
    return reverse("device", args=[device.contributor.pseudonym, device.tag[:SHORT_DIGITS]])


@register.filter
def model_url(model: AiModel) -> str:
    """The page of a model; its results, where the platform has no page of models."""
    return subject_url("model", model.slug)


@register.filter
def hardware_url(hardware: HardwareClass) -> str:
    """The page of a hardware class; its results, where the platform has no page of hardware."""
    return subject_url("hardware", hardware.public_slug)


SUBJECT_PAGES = {"model": "model", "hardware": "hardware-class"}
"""The names of the pages of models and of hardware."""


def subject_url(name: str, slug: str, *, otherwise: str = "") -> str:
    """The page of a model or of hardware by its slug; where there is no such page `otherwise`, or its results."""
    try:
        return reverse(SUBJECT_PAGES[name], args=[slug])
    except NoReverseMatch:
        return otherwise or f"{reverse('results')}?{urlencode({name: slug})}"
