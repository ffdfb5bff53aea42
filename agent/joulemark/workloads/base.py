"""What every workload promises: load once, answer one query at a time, score the answers.

What is timed is `answer`, as in the 2024 study (arXiv 2311.16863), where the whole pipeline call was: cutting text into
tokens or scaling a picture to the model's input, the copy to the device, the model, and turning its output into a label
or a text. Reading and decoding files happens before, in `queries`.
"""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from joulemark.errors import MeasurementImpossible
from joulemark.suite import Sample
from joulemark.translation import gettext as _
from joulemark.translation import marked

UPDATE = marked(
    "Update the clone from which it was installed (`git pull`), and run `make install-agent` there."
)
"""What to do where this version does not know what a suite asks for."""


class WorkloadError(MeasurementImpossible):
    """A workload cannot be opened or loaded; the sentence says what to do next."""

    code = "workload-error"


class OutOfMemory(WorkloadError):
    """The device's memory is too small for this model or this query: a failure that is recorded, not a number."""

    code = "out-of-memory"


class WorkloadCrashed(WorkloadError):
    """The model or one of its libraries raised what it should not; only this job is lost."""

    code = "workload-crashed"


class FetchFailed(WorkloadError):
    """A model or data set could not be fetched from the hub, which does not give it."""

    code = "fetch-failed"


TRIPS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What models, processors and metrics raise over content that they cannot take."""


@contextmanager
def crashes_named(what: str) -> Iterator[None]:
    """Within it nothing runs but a model and its libraries: what they raise is WorkloadCrashed. `what` is the job."""
    try:
        yield
    except TRIPS as error:
        reason = str(error).strip().partition("\n")[0]
        raise WorkloadCrashed(
            _("{what} failed ({name}: {reason}). Check the versions of its libraries.").format(
                what=what, name=type(error).__name__, reason=reason
            )
        ) from error


@dataclass(frozen=True)
class Query:
    """One query: what the model is given, and what its answer is scored against."""

    id: str
    inputs: Mapping[str, Any]
    reference: Any


@dataclass(frozen=True)
class Output:
    """The answer to one query, written so that equal answers are equal strings and can be digested.

    `output_tokens` counts generated tokens, `input_tokens` those that the model was given; each None where none are.
    """

    query_id: str
    value: str
    output_tokens: int | None
    input_tokens: int | None = None


@dataclass(frozen=True)
class Loaded:
    """What was loaded: digest of the weights file as installed, number of parameters, their type, where they are."""

    weights_sha256: str
    parameters: int
    dtype: str
    device: str


@dataclass(frozen=True)
class QualityScore:
    """One metric over `n` scored answers."""

    metric: str
    value: float
    n: int
    higher_is_better: bool


@dataclass(frozen=True)
class MissingQuality:
    """A metric of the task that these answers cannot have. `reason` is a short stable name, as `no-references`."""

    metric: str
    reason: str


class TimedWork(Protocol):
    """What a measurement asks of a workload, and all that something else needs to be measured in its place."""

    def answer(self, query: Query) -> Output:
        """Answer one query. Raises WorkloadError."""

    def synchronise(self) -> None:
        """Return when the device has finished all of its work."""


class Workload(ABC):
    """One model on one data set and one device: `device` is `cpu`, `cuda` or `cuda:N`."""

    device: str

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
    def quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[QualityScore]:
        """The task's metrics over answers, matched to queries by id."""

    def missing_quality(self, queries: Sequence[Query], outputs: Sequence[Output]) -> list[MissingQuality]:
        """The task's metrics that `quality` leaves out, each with its reason."""
        return []

    def finish(self) -> None:
        """Let go of the model and of the device's memory: the next job needs the room. Nothing is asked after it."""
        gc.collect()

    def peak_memory_bytes(self) -> int | None:
        """The most device memory that tensors took since `load` began, in bytes; None where no device counts it."""
        return None
