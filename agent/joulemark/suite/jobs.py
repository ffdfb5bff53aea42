"""The jobs of a suite, as ``suite.toml`` spells them: one model on one data set each, and how it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from joulemark.record.field_types import Slug
from joulemark.suite.schema import Dtype, Entry, Positive
from joulemark.translation import gettext as _

Reasoning = Literal["off", "on"]
"""Whether a model writes its way to an answer first. Jobs with and without it are never in one suite."""


class Limits(Entry, frozen=True, kw_only=True):
    """How a model is asked.

    A generator has `prompt` (with `{text}`, or `{question}` and `{context}`, for the input), `prompt_style` (`chat`:
    one turn of the model's own chat format; `completion`: the bare text) and `decoding` (`greedy`; `sample`: each token
    is drawn among the `top_k` likeliest at `temperature`; or `default`: as the model's own files say, which may be
    beams or draws). `task_settings` names the part of a model's ``config.json`` (under `task_specific_params`) that
    goes over its general settings, as a pipeline of that name did; the words that the configuration puts before each
    text go with it. It ends after `max_new_tokens`, or once its text has
    `max_length` tokens: the output's of an encoder-decoder, prompt and output of a decoder. `min_length` is counted
    like `max_length`. An extractive summarizer has `summary_sentences`. A generator of pictures has `image_width`,
    `image_height` (pixels) and `steps` (of denoising). A detector has `threshold`, the score (0 to 1) that what it
    finds must be above. A classifier needs none of them.

    `reasoning` says whether a model that can writes its way to an answer first: `off`, or `on` with at most
    `reasoning_budget` tokens before the `max_new_tokens` of the answer. `dtype` is the number
    format that the job is meant to run in, where it is not the protocol's.

    An embedder has `pooling`: a text's vector is the mean of its tokens' vectors, that of the `first` or of the `last`.
    Its `prompt` goes around the texts that are searched with, and around no other.
    """

    prompt: str | None = None
    prompt_style: Literal["chat", "completion"] | None = None
    max_new_tokens: Positive | None = None
    max_length: Positive | None = None
    min_length: Positive | None = None
    decoding: Literal["greedy", "sample", "default"] | None = None
    top_k: Positive | None = None
    temperature: Annotated[float, Meta(gt=0)] | None = None
    task_settings: Slug | None = None
    summary_sentences: Positive | None = None
    image_width: Positive | None = None
    image_height: Positive | None = None
    steps: Positive | None = None
    threshold: Annotated[float, Meta(ge=0, lt=1)] | None = None
    reasoning: Reasoning | None = None
    reasoning_budget: Positive | None = None
    dtype: Dtype | None = None
    pooling: Literal["mean", "first", "last"] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError unless exactly the jobs that reason have a budget for it."""
        if (self.reasoning == "on") != (self.reasoning_budget is not None):
            raise ValueError(_("reasoning = on needs a reasoning_budget, and nothing else has one"))


class Job(Limits, frozen=True, kw_only=True):
    """One model on one data set for one task, and how it is asked."""

    task: Slug
    dataset: Slug
    model: Slug

    @property
    def key(self) -> str:
        """`task/dataset/model`: the job's name."""
        return f"{self.task}/{self.dataset}/{self.model}"

    @property
    def generates_text(self) -> bool:
        """Whether its answers are written token by token, and are counted in tokens."""
        if self.summary_sentences is not None or self.pooling is not None:
            return False
        return self.prompt is not None or self.task in (
            "text_generation",
            "summarization",
            "image_captioning",
            "translation",
            "speech_recognition",
        )


class Cells(Limits, frozen=True, kw_only=True):
    """Each of `models` on each of `datasets`, all asked alike: as many jobs as the product of both."""

    task: Slug
    datasets: Annotated[tuple[Slug, ...], Meta(min_length=1)]
    models: Annotated[tuple[Slug, ...], Meta(min_length=1)]

    def jobs(self) -> Iterator[Job]:
        """The jobs, data set by data set."""
        limits = {name: getattr(self, name) for name in Limits.__struct_fields__}
        for dataset in self.datasets:
            for model in self.models:
                yield Job(task=self.task, dataset=dataset, model=model, **limits)
