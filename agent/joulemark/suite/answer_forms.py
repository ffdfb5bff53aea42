"""In which form a job's answers come: two models that answer in unlike forms do unlike work for the same question.

A summary of two sentences that are picked from the text is not the summary that a model writes word by word, and a
span of the text is not a written answer: their energies can be divided, but whoever reads the ratio must know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from joulemark.suite.jobs import Job

AnswerForm = Literal["picks", "writes"]

EITHER_WAY = frozenset({"extractive_qa", "summarization"})
"""Tasks whose answers may be picked out of the text, or written."""


def answer_form(job: Job) -> AnswerForm | None:
    """Whether its answers are picked out of the text or written; None where the task leaves no choice."""
    if job.task not in EITHER_WAY:
        return None
    return "writes" if job.generates_text else "picks"
