"""The software that did the work: the agent's source, by digest, and its libraries, by version."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import joulemark
from joulemark.record.statement import Software

PACKAGES = (
    "torch", "transformers", "tokenizers", "diffusers", "safetensors", "gguf", "numpy", "nvidia-ml-py",
)  # fmt: skip
"""Distributions whose version can change a result; those that are installed are named."""


def software() -> Software:
    """Versions, and SHA-256 over the agent's source files in the order of paths: path, NUL, bytes, NUL."""
    return Software(
        agent_version=joulemark.__version__,
        source_sha256=_source_sha256(),
        python=platform.python_version(),
        packages=_versions(),
    )


@lru_cache
def _source_sha256() -> str:
    root = Path(joulemark.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
