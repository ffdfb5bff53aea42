"""Taking a backup: one folder that is there whole or not at all.

The database is dumped first and the log copied afterwards: what is signed in between is in the backup's log, and comes
back from there (`manage.py resume_log`).
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from joulemark import __version__
from joulemark.atomic_file import sync_folder, sync_path
from joulemark_site.backup.database import dump_database
from joulemark_site.backup.errors import BackupError
from joulemark_site.backup.manifest import NAME, Manifest, describe, files_in, write_manifest
from measurements.ledger import tile_store

KEYS, LOG, SUITES = "keys", "log", "suites"
DRAFT = ".new-"
"""How the folder of a backup begins while it is not whole."""


def key_files() -> dict[str, Path]:
    """Where this platform's secrets lie, by their names in a backup."""
    return {
        "platform-key.pem": Path(settings.PLATFORM_KEY_FILE),
        "log-key.pem": Path(settings.LOG_KEY_FILE),
        "secret-key": Path(settings.DATA_DIR) / "secret-key",
    }


def take_backup(parent: Path, *, at: datetime | None = None) -> Path:
    """A new backup below `parent`, named by its moment; returns its folder. Raises BackupError."""
    created_at = at or datetime.now(UTC)
    target = parent / created_at.strftime("%Y-%m-%dT%H%M%SZ")
    draft = parent / f"{DRAFT}{target.name}"
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        _fill(draft, created_at)
        _sync(draft)
        draft.rename(target)
        sync_folder(parent)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(
            "JM-BACKUP-WRITE", f"The backup cannot be written ({error}); make room, or name another folder."
        ) from error
    except BackupError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def remove_older(parent: Path, *, keep: int) -> list[Path]:
    """Remove all backups below `parent` but the newest `keep`, and what was never finished; the removed ones."""
    whole = sorted(
        path for path in parent.iterdir() if (path / NAME).is_file() and not path.name.startswith(".")
    )
    drafts = [path for path in parent.glob(f"{DRAFT}*") if path.is_dir()]
    removed = [*whole[: max(len(whole) - keep, 0)], *drafts]
    for path in removed:
        shutil.rmtree(path)
    return removed


def _fill(folder: Path, created_at: datetime) -> None:
    database = dump_database(folder)
    _copy_keys(folder / KEYS)
    _copy_log(folder / LOG)
    for number, suite in enumerate(settings.SUITE_FOLDERS):
        shutil.copytree(suite, folder / SUITES / f"{number}-{Path(suite).name}")
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    manifest = Manifest(
        created_at=created_at,
        origin=settings.ORIGIN,
        software=__version__,
        database=database.vendor,
        database_version=database.version,
        migrations=database.migrations,
        rows=database.rows,
        log=database.log,
        files=[describe(folder, path) for path in files_in(folder)],
    )
    write_manifest(folder, manifest)
    (folder / NAME).chmod(0o600)


def _copy_keys(folder: Path) -> None:
    folder.mkdir()
    for name, path in key_files().items():
        if path.exists():
            shutil.copyfile(path, folder / name)
        elif name == "platform-key.pem":
            raise BackupError(
                "JM-BACKUP-KEY",
                f"{path} does not exist: without the key a backup is of no use. Run `manage.py prepare`.",
            )


def _copy_log(folder: Path) -> None:
    """The checkpoint before the files that it covers: tiles only grow, so these are never fewer."""
    folder.mkdir()
    checkpoint = tile_store.published_bytes()
    if checkpoint is not None:
        (folder / tile_store.CHECKPOINT).write_bytes(checkpoint)
    tiles = tile_store.place("tile")
    if tiles.exists():
        shutil.copytree(tiles, folder / "tile", ignore=_being_written)


def _being_written(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(".")]


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        sync_path(path)
