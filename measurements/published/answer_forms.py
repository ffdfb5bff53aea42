"""In which form the models of a suite answer, and on which tasks the published study's two kinds answer unalike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.suite import load_suite
from joulemark.suite.answer_forms import AnswerForm, answer_form

if TYPE_CHECKING:
    from joulemark.suite import Suite
    from joulemark.suite.published import Study

STUDY_SUITE = "a100-2024"
"""The suite that asks as the 2024 study did."""

Forms = dict[tuple[str, str], AnswerForm]
"""By a task and a model's name on boards."""


def study_forms() -> Forms:
    """How each model of the published study answers, by the name that it has on the hub."""
    return forms_of_suite(load_suite(STUDY_SUITE), hub_names=True)


def study_unlike_tasks(study: Study) -> set[str]:
    """The study's compared tasks on which its two kinds of model answer in unlike forms."""
    kinds = {model.id: model.kind for model in study.models}
    by_kind: dict[str, dict[str, set[AnswerForm]]] = {}
    for (task, model), form in study_forms().items():
        if model in kinds:
            by_kind.setdefault(task, {}).setdefault(kinds[model], set()).add(form)
    return {
        task for task, of_task in by_kind.items() if len({tuple(sorted(f)) for f in of_task.values()}) > 1
    }


def forms_of_suite(suite: Suite, *, hub_names: bool = False) -> Forms:
    """How each model of a suite answers, where the task leaves a choice."""
    names = {model.id: (model.hub_id or model.id) if hub_names else model.id for model in suite.models}
    return {
        (job.task, names[job.model]): form for job in suite.jobs if (form := answer_form(job)) is not None
    }
