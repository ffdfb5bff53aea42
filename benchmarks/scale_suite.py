"""The suite of benchmarks/scale.py: the 2024 study's, with made-up revisions, so that it counts as pinned."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.suite import Suite, load_suite, open_suite
from joulemark.suite.loader import folder_of
from joulemark.suite.lock import PinnedDataSet, PinnedModel, second_format, weights_digest
from joulemark.suite.schema import PinnedFile, WeightsFile

if TYPE_CHECKING:
    from pathlib import Path

NAME = "a100-2024"
WEIGHTS, CONFIG = "model.safetensors", "config.json"


def write_suite(folder: Path) -> Suite:
    """Write the suite with its lock into `folder`, which must not exist yet."""
    suite = load_suite(NAME)
    folder.mkdir()
    for file in folder_of(NAME).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    lock = second_format(
        suite=suite.name,
        suite_version=suite.version,
        models=tuple(_model(model.id, model.hub_id) for model in suite.models if model.hub_id),
        datasets=tuple(
            PinnedDataSet(id=dataset.id, hub_id=dataset.hub_id, revision=_commit(dataset.id), branch="main")
            for dataset in suite.datasets
            if dataset.hub_id
        ),
        unavailable=(),
    )
    (folder / "lock.toml").write_bytes(lock.to_toml())
    return open_suite(str(folder))


def _model(name: str, hub_id: str) -> PinnedModel:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return PinnedModel(
        id=name,
        hub_id=hub_id,
        revision=_commit(name),
        weights_sha256=weights_digest({WEIGHTS: digest}),
        weights=(WeightsFile(name=WEIGHTS, sha256=digest, bytes=1_000_000),),
        beside=(PinnedFile(name=CONFIG, sha256=digest, bytes=500),),
    )


def _commit(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:40]
