"""From a folder of files to a Suite, every promise of the files checked.

A suite is a folder, in ``data/`` or anywhere, with a ``suite.toml``, the rows that it names, and a ``lock.toml`` where
it names what is on the hub.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock as ThreadLock
from typing import get_args

from joulemark.suite.archive import decode_archive
from joulemark.suite.errors import BrokenArchive, BrokenSuite, UnknownSuite
from joulemark.suite.jobs import Cells, Job, Reasoning
from joulemark.suite.lock import LOCK, Lock, decode_lock, pin_datasets, pin_models
from joulemark.suite.reference_answers import ANSWERS, decode_answers
from joulemark.suite.rows import Row, decode_rows
from joulemark.suite.schema import Admission, Choice, DataSet, Entry, Model, Protocol, Task
from joulemark.suite.suite import Suite
from joulemark.suite.toml_file import decode_toml
from joulemark.translation import gettext as _

MANIFEST = "suite.toml"
MAX_JOBS = 100_000
"""Jobs of a suite, those of `cells` written out: a short file may name a product that no memory holds."""
_READING = (
    ThreadLock()
)  # msgspec describes a class to itself on first use, and two threads at once crash in that


class Manifest(Entry, frozen=True, kw_only=True):
    """What ``suite.toml`` holds. `jobs` stand for themselves; each entry of `cells` makes many, after them."""

    name: str
    version: str
    title: str
    protocol: Protocol
    tasks: tuple[Task, ...]
    datasets: tuple[DataSet, ...]
    models: tuple[Model, ...]
    jobs: tuple[Job, ...] = ()
    cells: tuple[Cells, ...] = ()
    choices: tuple[Choice, ...] = ()
    admission: Admission = Admission()

    def all_jobs(self) -> tuple[Job, ...]:
        """The jobs, those of `cells` written out."""
        return (*self.jobs, *(job for cells in self.cells for job in cells.jobs()))


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


def open_suite(name: str) -> Suite:
    """Return the installed suite of this name, or the one in this folder: a folder has a slash in its name.

    Raises UnknownSuite or BrokenSuite.
    """
    if "/" not in name:
        return load_suite(name)
    folder = folder_of(name)
    with _READING:
        return read_suite(folder)


def folder_of(name: str) -> Traversable:
    """Where the files of a suite lie: inside the package, or in the folder that is called so. Raises UnknownSuite."""
    folder = Path(name).expanduser() if "/" in name else files("joulemark.suite") / "data" / name
    if not folder.is_dir():
        raise UnknownSuite(name, suite_names())
    return folder


def read_suite(folder: Traversable) -> Suite:
    """Return the suite in `folder`. Raises BrokenSuite when a file is not right or they contradict each other."""
    return suite_of_files(files_of(folder), folder=folder.name)


def suite_of_files(content: Mapping[str, bytes], *, folder: str) -> Suite:
    """Return the suite that these files make; `folder` names them in errors. Raises BrokenSuite."""
    manifest, lock = decode_manifest(content, folder=folder), None
    if LOCK in content:
        lock = decode_lock(content[LOCK], suite=manifest.name, version=manifest.version)
    return _suite(manifest, lock, content)


def read_archive(archive: bytes, *, digest: str | None = None) -> Suite:
    """Return the suite in an archive (`joulemark.suite.archive`), of the `digest` that is expected.

    Raises BrokenSuite, or BrokenArchive for other bytes than an archive has, and for another digest.
    """
    content = decode_archive(archive)
    actual = digest_of(content)
    if digest is not None and actual != digest:
        raise BrokenArchive(
            _("The files in the archive have the digest {found}, not {digest}.").format(
                found=actual[:12], digest=digest[:12]
            )
        )
    with _READING:
        return suite_of_files(content, folder=_("the archive"))


def files_of(folder: Traversable) -> dict[str, bytes]:
    """The files of a suite by name; its digest is over all of them. Raises BrokenSuite when one cannot be read."""
    try:
        content = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}
    except OSError as error:
        raise BrokenSuite(
            _("The folder {name} cannot be read ({why}).").format(name=folder.name, why=error.strerror)
        ) from error
    for name in content:
        if any(
            "\ud800" <= character <= "\udfff" for character in name
        ):  # Python's sign for a byte that is no text
            raise BrokenSuite(
                _(
                    "The folder {name} has a file whose name is not in UTF-8, {file!a}. Rename it, or take it "
                    "out."
                ).format(name=folder.name, file=name)
            )
    return content


def decode_manifest(content: Mapping[str, bytes], *, folder: str) -> Manifest:
    """What ``suite.toml`` says. Raises BrokenSuite."""
    if MANIFEST not in content:
        raise BrokenSuite(
            _("The folder {folder} has no {manifest}.").format(folder=folder, manifest=MANIFEST)
        )
    manifest = decode_toml(content[MANIFEST], Manifest, what=f"{MANIFEST} of {folder}")
    jobs = len(manifest.jobs) + sum(len(cells.datasets) * len(cells.models) for cells in manifest.cells)
    if jobs > MAX_JOBS:
        raise BrokenSuite(
            _("The suite in {folder} has {jobs} jobs, more than {max_jobs}.").format(
                folder=folder, jobs=jobs, max_jobs=MAX_JOBS
            )
        )
    _check_names(manifest)
    return manifest


def _suite(manifest: Manifest, lock: Lock | None, content: Mapping[str, bytes]) -> Suite:
    suite = Suite(
        name=manifest.name,
        version=manifest.version if lock is None else lock.version,
        title=manifest.title,
        digest=digest_of(content),
        protocol=manifest.protocol,
        tasks=manifest.tasks,
        datasets=manifest.datasets if lock is None else pin_datasets(manifest.datasets, lock),
        models=manifest.models if lock is None else pin_models(manifest.models, lock),
        jobs=manifest.all_jobs(),
        contents={
            dataset.id: _rows(dataset, content) for dataset in manifest.datasets if dataset.hub_id is None
        },
        choices=manifest.choices,
        admission=manifest.admission,
        unavailable=() if lock is None else lock.unavailable,
        reference_answers=()
        if ANSWERS not in content
        else decode_answers(
            content[ANSWERS], suite=manifest.name, jobs={job.key for job in manifest.all_jobs()}
        ),
    )
    for dataset in suite.datasets:
        n_rows, n_queries = len(suite.query_ids(dataset.id)), suite.queries_per_window(dataset.id)
        if n_queries > n_rows:
            raise BrokenSuite(
                _(
                    "A window of suite {name} runs {wanted} queries of data set {id}, which has {there}. Lower "
                    "`queries`, or say `queries_per_window` of the data set."
                ).format(name=suite.name, wanted=n_queries, id=dataset.id, there=n_rows)
            )
    return suite


def digest_of(content: Mapping[str, bytes]) -> str:
    """SHA-256 in hex over files in order of name: of each, its name and its bytes, both behind a length of 8 bytes."""
    digest = hashlib.sha256()
    for name in sorted(content):
        for part in (name.encode(), content[name]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _rows(dataset: DataSet, content: Mapping[str, bytes]) -> tuple[Row, ...]:
    name = str(dataset.file)
    if name not in content:
        raise BrokenSuite(
            _("Data set {id} needs {name}, which is not there.").format(id=dataset.id, name=name)
        )
    actual = hashlib.sha256(content[name]).hexdigest()
    if actual != dataset.revision:
        raise BrokenSuite(
            _("{name} has the SHA-256 {found}, but {id} is pinned to {revision}.").format(
                name=name, found=actual, id=dataset.id, revision=dataset.revision
            )
        )
    return decode_rows(content[name], str(dataset.rows), file=name)


def _check_names(manifest: Manifest) -> None:
    """Every name is used once, and every reference leads somewhere."""
    tasks, datasets = (
        {task.id for task in manifest.tasks},
        {entry.id: entry.task for entry in manifest.datasets},
    )
    all_jobs = manifest.all_jobs()
    models, jobs = {model.id for model in manifest.models}, {job.key for job in all_jobs}
    for what, entries, unique in (
        ("task", manifest.tasks, tasks),
        ("data set", manifest.datasets, datasets),
        ("model", manifest.models, models),
        ("job", all_jobs, jobs),
    ):
        if len(entries) != len(unique):
            raise BrokenSuite(_("Suite {name} has a {what} twice.").format(name=manifest.name, what=_(what)))
    for name, task in datasets.items():
        if task not in tasks:
            raise BrokenSuite(
                _("Data set {name} is for task {task}, which suite {suite} does not have.").format(
                    name=name, task=task, suite=manifest.name
                )
            )
    for job in all_jobs:
        if datasets.get(job.dataset) != job.task or job.model not in models:
            raise BrokenSuite(
                _("Job {key} names a task, data set or model that does not fit the suite.").format(
                    key=job.key
                )
            )
    for model in manifest.models:
        if strangers := sorted(set(model.trained_on) - set(datasets)):
            raise BrokenSuite(
                _("Model {id} was trained on {name}, which is no data set of suite {suite}.").format(
                    id=model.id, name=strangers[0], suite=manifest.name
                )
            )
    if {job.reasoning for job in all_jobs} >= {*get_args(Reasoning)}:
        raise BrokenSuite(
            _(
                "Suite {suite} has jobs that reason and jobs that do not. Give each kind a suite of its own."
            ).format(suite=manifest.name)
        )
