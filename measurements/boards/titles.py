"""Titles that come as data (tasks, data sets, suites), listed here so that they can be translated like any other text."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

TITLES = (
    _("Text classification (sentiment)"),
    _("Extractive question answering"),
    _("Masked language modeling"),
    _("Token classification"),
    _("Image classification"),
    _("Object detection"),
    _("Text generation"),
    _("Summarization"),
    _("Image captioning"),
    _("Image generation"),
    _("IMDB reviews"),
    _("Stable Diffusion Prompts"),
    _("8 × NVIDIA A100-SXM4-80GB"),
)


def translated(title: str) -> str:
    """`title` in the reader's language, or as it stands when it is a name that nobody translates."""
    return gettext(title) if title else ""
