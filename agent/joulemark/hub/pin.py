"""A suite's lock: each of its names on the hub, asked for what it stands for today.

A repository that the hub does not give is not replaced by another: it goes into the lock as unavailable, with a
sentence that says what can be done, and its jobs do not run.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.hub.admission import DTYPES, disagreement, file_dtype, file_parameters, not_admitted
from joulemark.hub.client import NotGiven
from joulemark.hub.needed_files import decisive
from joulemark.hub.weights import weights_files
from joulemark.suite.hub_files import split_files
from joulemark.suite.lock import (
    PinnedDataSet,
    PinnedModel,
    Reason,
    Unavailable,
    second_format,
    weights_digest,
)
from joulemark.suite.schema import CONVERSION, PinnedFile, WeightsFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from joulemark.hub.client import HubClient, Repository, RepositoryEntry
    from joulemark.suite import DataSet, Model, Suite
    from joulemark.suite.lock import Lock
    from joulemark.suite.schema import Admission, Branch, Dtype


class _Missing(Exception):
    """Why there is no pin; `script`: of a data set, whether its rows are made by a program.

    `sentence` says it where the reason alone does not.
    """

    def __init__(self, reason: Reason, *, script: bool = False, sentence: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.script = script
        self.sentence = sentence


def pin(suite: Suite, hub: HubClient, *, say: Callable[[str], None] = lambda _: None) -> Lock:
    """Ask the hub for every model and data set of an unpinned suite; `say` is told each name.

    The same commits make the same lock, whenever and wherever it is made. Of a model the small files that decide what
    runs are read, since a listing names no SHA-256 of them; no weights and no rows are.

    Raises Unreachable when the hub gives no usable answer; what it refuses is in the lock.
    """
    models: list[PinnedModel] = []
    datasets: list[PinnedDataSet] = []
    unavailable: list[Unavailable] = []
    for model in (model for model in suite.models if model.hub_id is not None):
        try:
            models.append(_model(model, hub, suite.admission))
            say(f"{model.id}  {models[-1].revision[:12]}")
        except _Missing as missing:
            unavailable.append(_unavailable_model(model, missing))
            say(f"{model.id}  {missing.reason}")
    for dataset in (dataset for dataset in suite.datasets if dataset.hub_id is not None):
        try:
            datasets.append(_dataset(dataset, hub, suite.admission))
            say(f"{dataset.id}  {datasets[-1].revision[:12]}")
        except _Missing as missing:
            unavailable.append(_unavailable_dataset(dataset, missing))
            say(f"{dataset.id}  {missing.reason}")
    return second_format(
        suite=suite.name,
        suite_version=suite.version,
        models=tuple(models),
        datasets=tuple(datasets),
        unavailable=tuple(unavailable),
    )


def _model(model: Model, hub: HubClient, admission: Admission) -> PinnedModel:
    try:
        repository = hub.repository("models", str(model.hub_id))
        listing = hub.files("models", repository.id, repository.sha)
        files = weights_files(listing)
        beside = tuple(_pinned_file(file, repository, hub) for file in decisive(listing)) if files else ()
    except NotGiven as error:
        raise _Missing(error.reason) from error
    if not files:
        raise _Missing("no-weights")
    paths = [file.path for file in files]
    _admit(
        model,
        repository,
        admission,
        weights=paths,
        config=_configuration(listing, repository, hub, admission),
    )
    weights = tuple(
        WeightsFile(name=file.path, sha256=file.lfs.oid, bytes=file.lfs.size)
        for file in files
        if file.lfs is not None
    )
    return PinnedModel(
        id=model.id,
        hub_id=repository.id,
        revision=repository.sha,
        weights_sha256=weights_digest({file.name: file.sha256 for file in weights}),
        weights=weights,
        beside=tuple(sorted(beside, key=lambda file: file.name)),
        licence=repository.licence,
        gated=bool(repository.gated),
        family=repository.family,
        released=repository.created_on,
        parameters=file_parameters(repository) if "parameters" in model.unchecked else None,
        dtype=_dtype(repository) if admission.is_strict else None,
    )


def _configuration(
    listing: tuple[RepositoryEntry, ...], repository: Repository, hub: HubClient, admission: Admission
) -> bytes:
    """The model's ``config.json``, where the suite wants to know what is in it."""
    files = [file for file in listing if file.path == "config.json" and file.lfs is None]
    if admission.custom_code or not files:
        return b""
    return hub.content("models", repository.id, repository.sha, files[0])


def _dtype(repository: Repository) -> Dtype | None:
    dtype = file_dtype(repository)
    return next((name for name in DTYPES.values() if name == dtype), None)


def _admit(
    entry: Model | DataSet,
    repository: Repository,
    admission: Admission,
    *,
    weights: Sequence[str] = (),
    config: bytes = b"",
) -> None:
    """Raise _Missing for what the suite does not let in, and for what is not as it says."""
    if not admission.is_strict:
        return
    if sentence := not_admitted(
        f"{entry.id} ({entry.hub_id})", repository, admission, weights=weights, config=config
    ):
        raise _Missing("not-admitted", sentence=sentence)
    if sentence := disagreement(entry, repository):
        raise _Missing("disagrees", sentence=sentence)


