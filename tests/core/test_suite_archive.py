"""An archive of a suite has one encoding: equal files, equal bytes; other bytes are refused or another suite."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from joulemark.suite import BrokenArchive, SuiteError, load_suite, read_archive, suite_names
from joulemark.suite.archive import (
    BLOCK_BYTES,
    MAX_ARCHIVE_BYTES,
    MAX_FILE_BYTES,
    MAX_FILES,
    NAME,
    decode_archive,
    encode_archive,
)
from joulemark.suite.loader import digest_of, files_of, folder_of
from tests.laws import law
from tests.pinned import pinned_files

names = st.from_regex(NAME, fullmatch=True)
contents = st.dictionaries(names, st.binary(max_size=1100), min_size=1, max_size=5)
TINY = pinned_files()
ARCHIVE = encode_archive(TINY)
DIGEST = digest_of(TINY)


@pytest.mark.laws
@law()
@given(contents)
def test_files_come_back_and_the_order_in_which_they_are_given_is_no_matter(
    content: dict[str, bytes],
) -> None:
    archive = encode_archive(content)
    assert decode_archive(archive) == content
    assert encode_archive(dict(reversed(content.items()))) == archive
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert tar.getnames() == sorted(content)
        assert all((member.mtime, member.uid, member.uname) == (0, 0, "") for member in tar)
        files = {name: tar.extractfile(name) for name in tar.getnames()}
        assert {name: file and file.read() for name, file in files.items()} == content


def edits(data: st.DataObject, archive: bytes) -> bytes:
    """The archive with one change of any kind."""
    start = data.draw(st.integers(0, len(archive)))
    end = data.draw(st.integers(start, min(len(archive), start + 3 * BLOCK_BYTES)))
    piece = data.draw(
        st.binary(max_size=8)
        | st.just(bytes(end - start))
        | st.just(archive[start:end] * 2)
        | st.sampled_from([archive[at : at + BLOCK_BYTES] for at in range(0, len(archive), BLOCK_BYTES)])
    )
    return archive[:start] + piece + archive[end:]


@pytest.mark.laws
@law(share=3)
@given(st.data())
def test_whatever_is_changed_is_refused_or_another_suite(data: st.DataObject) -> None:
    changed = edits(data, ARCHIVE)
    assume(changed != ARCHIVE)
    with pytest.raises(BrokenArchive):
        read_archive(changed, digest=DIGEST)
    try:
        content = decode_archive(changed)
    except BrokenArchive:
        return
    assert encode_archive(content) == changed
    assert digest_of(content) != DIGEST


@pytest.mark.laws
@law()
@given(st.binary(max_size=3000))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(BrokenArchive, match=r"\.$"):
        decode_archive(data)


@pytest.mark.laws
@law()
@given(st.data())
def test_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    place, bit = data.draw(st.integers(0, len(ARCHIVE) - 1)), data.draw(st.integers(0, 7))
    flipped = bytearray(ARCHIVE)
    flipped[place] ^= 1 << bit
    with pytest.raises(SuiteError):
        read_archive(bytes(flipped), digest=DIGEST)


def tar(*members: tarfile.TarInfo, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """What Python's tar makes of members, with bytes where a size is stated."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as made:
        for member in members:
            made.addfile(member, io.BytesIO(bytes(member.size)))
    return stream.getvalue()


