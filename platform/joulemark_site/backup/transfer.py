"""A backup as one tar file at an HTTP address: sent with PUT, fetched with GET."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from joulemark_site.backup.errors import BackupError

TIMEOUT = httpx.Timeout(60.0, connect=10.0)


def is_address(place: str) -> bool:
    """Whether a place is an HTTP address, and not a folder."""
    return place.startswith(("http://", "https://"))


def send(folder: Path, address: str, *, token: str = "") -> str:
    """Put the backup in `folder` to `address`/NAME.tar; that address. Raises BackupError."""
    target = f"{address.rstrip('/')}/{folder.name}.tar"
    with tempfile.TemporaryFile(dir=folder.parent) as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            tar.add(folder, arcname=folder.name)
        size = file.tell()
        file.seek(0)
        try:
            answer = httpx.put(
                target,
                content=iter(lambda: file.read(1024 * 1024), b""),
                headers={**_authorization(token), "Content-Length": str(size)},
                timeout=TIMEOUT,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BackupError(
                "JM-BACKUP-SEND", f"{target} gives no answer ({error!r}); send it again."
            ) from error
    if not answer.is_success:
        raise BackupError("JM-BACKUP-SEND", f"{target} answers {answer.status_code}; see its own log.")
    return target


@contextmanager
def fetched(address: str, *, token: str = "") -> Iterator[Path]:
    """The folder of the backup at `address`, which ends with the block. Raises BackupError."""
    with tempfile.TemporaryDirectory(prefix="joulemark-restore-") as name:
        folder = Path(name)
        _download(address, folder / "backup.tar", token)
        try:
            with tarfile.open(folder / "backup.tar") as tar:
                tar.extractall(folder / "backup", filter="data")
        except (tarfile.TarError, OSError) as error:
            raise BackupError("JM-BACKUP-DAMAGED", f"{address} is no backup ({error}).") from error
        inside = list((folder / "backup").iterdir())
        if len(inside) != 1:
            raise BackupError(
                "JM-BACKUP-DAMAGED", f"{address} holds {len(inside)} folders instead of a backup."
            )
        yield inside[0]


def _download(address: str, target: Path, token: str) -> None:
    try:
        with (
            target.open("wb") as file,
            httpx.stream("GET", address, headers=_authorization(token), timeout=TIMEOUT) as answer,
        ):
            if not answer.is_success:
                raise BackupError("JM-BACKUP-FETCH", f"{address} answers {answer.status_code}.")
            for chunk in answer.iter_bytes():
                file.write(chunk)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise BackupError("JM-BACKUP-FETCH", f"{address} cannot be fetched ({error!r}).") from error


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
