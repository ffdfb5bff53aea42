"""A suite as plain values, for `joulemark suite show --json` and whoever reads that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from joulemark.suite.schema import Job

if TYPE_CHECKING:
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

    Each cell has its key, the kind of its model, all of its limits, and as `obstacle` why it cannot run, else None.
    """
    return {
        "name": suite.name,
        "version": suite.version,
        "title": suite.title,
        "digest": suite.digest,
        "pinned": suite.is_pinned,
        "counts": counts(suite),
        "protocol": plain(suite.protocol),
        "tasks": [plain(task) for task in suite.tasks],
        "datasets": [plain(dataset) for dataset in suite.datasets],
        "models": [plain(model) for model in suite.models],
        "cells": [_cell(suite, job) for job in suite.jobs],
        "choices": [plain(choice) for choice in suite.choices],
        "unavailable": [plain(entry) for entry in suite.unavailable],
    }


def _cell(suite: Suite, job: Job) -> dict[str, Any]:
    dataset = suite.dataset(job.dataset)
    limits = {name: value for name, value in plain(job).items() if name not in ("task", "dataset", "model")}
    return {
        "key": job.key,
        "task": job.task,
        "dataset": job.dataset,
        "model": job.model,
        "kind": suite.model(job.model).kind,
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
