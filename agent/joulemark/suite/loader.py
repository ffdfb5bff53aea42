"""From a folder of files to a Suite, every promise of the files checked.

A suite is a folder in ``data/`` with a ``suite.toml`` and the data sets that it names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from threading import Lock

import msgspec

from joulemark.suite.errors import BrokenSuite, UnknownSuite
from joulemark.suite.rows import Row, decode_rows
from joulemark.suite.schema import DataSet, Entry, Job, Model, Protocol, Task
from joulemark.suite.suite import Suite

MANIFEST = "suite.toml"
_READING = Lock()  # msgspec describes a class to itself on first use, and two threads at once crash in that


class Manifest(Entry, frozen=True, kw_only=True):
    """What ``suite.toml`` holds."""

    name: str
    version: str
    title: str
    protocol: Protocol
    tasks: tuple[Task, ...]
    datasets: tuple[DataSet, ...]
    models: tuple[Model, ...]
    jobs: tuple[Job, ...]


@cache
def suite_names() -> tuple[str, ...]:
    """The names of the installed suites, in alphabetical order."""
    folders = (files("joulemark.suite") / "data").iterdir()
    return tuple(sorted(folder.name for folder in folders if (folder / MANIFEST).is_file()))


@cache
def load_suite(name: str) -> Suite:
    """Return an installed suite; read once a process. Raises UnknownSuite or BrokenSuite."""
    if name not in suite_names():
        raise UnknownSuite(name, suite_names())
    with _READING:
        return read_suite(files("joulemark.suite") / "data" / name)


def read_suite(folder: Traversable) -> Suite:
    """Return the suite in `folder`. Raises BrokenSuite when its files contradict each other."""
    content = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}
    try:
        manifest = msgspec.toml.decode(content[MANIFEST], type=Manifest)
    except KeyError as error:
        raise BrokenSuite(f"The folder {folder.name} has no {MANIFEST}.") from error
    except msgspec.DecodeError as error:
        raise BrokenSuite(f"The {MANIFEST} of {folder.name} does not fit its schema: {error}.") from error
    _check_names(manifest)
    contents = {dataset.id: _rows(dataset, content) for dataset in manifest.datasets}
    return Suite(
        name=manifest.name,
        version=manifest.version,
        title=manifest.title,
        digest=digest_of(content),
        protocol=manifest.protocol,
        tasks=manifest.tasks,
        datasets=manifest.datasets,
        models=manifest.models,
        jobs=manifest.jobs,
        contents=contents,
    )


def digest_of(content: Mapping[str, bytes]) -> str:
    """SHA-256 in hex over files in order of name: of each, its name and its bytes, both behind a length of 8 bytes."""
    digest = hashlib.sha256()
    for name in sorted(content):
        for part in (name.encode(), content[name]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _rows(dataset: DataSet, content: Mapping[str, bytes]) -> tuple[Row, ...]:
    if dataset.file not in content:
        raise BrokenSuite(f"Data set {dataset.id} needs {dataset.file}, which is not there.")
    found = hashlib.sha256(content[dataset.file]).hexdigest()
    if found != dataset.revision:
        raise BrokenSuite(
            f"{dataset.file} has the SHA-256 {found}, but {dataset.id} is pinned to {dataset.revision}."
        )
    return decode_rows(content[dataset.file], dataset.rows, file=dataset.file)


def _check_names(manifest: Manifest) -> None:
    """Every name is used once, and every reference leads somewhere."""
    tasks, datasets = (
        {task.id for task in manifest.tasks},
        {entry.id: entry.task for entry in manifest.datasets},
    )
    models, jobs = {model.id for model in manifest.models}, {job.key for job in manifest.jobs}
    for what, entries, unique in (
        ("task", manifest.tasks, tasks),
        ("data set", manifest.datasets, datasets),
        ("model", manifest.models, models),
        ("job", manifest.jobs, jobs),
    ):
        if len(entries) != len(unique):
            raise BrokenSuite(f"Suite {manifest.name} has a {what} twice.")
    for name, task in datasets.items():
        if task not in tasks:
            raise BrokenSuite(
                f"Data set {name} is for task {task}, which suite {manifest.name} does not have."
            )
    for job in manifest.jobs:
        if datasets.get(job.dataset) != job.task or job.model not in models:
            raise BrokenSuite(f"Job {job.key} names a task, data set or model that does not fit the suite.")
