"""Models and data sets in the cache of Hugging Face's libraries: found on disk, never asked for over a network.

The layout is that of huggingface_hub ("Understand caching", in its documentation): ``models--OWNER--NAME`` or
``datasets--OWNER--NAME``, in it ``snapshots/COMMIT`` with the repository's files as links to blobs.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from joulemark.suite import DataSet, Model
from joulemark.workloads.base import WorkloadError

WEIGHTS = frozenset(
    {".safetensors", ".bin", ".h5", ".msgpack", ".ot", ".onnx", ".ckpt", ".pt", ".pth", ".gguf"}
)
"""How files with weights end, in all formats that repositories hold beside each other."""


def cache_folder() -> Path:
    """The cache, where the environment says it is: HF_HUB_CACHE, else HF_HOME, else the user's cache folder."""
    if said := os.environ.get("HF_HUB_CACHE"):
        return Path(said).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface" / "hub"


def model_snapshot(model: Model) -> Path:
    """The folder of the pinned snapshot, each pinned weights file in it. Raises WorkloadError.

    Whether the weights have the pinned digests is asked when they are loaded.
    """
    folder = _snapshot("models", model)
    if not all((folder / file.name).is_file() for file in model.files):
        raise WorkloadError(_fetch_model(model))
    return folder


def parquet_files(dataset: DataSet) -> tuple[Path, ...]:
    """The Parquet files of the data set's split in their order, from the first one on without a gap.

    Raises WorkloadError when the pinned snapshot is not there, or has none that are clearly of the split.
    """
    folder = _snapshot("datasets", dataset)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet"))
    found = _converted(names, dataset) if dataset.script else _uploaded(names, dataset)
    if not found or not _follow_one_another(found):
        raise WorkloadError(_fetch_dataset(dataset))
    return tuple(folder / name for name in found)


def pinned_view(snapshot: Path, model: Model, *, within: Path) -> Path:
    """A folder of links to the snapshot's files, of its weights only to those that the suite pins.

    Repositories keep the same weights in many formats and precisions, and a library takes the one that it likes best.
    Made anew each time. Raises WorkloadError when it cannot be written.
    """
    view = within / "snapshots" / _folder_name("models", str(model.hub_id)) / snapshot.name
    pinned = {file.name for file in model.files}
    try:
        view.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".linking-", dir=view.parent))
        for path in (path for path in snapshot.rglob("*") if path.is_file()):
            name = path.relative_to(snapshot)
            if path.suffix not in WEIGHTS or name.as_posix() in pinned:
                link = making / name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.resolve())
        if view.exists():
            shutil.rmtree(view)
        making.rename(view)
    except OSError as error:
        raise WorkloadError(
            f"Links to the files of {model.id} could not be made in {within} ({error.strerror or error}). Point "
            "XDG_CACHE_HOME to a folder that can be written."
        ) from error
    return view


def _snapshot(kind: str, entry: Model | DataSet) -> Path:
    if entry.hub_id is None or entry.revision is None:
        raise WorkloadError(
            f"The suite does not say which revision of {entry.id} is meant. Pin it with `joulemark suite pin`."
        )
    folder = cache_folder() / _folder_name(kind, entry.hub_id) / "snapshots" / entry.revision
    if not folder.is_dir():
        raise WorkloadError(_fetch_model(entry) if isinstance(entry, Model) else _fetch_dataset(entry))
    return folder


def _folder_name(kind: str, hub_id: str) -> str:
    return "--".join((kind, *hub_id.split("/")))


def _fetch_model(model: Model) -> str:
    return (
        f"The model {model.id} is not whole in the Hugging Face cache. Run `hf download {model.hub_id} "
        f"--revision {model.revision}`."
    )


def _fetch_dataset(dataset: DataSet) -> str:
    """Of a conversion the one folder that is needed; elsewhere who pinned the suite knew no file's name."""
    config = dataset.config or "*"
    wanted = f"{config}/*{dataset.split}/*.parquet" if dataset.script else "*.parquet"
    return (
        f"The data set {dataset.id} has no whole split {dataset.split} in Parquet in the Hugging Face cache. Run "
        f"`hf download {dataset.hub_id} --repo-type dataset --revision {dataset.revision} --include '{wanted}'`."
    )


def _converted(names: Sequence[str], dataset: DataSet) -> list[str]:
    """On the branch of conversions ``CONFIG/SPLIT/0000.parquet``; of a large split its beginning, ``partial-SPLIT``."""
    for folder in (dataset.split, f"partial-{dataset.split}"):
        found = [
            name
            for name in names
            if name.split("/")[-2:-1] == [folder] and dataset.config in (None, name.partition("/")[0])
        ]
        if found:
            return _one_folder(found)
    return []


def _uploaded(names: Sequence[str], dataset: DataSet) -> list[str]:
    """On any other branch: the split is a word of the file's path, the configuration a folder.

    That is how the library `datasets` reads a repository that says nothing about it ("Structure your repository").
    """
    word = re.compile(rf"(^|[-_./ ]){re.escape(str(dataset.split))}([-_./ ]|$)")
    found = [
        name
        for name in names
        if word.search(name) and (dataset.config is None or dataset.config in name.split("/")[:-1])
    ]
    return _one_folder(found)


def _one_folder(names: Iterable[str]) -> list[str]:
    """The files that share a folder; of several folders that of the usual configuration, else nothing is clear."""
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    if len(folders) == 1:
        return next(iter(folders.values()))
    usual = [found for folder, found in folders.items() if {"data", "default"} & set(folder.split("/"))]
    return usual[0] if len(usual) == 1 else []


def _follow_one_another(names: Sequence[str]) -> bool:
    """Whether no shard is missing before the last one that is there; a name without a number is one whole file."""
    numbers = [
        re.search(r"(?:^|[-/])(\d{4,5})(?:-of-\d{5})?(?:-[0-9a-f]{16})?\.parquet$", name) for name in names
    ]
    if not any(numbers):
        return len(names) == 1
    return [int(number[1]) for number in numbers if number] == list(range(len(names)))
