"""The suites of this platform: those inside the software, those that it hands out, and the operator's folders."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings

from joulemark.suite import SuiteError, load_suite, read_archive, suite_names
from measurements.catalog.models import PinnedSuite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.db.models import QuerySet

    from joulemark.suite import Suite

logger = logging.getLogger(__name__)

_stored: dict[str, Suite] = {}
"""Suites out of the database by digest, each read once a process: a pinned suite is never edited."""


def known_suites() -> dict[str, Suite]:
    """Every suite by its digest, the operator's last: what a pinned copy says of a data set or model then stands.

    Those of the software are read at first use, those of JOULEMARK_SUITES at start. Which are handed out is asked of
    the database each time, so that a running process knows what was pinned since it started.
    """
    pinned = list(PinnedSuite.objects.in_order().values_list("suite__digest", flat=True))
    software = {suite.digest: suite for suite in map(load_suite, suite_names())}
    if unread := [digest for digest in pinned if digest not in software and digest not in _stored]:
        _read(PinnedSuite.objects.filter(suite__digest__in=unread))
    stored = {digest: _stored[digest] for digest in pinned if digest in _stored}
    return software | stored | {suite.digest: suite for suite in settings.SUITES}


def known_suite(digest: str) -> Suite | None:
    """The suite with this digest, None where this platform has none. The database is asked until it has the suite."""
    return _find_suite(lambda suite: suite.digest == digest, suite__digest=digest)


def suite_of_version(name: str, version: str) -> Suite | None:
    """The same by name and version."""
    return _find_suite(
        lambda suite: (suite.name, suite.version) == (name, version),
        suite__name=name,
        suite__version=version,
    )


def _find_suite(is_meant: Callable[[Suite], bool], **where: str) -> Suite | None:
    """The suite that is meant: one that this process has read, else out of the rows that fit `where`."""
    read = (*map(load_suite, suite_names()), *settings.SUITES, *_stored.values())
    for suite in read:
        if is_meant(suite):
            return suite
    return next(iter(_read(PinnedSuite.objects.filter(**where))), None)


def current_digests() -> dict[str, str]:
    """By name of each suite that is handed out the digest of its current version: the one that was pinned last."""
    return dict(PinnedSuite.objects.in_order().values_list("suite__name", "suite__digest"))


def unpinned_suites(current: Mapping[str, str] | None = None) -> list[Suite]:
    """The suites of the software that fix no revisions and of which this platform has no pinned version.

    Without those of which this version can run no job: pinning them would hand out nothing.

    `current` is what `current_digests` says, where the caller has asked.
    """
    handed_out = current_digests() if current is None else current
    pinned = {*handed_out, *(suite.name for suite in settings.SUITES)}
    suites = map(load_suite, suite_names())
    waiting = [suite for suite in suites if not suite.is_pinned and suite.name not in pinned]
    return [suite for suite in waiting if any(suite.obstacle(job) is None for job in suite.jobs)]


def pin_advice(suite: Suite) -> str:
    """What the operator must do so that results of an unpinned suite are taken."""
    return (
        f"No version of suite {suite.name} is pinned on this platform, so no result for it can be accepted. Its "
        f"operator pins one with `manage.py pin_suite {suite.name}`."
    )


def pinned_copies(suite: Suite) -> list[Suite]:
    """The other suites here that are `suite` with its revisions fixed, in order of version."""
    copies = [
        other
        for other in known_suites().values()
        if other.name == suite.name and other.digest != suite.digest and other.is_pinned
    ]
    return sorted(copies, key=lambda copy: copy.version)


def _read(rows: QuerySet[PinnedSuite]) -> list[Suite]:
    """Read suites out of the database. An archive that was edited there is no suite any more, and is left out."""
    suites = []
    for row in rows.select_related("suite"):
        digest = row.suite.digest
        try:
            _stored[digest] = read_archive(bytes(row.archive), digest=digest)
            suites.append(_stored[digest])
        except SuiteError as error:
            logger.error(  # noqa: TRY400 - the sentence says it; `manage.py check_log` says the rest
                "JM-SUITE-ARCHIVE the stored archive of suite %s was changed and is not used: %s Restore the database "
                "from a backup; `manage.py check_log` names every row that was changed.",
                row.suite, error,
            )  # fmt: skip
    return suites
