"""Models and data sets in the cache of Hugging Face's libraries: found on disk, never asked for over a network.

In a repository's folder lies ``snapshots/COMMIT`` with the repository's files as links to blobs.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from joulemark.errors import StorageError
from joulemark.suite import DataSet, Model
from joulemark.suite.hub_files import WEIGHTS, RepositoryKind, repository_folder, split_files
from joulemark.suite.schema import CONVERSION
from joulemark.workloads.base import WorkloadError


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
    found = split_files((path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")), dataset)
    if not found:
        raise WorkloadError(_fetch_dataset(dataset))
    return tuple(folder / name for name in found)


def pinned_view(snapshot: Path, model: Model, *, within: Path) -> Path:
    """A folder of links to the snapshot's files, of its weights only to those that the suite pins.

    Repositories keep the same weights in many formats and precisions, and a library takes the one that it likes best.
    Made anew each time. Raises StorageError when it cannot be written.
    """
    view = within / "snapshots" / repository_folder("models", str(model.hub_id)) / snapshot.name
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
        raise StorageError(
            f"Links to the files of {model.id} could not be made in {within} ({error.strerror or error}). Point "
            "XDG_CACHE_HOME to a folder that can be written."
        ) from error
    return view


def _snapshot(kind: RepositoryKind, entry: Model | DataSet) -> Path:
    if entry.hub_id is None or entry.revision is None:
        raise WorkloadError(
            f"The suite does not say which revision of {entry.id} is meant. Pin it with `joulemark suite pin`."
        )
    folder = cache_folder() / repository_folder(kind, entry.hub_id) / "snapshots" / entry.revision
    if not folder.is_dir():
        raise WorkloadError(_fetch_model(entry) if isinstance(entry, Model) else _fetch_dataset(entry))
    return folder


def _fetch_model(model: Model) -> str:
    return (
        f"The model {model.id} is not whole in the Hugging Face cache. Run `joulemark suite fetch SUITE`, or "
        f"`hf download {model.hub_id} --revision {model.revision}`."
    )


def _fetch_dataset(dataset: DataSet) -> str:
    """Of a conversion the one folder that is needed; elsewhere who pinned the suite knew no file's name."""
    config = dataset.config or "*"
    wanted = f"{config}/*{dataset.split}/*.parquet" if dataset.branch == CONVERSION else "*.parquet"
    return (
        f"The data set {dataset.id} has no whole split {dataset.split} in Parquet in the Hugging Face cache. Run "
        f"`joulemark suite fetch SUITE`, or `hf download {dataset.hub_id} --repo-type dataset "
        f"--revision {dataset.revision} --include '{wanted}'`."
    )
