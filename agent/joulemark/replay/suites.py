"""The suites by which results are judged: those of the agent and those that are in the release, by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.replay.faults import NOT_READ
from joulemark.suite import SuiteError, load_suite, read_archive, suite_names

if TYPE_CHECKING:
    from joulemark.reader.release import OpenRelease
    from joulemark.suite import Suite


class ReleaseSuites:
    """Suites by digest; one of the release is read when it is first asked for. `faults` says which cannot be read."""

    def __init__(self, release: OpenRelease) -> None:
        self._release = release
        self._files = {file.digest: file for file in release.manifest.suites}
        self._read: dict[str, Suite] = {suite.digest: suite for suite in map(load_suite, suite_names())}
        self.faults: dict[str, str] = {}

    def find(self, digest: str) -> Suite | None:
        """The suite with this digest, None where there is none that can be read."""
        if digest not in self._read and digest in self._files and digest not in self.faults:
            try:
                data = self._release.root.fetched(self._files[digest]).read_bytes()
                self._read[digest] = read_archive(data, digest=digest)
            except (*NOT_READ, SuiteError) as error:
                self.faults[digest] = str(error)
        return self._read.get(digest)