def _pinned_file(file: RepositoryEntry, repository: Repository, hub: HubClient) -> PinnedFile:
    if file.lfs is not None:
        return PinnedFile(name=file.path, sha256=file.lfs.oid, bytes=file.lfs.size)
    content = hub.content("models", repository.id, repository.sha, file)
    return PinnedFile(name=file.path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def _dataset(dataset: DataSet, hub: HubClient, admission: Admission) -> PinnedDataSet:
    """On its own branch where that has the split in Parquet, else on that of the conversions."""
    try:
        repository = hub.repository("datasets", str(dataset.hub_id))
    except NotGiven as error:
        raise _Missing(error.reason) from error
    _admit(dataset, repository, admission)
    script = _is_script(repository)
    if not script and split_files((sibling.rfilename for sibling in repository.siblings), dataset):
        return _pinned(dataset, repository, repository, branch="main", config=dataset.config)
    try:
        converted = hub.repository("datasets", repository.id, CONVERSION)
        files = hub.files("datasets", repository.id, converted.sha)
    except NotGiven as error:
        raise _Missing("no-parquet" if error.reason == "vanished" else error.reason, script=script) from error
    config = dataset.config or _only_config(files)
    if not _has_split(files, config, dataset.split):
        raise _Missing("no-parquet", script=script)
    return _pinned(dataset, repository, converted, branch=CONVERSION, config=config)


def _pinned(
    dataset: DataSet, main: Repository, at: Repository, *, branch: Branch, config: str | None
) -> PinnedDataSet:
    return PinnedDataSet(
        id=dataset.id,
        hub_id=main.id,
        revision=at.sha,
        branch=branch,
        config=None if config == dataset.config else config,
        licence=main.licence,
        gated=bool(main.gated),
    )


def _is_script(repository: Repository) -> bool:
    """Whether the rows are made by a program: a file ``NAME.py`` at the top. Libraries run none of these any more."""
    script = f"{repository.id.rpartition('/')[2]}.py"
    return any(sibling.rfilename == script for sibling in repository.siblings)


def _only_config(files: tuple[RepositoryEntry, ...]) -> str | None:
    """The folder of the one configuration, or `default` among several; None where neither is there."""
    configs = {file.path.partition("/")[0] for file in files if file.path.endswith(".parquet")}
    if len(configs) == 1:
        return next(iter(configs))
    return "default" if "default" in configs else None


def _has_split(files: tuple[RepositoryEntry, ...], config: str | None, split: str | None) -> bool:
    """Whether there is a file ``CONFIG/SPLIT/0000.parquet``, or of a large set its beginning, ``partial-SPLIT``."""
    folders = {f"{config}/{split}/", f"{config}/partial-{split}/"}
    return any(
        file.path.endswith(".parquet") and f"{file.path.rpartition('/')[0]}/" in folders for file in files
    )


def _unavailable_model(model: Model, missing: _Missing) -> Unavailable:
    reason = missing.reason
    sentence = {
        "gated": f"Model {model.id} needs consent to its terms: give it at {model.url}, set HF_TOKEN and pin again.",
        "vanished": f"Model {model.id} is no longer on the hub as {model.hub_id}; nothing stands in for it.",
        "no-weights": f"The repository of model {model.id} ({model.hub_id}) has no weights that are read here.",
        "no-parquet": "",
        "not-admitted": missing.sentence,
        "disagrees": missing.sentence,
    }[reason]
    return Unavailable(what="model", id=model.id, hub_id=str(model.hub_id), reason=reason, sentence=sentence)


def _unavailable_dataset(dataset: DataSet, missing: _Missing) -> Unavailable:
    name = f"Data set {dataset.id} ({dataset.hub_id})"
    sentence = {
        "gated": f"{name} needs consent to its licence: give it at {dataset.url}, set HF_TOKEN and pin again.",
        "vanished": f"{name} is no longer on the hub under this name.",
        "no-parquet": (
            f"{name} is a script, which is not run, and the hub has no Parquet conversion of it."
            if missing.script
            else f"{name} has no Parquet files that are clearly of its split {dataset.split}, nor has the hub a "
            "conversion of it."
        ),
        "no-weights": "",
        "not-admitted": missing.sentence,
        "disagrees": missing.sentence,
    }[missing.reason]
    return Unavailable(
        what="data set",
        id=dataset.id,
        hub_id=str(dataset.hub_id),
        reason=missing.reason,
        sentence=f"{sentence} {_instead(dataset)}",
    )


def _instead(dataset: DataSet) -> str:
    if dataset.substitute is None:
        return "Nothing stands in for it."
    suite, _, name = dataset.substitute.partition("/")
    return f"An open data set for the same task is {name} of suite {suite}; results on it count for that suite only."
