"""From a suite's job on the hub to what its task runs: the recipe and the rows. Nothing is read or imported here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

from joulemark.suite import DataSet, Job, Model, Suite
from joulemark.suite.abilities import BY_PROMPT, missing_ability
from joulemark.translation import gettext as _
from joulemark.workloads.base import UPDATE, WorkloadError
from joulemark.workloads.preprocess import Preprocessing, Row, numbered
from joulemark.workloads.recipe import Answers, Decoding, Diffusion, Recipe

ROLES: Mapping[str, tuple[tuple[str, ...], str | None]] = {
    "text_classification": (("text",), "label"),
    "extractive_qa": (("question", "context"), "answers"),
    "masked_lm": (("text",), None),
    "token_classification": (("text",), "tags"),
    "image_classification": (("image",), "label"),
    "object_detection": (("image",), "objects"),
    "text_generation": (("text",), None),
    "summarization": (("text",), "summary"),
    "image_captioning": (("image",), "captions"),
    "image_generation": (("text",), None),
}
"""What each task calls the columns that a data set lists, in their order, and what it calls the reference."""

SENTIMENTS: Mapping[str, tuple[str, ...]] = {
    "negative": ("negative", "Negative", "NEGATIVE", "neg", "Neg", "NEG", "1 star", "2 stars"),
    "neutral": ("neutral", "Neutral", "NEUTRAL", "neu", "Neu", "NEU", "3 stars"),
    "positive": ("positive", "Positive", "POSITIVE", "pos", "Pos", "POS", "4 stars", "5 stars"),
}
"""Spellings of one sentiment: models and data sets rarely share theirs, and an answer is right by what it means."""

_SPELT = {spelling: sentiment for sentiment, spellings in SENTIMENTS.items() for spelling in spellings}


def task_of(job: Job) -> str:
    """The key of `tasks.TASKS` that does the job."""
    return f"{job.task}-prompted" if job.prompt is not None and job.task in BY_PROMPT else job.task


def obstacle(suite: Suite, job: Job) -> str | None:
    """None if the job makes a recipe, else one sentence that says why not."""
    dataset = suite.dataset(job.dataset)
    if job.task not in ROLES:
        return _("This version does not know the task {task}. {update}").format(
            task=job.task, update=_(UPDATE)
        )
    return (
        _of_dataset(dataset, job)
        or _of_limits(job)
        or _of_reasoning(suite.model(job.model), job)
        or missing_ability(job)
    )


def recipe_of(
    suite: Suite, job: Job, *, model_folder: Path, device: str = "cpu", names: Sequence[str] = ()
) -> Recipe:
    """The job's recipe. `names`: the data set's classes by number, where the suite does not list them.

    Raises WorkloadError where there is none; `obstacle` says so before.
    """
    if reason := obstacle(suite, job):
        raise WorkloadError(_("{key} cannot run here. {reason}").format(key=job.key, reason=reason))
    dataset, model = suite.dataset(job.dataset), suite.model(job.model)
    return Recipe(
        task=task_of(job),
        model_folder=model_folder,
        columns=_columns(dataset),
        model=model.id,
        device=device,
        dtype=suite.dtype(job) or "float32",
        weights={file.name: file.sha256 for file in model.files},
        beside=None if model.beside is None else {file.name: file.sha256 for file in model.beside},
        unused_tensors=model.unused_tensors,
        preprocessing=preprocessing_of(dataset),
        answers=_answers(dataset, model, job, names),
        decoding=_decoding(job),
        diffusion=Diffusion(steps=job.steps, width=job.image_width, height=job.image_height),
        prompt=job.prompt,
        chat=job.prompt_style == "chat",
        switches_reasoning=model.reasoning == "switch",
    )


def columns_of(dataset: DataSet) -> tuple[str, ...]:
    """The columns that the data set's task reads."""
    return tuple(dict.fromkeys(_columns(dataset).values()))


def rows_of(dataset: DataSet, rows: Iterable[Row]) -> dict[str, Row]:
    """The data set by the names of its queries: of the first `take` rows, `keep` of those that are not dropped."""
    taken = islice(rows, dataset.take)
    return numbered(taken, dataset.columns[0], preprocessing_of(dataset), count=dataset.keep or 0)


