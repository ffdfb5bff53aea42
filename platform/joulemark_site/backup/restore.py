"""Bringing a platform back from a backup. Everything is verified before anything is touched.

A restored database does not know what was signed after its backup, so it signs and receives nothing until a place that
does know has confirmed it, at once where one can be read, else by `manage.py resume_log`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from joulemark.atomic_file import write_file
from joulemark.record import keys
from joulemark.record.errors import RecordError
from joulemark_site.backup import database
from joulemark_site.backup.create import KEYS, LOG, key_files
from joulemark_site.backup.errors import BackupError
from joulemark_site.backup.manifest import Manifest, verified_manifest
from measurements.ledger import tile_store
from measurements.ledger.guard import NEXT, RESTORED
from measurements.ledger.models import LogHead

SIGNING_KEYS = ("platform-key.pem", "log-key.pem")
"""What may not be replaced unasked; the secret of sessions is made by whatever starts first."""


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was restored: the backup's manifest, and whether the log's files came out of it too."""

    manifest: Manifest
    is_log_restored: bool


def restore_backup(folder: Path, *, replace: bool = False) -> Restored:
    """Restore the backup in `folder` into this platform's database, data folder and log's folder.

    The log's folder is left as it is where it has a checkpoint: it may be newer, and then has what the backup lacks.
    `replace`: also over a database with results, and over other keys. Raises BackupError, and then nothing is changed.
    """
    manifest = verified_manifest(folder)
    _require_fitting(folder, manifest, replace=replace)
    database.restore_database(folder)
    _restore_keys(folder)
    is_log_restored = _restore_log(folder)
    call_command("migrate", interactive=False, verbosity=0)
    LogHead.objects.update(
        outdated=True,
        fault=f"JM-LOG-OUTDATED This database was restored from the backup of {manifest.created_at}. {NEXT}",
    )
    connection.close()
    return Restored(manifest=manifest, is_log_restored=is_log_restored)


def _require_fitting(folder: Path, manifest: Manifest, *, replace: bool) -> None:
    """The backup is of this platform and this software can read it. Raises BackupError."""
    if manifest.origin != settings.ORIGIN:
        raise BackupError(
            "JM-RESTORE-ORIGIN",
            f"The backup is of {manifest.origin}, and this platform is {settings.ORIGIN}; set JOULEMARK_ORIGIN.",
        )
    if manifest.database != connection.vendor:
        raise BackupError(
            "JM-RESTORE-VENDOR",
            f"The backup is of a {manifest.database} database, and DATABASE_URL leads to {connection.vendor}; set or "
            "unset it.",
        )
    if unknown := database.unknown_migrations(manifest.migrations):
        raise BackupError(
            "JM-RESTORE-OLDER-SOFTWARE",
            f"The backup has {unknown[0]}, which this software does not know; install version {manifest.software} or a "
            "newer one.",
        )
    for name in SIGNING_KEYS:
        path = key_files()[name]
        _require_key(folder / KEYS / name, path, replace=replace)
    if (count := database.n_results()) and not replace:
        raise BackupError(
            "JM-RESTORE-NOT-EMPTY",
            f"This platform holds {count} results, which the backup would replace. Take a backup of them first, then "
            "say --replace.",
        )


def _require_key(source: Path, target: Path, *, replace: bool) -> None:
    if not source.exists():
        return
    data = source.read_bytes()
    if source.suffix == ".pem":
        try:
            keys.from_pem(data)
        except (RecordError, ValueError) as error:
            raise BackupError(
                "JM-BACKUP-DAMAGED", f"{source} is no key ({error}); take another backup."
            ) from error
    if target.exists() and target.read_bytes() != data and not replace:
        raise BackupError(
            "JM-RESTORE-KEY", f"{target} is another key than the backup's; move it away, or say --replace."
        )


def _restore_keys(folder: Path) -> None:
    """Each with mode 0600, whatever the backup's files have."""
    for name, path in key_files().items():
        source = folder / KEYS / name
        if source.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, source.read_bytes(), mode=0o600)


def _restore_log(folder: Path) -> bool:
    if (
        tile_store.place(tile_store.CHECKPOINT).exists()
        or not (folder / LOG / tile_store.CHECKPOINT).exists()
    ):
        return False
    log = tile_store.place("")
    log.mkdir(parents=True, exist_ok=True, mode=tile_store.FOLDER_MODE)
    write_file(tile_store.place(RESTORED), b"", mode=tile_store.FILE_MODE)
    if (folder / LOG / "tile").exists():
        shutil.copytree(
            folder / LOG / "tile", log / "tile", dirs_exist_ok=True, copy_function=shutil.copyfile
        )
    shutil.copyfile(folder / LOG / tile_store.CHECKPOINT, tile_store.place(tile_store.CHECKPOINT))
    for path in log.rglob("*"):
        path.chmod(tile_store.FOLDER_MODE if path.is_dir() else tile_store.FILE_MODE)
    return True
