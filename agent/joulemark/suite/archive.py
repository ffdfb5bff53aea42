"""A suite's files as one archive: plain ustar with exactly one encoding, so that equal files make equal bytes.

Files stand in order of their names, with the mode 0644 and without times, owners, folders, links or extensions; two
blocks of zeros end it. The reader encodes what it has read and compares: an archive is in that one encoding, or it is
refused. So whatever is changed in an archive is refused, or is another suite with another digest.

Source of the format: POSIX.1-1988 (ustar), as in the manual pages of tar(5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from joulemark.suite.errors import BrokenArchive
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK_BYTES = 512
MAX_FILES = 64
MAX_FILE_BYTES = 8 * 1024 * 1024
MAX_ARCHIVE_BYTES = 16 * 1024 * 1024
"""The largest archive that is written, served or read, headers and padding included."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
"""What a file of a suite may be called: no folder, no hidden file, nothing that a file system reads otherwise."""
END = bytes(2 * BLOCK_BYTES)

_SIZE = slice(124, 136)
_CHECKSUM = slice(148, 156)
_TYPE_AT = 156
SOMETHING = marked("something")
_KINDS = {
    b"1": marked("a hard link"),
    b"2": marked("a symbolic link"),
    b"3": marked("a device"),
    b"4": marked("a device"),
    b"5": marked("a folder"),
    b"6": marked("a pipe"),
    b"S": marked("a sparse file"),
    b"x": marked("an extended header"),
    b"g": marked("an extended header"),
    b"L": marked("a long name"),
    b"K": marked("a long name"),
}


def encode_archive(content: Mapping[str, bytes]) -> bytes:
    """The archive of files by name. Raises BrokenArchive for a name or size that no suite's archive may have."""
    _check_limits(content)
    parts: list[bytes] = []
    for name in sorted(content):
        data = content[name]
        parts += (_header(name, len(data)), data, bytes(-len(data) % BLOCK_BYTES))
    archive = b"".join((*parts, END))
    if len(archive) > MAX_ARCHIVE_BYTES:
        raise BrokenArchive(
            _("The files of the suite make more than {max_archive_bytes} bytes together.").format(
                max_archive_bytes=MAX_ARCHIVE_BYTES
            )
        )
    return archive


def decode_archive(archive: bytes) -> dict[str, bytes]:
    """The files of an archive by name. Raises BrokenArchive unless it is just as `encode_archive` writes them.

    What it costs is bounded before anything is read: the archive's own length, and the number of its files.
    """
    if len(archive) > MAX_ARCHIVE_BYTES:
        raise BrokenArchive(
            _("The archive has more than {max_archive_bytes} bytes.").format(
                max_archive_bytes=MAX_ARCHIVE_BYTES
            )
        )
    content: dict[str, bytes] = {}
    start = 0
    while any(header := archive[start : start + BLOCK_BYTES]):
        name, size = _read_header(header)
        if name in content:
            raise BrokenArchive(_("The archive has the file {name} twice.").format(name=name))
        if len(content) == MAX_FILES:
            raise BrokenArchive(_("The archive has more than {max_files} files.").format(max_files=MAX_FILES))
        start += BLOCK_BYTES
        content[name] = archive[start : start + size]
        if len(content[name]) != size:
            raise BrokenArchive(_("The archive ends within the file {name}.").format(name=name))
        start += size + -size % BLOCK_BYTES
    if encode_archive(content) != archive:
        raise BrokenArchive(
            _(
                "The archive is not in its one encoding: files in order of name, zeros between and two blocks"
                " of zeros at the end, with nothing behind them."
            )
        )
    return content


def _check_limits(content: Mapping[str, bytes]) -> None:
    if not content:
        raise BrokenArchive(_("There is no file."))
    if len(content) > MAX_FILES:
        raise BrokenArchive(
            _("There are {count} files, and a suite has at most {max_files}.").format(
                count=len(content), max_files=MAX_FILES
            )
        )
    for name, data in content.items():
        if not NAME.fullmatch(name):
            raise BrokenArchive(
                _(
                    "The file {name!a} cannot be handed out: a file of a suite is called by at most 100 letters A"
                    " to z, digits, dots, dashes and underscores, and begins with a letter or digit. Rename it, "
                    "or take it out."
                ).format(name=name)
            )
        if len(data) > MAX_FILE_BYTES:
            raise BrokenArchive(
                _("The file {name} has more than {max_file_bytes} bytes.").format(
                    name=name, max_file_bytes=MAX_FILE_BYTES
                )
            )


def _read_header(header: bytes) -> tuple[str, int]:
    """Name and size of the file behind `header`, which is as we write it. Raises BrokenArchive."""
    if len(header) < BLOCK_BYTES:
        raise BrokenArchive(_("The archive ends within a header."))
    kind = header[_TYPE_AT : _TYPE_AT + 1]
    if kind != b"0":
        raise BrokenArchive(
            _("The archive holds what is no plain file: {kind}.").format(kind=_(_KINDS.get(kind, SOMETHING)))
        )
    name = header[:100].rstrip(b"\0").decode("ascii", errors="replace")
    digits = header[_SIZE].removesuffix(b"\0")
    if not NAME.fullmatch(name):
        raise BrokenArchive(
            _("The archive names a file {name!a}, which no file of a suite may be called.").format(name=name)
        )
    if not re.fullmatch(rb"[0-7]{11}", digits):
        raise BrokenArchive(_("The archive states no size of {name}.").format(name=name))
    size = int(digits, 8)
    if size > MAX_FILE_BYTES:
        raise BrokenArchive(
            _("The archive states {size} bytes of {name}, more than {max_file_bytes}.").format(
                size=size, name=name, max_file_bytes=MAX_FILE_BYTES
            )
        )
    if _header(name, size) != header:
        raise BrokenArchive(
            _("The header of {name} says more than its name and size, or its checksum is wrong.").format(
                name=name
            )
        )
    return name, size


def _header(name: str, size: int) -> bytes:
    """The ustar header of a plain file: its fields in order, each as wide as the format has it."""
    fields = (
        (name.encode("ascii"), 100),
        (b"0000644", 8),  # mode
        (b"0000000", 8),  # owner
        (b"0000000", 8),  # group
        (b"%011o" % size, 12),
        (b"00000000000", 12),  # time of change
        (b" " * 8, 8),  # checksum, counted as spaces
        (b"0", 1),  # a plain file
        (b"", 100),  # link
        (b"ustar\0" + b"00", 8),
        (b"", 32),  # owner's name
        (b"", 32),  # group's name
        (b"0000000", 8),  # device
        (b"0000000", 8),
        (b"", 155),  # prefix of the name
    )
    header = bytearray(
        b"".join(value.ljust(width, b"\0") for value, width in fields).ljust(BLOCK_BYTES, b"\0")
    )
    header[_CHECKSUM] = b"%06o\0 " % sum(header)
    return bytes(header)
