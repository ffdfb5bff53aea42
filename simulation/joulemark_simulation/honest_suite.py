"""The suite that simulated honest sessions run: four tasks, models from 20 million to 7 billion parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.suite import DataSet, Job, Model, Prompt, Protocol, Suite, Task
from joulemark_simulation.statements import digest

if TYPE_CHECKING:
    from collections.abc import Iterable

ROWS = 400
PROTOCOL = Protocol(
    queries=24,
    windows_min=3,
    windows_max=6,
    warmup_queries=10,
    idle_s=12.0,
    half_width_target=0.02,
    budget_s=3600.0,
    warmup_s=300.0,
)


@dataclass(frozen=True)
class Kind:
    """A task: how its models run. `most_tokens` generated, or None; `steps` of a picture, or None."""

    task: str
    metric: str
    architecture: str | None
    parameters: tuple[int, ...]
    most_tokens: int | None = None
    steps: int | None = None


KINDS = (
    Kind("text_classification", "accuracy", None, (22_713_216, 66_955_010, 355_362_819)),
    Kind(
        "text_generation",
        "answer-accuracy",
        "decoder-only",
        (124_439_808, 1_722_408_960, 7_069_016_064),
        most_tokens=100,
    ),
    Kind(
        "summarization",
        "rouge-l",
        "encoder-decoder",
        (247_577_856, 783_150_080, 2_849_757_184),
        most_tokens=80,
    ),
    Kind("image_generation", "clip-score", None, (1_066_235_307, 2_567_463_684), steps=30),
)


def suite(protocol: Protocol = PROTOCOL) -> Suite:
    """Every kind with all of its models on one data set."""
    return Suite(
        name="honest",
        version="1",
        title="Simulated sessions",
        digest=digest("suite", protocol),
        protocol=protocol,
        tasks=tuple(
            Task(id=kind.task, title=kind.task, modality="text-to-text", quality_metrics=(kind.metric,))
            for kind in KINDS
        ),
        datasets=tuple(_dataset(kind) for kind in KINDS),
        models=tuple(_models()),
        jobs=tuple(_jobs()),
        contents={
            kind.task: tuple(
                Prompt(id=f"{kind.task}-{n}", prompt=str(n), accepted=("",)) for n in range(ROWS)
            )
            for kind in KINDS
        },
    )


def _dataset(kind: Kind) -> DataSet:
    return DataSet(
        id=kind.task,
        task=kind.task,
        title=kind.task,
        file=f"{kind.task}.jsonl",
        rows="prompts",
        revision=digest("rows", kind.task),
        licence="CC0-1.0",
        source="made here",
    )


def _models() -> Iterable[Model]:
    for kind in KINDS:
        for parameters in kind.parameters:
            name = f"{kind.task.replace('_', '-')}-{parameters}"
            yield Model(
                id=name,
                title=name,
                kind="task-specific",
                parameters=parameters,
                package=name,
                revision="1",
                module="made_here",
                weights="weights",
                weights_sha256=digest("weights", name),
                licence="CC0-1.0",
                source="made here",
                architecture=kind.architecture,  # type: ignore[arg-type]
            )


def _jobs() -> Iterable[Job]:
    for kind in KINDS:
        for parameters in kind.parameters:
            yield Job(
                task=kind.task,
                dataset=kind.task,
                model=f"{kind.task.replace('_', '-')}-{parameters}",
                max_new_tokens=kind.most_tokens,
                decoding="greedy" if kind.most_tokens else None,
                steps=kind.steps,
            )
