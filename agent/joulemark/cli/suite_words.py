"""A suite's revisions, sizes and obstacles in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.suite import Suite


def revisions_in_words(suite: Suite) -> str:
    """Whether they are pinned."""
    return _("pinned") if suite.is_pinned else _("not pinned")


def gigabytes_in_words(size_bytes: int | None) -> str:
    """In GB; `?` where the size is not known."""
    return "?" if size_bytes is None else _("{value:.2f} GB").format(value=size_bytes / 1e9)


def obstacles_in_words(sentences: Iterable[str | None]) -> list[str]:
    """Why cells do not run, each reason once with the number of its cells."""
    counts = Counter(sentence for sentence in sentences if sentence is not None)
    return [
        ngettext(
            "{number} job does not run. {sentence}", "{number} jobs do not run. {sentence}", number
        ).format(number=number, sentence=sentence)
        for sentence, number in counts.items()
    ]
