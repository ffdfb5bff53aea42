"""A platform's answer to which suites it hands out (`/api/v1/suites/`): never signed, so unknown fields are ignored.

What is fetched is checked against the digest that stands here, and a result names that digest.
"""

from __future__ import annotations

from joulemark.record.codec import Record
from joulemark.record.field_types import Sha256, Slug, Word
from joulemark.record.statement import Count, Time


class OfferedSuite(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A pinned suite, the `current` version of its name or a former one. Sizes in bytes, None where not known.

    `cells` are its jobs and `runnable_cells` those of them for which the hub gave all.
    """

    name: Slug
    version: Word
    title: Word
    digest: Sha256
    current: bool
    cells: Count
    runnable_cells: Count
    archive_bytes: Count
    pinned_at: Time
    weights_bytes: Count | None = None
    data_bytes: Count | None = None


class UnpinnedSuite(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A suite of the platform's software of which it has no pinned version, so that no result of it is taken."""

    name: Slug
    version: Word
    title: Word
    cells: Count


class SuiteOffers(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Every suite that a platform hands out, in the order of pinning, and those that it could pin."""

    suites: tuple[OfferedSuite, ...]
    unpinned: tuple[UnpinnedSuite, ...] = ()

    def current(self, name: str) -> OfferedSuite | None:
        """The current version of the suite of this name, None where none is handed out."""
        return next((suite for suite in self.suites if suite.name == name and suite.current), None)

    def version(self, name: str, version: str) -> OfferedSuite | None:
        """The suite of this name and version, or of a digest that begins with `version` (8 digits at least)."""
        return next(
            (
                suite
                for suite in self.suites
                if suite.name == name
                and (suite.version == version or (len(version) >= 8 and suite.digest.startswith(version)))
            ),
            None,
        )
