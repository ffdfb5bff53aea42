"""Whether two kinds of model answer in the same form on a data set: what is picked out of a text was not written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.suite import load_suite
from joulemark.suite.answer_forms import AnswerForm, answer_form
from measurements.catalog.suites import suite_of_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.suite import Suite
    from joulemark.suite.published import Study
    from measurements.boards.rows import BoardRow
    from measurements.boards.series import Series

STUDY_SUITE = "a100-2024"
"""The suite that asks as the 2024 study did."""

Forms = dict[tuple[str, str], AnswerForm]
"""By a task and a model's name on boards."""


def forms_of(series: Series) -> Forms:
    """How each model of a series answers, where its suite (or the study's) says so and the task leaves a choice."""
    if series.is_study:
        return _forms(load_suite(STUDY_SUITE), hub_names=True)
    suite = suite_of_version(series.suite, series.version)
    return {} if suite is None else _forms(suite)


def answers_of(forms: Forms, rows: Iterable[BoardRow]) -> tuple[AnswerForm, ...]:
    """The forms in which these models answer; empty where nobody says."""
    forms_of_rows = (forms.get((row.task, row.model)) for row in rows)
    return tuple(sorted({form for form in forms_of_rows if form is not None}))


def study_unlike_tasks(study: Study) -> set[str]:
    """The study's compared tasks on which its two kinds of model answer in unlike forms."""
    kinds = {model.id: model.kind for model in study.models}
    by_kind: dict[str, dict[str, set[AnswerForm]]] = {}
    for (task, model), form in _forms(load_suite(STUDY_SUITE), hub_names=True).items():
        if model in kinds:
            by_kind.setdefault(task, {}).setdefault(kinds[model], set()).add(form)
    return {
        task for task, of_task in by_kind.items() if len({tuple(sorted(f)) for f in of_task.values()}) > 1
    }


def _forms(suite: Suite, *, hub_names: bool = False) -> Forms:
    names = {model.id: (model.hub_id or model.id) if hub_names else model.id for model in suite.models}
    return {
        (job.task, names[job.model]): form for job in suite.jobs if (form := answer_form(job)) is not None
    }
