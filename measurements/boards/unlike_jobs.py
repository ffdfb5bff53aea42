"""Whether two kinds of model answer in the same form on a data set: what is picked out of a text was not written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from measurements.boards.series import PublisherSeries
from measurements.catalog.suites import suite_of_version
from measurements.published.answer_forms import forms_of_suite, study_forms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.suite.answer_forms import AnswerForm
    from measurements.boards.series import Series
    from measurements.published.answer_forms import Forms


def forms_of(series: Series) -> Forms:
    """How each model of a series answers, where its suite (or the study's) says so and the task leaves a choice."""
    if isinstance(series, PublisherSeries):
        return study_forms() if series.is_study else {}
    suite = suite_of_version(series.suite, series.version)
    return {} if suite is None else forms_of_suite(suite)


def answers_of(forms: Forms, task: str, models: Iterable[str]) -> tuple[AnswerForm, ...]:
    """The forms in which these models answer on a task; empty where nobody says."""
    forms_of_models = (forms.get((task, model)) for model in models)
    return tuple(sorted({form for form in forms_of_models if form is not None}))
