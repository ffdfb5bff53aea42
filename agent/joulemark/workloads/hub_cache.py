"""Models and data sets in the cache of Hugging Face's libraries: found on disk, never asked for over a network.

In a repository's folder lies ``snapshots/COMMIT`` with the repository's files as links to blobs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from joulemark.errors import StorageError
from joulemark.suite import DataSet, Model
from joulemark.suite.hub_files import WEIGHTS, RepositoryKind, repository_folder, split_files
from joulemark.suite.schema import CONVERSION, PinnedFile
from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError


def cache_folder() -> Path:
    """The cache, where the environment says it is: HF_HUB_CACHE, else HF_HOME, else the user's cache folder."""
    if folder := os.environ.get("HF_HUB_CACHE"):
        return Path(folder).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface" / "hub"


def model_snapshot(model: Model) -> Path:
    """The folder of the pinned snapshot, each pinned weights file in it. Raises WorkloadError.

    Whether the weights have the pinned digests is asked when they are loaded.
    """
    folder = _snapshot("models", model)
    names = [file.name for file in model.files] + [file.name for file in model.beside or ()]
    if not all((folder / name).is_file() for name in names):
        raise WorkloadError(_fetch_model(model))
    return folder


def parquet_files(dataset: DataSet) -> tuple[Path, ...]:
    """The Parquet files of the data set's split in their order, from the first one on without a gap.

    Raises WorkloadError when the pinned snapshot is not there, or has none that are clearly of the split.
    """
    folder = _snapshot("datasets", dataset)
    names = split_files((path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")), dataset)
    if not names:
        raise WorkloadError(_fetch_dataset(dataset))
    return tuple(folder / name for name in names)


def pinned_view(snapshot: Path, model: Model, *, within: Path) -> Path:
    """A folder with what the suite pins and nothing else: links to weights, and copies of the small files beside them.

    Repositories keep the same weights in many formats and precisions, and a library takes the one that it likes best;
    and what lies beside the weights decides what runs. The copies are of bytes that had their pinned digest, so that
    nothing that happens to the cache later reaches a library. Under a lock of the first format, which knows the weights
    alone, the other files are links too. Made anew each time. Raises WorkloadError for a file that is not as pinned,
    StorageError when the folder cannot be written.
    """
    view = within / "snapshots" / repository_folder("models", str(model.hub_id)) / snapshot.name
    pinned = {file.name for file in model.files}
    small = {file.name: _pinned_content(snapshot, file, model) for file in model.beside or ()}
    try:
        view.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".linking-", dir=view.parent))
        for path in (path for path in snapshot.rglob("*") if path.is_file()):
            name = path.relative_to(snapshot)
            beside = model.beside is None and path.suffix not in WEIGHTS
            if beside or name.as_posix() in pinned:
                link = making / name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.resolve())
        for file, content in small.items():
            copy = making / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)
        if view.exists():
            shutil.rmtree(view)
        making.rename(view)
    except OSError as error:
        raise StorageError(
            _(
                "Links to the files of {id} could not be created in {within} ({value}). Set "
                "XDG_CACHE_HOME to a writable folder."
            ).format(id=model.id, within=within, value=error.strerror or error)
        ) from error
    return view


def _pinned_content(snapshot: Path, file: PinnedFile, model: Model) -> bytes:
    """The bytes of a small file. Raises WorkloadError unless they have the pinned digest."""
    try:
        content = (snapshot / file.name).read_bytes()
    except OSError as error:
        raise WorkloadError(_fetch_model(model)) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise WorkloadError(
            _(
                "The file {name} of the model {id} has the SHA-256 {found}…, but the suite pins "
                "{sha256}…. Run `joulemark suite fetch SUITE` to download it again."
            ).format(name=file.name, id=model.id, found=digest[:16], sha256=file.sha256[:16])
        )
    return content


def _snapshot(kind: RepositoryKind, entry: Model | DataSet) -> Path:
    if entry.hub_id is None or entry.revision is None:
        raise WorkloadError(
            _("The suite does not pin a revision of {id}. Pin it with `joulemark suite pin`.").format(
                id=entry.id
            )
        )
    folder = cache_folder() / repository_folder(kind, entry.hub_id) / "snapshots" / entry.revision
    if not folder.is_dir():
        raise WorkloadError(_fetch_model(entry) if isinstance(entry, Model) else _fetch_dataset(entry))
    return folder


def _fetch_model(model: Model) -> str:
    return _(
        "The model {id} is incomplete in the Hugging Face cache. Run `joulemark suite fetch SUITE`, "
        "or `hf download {hub_id} --revision {revision}`."
    ).format(id=model.id, hub_id=model.hub_id, revision=model.revision)


def _fetch_dataset(dataset: DataSet) -> str:
    """Of a conversion the one folder that is needed; elsewhere who pinned the suite knew no file's name."""
    config = dataset.config or "*"
    pattern = f"{config}/*{dataset.split}/*.parquet" if dataset.branch == CONVERSION else "*.parquet"
    return _(
        "The Hugging Face cache has no complete split {split} of the data set {id} in Parquet. Run "
        "`joulemark suite fetch SUITE`, or `hf download {hub_id} --repo-type dataset --revision "
        "{revision} --include '{wanted}'`."
    ).format(
        id=dataset.id, split=dataset.split, hub_id=dataset.hub_id, revision=dataset.revision, wanted=pattern
    )
