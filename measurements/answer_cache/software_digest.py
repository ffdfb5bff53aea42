"""What of an answer is neither rows nor question: the software, and what its operator has set."""

from __future__ import annotations

import hashlib
import sys
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path

from django.conf import settings

PACKAGES = ("joulemark", "measurements")


@cache
def software_digest() -> str:
    """A digest of this project's files, of the installed packages by name and version, and of the static files' names.

    The same in every process of one release; read once a process.
    """
    digest = hashlib.sha256(sys.version.encode())
    for name in (*PACKAGES, settings.ROOT_URLCONF.partition(".")[0]):
        root = Path(str(import_module(name).__file__)).parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
    for folder in filter(Path.is_dir, map(Path, sys.path)):
        for path in sorted(folder.glob("*.dist-info")):
            digest.update(f"{path.name}\n".encode())
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if manifest.is_file():
        digest.update(manifest.read_bytes())
    return digest.hexdigest()


def settings_shown() -> str:
    """What the operator has set and answers show: the origin, and the suites that are handed out from folders."""
    return " ".join([settings.ORIGIN, *(suite.digest for suite in settings.SUITES)])


def shown_digest() -> str:
    """A digest of both: of all that answers show and no table has."""
    return _digest_of(software_digest(), settings_shown())


@lru_cache(maxsize=4)
def _digest_of(software: str, settings_text: str) -> str:
    return hashlib.sha256(f"{software} {settings_text}".encode()).hexdigest()
