"""Template filters of a comparison's row: the models behind its ratio, and whether their jobs are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from measurements.display.choices import AnswerForm
from measurements.display.numbers import whole
from measurements.pages.templatetags.subject_links import model_link

if TYPE_CHECKING:
    from measurements.boards.comparisons import ComparisonRow

register = template.Library()


@register.filter
def compared_models(row: ComparisonRow) -> SafeString | str:
    """Which models: the two of a single pair by name, leading to their pages, more by their number."""
    above, below = (side.models for side in row.sides)
    if len(above) == len(below) == 1:
        links = {"general": model_link(*above[0]), "specific": model_link(*below[0])}
        # the sentence is ours, and a link has escaped its title
        return SafeString(gettext("%(general)s versus %(specific)s") % links)
    pairs = row.paired.n_pairs
    words = {"n": whole(pairs), "general": whole(len(above)), "specific": whole(len(below))}
    return (
        ngettext(
            "%(general)s general-purpose and %(specific)s task-specific models, %(n)s pair",
            "%(general)s general-purpose and %(specific)s task-specific models, %(n)s pairs",
            pairs,
        )
        % words
    )


@register.filter
def answer_forms(row: ComparisonRow) -> str:
    """In which unlike forms the two kinds answer, in the reader's language."""
    general, specific = (
        AnswerForm(side.answers[0]).label
        if len(side.answers) == 1
        else gettext("extract or generate their answers")
        for side in row.sides
    )
    return gettext(
        "Different jobs: general-purpose models %(general)s, task-specific models %(specific)s."
    ) % {"general": general, "specific": specific}
