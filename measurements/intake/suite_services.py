"""Handing a suite out: archive, catalogue rows and the leaf of the log are written together, or none of them is.

Idempotent by the suite's digest: the same files, one row and one leaf.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from joulemark.suite import SuiteError, read_archive, require_pinned
from joulemark.suite.archive import decode_archive
from joulemark.suite.loader import digest_of
from measurements.catalog.models import PinnedSuite
from measurements.catalog.services import load_suite_catalog
from measurements.catalog.suite_address import address_fault
from measurements.ledger.log_facts import Recorded
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.services import append_leaf

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from joulemark.suite import Suite
    from measurements.ledger.facts import RowFacts


class NotHandedOut(Exception):
    """A suite cannot be handed out; `str(error)` says why and what to do."""


def hand_out_suite(*, archive: bytes) -> tuple[PinnedSuite, bool]:
    """(row, created): store the archive of a pinned suite, which is the current version of its name from then on.

    Raises NotHandedOut for an archive, a suite or a name that cannot be handed out.
    """
    try:
        suite = require_handed_out(read_archive(archive))
    except SuiteError as error:
        raise NotHandedOut(str(error)) from error
    try:
        with transaction.atomic():
            row = _row_of(suite)
            return (row, False) if row else (_create(suite, archive), True)
    except IntegrityError:  # another process has handed it out this moment
        row = _row_of(suite)
        if row is None:
            raise
        return row, False
    except (
        DataError,
        ValueError,
    ) as error:  # a text that no column holds, or a version known with other files
        raise NotHandedOut(str(error)) from error


def require_handed_out(suite: Suite) -> Suite:
    """The suite, once it may be handed out. Raises NotHandedOut, or NotPinned."""
    require_pinned(suite)
    if fault := address_fault(suite):
        raise NotHandedOut(f"The suite {fault}")
    if all(suite.obstacle(job) is not None for job in suite.jobs):
        raise NotHandedOut(
            f"None of the {len(suite.jobs)} jobs of suite {suite.name} {suite.version} can run. Set HF_TOKEN where "
            "the hub wants consent, and pin it again."
        )
    return suite


def _row_of(suite: Suite) -> PinnedSuite | None:
    return PinnedSuite.objects.in_order().filter(suite__digest=suite.digest).first()


def _create(suite: Suite, archive: bytes) -> PinnedSuite:
    row = PinnedSuite(
        suite=load_suite_catalog(suite),
        archive=archive,
        archive_sha256=hashlib.sha256(archive).hexdigest(),
        archive_bytes=len(archive),
        pinned_at=timezone.now(),
    )
    append_leaf(kind=LeafKind.SUITE_PINNED, subject=suite.digest, facts=suite_facts(row), at=row.pinned_at)
    row.save(force_insert=True)
    return row


def suite_facts(row: PinnedSuite) -> RowFacts:
    """The facts of a suite beside its digest, which is over its files: its name, and its archive's digest and size."""
    return {
        "name": row.suite.name,
        "version": row.suite.version,
        "archive_sha256": row.archive_sha256,
        "archive_bytes": row.archive_bytes,
        "at": row.pinned_at,
    }


def read_suites(leaves: Collection[Leaf]) -> Mapping[int, Recorded]:
    """Suites as they are now: digests and sizes out of the stored bytes, not out of the columns beside them."""
    by_subject = {leaf.subject: leaf.pk for leaf in leaves}
    recorded: dict[int, Recorded] = {}
    rows = PinnedSuite.objects.filter(suite__digest__in=by_subject).select_related("suite")
    for row in rows.iterator(chunk_size=1):
        archive = bytes(row.archive)
        sha256 = hashlib.sha256(archive).hexdigest()
        facts = {**suite_facts(row), "archive_sha256": sha256, "archive_bytes": len(archive)}
        if (row.archive_sha256, row.archive_bytes) != (sha256, len(archive)):
            facts["stated_sha256"] = row.archive_sha256
        recorded[by_subject[row.suite.digest]] = Recorded(_digest_in(archive) or sha256, facts)
    return recorded


def _digest_in(archive: bytes) -> str | None:
    """The digest of the suite in the archive; None for other bytes than an archive has."""
    try:
        return digest_of(decode_archive(archive))
    except SuiteError:
        return None