def member(name: str = "suite.toml", **facts: object) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    for fact, value in facts.items():
        setattr(found, fact, value)
    return found


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "absolute name": (lambda: tar(member("/etc/passwd")), "names a file '/etc/passwd'"),
    "parent folder": (lambda: tar(member("../suite.toml")), "names a file '../suite.toml'"),
    "folder in a name": (lambda: tar(member("a/suite.toml")), "names a file 'a/suite.toml'"),
    "hidden file": (lambda: tar(member(".suite.toml")), "names a file '.suite.toml'"),
    "symbolic link": (lambda: tar(member(type=tarfile.SYMTYPE, linkname="/etc/passwd")), "a symbolic link"),
    "hard link": (lambda: tar(member(type=tarfile.LNKTYPE, linkname="suite.toml")), "a hard link"),
    "device": (lambda: tar(member(type=tarfile.CHRTYPE)), "a device"),
    "pipe": (lambda: tar(member(type=tarfile.FIFOTYPE)), "a pipe"),
    "folder": (lambda: tar(member("suite", type=tarfile.DIRTYPE)), "a folder"),
    "sparse file": (lambda: tar(member(type=tarfile.GNUTYPE_SPARSE)), "a sparse file"),
    "extended header": (
        lambda: tar(member(pax_headers={"comment": "é"}), form=tarfile.PAX_FORMAT),
        "an extended header",
    ),
    "long name": (lambda: tar(member("a" * 101), form=tarfile.GNU_FORMAT), "a long name"),
    "old plain file": (lambda: tar(member(type=tarfile.AREGTYPE)), "no plain file"),
    "owner": (lambda: tar(member(uname="root")), "says more than its name and size"),
    "time": (lambda: tar(member(mtime=1)), "says more than its name and size"),
    "program": (lambda: tar(member(mode=0o755)), "says more than its name and size"),
    "too large a file": (lambda: tar(member(size=MAX_FILE_BYTES + 1)), f"more than {MAX_FILE_BYTES}"),
    "twice": (lambda: ARCHIVE[:-1024] + ARCHIVE, "the file lock.toml twice"),
    "other order": (lambda: _in_order("suite.toml", "lock.toml"), "not in its one encoding"),
    "trailing garbage": (lambda: ARCHIVE + b"#!/bin/sh\n", "not in its one encoding"),
    "trailing zeros": (lambda: ARCHIVE + bytes(BLOCK_BYTES), "not in its one encoding"),
    "no end": (lambda: ARCHIVE[:-BLOCK_BYTES], "not in its one encoding"),
    "cut in a file": (lambda: ARCHIVE[: BLOCK_BYTES + 9], "ends within the file"),
    "cut in a header": (lambda: ARCHIVE[:100], "ends within a header"),
    "too many files": (
        lambda: (
            b"".join(encode_archive({f"f{n:03}": b""})[:-1024] for n in range(MAX_FILES + 1)) + bytes(1024)
        ),
        f"more than {MAX_FILES} files",
    ),
    "too long": (lambda: bytes(MAX_ARCHIVE_BYTES + 1), f"more than {MAX_ARCHIVE_BYTES} bytes"),
    "nothing": (lambda: b"", "no file"),
    "compressed": (lambda: b"\x1f\x8b\x08" + ARCHIVE, "no plain file"),
}


def _in_order(*order: str) -> bytes:
    parts = [encode_archive({name: TINY[name]})[:-1024] for name in order]
    return b"".join(parts) + bytes(1024)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused(kind: str) -> None:
    made, sentence = HOSTILE[kind]
    with pytest.raises(BrokenArchive, match=re.escape(sentence)):
        decode_archive(made())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "no file"),
        ({"a/b": b""}, "'a/b' cannot be handed out"),
        ({".hidden": b""}, "'.hidden' cannot be handed out"),
        ({"é": b""}, "cannot be handed out"),
        ({"a" * 101: b""}, "cannot be handed out"),
        ({"large": bytes(MAX_FILE_BYTES + 1)}, f"more than {MAX_FILE_BYTES} bytes"),
        ({f"{n}": b"" for n in range(MAX_FILES + 1)}, f"at most {MAX_FILES}"),
        ({f"{n}": bytes(MAX_FILE_BYTES) for n in range(2)}, f"more than {MAX_ARCHIVE_BYTES} bytes together"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_could_not_be_read_is_not_written(content: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(BrokenArchive, match=re.escape(sentence)):
        encode_archive(content)


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_of_the_software_comes_back_the_same(name: str) -> None:
    assert read_archive(encode_archive(files_of(folder_of(name)))) == load_suite(name)


def test_a_short_file_may_not_name_endless_jobs() -> None:
    """Twenty kilobytes of names make a product that no memory holds."""
    manifest = (
        TINY["suite.toml"].decode().replace('datasets = ["prose", "verse"]', f"datasets = {['prose'] * 5000}")
    )
    manifest = manifest.replace('models = ["writer"]', f"models = {['writer'] * 5000}").replace("'", '"')
    with pytest.raises(SuiteError, match="25000000 jobs, more than 100000"):
        read_archive(encode_archive({**TINY, "suite.toml": manifest.encode()}))
