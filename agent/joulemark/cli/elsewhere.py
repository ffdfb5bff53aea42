"""Results in the outbox that belong to another platform than the configured one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.config import Config
    from joulemark.errors import NothingToDo
    from joulemark.outbox import OutboxResult


def results_elsewhere(config: Config, results: Iterable[OutboxResult]) -> dict[str, int]:
    """The number of these results for each other platform, by its origin, the most frequent first."""
    audiences = Counter(result.bundle.statement().predicate.audience for result in results)
    return {origin: count for origin, count in audiences.most_common() if origin != config.origin}


def elsewhere_in_words(elsewhere: dict[str, int]) -> str:
    """How many results are kept for other platforms, and how to see them."""
    count = sum(elsewhere.values())
    return ngettext(
        "{count} result is stored for another platform ({origins}): set {variable} to send it.",
        "{count} results are stored for other platforms ({origins}): set {variable} to one of them.",
        count,
    ).format(count=count, origins=", ".join(elsewhere), variable="JOULEMARK_PLATFORM")


def no_result_for(config: Config, elsewhere: dict[str, int]) -> NothingToDo:
    """The error of a command that has no result for the configured platform; it names where that setting comes from."""
    from joulemark.errors import NothingToDo

    if not elsewhere:
        return NothingToDo(
            _("The outbox has no result for {origin}. Measure something first: `joulemark run`.").format(
                origin=config.origin_in_words
            )
        )
    return NothingToDo(
        _("The outbox has no result for {origin}. {elsewhere}").format(
            origin=config.origin_in_words, elsewhere=elsewhere_in_words(elsewhere)
        )
    )
