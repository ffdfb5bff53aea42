"""Which jobs on the hub this version can run: what is not listed here is handed out by no platform and run by no agent.

The suite names what is to be measured, which may be more than a version can do. A job that it cannot do yet has a
sentence, as one whose data set the hub refuses: it is shown, and costs and yields nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.suite.jobs import Job

TRAINED_FOR = frozenset(
    {
        "text_classification",
        "extractive_qa",
        "masked_lm",
        "token_classification",
        "image_classification",
        "object_detection",
        "text_generation",
        "summarization",
        "image_captioning",
        "image_generation",
    }
)
"""Tasks that models do that were trained for them."""

BY_PROMPT = frozenset({"text_classification", "extractive_qa", "summarization"})
"""Tasks that a general-purpose model can be asked for in words."""

BARE_TEXT = "{text}"
"""A prompt that asks for nothing: a text generator goes on with the text itself."""


def missing_ability(job: Job) -> str | None:
    """Why no agent of this version can run the job on models of the hub; None where it can."""
    if job.task not in TRAINED_FOR:
        return _("This version does not know the task {task} yet.").format(task=job.task)
    if job.prompt not in (None, BARE_TEXT) and job.task not in BY_PROMPT:
        return _("This version cannot ask for {task} in words yet.").format(task=job.task)
    if job.reasoning == "on":
        return _("This version cannot let a model reason within a budget of tokens yet.")
    return None
