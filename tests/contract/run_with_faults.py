"""The real command line with a fault planted into each job that is named in JOULEMARK_TEST_FAULTS (JSON).

`sample`: other queries than the ticket's seed draws. `cut`: answers end early, and the agent does not look. `revision`:
the model's commit is said to be another one.
"""

import json
import os
import sys
from dataclasses import replace

from joulemark import workloads
from joulemark.cli import main
from joulemark.session.work import Work
from joulemark.suite import Sample, Suite
from joulemark.workloads.tasks.workload import TaskWorkload

FAULTS = json.loads(os.environ["JOULEMARK_TEST_FAULTS"])
now = {"fault": ""}
honest_with, honest_sample, honest_answer, honest_revision = (
    Work._with,
    Suite.sample,
    TaskWorkload.answer,
    Suite.model_revision,
)


def with_fault(self, workload, job):
    now["fault"] = FAULTS[job.key]
    return honest_with(self, workload, job)


def sample(self, dataset, seed, count):
    true = honest_sample(self, dataset, seed, count)
    return Sample(query_ids=true.query_ids[::-1], sha256="0" * 64) if now["fault"] == "sample" else true


def answer(self, query):
    whole = honest_answer(self, query)
    if now["fault"] != "cut":
        return whole
    tokens = None if whole.output_tokens is None else whole.output_tokens // 2
    return replace(whole, value=whole.value[: len(whole.value) // 2], output_tokens=tokens)


def model_revision(self, model):
    return "0" * 40 if now["fault"] == "revision" else honest_revision(self, model)


if __name__ == "__main__":
    Work._with, Suite.sample, TaskWorkload.answer, Suite.model_revision = (
        with_fault,
        sample,
        answer,
        model_revision,
    )
    workloads.require_known_answers = lambda *_, **__: None
    sys.exit(main())
