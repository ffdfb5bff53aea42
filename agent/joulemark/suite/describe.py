"""A suite as plain values, for `joulemark suite show --json` and whoever reads that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from joulemark.suite.jobs import Job
from joulemark.suite.suite import pin_command, why_unpinned

if TYPE_CHECKING:
    from joulemark.suite.schema import DataSet, Model
    from joulemark.suite.suite import Suite


def plain(entry: msgspec.Struct) -> dict[str, Any]:
    """The entry's fields as JSON has them."""
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    return fields


def counts(suite: Suite) -> dict[str, int]:
    """How many tasks, data sets, models and cells there are, models and cells by kind."""
    kinds = {model.id: model.kind for model in suite.models}
    cells = [kinds[job.model] for job in suite.jobs]
    return {
        "tasks": len(suite.tasks),
        "datasets": len(suite.datasets),
        "task_specific_models": sum(kind == "task-specific" for kind in kinds.values()),
        "general_purpose_models": sum(kind == "general-purpose" for kind in kinds.values()),
        "task_specific_cells": sum(kind == "task-specific" for kind in cells),
        "general_purpose_cells": sum(kind == "general-purpose" for kind in cells),
    }


def describe(suite: Suite) -> dict[str, Any]:
    """The whole suite but for its rows.

    Each cell has its key, the kind of its model, all of its limits, whether its model is known to have seen the
    training part of its data set, and as `obstacle` why it cannot run, else None. `unpinned` is None, or says why no
    revision is fixed and which command fixes them; a model or data set without one has its own `revision_reason`.
    """
    return {
        "name": suite.name,
        "version": suite.version,
        "title": suite.title,
        "digest": suite.digest,
        "pinned": suite.is_pinned,
        "unpinned": None
        if suite.is_pinned
        else {"reason": why_unpinned(suite), "command": pin_command(suite)},
        "counts": counts(suite),
        "protocol": plain(suite.protocol),
        "tasks": [plain(task) for task in suite.tasks],
        "datasets": [_with_reason(suite, "data set", dataset) for dataset in suite.datasets],
        "models": [_with_reason(suite, "model", model) for model in suite.models],
        "cells": [_cell(suite, job) for job in suite.jobs],
        "choices": [plain(choice) for choice in suite.choices],
        "admission": plain(suite.admission),
        "unavailable": [plain(entry) for entry in suite.unavailable],
    }


def _with_reason(suite: Suite, what: str, entry: DataSet | Model) -> dict[str, Any]:
    """The entry, and why it has no revision where it has none."""
    reason = None
    if entry.revision is None:
        gone = [gone.sentence for gone in suite.unavailable if (gone.what, gone.id) == (what, entry.id)]
        reason = gone[0] if gone else why_unpinned(suite)
    return {**plain(entry), "revision_reason": reason}


def _cell(suite: Suite, job: Job) -> dict[str, Any]:
    dataset = suite.dataset(job.dataset)
    limits = {name: value for name, value in plain(job).items() if name not in ("task", "dataset", "model")}
    return {
        "key": job.key,
        "task": job.task,
        "dataset": job.dataset,
        "model": job.model,
        "kind": suite.model(job.model).kind,
        "dtype": suite.dtype(job),
        "model_trained_on_dataset": job.dataset in suite.model(job.model).trained_on,
        "obstacle": suite.obstacle(job),
        "queries_per_window": suite.queries_per_window(job.dataset),
        "quality_metrics": list(suite.quality_metrics(job.dataset)),
        "input": {
            "cut_words": dataset.cut_words,
            "mask": dataset.mask,
            "resize": None if dataset.resize is None else plain(dataset.resize),
        },
        "limits": limits,
    }
