"""Suites that platforms hand out, on this machine: archives by digest, and what each platform offered last."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from joulemark.record.field_types import Word
from joulemark.record.statement import Time
from joulemark.record.suite_offers import SuiteOffers
from joulemark.suite.archive import MAX_ARCHIVE_BYTES, decode_archive
from joulemark.suite.errors import SuiteError
from joulemark.suite.loader import digest_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from joulemark.config import Folders


class RememberedOffers(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What the platform at `origin` offered when it was asked last."""

    origin: Word
    asked_at: Time
    offers: SuiteOffers


def remember_offers(folders: Folders, *, origin: str, offers: SuiteOffers, asked_at: datetime) -> None:
    """Keep what a platform offers, in place of what it offered before. Raises StorageError."""
    remembered = RememberedOffers(origin=origin, asked_at=asked_at, offers=offers)
    durable.write(_offers_file(folders, origin), encode(remembered) + b"\n")


def remembered_offers(folders: Folders, origin: str) -> RememberedOffers | None:
    """What the platform offered last; None where it was not asked yet, or its file is damaged: it is asked again."""
    try:
        remembered = decode(
            _offers_file(folders, origin).read_bytes(), RememberedOffers, what="stored offers"
        )
    except (OSError, RecordError):
        return None
    return remembered if remembered.origin == origin else None


def all_offers(folders: Folders) -> list[RememberedOffers]:
    """What each platform offered last; files that cannot be read are passed over, as if it had not been asked."""
    offers = []
    for path in sorted(folders.suites.glob("offers-*.json")):
        with suppress(OSError, RecordError):
            offers.append(decode(path.read_bytes(), RememberedOffers, what="stored offers"))
    return offers


def store_archive(folders: Folders, *, digest: str, archive: bytes) -> None:
    """Keep the archive of a suite, whose digest was checked. Raises StorageError."""
    durable.write(_archive_file(folders, digest), archive)


def stored_files(folders: Folders, digest: str) -> dict[str, bytes] | None:
    """The files of the stored suite with this digest; None where it is not here, or not whole any more."""
    try:
        with _archive_file(folders, digest).open("rb") as stream:
            content = decode_archive(stream.read(MAX_ARCHIVE_BYTES + 1))
    except (OSError, SuiteError):
        return None
    return content if digest_of(content) == digest else None


def _archive_file(folders: Folders, digest: str) -> Path:
    return folders.suites / f"{digest}.tar"


def _offers_file(folders: Folders, origin: str) -> Path:
    return folders.suites / f"offers-{hashlib.sha256(origin.encode()).hexdigest()[:32]}.json"
