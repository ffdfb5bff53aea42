"""What pages say of suites: which can be run here, each with its command, and which wait for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from measurements.catalog.suite_contents import shown_digests
from measurements.catalog.suites import known_suite, unpinned_suites

if TYPE_CHECKING:
    from joulemark.suite import Suite


@dataclass(frozen=True, kw_only=True)
class SuiteHints:
    """`current` are the versions that agents run when they are given a name; `waiting` can be run by nobody here."""

    current: list[Suite]
    waiting: list[Suite]


def suite_hints() -> SuiteHints:
    """As they are now: pinning changes it without a restart."""
    digests = shown_digests()
    suites = (known_suite(digest) for digest in digests.values())
    return SuiteHints(
        current=[suite for suite in suites if suite is not None], waiting=unpinned_suites(digests)
    )
