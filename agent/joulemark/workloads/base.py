"""What every workload promises: load once, answer one query at a time, score the answers.

What is timed is `answer`, as in the 2024 study (arXiv 2311.16863), where the whole pipeline call was: cutting text into
tokens or scaling a picture to the model's input, the copy to the device, the model, and turning its output into a label
or a text. Reading and decoding files happens before, in `queries`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joulemark.errors import MeasurementImpossible
from joulemark.suite import Job, Sample, Suite


class WorkloadError(MeasurementImpossible):
    """A workload cannot be opened or loaded; the sentence says what to do next."""

    code = "workload-error"


@dataclass(frozen=True)
class Query:
    """One query: what the model is given, and what its answer is scored against."""

    id: str
    inputs: Mapping[str, Any]
    reference: Any


@dataclass(frozen=True)
class Output:
    """The answer to one query: a label or a text. `output_tokens` counts generated tokens, None where none are."""

    query_id: str
    value: str
    output_tokens: int | None


@dataclass(frozen=True)
class Loaded:
    """What was loaded: digest of the weights file as installed, number of parameters, their type, where they are."""

    weights_sha256: str
    parameters: int
    dtype: str
    device: str


@dataclass(frozen=True)
class Quality:
    """One metric over `n` scored answers."""

    metric: str
    value: float
    n: int
    higher_is_better: bool


class Workload(ABC):
    """One job of a suite on one device. `device` is `cpu`, `cuda` or `cuda:N`; `cache_dir` keeps converted weights."""

    def __init__(self, suite: Suite, job: Job, *, device: str, cache_dir: Path) -> None:
        self.suite = suite
        self.job = job
        self.device = device
        self.cache_dir = cache_dir

    @abstractmethod
    def load(self) -> Loaded:
        """Bring the model onto the device. Raises WorkloadError when weights or device are not what they must be."""

    @abstractmethod
    def queries(self, sample: Sample) -> list[Query]:
        """The sample's queries in its order, files read and decoded. Raises WorkloadError when a file is not right."""

    @abstractmethod
    def answer(self, query: Query) -> Output:
        """Answer one query, batch size 1: the timed path. Needs `load`."""

    @abstractmethod
    def synchronise(self) -> None:
        """Return when the device has finished all of its work."""

    @abstractmethod
    def quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[Quality]:
        """The task's metrics over answers, matched to queries by id."""