def contradicted_names(dataset: DataSet, names: Sequence[str]) -> str | None:
    """One sentence if the files name other classes (`names`, as for `recipe_of`) than the suite; None if all is well.

    Classes that neither names are no obstacle: their answers are not scored, and the workload says so.
    """
    if not names or not dataset.class_names or tuple(names) == dataset.class_names:
        return None
    return _(
        "The classes of {id} are {names} in its files, but {class_names} in the suite. Use the "
        "revision that the suite pins."
    ).format(id=dataset.id, names=", ".join(names), class_names=", ".join(dataset.class_names))


def preprocessing_of(dataset: DataSet) -> Preprocessing:
    """What the suite says is done with the data set's columns."""
    return Preprocessing(
        join=" " if dataset.join_tokens else None,
        remove=dataset.remove_characters,
        words=dataset.cut_words,
        drop_rows=dataset.drop_rows,
        mask=dataset.mask,
        resize=None if dataset.resize is None else (dataset.resize.width, dataset.resize.height),
    )


def _of_dataset(dataset: DataSet, job: Job) -> str | None:
    roles = ROLES[job.task][0]
    if dataset.hub_id is None:
        return _(
            "The rows of {id} are a file, but models of the hub need Parquet. Use another data set."
        ).format(id=dataset.id)
    if dataset.obstacle is not None:
        return dataset.obstacle
    if len(dataset.columns) != len(roles):
        return _("{task} needs {roles}. Name as many `columns` of {id} in the suite.").format(
            task=job.task, roles=_(" and ").join(roles), id=dataset.id
        )
    if job.task == "masked_lm" and dataset.mask is None:
        return _("masked_lm needs to know what is masked. Set `mask` of {id} in the suite.").format(
            id=dataset.id
        )
    return None


def _of_limits(job: Job) -> str | None:
    if job.prompt_style == "chat" and task_of(job) == job.task:
        return _("Chat formats are for what a model is asked in words. Set `completion` in the suite.")
    if job.task not in BY_PROMPT and job.prompt not in (None, "{text}"):
        return _("{task} takes no prompt. Remove it from the suite.").format(task=job.task)
    if job.max_new_tokens is not None and job.max_length is not None:
        return _("max_new_tokens and max_length contradict each other. Keep one of them in the suite.")
    if job.decoding != "sample" and (job.top_k is not None or job.temperature is not None):
        return _("top_k and temperature need sampled tokens. Set `sample` as decoding in the suite.")
    if job.summary_sentences is not None:
        return _(
            "Models of the hub write summaries and do not extract sentences. Remove "
            "summary_sentences from the suite."
        )
    return None


def _of_reasoning(model: Model, job: Job) -> str | None:
    if model.reasoning == "always" and job.reasoning != "on":
        return _(
            "{id} always reasons before it answers. Set `reasoning` of the job to on in the suite."
        ).format(id=model.id)
    if model.reasoning == "switch" and job.prompt is not None and job.prompt_style != "chat":
        return _("The reasoning of {id} is switched by its chat format. Set `chat` in the suite.").format(
            id=model.id
        )
    return None


def _columns(dataset: DataSet) -> dict[str, str]:
    roles, reference = ROLES[dataset.task]
    columns = dict(zip(roles, dataset.columns, strict=True))
    if reference is not None and dataset.reference_column is not None:
        columns[reference] = dataset.reference_column
    return columns


def _answers(dataset: DataSet, model: Model, job: Job, names: Sequence[str]) -> Answers:
    """Sentiments, and what the suite says is one class, go by one spelling on both sides; other labels as written."""
    class_names = tuple(label.id for label in dataset.labels) or dataset.class_names or tuple(names)
    spellings = {other: name for name, others in dataset.spellings.items() for other in others}
    if dataset.task == "text_classification" and class_names and set(class_names) <= set(_SPELT):
        spellings = {**_SPELT, **{other: _SPELT.get(name, name) for other, name in spellings.items()}}
    return Answers(
        labels=model.labels,
        spellings=spellings,
        names=tuple(spellings.get(name, name) for name in class_names),
        threshold=Answers.threshold if job.threshold is None else job.threshold,
    )


def _decoding(job: Job) -> Decoding:
    greedy = job.decoding == "greedy"
    drawn = job.decoding == "sample"
    return Decoding(
        max_new_tokens=job.max_new_tokens,
        max_length=job.max_length,
        min_length=job.min_length,
        sample=drawn if greedy or drawn else None,
        beams=1 if greedy or drawn else None,
        top_k=job.top_k,
        temperature=job.temperature,
        task_settings=job.task_settings,
    )
