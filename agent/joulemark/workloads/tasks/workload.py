"""What the tasks share: weights checked, answers repeatable, a lack of memory named, answers scored."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pickle import UnpicklingError
from typing import Any, ClassVar

import torch
from safetensors import SafetensorError

from joulemark.suite import Sample
from joulemark.translation import gettext as _
from joulemark.workloads import devices
from joulemark.workloads.base import (
    Loaded,
    MissingQuality,
    Output,
    QualityScore,
    Query,
    Workload,
    WorkloadError,
    crashes_named,
)
from joulemark.workloads.preprocess import Row, cell
from joulemark.workloads.recipe import Recipe
from joulemark.workloads.weights import require_beside, snapshot_weights

NO_REFERENCES = "no-references"
"""Why a metric is missing where the data set has no right answers, or keeps them back."""

Pairs = Sequence[tuple[Query, str]]


class TaskWorkload(Workload):
    """A recipe on the rows of a data set. A task says what a row asks, how it is answered and how answers are scored.

    `metrics` names what `score` gives. `impossible` are metrics of the task that this version never has, with reasons.
    """

    metrics: ClassVar[tuple[str, ...]] = ()
    impossible: ClassVar[Mapping[str, str]] = {}

    def __init__(self, recipe: Recipe, rows: Mapping[str, Row]) -> None:
        self.recipe = recipe
        self.rows = rows
        self.device = recipe.device

    @abstractmethod
    def open_model(self) -> Sequence[torch.nn.Module]:
        """Read the model out of its folder, onto the device, and return its parts."""

    @abstractmethod
    def ask(self, query_id: str, row: Row) -> Query:
        """The query that a row makes; its reference is None where there is none."""

    @abstractmethod
    def respond(self, query: Query) -> Output:
        """Answer one query, the seed set and gradients off."""

    @abstractmethod
    def score(self, pairs: Pairs) -> dict[str, float]:
        """The values of `metrics` over answers to queries that have a reference; there is at least one."""

    def unscorable(self, queries: Sequence[Query]) -> str | None:
        """Why answers to these queries, which have references, cannot be scored; None if they can. Needs `load`."""
        return None

    def load(self) -> Loaded:
        """See Workload."""
        model = self.recipe.model_name
        devices.require(self.device)
        weights_sha256 = snapshot_weights(self.recipe.model_folder, self.recipe.weights)
        require_beside(self.recipe.model_folder, self.recipe.beside)
        devices.make_repeatable()
        devices.forget_peak(self.device)
        try:
            with devices.memory_watched(model):
                parts = self.open_model()
        except ImportError as error:
            raise WorkloadError(
                _(
                    "{model} needs a library that is not installed ({value}). Use a revision of the "
                    "model that does not need it, or leave the model out."
                ).format(model=model, value=error.name or _first_line(error))
            ) from error
        except (OSError, ValueError, KeyError, SafetensorError, UnpicklingError) as error:
            raise WorkloadError(
                _(
                    "{model} cannot be loaded for {task} ({error}). Fetch the model again, or use "
                    "one that was made for the task."
                ).format(model=model, task=self.recipe.task, error=_first_line(error))
            ) from error
        parameters = [parameter for part in parts for parameter in part.parameters()]
        return Loaded(
            weights_sha256=weights_sha256,
            parameters=sum(parameter.numel() for parameter in parameters),
            dtype=str(parameters[0].dtype).removeprefix("torch."),
            device=str(parameters[0].device),
        )

    def queries(self, sample: Sample) -> list[Query]:
        """See Workload. Needs `load`: what a query is can depend on the model's own tokens."""
        return [self.ask(query_id, self._row(query_id)) for query_id in sample.query_ids]

    def answer(self, query: Query) -> Output:
        """See Workload. The seed is the query's own, so that an answer does not depend on those before it."""
        what = _("query {id} of {model_name}").format(id=query.id, model_name=self.recipe.model_name)
        with crashes_named(f"The {what}"), devices.memory_watched(what):
            torch.manual_seed(devices.seed_of(query.id))
            with torch.inference_mode():
                return self.respond(query)

    def synchronise(self) -> None:
        """See Workload."""
        devices.synchronise(self.device)

    def finish(self) -> None:
        """See Workload. What a task opened are its attributes that are not the recipe's."""
        for name in set(vars(self)) - {"recipe", "rows", "device"}:
            delattr(self, name)
        super().finish()
        devices.give_memory_back(self.device)

    def peak_memory_bytes(self) -> int | None:
        """See Workload."""
        return devices.peak_memory_bytes(self.device)

    def quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[QualityScore]:
        """See Workload; answers to queries without a reference are left out. Raises KeyError for a stray answer."""
        pairs = _scorable(queries, outputs)
        values = {} if self._why_unscored(pairs) else self.score(pairs)
        return [
            QualityScore(metric, value, len(pairs), higher_is_better=True) for metric, value in values.items()
        ]

    def missing_quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[MissingQuality]:
        """See Workload."""
        why = self._why_unscored(_scorable(queries, outputs))
        reasons = {**({} if why is None else dict.fromkeys(self.metrics, why)), **self.impossible}
        return [MissingQuality(metric, reason) for metric, reason in reasons.items()]

    def column(self, row: Row, role: str) -> Any:
        """The row's value in what the task calls `role`. Raises WorkloadError when the recipe does not name it."""
        if role not in self.recipe.columns:
            raise WorkloadError(
                _("{task} needs a column for {role}. Name one in the suite's `columns`.").format(
                    task=self.recipe.task, role=role
                )
            )
        return cell(row, self.recipe.columns[role])

    def reference(self, row: Row, role: str) -> Any:
        """As `column`, and None when the recipe names no such column."""
        return self.column(row, role) if role in self.recipe.columns else None

    def _why_unscored(self, pairs: Pairs) -> str | None:
        return self.unscorable([query for query, _ in pairs]) if pairs else NO_REFERENCES

    def _row(self, query_id: str) -> Row:
        if query_id not in self.rows:
            raise WorkloadError(
                _(
                    "The data set has no row {query_id}. Fetch the revision of the data set that the suite pins."
                ).format(query_id=query_id)
            )
        return self.rows[query_id]


def _scorable(queries: Sequence[Query], outputs: Sequence[Output]) -> list[tuple[Query, str]]:
    by_id = {query.id: query for query in queries}
    pairs = [(by_id[output.query_id], output.value) for output in outputs]
    return [(query, value) for query, value in pairs if query.reference is not None]


def sayable(model: Any, recipe: Recipe) -> set[str]:
    """The classes that a model can name, as the data set writes them."""
    return {recipe.answers.of_model(label) for label in model.config.id2label.values()}


def compact_json(value: Any) -> str:
    """A value as JSON that is the same whenever the value is: sorted keys, no spaces, no escapes beyond JSON's own."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
