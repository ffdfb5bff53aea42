"""The software that did the work: the agent's source, by digest, and its libraries, by version."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import joulemark
from joulemark.record.statement import Software
from joulemark.record.text import hidden_characters

UNREADABLE = (LookupError, OSError, TypeError, ValueError)
"""What importlib.metadata raises over a distribution whose files are damaged."""
PACKAGES = (
    "torch", "transformers", "tokenizers", "diffusers", "safetensors", "gguf", "numpy", "nvidia-ml-py",
)  # fmt: skip
"""Distributions whose version can change a result; those that are installed are named."""
MAX_VERSION_LENGTH = 200
"""Characters of a version that the record holds (`record.statement.Word`)."""


def software() -> Software:
    """Versions, and SHA-256 over the agent's source files in the order of paths: path, NUL, bytes, NUL."""
    versions, unreadable = package_versions()
    return Software(
        agent_version=joulemark.__version__,
        source_sha256=_source_sha256(),
        python=platform.python_version(),
        packages=versions,
        unreadable=unreadable,
    )


@lru_cache
def _source_sha256() -> str:
    root = Path(joulemark.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def package_versions() -> tuple[dict[str, str], dict[str, str]]:
    """The versions of PACKAGES that are installed, and why one that is installed has none.

    An update that was cut short can leave a second `dist-info` folder without its METADATA: of several distributions of
    a name the first that has a version counts, as for the import itself.
    """
    versions: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for name in PACKAGES:
        distributions = list(metadata.distributions(name=name))
        version = next((text for text in map(_version, distributions) if text is not None), None)
        if version is not None:
            versions[name] = version
        elif distributions:
            unreadable[name] = "no-version"
    return versions, unreadable


def _version(distribution: metadata.Distribution) -> str | None:
    """The stated version; None where there is none, or one that the record cannot hold."""
    try:
        text: object = distribution.version  # what is damaged has None here
    except UNREADABLE:
        return None
    if (
        not isinstance(text, str)
        or not text.strip()
        or len(text) > MAX_VERSION_LENGTH
        or hidden_characters(text)
    ):
        return None
    return text
