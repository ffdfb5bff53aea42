"""What pages say of suites: which can be run here, each with its command, and which wait for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.answer_cache.version_memo import while_unchanged
from measurements.catalog.sources import PINNED_SUITES
from measurements.catalog.suites import current_digests, known_suite, unpinned_suites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.suite import Suite


@dataclass(frozen=True, kw_only=True)
class SuiteHints:
    """`current` are the versions that agents run when they are given a name; `waiting` can be run by nobody here."""

    current: list[Suite]
    waiting: list[Suite]


def suite_hints() -> SuiteHints:
    """As they are now: pinning changes it without a restart."""
    digests = _handed_out()
    suites = (known_suite(digest) for digest in digests.values())
    return SuiteHints(
        current=[suite for suite in suites if suite is not None], waiting=unpinned_suites(digests)
    )


@while_unchanged(PINNED_SUITES)
def _handed_out() -> Mapping[str, str]:
    """By name the digest of each suite that is handed out; pages alone remember it, not what receives results."""
    return current_digests()
