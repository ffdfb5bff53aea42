"""Reads a release out of its folder, as a test needs it."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from joulemark.release.manifest import Manifest, decode_manifest


def manifest_of(root: Path, name: str) -> Manifest:
    return decode_manifest((root / name / "manifest.json").read_bytes())


def rows_of(root: Path, manifest: Manifest, table: str) -> list[dict[str, Any]]:
    files = manifest.tables[table].of_form("parquet")
    return [row for file in files for row in pq.read_table(root / file.path).to_pylist()]


def snapshot(root: Path) -> dict[str, str]:
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in root.rglob("*")
        if file.is_file()
    }


def assert_sums(root: Path, name: str) -> None:
    """What is there has the digests of SHA256SUMS, as GNU coreutils count."""
    sums = f"{name}/SHA256SUMS"
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", sums], cwd=root, check=True)
