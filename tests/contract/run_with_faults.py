"""The real command line with a fault planted into each job that is named in JOULEMARK_TEST_FAULTS (JSON).

What the program says of itself is changed in `stated` (the digest of other queries than those that ran) and `revision`
(another commit of the model). What it does is changed, and all that it states is what an honest run would state, in
`reversed` (the queries of the sample, the last one first), `again` (its first query, as often as it has queries), `cut`
(answers that end early) and `swapped` (other weights of the same shape, loaded past the check of their digest). These
programs do not look at known answers themselves. In `weights` the model's file in the cache is another model's; the
program is the honest one.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from joulemark import workloads
from joulemark.cli import main
from joulemark.session.job_runner import JobRunner
from joulemark.suite import Sample, Suite
from joulemark.workloads import hub_cache
from joulemark.workloads.tasks.workload import TaskWorkload

if TYPE_CHECKING:
    from joulemark.suite import Job, Model
    from joulemark.workloads import Loaded, Output, Query

FAULTS = json.loads(os.environ["JOULEMARK_TEST_FAULTS"])
now = {"fault": ""}
honest: dict[str, Callable[..., Any]] = {
    "one": JobRunner._measure_in_workload,
    "sample": Suite.sample,
    "revision": Suite.model_revision,
    "load": TaskWorkload.load,
    "answer": TaskWorkload.answer,
    "known": workloads.require_known_answers,
    "snapshot": hub_cache.model_snapshot,
}


def one(self: JobRunner, job: Job) -> Any:
    now["fault"] = FAULTS[job.key]
    return honest["one"](self, job)


def sample(self: Suite, dataset: str, seed: int, count: int) -> Sample:
    true = honest["sample"](self, dataset, seed, count)
    other = {
        "stated": Sample(query_ids=true.query_ids, sha256="0" * 64),
        "reversed": Sample(query_ids=true.query_ids[::-1], sha256=true.sha256),
        "again": Sample(query_ids=true.query_ids[:1] * count, sha256=true.sha256),
    }
    return other.get(now["fault"], true)


def model_revision(self: Suite, model: str) -> str:
    return "0" * 40 if now["fault"] == "revision" else honest["revision"](self, model)


def load(self: TaskWorkload) -> Loaded:
    opened = self.open_model

    def with_other_weights() -> Any:
        parts = opened()
        generator = torch.Generator().manual_seed(1)
        for weights in (weights for part in parts for weights in part.parameters()):
            weights.data = torch.randn(weights.shape, generator=generator) / 10
        return parts

    if now["fault"] == "swapped":
        vars(self).update(open_model=with_other_weights)
    return honest["load"](self)


def answer(self: TaskWorkload, query: Query) -> Output:
    whole = honest["answer"](self, query)
    if now["fault"] != "cut":
        return whole
    tokens = None if whole.output_tokens is None else whole.output_tokens // 2
    return replace(whole, value=whole.value[: len(whole.value) // 2], output_tokens=tokens)


def require_known_answers(*words: Any, **more: Any) -> None:
    if now["fault"] == "weights":
        honest["known"](*words, **more)


def model_snapshot(model: Model) -> Path:
    """With the fault, a copy of the folder in which each weights file has the bytes of another model's."""
    true = honest["snapshot"](model)
    if now["fault"] != "weights":
        return true
    other = next(path for path in sorted(true.parents[2].glob("models--*")) if path != true.parents[1])
    weights = next(other.glob("snapshots/*/model.safetensors"))
    copy = Path(tempfile.mkdtemp()) / true.name
    shutil.copytree(true, copy)
    for file in model.files:
        shutil.copyfile(weights, copy / file.name)
    return copy


if __name__ == "__main__":
    for changed, name, step in (
        (JobRunner, "_measure_in_workload", one),
        (Suite, "sample", sample),
        (Suite, "model_revision", model_revision),
        (TaskWorkload, "load", load),
        (TaskWorkload, "answer", answer),
        (workloads, "require_known_answers", require_known_answers),
        (hub_cache, "model_snapshot", model_snapshot),
    ):
        setattr(changed, name, step)
    sys.exit(main())
