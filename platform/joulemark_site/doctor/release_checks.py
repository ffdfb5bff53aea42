"""Releases: whether the table of them and the list in their folder or bucket say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError

from joulemark.record.errors import RecordError
from joulemark_site.doctor.finding import Check, NotAsked, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark_site.doctor.finding import Finding


def listed_releases() -> Iterator[Finding]:
    """Every release is both in the table and in releases.json, under one manifest."""
    from measurements.releases.lost_releases import compare_with_root

    place = settings.RELEASES_URL
    try:
        difference = compare_with_root()
    except DatabaseError as reason:
        raise NotAsked("the tables cannot be read") from reason
    except RecordError as reason:
        yield error(
            "JM-RELEASES-LIST",
            place,
            f"releases.json is damaged: {reason}",
            "Restore the file from a copy of the folder of the releases.",
        )
        return
    except Exception as reason:  # folders and buckets raise what they like; the check is skipped, and says so
        raise NotAsked(f"the place of the releases does not answer ({type(reason).__name__})") from reason
    if difference.without_row:
        yield warning(
            "JM-RELEASES-UNKNOWN",
            place,
            f"Releases are in releases.json and on no page of this platform: {_named(difference.without_row)}.",
            "After a restore run `manage.py resume_log`, then `manage.py restore_releases`.",
        )
    if difference.not_listed:
        yield error(
            "JM-RELEASES-UNLISTED",
            place,
            f"Releases were published and releases.json does not name them: {_named(difference.not_listed)}.",
            "Restore the folder of the releases from its copy; JOULEMARK_RELEASES_DIR or _BUCKET may name another one.",
        )
    if difference.other_manifest:
        yield error(
            "JM-RELEASES-OTHER",
            place,
            f"releases.json names other manifests than the log: {_named(difference.other_manifest)}.",
            "Restore the folder of the releases from its copy, and find out who can write into it.",
        )


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


CHECKS = [Check("releases", listed_releases)]
