"""What a suite says about itself, as ``suite.toml`` spells it.

A published suite is never edited: a change is a new version beside it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Slug = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9._-]{0,99}$")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 in lower-case hex")]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0, le=86400)]
Kind = Literal["task-specific", "general-purpose"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything that a suite's files spell out; unknown fields are refused."""


class Protocol(Entry, frozen=True, kw_only=True):
    """How a job is measured, one query at a time (batch size 1).

    `queries` is the sample of one window where the data set names no number of its own. Windows follow each other
    until the 95 % half-width of the mean, relative to the mean, is under `half_width_target`, `windows_max` are done,
    or the job has taken `budget_s` seconds; at least `windows_min` are done in any case. `idle_s`: seconds at rest,
    model resident, before the first window and after the last. `warmup_queries`: queries before the first window, at
    least; with `warmup_s` they go on until power and temperature are steady, at most for so long. A window shorter
    than its counter needs repeats its sample, unless `fill_windows` is off. In the mode `latency` each query of a
    window begins at its own phase of the sensor, with pauses between.
    """

    queries: Positive
    windows_min: Positive
    windows_max: Positive
    warmup_queries: Annotated[int, Meta(ge=0)]
    idle_s: Seconds
    half_width_target: Annotated[float, Meta(gt=0, lt=1)]
    budget_s: Seconds
    warmup_s: Seconds = 0.0
    fill_windows: bool = True
    mode: Literal["throughput", "latency"] = "throughput"


class Task(Entry, frozen=True, kw_only=True):
    """One of the ten tasks of the 2024 study (arXiv 2311.16863, table 1), under the same id; title in English."""

    id: Slug
    title: str
    modality: Literal[
        "text-to-category", "text-to-text", "image-to-category", "image-to-text", "text-to-image"
    ]
    quality_metrics: tuple[Slug, ...]


class Label(Entry, frozen=True, kw_only=True):
    """A class of a data set; `description` is the sentence that a zero-shot classifier compares inputs with."""

    id: Slug
    description: str


class DataSet(Entry, frozen=True, kw_only=True):
    """A data set: the rows of `file`, one JSON object a line, of the kind `rows`.

    `revision` is the SHA-256 of the file's bytes. `label_field` names the column that holds the answer where a row
    has several. `queries_per_window` takes the place of the protocol's `queries`. `licence` is an SPDX expression.
    """

    id: Slug
    task: Slug
    title: str
    file: str
    rows: Literal["sentences", "prompts", "texts", "photos"]
    revision: Sha256
    licence: str
    source: str
    label_field: Literal["topic", "sentiment"] | None = None
    labels: tuple[Label, ...] = ()
    queries_per_window: Positive | None = None


class Model(Entry, frozen=True, kw_only=True):
    """A model inside an installed Python distribution; nothing is downloaded.

    `package` is the distribution, `revision` its version, `module` its import name, `weights` the weights file inside
    that module's folder and `weights_sha256` its digest. `parameters` is their number. `licence`, an SPDX expression,
    is that of the weights.
    """

    id: Slug
    title: str
    kind: Kind
    parameters: Positive
    package: str
    revision: str
    module: str
    weights: str
    weights_sha256: Sha256
    licence: str
    source: str


class Job(Entry, frozen=True, kw_only=True):
    """One model on one data set for one task, and how it is asked.

    A generator has `prompt` (with `{text}` for the input), `prompt_style` (`chat`: one turn of the model's own chat
    format; `completion`: the bare text), `max_new_tokens` and `decoding`. An extractive summarizer has
    `summary_sentences`. A classifier needs none of them.
    """

    task: Slug
    dataset: Slug
    model: Slug
    prompt: str | None = None
    prompt_style: Literal["chat", "completion"] | None = None
    max_new_tokens: Positive | None = None
    decoding: Literal["greedy"] | None = None
    summary_sentences: Positive | None = None

    @property
    def key(self) -> str:
        """`task/dataset/model`: the job's name."""
        return f"{self.task}/{self.dataset}/{self.model}"
