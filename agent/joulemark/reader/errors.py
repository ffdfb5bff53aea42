"""Why a release, or a file of it, cannot be read."""

from __future__ import annotations

from joulemark.errors import NotVerified, Unreachable, UsageError


class NoRelease(UsageError):
    """There is no release here, or none of that name."""

    code = "JM-RELEASE-NONE"


class FileMissing(Unreachable):
    """A file of the release is not where the manifest says, or its address gives no usable answer."""

    code = "JM-REPLAY-FILE"


class FileAbsent(FileMissing):
    """A folder does not have a file of its release: that is so however often it is asked."""


class FileChanged(NotVerified):
    """A file of the release is not the one that the manifest names."""

    code = "JM-REPLAY-SUM"


FILE_FAULTS = (FileAbsent, FileChanged)
"""What is wrong with a release itself, not with this machine or with a connection."""


class LibraryMissing(UsageError):
    """Tables are read by pyarrow, which is not installed."""

    code = "JM-RELEASE-LIBRARY"
