"""The suites of this platform: those inside the software, and the pinned copies that its operator has added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from joulemark.suite import load_suite, suite_names

if TYPE_CHECKING:
    from joulemark.suite import Suite


def known_suites() -> dict[str, Suite]:
    """Every suite by its digest, the operator's last: what a pinned copy says of a data set or model then stands.

    Each is read once a process: those of the software at first use, those of JOULEMARK_SUITES at start.
    """
    every = (*map(load_suite, suite_names()), *settings.SUITES)
    return {suite.digest: suite for suite in every}


def pinned_copies(suite: Suite) -> list[Suite]:
    """The other suites here that are `suite` with its revisions fixed, in order of version."""
    copies = [
        other
        for other in known_suites().values()
        if other.name == suite.name and other.digest != suite.digest and other.is_pinned
    ]
    return sorted(copies, key=lambda copy: copy.version)
