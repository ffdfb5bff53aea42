"""The tasks of the 2024 study on any model of a hub, out of a local snapshot. Each is imported when it is opened.

`open_task(recipe, rows)` gives the workload, not yet loaded. `rows` are the data set's by query id, each as the hub has
it. A task with `-prompted` at its end asks a general-purpose model in words for what the others are trained for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from joulemark.translation import gettext as _
from joulemark.workloads.base import UPDATE, WorkloadError
from joulemark.workloads.libraries import Need, Program, set_libraries_up, what_to_install

if TYPE_CHECKING:
    from joulemark.workloads.preprocess import Row
    from joulemark.workloads.recipe import Recipe
    from joulemark.workloads.tasks.workload import TaskWorkload

_TEXT = (Need("torch", "torch"), Need("transformers", "transformers>=5.23,<6"))
_PICTURES = (*_TEXT, Need("PIL", "pillow>=11"))
_CLASSES = Need("sklearn", "scikit-learn>=1.7")
_SPANS = Need("torchmetrics", "torchmetrics>=1.9,<2")
_ROUGE = Need("rouge_score", "rouge-score>=0.1.2")

TASKS = {
    "text_classification": Program("text_classification", "TextClassification", (*_TEXT, _CLASSES)),
    "extractive_qa": Program("extractive_qa", "ExtractiveQA", (*_TEXT, _SPANS)),
    "masked_lm": Program("masked_lm", "MaskedLM", _TEXT),
    "token_classification": Program(
        "token_classification", "TokenClassification", (*_TEXT, Need("seqeval", "seqeval>=1.2.2"))
    ),
    "image_classification": Program("image_classification", "ImageClassification", _PICTURES),
    "object_detection": Program(
        "object_detection", "ObjectDetection", (*_PICTURES, Need("pycocotools", "pycocotools>=2.0.11"))
    ),
    "text_generation": Program("text_generation", "TextGeneration", _TEXT),
    "summarization": Program("summarization", "Summarization", (*_TEXT, _ROUGE)),
    "image_captioning": Program("image_captioning", "ImageCaptioning", (*_PICTURES, _ROUGE)),
    "image_generation": Program(
        "image_generation", "ImageGeneration", (*_PICTURES, Need("diffusers", "diffusers>=0.42,<1"))
    ),
    "text_classification-prompted": Program("prompted", "PromptedClassification", (*_TEXT, _CLASSES)),
    "extractive_qa-prompted": Program("prompted", "PromptedQA", (*_TEXT, _SPANS)),
    "summarization-prompted": Program("prompted", "PromptedSummarization", (*_TEXT, _ROUGE)),
}
"""Who does each task, and what must be installed for it."""


def available(task: str) -> str | None:
    """None if everything that the task needs is installed, else one sentence that says what to install."""
    if task not in TASKS:
        return _("This version does not know the task {task}. {update}").format(task=task, update=_(UPDATE))
    return what_to_install(TASKS[task].needs)


def open_task(recipe: Recipe, rows: Mapping[str, Row]) -> TaskWorkload:
    """The workload, not yet loaded. Raises WorkloadError when it cannot run here."""
    reason = available(recipe.task)
    if reason is not None:
        raise WorkloadError(_("{task} cannot run here. {reason}").format(task=recipe.task, reason=reason))
    set_libraries_up()
    program = TASKS[recipe.task]
    kind: type[TaskWorkload] = getattr(import_module(f"{__name__}.{program.module}"), program.name)
    return kind(recipe, rows)
