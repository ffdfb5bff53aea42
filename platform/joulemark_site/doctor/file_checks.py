"""Folders, keys and static files: whether they are there, whose they are, and who else can read them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from joulemark.record.errors import RecordError
from joulemark_site.doctor.finding import Check, Finding, error, warning
from measurements.ledger import key_file

LEAST_FREE_BYTES = 1024**3
LEAST_FREE_SHARE = 0.05
OTHERS = 0o077
READ_AND_ENTER = 0o005
ENTER = 0o001


def data_folder() -> Iterator[Finding]:
    """The folder that holds the secrets."""
    folder = settings.DATA_DIR
    if not folder.is_dir():
        yield error(
            "JM-FILE-DATA",
            "JOULEMARK_DATA_DIR",
            f"There is no folder {folder}.",
            "Run `manage.py prepare`, or correct the variable.",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield error(
            "JM-FILE-DATA-WRITE",
            "JOULEMARK_DATA_DIR",
            f"This user cannot write into {folder}.",
            "Give the folder to the user that runs the platform.",
        )
    if folder.stat().st_mode & 0o007:
        yield error(
            "JM-FILE-DATA-OPEN",
            "JOULEMARK_DATA_DIR",
            f"{folder} holds the keys and is open to every user of this machine.",
            f"chmod o= {folder}",
        )


def log_folder() -> Iterator[Finding]:
    """The folder that a proxy serves: public, and so must be every folder above it."""
    folder: Path = settings.LOG_DIR
    if not folder.is_dir():
        yield error(
            "JM-FILE-LOG",
            "JOULEMARK_LOG_DIR",
            f"There is no folder {folder}.",
            "Run `manage.py prepare`, or correct the variable.",
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield error(
            "JM-FILE-LOG-WRITE",
            "JOULEMARK_LOG_DIR",
            f"This user cannot write into {folder}: nothing is signed.",
            "Give the folder to the user that runs the platform.",
        )
    if not settings.PROXIES:
        return
    closed = [path for path in folder.parents if path.stat().st_mode & ENTER != ENTER]
    if folder.stat().st_mode & READ_AND_ENTER != READ_AND_ENTER:
        closed.insert(0, folder)
    if closed:
        yield warning(
            "JM-FILE-LOG-CLOSED",
            "JOULEMARK_LOG_DIR",
            f"Another user, such as the proxy's, cannot read the log: {closed[0]} is closed.",
            "Put the log outside of the data folder, into folders of mode 0755; or let the platform serve it.",
        )


def keys() -> Iterator[Finding]:
    """Files of keys, without asking which key signed last."""
    files = [
        ("PLATFORM", "JOULEMARK_PLATFORM_KEY_FILE", Path(settings.PLATFORM_KEY_FILE)),
        *([] if settings.LOG_KEY else [("LOG", "JOULEMARK_LOG_KEY_FILE", Path(settings.LOG_KEY_FILE))]),
    ]
    for word, name, path in files:
        if not path.exists():
            yield error(
                f"JM-KEY-{word}-MISSING",
                name,
                f"There is no file {path}.",
                "On a new platform run `manage.py prepare`; otherwise restore the file from a backup.",
            )
            continue
        try:
            key_file.load(path)
        except OSError as reason:
            yield error(
                f"JM-KEY-{word}-READ",
                name,
                f"{path} cannot be read ({reason.strerror}).",
                "Give the file to the user that runs the platform, with mode 0600.",
            )
            continue
        except (RecordError, ValueError):
            yield error(
                f"JM-KEY-{word}-DAMAGED",
                name,
                f"{path} holds no Ed25519 key.",
                "Restore the file from a backup.",
            )
        yield from _open_to_others(f"JM-KEY-{word}-OPEN", name, path)
    if settings.LOG_KEY:
        yield from _key_in_environment()


def _key_in_environment() -> Iterator[Finding]:
    from joulemark.record import keys as record_keys

    try:
        record_keys.from_pem(settings.LOG_KEY.encode())
    except (RecordError, ValueError):
        yield error(
            "JM-KEY-LOG-DAMAGED",
            "JOULEMARK_LOG_KEY",
            "JOULEMARK_LOG_KEY is no Ed25519 key in PEM.",
            "Write the whole PEM, with its line breaks, or name a file in JOULEMARK_LOG_KEY_FILE.",
        )


def other_secrets() -> Iterator[Finding]:
    """Django's secret and the password of the database."""
    yield from _open_to_others("JM-FILE-SECRET-OPEN", "JOULEMARK_DATA_DIR", settings.DATA_DIR / "secret-key")
    password = os.environ.get("DATABASE_PASSWORD_FILE")
    # a container's secret is readable by all users of the container, and there is one
    if password and not password.startswith("/run/secrets/"):
        yield from _open_to_others("JM-FILE-PASSWORD-OPEN", "DATABASE_PASSWORD_FILE", Path(password))


def _open_to_others(code: str, name: str, path: Path) -> Iterator[Finding]:
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & OTHERS:
        yield error(code, name, f"Other users of this machine can read {path}.", f"chmod 0600 {path}")


def static_files() -> Iterator[Finding]:
    """The collected static files, without which no page is whole."""
    if not settings.DEBUG and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        yield error(
            "JM-FILE-STATIC",
            "JOULEMARK_DATA_DIR",
            "Static files are not collected: every page would fail.",
            "Run `manage.py prepare`.",
        )


def least_free_bytes(total: int) -> float:
    """What a disk of so many bytes must have left."""
    return max(LEAST_FREE_BYTES, total * LEAST_FREE_SHARE)


def disk() -> Iterator[Finding]:
    """Room for results and for the log, and that somebody looks at the database's."""
    folders = {
        "JOULEMARK_DATA_DIR": settings.DATA_DIR,
        "JOULEMARK_LOG_DIR": settings.LOG_DIR,
        "JOULEMARK_DATABASE_DIR": settings.DATABASE_DIR,
    }
    if settings.DATABASE_DIR is not None and not settings.DATABASE_DIR.is_dir():
        yield error(
            "JM-FILE-DATABASE",
            "JOULEMARK_DATABASE_DIR",
            f"{settings.DATABASE_DIR} is no folder that this user can see: health calls the disk unwell.",
            "Name a folder on PostgreSQL's disk below folders that everybody may enter, or unset the variable.",
        )
    if settings.DATABASE_DIR is None and str(settings.DATABASES["default"]["ENGINE"]).endswith("postgresql"):
        yield warning(
            "JM-FILE-DATABASE-UNSEEN",
            "JOULEMARK_DATABASE_DIR",
            "Nothing here looks at the disk of PostgreSQL: health stays green until it is full.",
            "If the server is on this machine, name its folder; else watch the disk there.",
        )
    for name, folder in folders.items():
        if folder is None or not folder.is_dir():
            continue
        usage = shutil.disk_usage(folder)
        if usage.free < least_free_bytes(usage.total):
            yield error(
                "JM-FILE-DISK",
                name,
                f"{folder} has {usage.free // 1024**2} MiB left, {usage.free / usage.total:.0%} of its disk.",
                "Make room: without it nothing can be stored or signed.",
            )


CHECKS = [
    Check("data folder", data_folder),
    Check("log folder", log_folder),
    Check("key files", keys),
    Check("other secrets", other_secrets),
    Check("static files", static_files),
]
MACHINE_CHECKS = [Check("disk", disk)]
