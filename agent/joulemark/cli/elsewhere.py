"""Results in the outbox that are for another platform than the one that is asked."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.config import Config
    from joulemark.errors import NothingToDo
    from joulemark.outbox import Kept


def results_elsewhere(config: Config, results: Iterable[Kept]) -> dict[str, int]:
    """How many of these results are for which other platform, by its origin; most of them first."""
    audiences = Counter(result.bundle.statement().predicate.audience for result in results)
    return {origin: count for origin, count in audiences.most_common() if origin != config.origin}


def elsewhere_in_words(elsewhere: dict[str, int]) -> str:
    """How many results are kept for other platforms, and how to see them."""
    count = sum(elsewhere.values())
    return ngettext(
        "{count} result is kept for another platform ({origins}): set {variable} to that one.",
        "{count} results are kept for other platforms ({origins}): set {variable} to one of them.",
        count,
    ).format(count=count, origins=", ".join(elsewhere), variable="JOULEMARK_PLATFORM")


def no_result_for(config: Config, elsewhere: dict[str, int]) -> NothingToDo:
    """The error of a command that finds nothing for the platform that it asks, and why it is that one."""
    from joulemark.errors import NothingToDo

    if not elsewhere:
        return NothingToDo(
            _("No result for {origin} is in the outbox. Measure something first: `joulemark run`.").format(
                origin=config.origin_in_words
            )
        )
    return NothingToDo(
        _("No result for {origin} is in the outbox. {elsewhere}").format(
            origin=config.origin_in_words, elsewhere=elsewhere_in_words(elsewhere)
        )
    )
