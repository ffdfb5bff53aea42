"""A suite in memory: its entries by name, its rows, its samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from joulemark.suite.errors import UnknownEntry
from joulemark.suite.rows import Row
from joulemark.suite.sampling import Sample, draw
from joulemark.suite.schema import DataSet, Entry, Job, Model, Protocol, Sha256, Task

T = TypeVar("T")


class Suite(Entry, frozen=True, kw_only=True):
    """A standard suite: what is measured and how, as data.

    `digest` is the SHA-256 over the names and bytes of all of its files; together with `name` and `version` it is how
    a result says what it ran. `contents` holds the rows of each data set under its id.
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

    def rows(self, dataset_id: str, query_ids: Iterable[str] | None = None) -> tuple[Row, ...]:
        """The rows of a data set, or those of `query_ids` in that order. Raises UnknownEntry."""
        rows = self.contents[self.dataset(dataset_id).id]
        if query_ids is None:
            return rows
        by_id = {row.id: row for row in rows}
        return tuple(_find("query", query_id, by_id) for query_id in query_ids)

    def queries_per_window(self, dataset_id: str) -> int:
        """How many different queries one window runs. Raises UnknownEntry."""
        return self.dataset(dataset_id).queries_per_window or self.protocol.queries

    def sample(self, dataset_id: str, seed: int, count: int) -> Sample:
        """The `count` queries that `seed` chooses, in their order. Raises UnknownEntry or SampleTooLarge."""
        dataset = self.dataset(dataset_id)
        ids = (row.id for row in self.contents[dataset.id])
        return draw(dataset=dataset.id, revision=dataset.revision, ids=ids, seed=seed, count=count)


def _find(what: str, name: str, entries: Mapping[str, T]) -> T:
    if name not in entries:
        raise UnknownEntry(what, name, entries)
    return entries[name]
