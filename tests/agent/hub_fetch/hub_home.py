"""A home with an empty cache, a hub on 127.0.0.1, and a suite of two small jobs on it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from joulemark.hub import fetch, plan_fetch
from joulemark.suite import Suite, read_suite, weights_digest
from joulemark.suite.lock import PinnedDataSet, PinnedModel, second_format
from joulemark.suite.schema import Branch, PinnedFile, WeightsFile
from joulemark_simulation.tiny_models.suite import write_parquet
from tests.fake_hub import FakeHub, Repository
from tests.small_suite import MANIFEST

MODEL_AT, ROWS_AT = "12" * 20, "34" * 20


WEIGHTS = bytes(range(256)) * 20


FILES = {
    ".gitattributes": b"*.safetensors filter=lfs",
    "README.md": b"# Writer",
    "config.json": b"{}",
    "tokenizer.json": b'{"model": {}}',
    "model.safetensors": WEIGHTS,
}


BESIDE = ("config.json", "tokenizer.json")
"""Of these files those that decide what runs and are no weights."""


OTHERS = {
    "model.fp16.safetensors": b"half",
    "pytorch_model.bin": b"pickle",
    "tf_model.h5": b"tensors",
    "flax_model.msgpack": b"flax",
    "rust_model.ot": b"rust",
    "model.gguf": b"gguf",
    "onnx/model.onnx": b"onnx",
    "onnx/config.json": b"{}",
    "coreml/weight.bin": b"coreml",
    "modeling.py": b"print()",
    "picture.png": b"PNG",
}


def parquet(tmp_path: Path, *texts: str) -> bytes:
    write_parquet(tmp_path / "made.parquet", [{"text": text} for text in texts])
    return (tmp_path / "made.parquet").read_bytes()


def pinned(folder: Path, *, branch: Branch = "main", keep: int = 5) -> Suite:
    """The small suite with a lock for what the hub serves."""
    folder.mkdir(exist_ok=True)
    (folder / "suite.toml").write_text(MANIFEST.replace("keep = 5", f"keep = {keep}"), encoding="utf-8")
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    beside = tuple(
        PinnedFile(name=name, sha256=hashlib.sha256(FILES[name]).hexdigest(), bytes=len(FILES[name]))
        for name in BESIDE
    )
    lock = second_format(
        suite="small",
        suite_version="1",
        models=(
            PinnedModel(
                id="writer",
                hub_id="someone/writer",
                revision=MODEL_AT,
                weights_sha256=weights_digest({"model.safetensors": digest}),
                weights=(WeightsFile(name="model.safetensors", sha256=digest, bytes=len(WEIGHTS)),),
                beside=beside,
            ),
        ),
        datasets=(PinnedDataSet(id="prose", hub_id="someone/prose", revision=ROWS_AT, branch=branch),),
        unavailable=(),
    )
    (folder / "lock.toml").write_bytes(lock.to_toml())
    return read_suite(folder)


class Home:
    """A suite, an empty cache, and what was told while it filled."""

    def __init__(self, hub: FakeHub, cache: Path, tmp_path: Path) -> None:
        self.hub, self.cache, self.tmp_path = hub, cache, tmp_path
        self.suite = pinned(tmp_path / "small")
        self.told: list[tuple[str, int, int]] = []
        self.said: list[str] = []

    @property
    def model(self) -> Repository:
        return self.hub.repositories["models", "someone/writer"]

    @property
    def rows(self) -> Repository:
        return self.hub.repositories["datasets", "someone/prose"]

    def plan(self) -> Any:
        return plan_fetch(self.suite, self.suite.jobs[0], cache=self.cache)

    def fetch(self, **options: Any) -> None:
        options = {"hub": self.hub.origin, "progress": lambda *told: self.told.append(told), **options}
        fetch(self.plan(), say=self.said.append, **options)

    def is_whole(self) -> bool:
        return self.plan() is None

    def files(self, kind: str = "models--someone--writer", commit: str = MODEL_AT) -> set[str]:
        folder = self.cache / kind / "snapshots" / commit
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    def shards(self) -> set[str]:
        return {name for name in self.files("datasets--someone--prose", ROWS_AT) if name.endswith(".parquet")}
