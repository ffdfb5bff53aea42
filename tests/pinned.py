"""The tiny suite with its lock, as `joulemark suite pin` writes them: two small jobs on the hub."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from joulemark.suite import weights_digest
from joulemark.suite.lock import Lock, PinnedDataSet, PinnedModel, Unavailable
from joulemark.suite.schema import WeightsFile
from tests.small_suite import manifest

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = manifest()
COMMIT = "a" * 40
WEIGHTS = (WeightsFile(name="model.safetensors", sha256="1" * 64, bytes=30),)
VERSE_IS_GONE = Unavailable(
    what="data set",
    id="verse",
    hub_id="joulemark-tiny/verse",
    reason="gated",
    sentence="joulemark-tiny/verse wants a licence to be agreed to.",
)


def unpinned_folder(folder: Path, *, manifest: str = MANIFEST) -> Path:
    """`folder` with the suite alone."""
    folder.mkdir()
    (folder / "suite.toml").write_text(manifest, encoding="utf-8")
    return folder


def pinned_folder(
    folder: Path,
    *,
    version: str = "1.20260131",
    commit: str = COMMIT,
    unavailable: tuple[Unavailable, ...] = (),
) -> Path:
    """`folder` with the files of `pinned_files`."""
    folder.mkdir()
    for name, data in pinned_files(version=version, commit=commit, unavailable=unavailable).items():
        (folder / name).write_bytes(data)
    return folder


def pinned_files(
    *, version: str = "1.20260131", commit: str = COMMIT, unavailable: tuple[Unavailable, ...] = ()
) -> dict[str, bytes]:
    """The suite and a lock that gives everything this commit, but for what is unavailable."""
    gone = {entry.id for entry in unavailable}
    datasets = tuple(
        PinnedDataSet(id=name, hub_id=f"joulemark-tiny/{name}", revision=commit, branch="main")
        for name in ("prose", "verse")
        if name not in gone
    )
    lock = first_lock(
        version=version, models=(pinned_writer(commit=commit),), datasets=datasets, unavailable=unavailable
    )
    return {"suite.toml": MANIFEST.encode(), "lock.toml": lock.to_toml()}


def pinned_writer(
    *, commit: str = COMMIT, hub_id: str = "joulemark-tiny/writer", weights: tuple[WeightsFile, ...] = WEIGHTS
) -> PinnedModel:
    """The suite's model at a commit, with these weights."""
    return PinnedModel(
        id="writer",
        hub_id=hub_id,
        revision=commit,
        weights_sha256=weights_digest({file.name: file.sha256 for file in weights}),
        weights=weights,
        licence="mit",
    )


def first_lock(**changes: object) -> Lock:
    """A lock of the suite in the first format."""
    fields: dict[str, Any] = {
        "format": "joulemark-lock/1",
        "suite": "tiny",
        "suite_version": "1",
        "version": "1.20260131",
        "hub": "https://hub.example",
        "pinned_on": date(2026, 1, 31),
        "models": (pinned_writer(),),
        **changes,
    }
    return Lock(**fields)
