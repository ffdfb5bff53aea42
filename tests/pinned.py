"""A suite of two small jobs on the hub, and folders with pinned copies of it, as `joulemark suite pin` writes them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from joulemark.suite import weights_digest
from joulemark.suite.lock import Lock, PinnedDataSet, PinnedModel, Unavailable
from joulemark.suite.schema import WeightsFile

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """
name = "tiny"
version = "1"
title = "Tiny"

[protocol]
queries = 3
windows_min = 3
windows_max = 4
warmup_queries = 1
idle_s = 0.0
half_width_target = 0.5
budget_s = 10.0

[[tasks]]
id = "text_generation"
title = "Text generation"
modality = "text-to-text"
quality_metrics = []

[[datasets]]
id = "prose"
task = "text_generation"
title = "Prose"
hub_id = "joulemark-tiny/prose"
split = "test"
columns = ["text"]
keep = 5

[[datasets]]
id = "verse"
task = "text_generation"
title = "Verse"
hub_id = "joulemark-tiny/verse"
split = "train"
columns = ["text"]
keep = 4

[[models]]
id = "writer"
title = "Writer"
kind = "task-specific"
parameters = 1000
parameters_are = "reported"
hub_id = "joulemark-tiny/writer"

[[cells]]
task = "text_generation"
datasets = ["prose", "verse"]
models = ["writer"]
prompt = "{text}"
max_new_tokens = 10
"""
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
    commit: str = "a" * 40,
    unavailable: tuple[Unavailable, ...] = (),
) -> Path:
    """`folder` with the files of `pinned_files`."""
    folder.mkdir()
    for name, data in pinned_files(version=version, commit=commit, unavailable=unavailable).items():
        (folder / name).write_bytes(data)
    return folder


def pinned_files(
    *, version: str = "1.20260131", commit: str = "a" * 40, unavailable: tuple[Unavailable, ...] = ()
) -> dict[str, bytes]:
    """The suite and a lock that gives everything this commit, but for what is unavailable."""
    weights = WeightsFile(name="model.safetensors", sha256="1" * 64, bytes=30)
    gone = {entry.id for entry in unavailable}
    lock = Lock(
        format="joulemark-lock/1",
        suite="tiny",
        suite_version="1",
        version=version,
        hub="https://hub.example",
        pinned_on=date(2026, 1, 31),
        models=(
            PinnedModel(
                id="writer",
                hub_id="joulemark-tiny/writer",
                revision=commit,
                weights_sha256=weights_digest({weights.name: weights.sha256}),
                weights=(weights,),
                licence="mit",
            ),
        ),
        datasets=tuple(
            PinnedDataSet(id=name, hub_id=f"joulemark-tiny/{name}", revision=commit, branch="main")
            for name in ("prose", "verse")
            if name not in gone
        ),
        unavailable=unavailable,
    )
    return {"suite.toml": MANIFEST.encode(), "lock.toml": lock.to_toml()}
