"""Migrations are frozen by their digests once they are there: `make freeze-migrations` adds new ones, and only those.

A database that has run a migration does not run it again: what is edited into it later is missing there for ever, while
everything says that the database is up to date. tests/migrations.sha256 has the form of `sha256sum`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIGESTS = ROOT / "tests" / "migrations.sha256"
PATTERN = "measurements/*/migrations/[0-9]*.py"


def present_digests(root: Path = ROOT) -> dict[str, str]:
    """SHA-256 of each migration by its path under `root`, in order."""
    files = sorted(root.glob(PATTERN))
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }


def frozen_digests(file: Path = DIGESTS) -> dict[str, str]:
    """SHA-256 of each frozen migration by its path."""
    pairs = (line.split("  ", 1) for line in file.read_text().splitlines())
    return {path: digest for digest, path in pairs}


def freeze(root: Path = ROOT, file: Path = DIGESTS) -> list[str]:
    """Add the migrations that are not frozen yet, and return their paths. A line that is there stays as it is."""
    frozen = frozen_digests(file)
    new = {path: digest for path, digest in present_digests(root).items() if path not in frozen}
    with file.open("a") as lines:
        lines.writelines(f"{digest}  {path}\n" for path, digest in new.items())
    return list(new)


if __name__ == "__main__":
    for added in freeze():
        print(f"frozen: {added}")
