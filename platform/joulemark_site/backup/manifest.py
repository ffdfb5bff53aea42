"""The manifest of a backup: every file with its size and SHA-256, and what the backup is of.

It is written last, so a folder without one is no backup, and checked before a restore touches anything.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from joulemark.record.statement import Time
from joulemark_site.backup.errors import BackupError

NAME = "manifest.json"
Vendor = Literal["postgresql", "sqlite"]
CHUNK_BYTES = 1024 * 1024


class BackupFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of the backup by its path below the folder; `size` in bytes, `sha256` in hex."""

    path: str
    size: int
    sha256: str


class LogState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last checkpoint that the database had: entries and root (hex)."""

    size: int
    root: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the backup is of. `migrations` are all that were applied, `rows` counts the rows of each table."""

    format: Literal["joulemark-backup/1"] = "joulemark-backup/1"
    created_at: Time
    origin: str
    software: str
    database: Vendor
    database_version: str
    migrations: list[str]
    rows: dict[str, int]
    log: LogState | None
    files: list[BackupFile]


def describe(folder: Path, path: Path) -> BackupFile:
    """The entry of a file. Raises OSError."""
    return BackupFile(
        path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=_digest(path)
    )


def files_in(folder: Path) -> list[Path]:
    """All files of a backup but its manifest, sorted. Raises BackupError for anything else than files and folders."""
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    for path in paths:
        if path.is_symlink() or not path.is_file():
            raise BackupError(
                "JM-BACKUP-DAMAGED", f"{path} is neither a file nor a folder; take another backup."
            )
    return [path for path in paths if path != folder / NAME]


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`, unverified. Raises BackupError (JM-BACKUP-NONE, JM-BACKUP-DAMAGED)."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise BackupError(
            "JM-BACKUP-NONE", f"{folder} has no {NAME}: it is no whole backup. Name a folder that has one."
        ) from error
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(
            "JM-BACKUP-DAMAGED", f"{folder / NAME} cannot be read ({error}); take another backup."
        ) from error


def verified_manifest(folder: Path) -> Manifest:
    """The manifest, once every file that it lists, and no other, is there as listed. Raises BackupError."""
    manifest = read_manifest(folder)
    listed = {file.path: file for file in manifest.files}
    present = {path.relative_to(folder).as_posix(): path for path in files_in(folder)}
    if missing := sorted(listed.keys() - present.keys()):
        raise BackupError("JM-BACKUP-DAMAGED", f"{missing[0]} is missing in {folder}; take another backup.")
    if unknown := sorted(present.keys() - listed.keys()):
        raise BackupError(
            "JM-BACKUP-DAMAGED",
            f"{unknown[0]} in {folder} is not of the backup; remove it, or take another backup.",
        )
    for name, file in listed.items():
        if describe(folder, present[name]) != file:
            raise BackupError("JM-BACKUP-DAMAGED", f"{name} in {folder} was changed; take another backup.")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, in a form that people can read. Raises OSError."""
    (folder / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
