"""Archives that hold bytes as they were received or pinned: bundles of a range, and suites."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from joulemark.release import layout
from joulemark.release.manifest import SuiteFile
from measurements.catalog.models import PinnedSuite
from measurements.releases.staging import Staging

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self


class BundleArchive:
    """A tar archive of bundles. Of the same bundles it always has the same bytes: no times, no owners."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def __enter__(self) -> Self:
        self._tar = tarfile.open(self.path, "w", format=tarfile.USTAR_FORMAT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tar.close()

    def add(self, result_id: str, data: bytes) -> None:
        """Add one bundle's bytes."""
        member = tarfile.TarInfo(layout.bundle_member(result_id))
        member.size = len(data)
        member.mode = 0o644
        self._tar.addfile(member, io.BytesIO(data))
        self.count += 1


def store_suites(staging: Staging) -> tuple[SuiteFile, ...]:
    """Store the suites that the platform hands out, whose bytes never change, unless they are there."""
    files = []
    for row in PinnedSuite.objects.select_related("suite").order_by("suite__digest").iterator(1):
        path = layout.suite_path(row.suite.digest)
        file = staging.place(path)
        file.write_bytes(bytes(row.archive))
        stored = staging.store(file, lambda _sha256, path=path: path)  # type: ignore[misc]  # binds the loop's path
        files.append(
            SuiteFile(
                path=stored.path,
                bytes=stored.bytes,
                sha256=stored.sha256,
                suite=row.suite.name,
                version=row.suite.version,
                digest=row.suite.digest,
            )
        )
    return tuple(files)
