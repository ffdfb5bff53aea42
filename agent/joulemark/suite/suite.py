"""A suite in memory: its entries by name, its rows, its samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from joulemark.record.field_types import Sha256
from joulemark.suite.abilities import missing_ability
from joulemark.suite.errors import NotPinned, RowsElsewhere, UnknownEntry
from joulemark.suite.jobs import Job
from joulemark.suite.lock import Unavailable
from joulemark.suite.reference_answers import KnownAnswer
from joulemark.suite.rows import Row, text_of_row
from joulemark.suite.sampling import Sample, draw, first
from joulemark.suite.schema import Admission, Choice, DataSet, Dtype, Entry, Model, Protocol, Task
from joulemark.translation import gettext as _

T = TypeVar("T")


class Suite(Entry, frozen=True, kw_only=True):
    """A standard suite: what is measured and how, as data.

    `digest` is the SHA-256 over the names and bytes of all of its files; together with `name` and `version` it is how
    a result says what it ran. `contents` holds the rows of each data set that is a file, under its id. `choices` are
    the places where the study's article and logs differ. `unavailable` is what the hub would not give when the suite
    was pinned: jobs that need it cannot run. `known` are answers that are known beforehand. `admission` is what
    pinning lets in.
    """

    name: str
    version: str
    title: str
    digest: Sha256
    protocol: Protocol
    tasks: tuple[Task, ...]
    datasets: tuple[DataSet, ...]
    models: tuple[Model, ...]
    jobs: tuple[Job, ...]
    contents: Mapping[str, tuple[Row, ...]]
    choices: tuple[Choice, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()
    reference_answers: tuple[KnownAnswer, ...] = ()
    admission: Admission = Admission()

    @property
    def is_pinned(self) -> bool:
        """Whether every model and data set is fixed, but for those that the hub would not give."""
        gone = {(entry.what, entry.id) for entry in self.unavailable}
        return all(model.is_pinned or ("model", model.id) in gone for model in self.models) and all(
            dataset.is_pinned or ("data set", dataset.id) in gone for dataset in self.datasets
        )

    def obstacle(self, job: Job) -> str | None:
        """Why this job cannot run although the suite is pinned; None if nothing is known against it."""
        for entry in self.unavailable:
            if (entry.what, entry.id) in (("model", job.model), ("data set", job.dataset)):
                return entry.sentence
        dataset = self.dataset(job.dataset)
        return dataset.obstacle or (missing_ability(job) if dataset.hub_id is not None else None)

    def task(self, name: str) -> Task:
        """The task of this id. Raises UnknownEntry."""
        return _find("task", name, {task.id: task for task in self.tasks})

    def dataset(self, name: str) -> DataSet:
        """The data set of this id. Raises UnknownEntry."""
        return _find("data set", name, {dataset.id: dataset for dataset in self.datasets})

    def model(self, name: str) -> Model:
        """The model of this id. Raises UnknownEntry."""
        return _find("model", name, {model.id: model for model in self.models})

    def job(self, key: str) -> Job:
        """The job of this key, `task/dataset/model`. Raises UnknownEntry."""
        return _find("job", key, {job.key: job for job in self.jobs})

    def known_answers(self, job_key: str) -> dict[str, str]:
        """By query id the digest of the answer that the job gives, of the queries whose answer is known."""
        return {answer.query: answer.answer for answer in self.reference_answers if answer.key == job_key}

    def rows(self, dataset_id: str, query_ids: Iterable[str] | None = None) -> tuple[Row, ...]:
        """The rows of a data set, or those of `query_ids` in that order.

        Raises UnknownEntry, or RowsElsewhere for a data set on the hub.
        """
        dataset = self.dataset(dataset_id)
        if dataset.hub_id is not None:
            raise RowsElsewhere(dataset.id, dataset.hub_id)
        rows = self.contents[dataset.id]
        if query_ids is None:
            return rows
        by_id = {row.id: row for row in rows}
        return tuple(_find("query", query_id, by_id) for query_id in query_ids)

    def queries_per_window(self, dataset_id: str) -> int:
        """How many different queries one window runs, or all windows draw theirs from. Raises UnknownEntry."""
        return self.dataset(dataset_id).queries_per_window or self.protocol.queries

    def quality_metrics(self, dataset_id: str) -> tuple[str, ...]:
        """The metrics that a result on this data set states: none where it has no answers. Raises UnknownEntry."""
        dataset = self.dataset(dataset_id)
        if dataset.quality_metrics is not None:
            return dataset.quality_metrics
        return self.task(dataset.task).quality_metrics

    def query_ids(self, dataset_id: str) -> tuple[str, ...]:
        """The names of a data set's queries in their order; on the hub "0", "1", ... Raises UnknownEntry."""
        dataset = self.dataset(dataset_id)
        if dataset.hub_id is not None:
            return tuple(map(str, range(dataset.keep or 0)))
        return tuple(row.id for row in self.contents[dataset.id])

    def task_turns(self) -> dict[str, int]:
        """The place of each job, by its key, among those of its task: jobs in the order of these take tasks in turn.

        Jobs that cannot run come behind all others.
        """
        counts: dict[str, int] = {}
        turns = {}
        for job in self.jobs:
            if self.obstacle(job) is not None:
                turns[job.key] = len(self.jobs)
                continue
            turns[job.key] = counts.get(job.task, 0)
            counts[job.task] = turns[job.key] + 1
        return turns

    def population(self, dataset_id: str) -> tuple[str, ...]:
        """The queries that parts are drawn from, in the data set's order. Raises UnknownEntry."""
        return self.query_ids(dataset_id)[: self.queries_per_window(dataset_id)]

    def characters(self, dataset_id: str) -> tuple[int, ...] | None:
        """The number of characters of each text of the population; None for pictures and for data on the hub.

        Raises UnknownEntry.
        """
        rows = self.contents.get(self.dataset(dataset_id).id)
        if rows is None:
            return None
        texts = [text_of_row(row) for row in rows[: self.queries_per_window(dataset_id)]]
        return None if None in texts else tuple(len(text or "") for text in texts)

    def places(self, dataset_id: str, seed: int) -> tuple[int, ...]:
        """Where each query of the population, in the order that `seed` draws, stands in the data set, from 0.

        Of a protocol that runs parts. Raises UnknownEntry or NotPinned.
        """
        ids = self.population(dataset_id)
        place = {query_id: number for number, query_id in enumerate(ids)}
        return tuple(place[query_id] for query_id in self.sample(dataset_id, seed, len(ids)).query_ids)

    def sample(self, dataset_id: str, seed: int, count: int) -> Sample:
        """The `count` queries that `seed` chooses, in their order, or the first ones where the protocol says so.

        Where windows run parts, those are the first `count` in the order that `seed` draws of the population.
        Raises UnknownEntry, SampleTooLarge, or NotPinned.
        """
        revision, ids = self.dataset_revision(dataset_id), self.query_ids(dataset_id)
        if self.protocol.runs_parts:
            ids = self.population(dataset_id)
        if self.protocol.sample == "first":
            return first(dataset=dataset_id, revision=revision, ids=ids, count=count)
        return draw(dataset=dataset_id, revision=revision, ids=ids, seed=seed, count=count)

    def dtype(self, job: Job) -> Dtype | None:
        """The number format that the job is meant to run in; None where neither it nor the protocol names one."""
        return job.dtype or self.protocol.dtype

    def dataset_revision(self, dataset_id: str) -> str:
        """The data set's commit on the hub or its file's SHA-256. Raises UnknownEntry or NotPinned."""
        return self._fixed(dataset_id, self.dataset(dataset_id).revision)

    def model_revision(self, model_id: str) -> str:
        """The model's commit on the hub or its package's version. Raises UnknownEntry or NotPinned."""
        return self._fixed(model_id, self.model(model_id).revision)

    def weights_sha256(self, model_id: str) -> str:
        """The digest of the model's weights. Raises UnknownEntry or NotPinned."""
        return self._fixed(model_id, self.model(model_id).weights_sha256)

    def _fixed(self, name: str, value: str | None) -> str:
        if value is None:
            raise NotPinned(
                _("Suite {name} {version} does not say which revision of {entry} is meant.").format(
                    name=self.name, version=self.version, entry=name
                )
            )
        return value


def require_pinned(suite: Suite, *, typed: str | None = None) -> None:
    """Raises NotPinned unless every model and data set is fixed: two runs might measure different things.

    `typed` is how the user named the suite, where that may have been a folder.
    """
    if not suite.is_pinned:
        raise NotPinned(why_unpinned(suite, typed=typed))


def pin_command(suite: Suite) -> str:
    """The command that fixes the suite's revisions."""
    return f"joulemark suite pin {suite.name} --out FOLDER"


def why_unpinned(suite: Suite, *, typed: str | None = None) -> str:
    """Why a suite without revisions is not run, and what to do."""
    return _(
        "Suite {name} {version} names models and data sets on the hub, but not which revision of "
        "them: pin it with `joulemark suite pin {typed} --out FOLDER`, then run the suite in that "
        "folder."
    ).format(name=suite.name, version=suite.version, typed=typed or suite.name)


def _find(what: str, name: str, entries: Mapping[str, T]) -> T:
    if name not in entries:
        raise UnknownEntry(what, name, entries)
    return entries[name]
