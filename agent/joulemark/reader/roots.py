"""Where releases lie: a folder, or an address whose files are downloaded once, verified, into a folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from joulemark.errors import StorageError
from joulemark.reader.errors import FileAbsent, FileChanged, FileMissing, NoRelease
from joulemark.release.layout import RELEASES, is_release_path
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.release.manifest import StoredFile

BLOCK_BYTES = 1 << 20
MOST_OWN_BYTES = 64 * 1024 * 1024
"""The largest file of a release's own folder."""
TRIES = 3
TIMEOUT_S = 60.0


class Root(Protocol):
    """A folder of releases, wherever it is."""

    @property
    def name(self) -> str:
        """What to call it."""

    def read(self, path: str) -> bytes:
        """The bytes of `releases.json` or of a file of a release's own folder. Raises FileMissing."""

    def fetched(self, file: StoredFile) -> Path:
        """A file of a release on this machine; a download has the digest of `file`. Raises FileMissing, FileChanged."""


class FolderRoot:
    """A folder on this machine. Nothing is written to it; who reads a file verifies it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """The folder as it was given."""
        return str(self.folder)

    def read(self, path: str) -> bytes:
        """The bytes of a small file. Raises FileAbsent."""
        try:
            return self._place(path).read_bytes()
        except OSError as error:
            raise _absent(self.name, path, error) from error

    def fetched(self, file: StoredFile) -> Path:
        """The file where it lies. Raises FileAbsent."""
        place = self._place(file.path)
        if not place.is_file():
            raise _absent(self.name, file.path, None)
        return place

    def _place(self, path: str) -> Path:
        if path != RELEASES and not is_release_path(path):
            raise _absent(self.name, path, None)
        return self.folder / path


class HttpRoot:
    """A file server. What is immutable is downloaded once into `cache` and verified by its digest before it is used."""

    def __init__(self, address: str, cache: Path) -> None:
        self.address = address.rstrip("/") + "/"
        self.cache = cache / hashlib.sha256(self.address.encode()).hexdigest()[:16]
        self._client: Any = None
        self._verified: set[StoredFile] = set()

    @property
    def name(self) -> str:
        """The address."""
        return self.address

    def read(self, path: str) -> bytes:
        """The bytes of a small file, downloaded each time. Raises FileMissing."""
        data = bytearray()
        self._download(path, data.extend, most_bytes=MOST_OWN_BYTES)
        return bytes(data)

    def fetched(self, file: StoredFile) -> Path:
        """The file in the cache, downloaded unless it is there with this digest, which a process reads once.

        Raises FileMissing or FileChanged, or StorageError where the cache cannot be written.
        """
        place = self.cache / file.path
        if file not in self._verified:
            try:
                if not _is_the_one(place, file):
                    self._fetch(file, place)
            except OSError as error:
                raise StorageError(
                    _("{path} cannot be written: {why}.").format(path=place, why=error.strerror or error)
                ) from error
            self._verified.add(file)
        return place

    def _fetch(self, file: StoredFile, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.{os.getpid()}.part")
        digest = hashlib.sha256()
        try:
            with draft.open("wb") as out:

                def write(block: bytes) -> None:
                    digest.update(block)
                    out.write(block)

                self._download(file.path, write, most_bytes=file.bytes)
            if digest.hexdigest() != file.sha256 or draft.stat().st_size != file.bytes:
                raise changed(file.path)
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)

    def _download(self, path: str, write: Any, *, most_bytes: int) -> None:
        if path != RELEASES and not is_release_path(path):
            raise _missing(self.name, path, None)
        import httpx

        if self._client is None:
            self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=True)
        try:
            with self._client.stream("GET", self.address + path) as answer:
                answer.raise_for_status()
                n_bytes = 0
                for block in answer.iter_bytes(BLOCK_BYTES):
                    n_bytes += len(block)
                    if n_bytes > most_bytes:
                        raise changed(path)
                    write(block)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _missing(self.name, path, error) from error


def root_of(path_or_url: str | os.PathLike[str], *, cache: Path | None = None) -> Root:
    """The root at a folder or an http(s) address. Raises NoRelease for a folder that is none."""
    text = os.fspath(path_or_url)
    if text.startswith(("http://", "https://")):
        return HttpRoot(text, cache or _cache())
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise NoRelease(_("{folder} is no folder. Give the folder or the address that has releases.json.").format(
            folder=folder
        ))  # fmt: skip
    return FolderRoot(folder)


def sha256_of(place: Path) -> str:
    """The digest (hex) of a file's bytes, read block by block. Raises OSError."""
    digest = hashlib.sha256()
    with place.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _is_the_one(place: Path, file: StoredFile) -> bool:
    """Whether what lies there has the size and the digest of `file`. A tile's path says neither."""
    return place.is_file() and place.stat().st_size == file.bytes and sha256_of(place) == file.sha256


def changed(path: str) -> FileChanged:
    """The error of a file whose bytes are not those that the manifest names."""
    return FileChanged(
        _("{path} is not the file that the manifest names: its SHA-256 differs. Copy it once more.").format(
            path=path
        )
    )


def _missing(root: str, path: str, why: Exception | None) -> FileMissing:
    return FileMissing(_not_read(root, path, why))


def _absent(root: str, path: str, why: Exception | None) -> FileAbsent:
    return FileAbsent(_not_read(root, path, why))


def _not_read(root: str, path: str, why: Exception | None) -> str:
    return _("{path} cannot be read from {root}: {why}.").format(
        path=path, root=root, why=getattr(why, "strerror", None) or why or _("it is not there")
    )


def _cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("joulemark") / "releases"
