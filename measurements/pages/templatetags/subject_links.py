"""Template filters that link what a page names: rules, contributors, devices, models and hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from joulemark.rules.advice import title_of
from measurements.display.templatetags.figures import outside
from measurements.display.titles import translated
from measurements.web.addresses import SHORT_DIGITS
from measurements.web.as_of import path_of

if TYPE_CHECKING:
    from measurements.boards.board_row import BoardRow
    from measurements.catalog.models import AiModel, DataSet, HardwareClass
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
    """The page of a model."""
    return subject_path("model", model.slug)


@register.filter
def hardware_url(hardware: HardwareClass) -> str:
    """The page of a hardware class."""
    return subject_path("hardware", hardware.public_slug)


@register.filter
def model_path(slug: str) -> str:
    """The page of the model with this name."""
    return subject_path("model", slug)


@register.filter
def hardware_path(slug: str) -> str:
    """The page of the hardware class with this public name."""
    return subject_path("hardware", slug)


@register.filter
def dataset_url(dataset: DataSet) -> str:
    """The page of a data set, which has its task."""
    return subject_path("dataset", dataset.slug, task=dataset.task.slug)


@register.filter
def row_dataset(row: BoardRow) -> SafeString:
    """The data set of a row, leading to its page; of a figure over all data sets that it is over all."""
    if not row.dataset:
        return format_html("{}", gettext("all data sets"))
    address = subject_path("dataset", row.dataset, task=row.task)
    return format_html('<a href="{}">{}</a>', address, outside(translated(row.dataset_title)))


@register.filter
def model_link(slug: str, title: str) -> SafeString:
    """A model by its title, leading to its page."""
    return format_html('<a href="{}">{}</a>', subject_path("model", slug), outside(title))


@register.filter
def contributor_page(pseudonym: str) -> SafeString:
    """A contributor of whom only the pseudonym is at hand, leading to its page."""
    return format_html('<a href="{}"><code>{}</code></a>', path_of("contributor", pseudonym), pseudonym)


def subject_path(name: str, slug: str, *, task: str = "") -> str:
    """The page of a thing; its results, where a publisher gave it a name that no address can have."""
    try:
        return path_of(name, task, slug) if task else path_of(name, slug)
    except NoReverseMatch:
        return f"{reverse('results')}?{urlencode({name: slug})}"
