"""The figures of the 2024 study (Luccioni, Jernite, Strubell; arXiv 2311.16863 v3) as data.

The tables lie in ``data/study-2024/``; its ``study.toml`` says how each figure was obtained and what a reader
must know before using it. All energies are kWh per 1,000 queries in the scope ``node`` (a whole eight-GPU
machine): a series of their own, never merged with volunteers' measurements. Nothing is read at import.
"""

import csv
import hashlib
import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Literal, TypeVar

import msgspec

from joulemark.suite.schema import ModelKind

FILES = ("study.toml", "tasks.csv", "datasets.csv", "models.csv", "figures.csv", "quality.csv")


class StudyRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the study's data; a field that was not recorded is None."""


class Citation(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The article and its authors' logs."""

    title: str
    authors: tuple[str, ...]
    venue: str
    year: int
    doi: str
    arxiv: str
    logs: str
    logs_revision: str


class Licence(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """SPDX names: of these tables, and of the logs that they were recomputed from."""

    compilation: str
    logs: str
    logs_holder: str
    note: str


class StudyProtocol(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the study measured; powers are the constants that its tool assumed, not measurements."""

    queries_per_dataset: int
    runs: int
    batch_size: int
    datasets_per_task: int
    task_specific_models_per_task: int
    general_purpose_models: int
    sample: str
    phase: str
    warm_up: str
    numeric_type: str
    idle_power: str
    gpu: str
    cpu: str
    cpu_power_w: float
    ram_gb: float
    ram_power_w: float
    cloud_region: str
    first_day: date
    last_day: date
    tool: str
    software: str
    stated_intensity_gco2e_per_kwh: float
    used_intensity_gco2e_per_kwh: float


class StudyTotals(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sums over the whole study, as printed and as recomputed from its logs."""

    paper_energy_kwh: float
    paper_emissions_kgco2e: float
    energy_kwh: float
    gpu_kwh: float
    cpu_kwh: float
    ram_kwh: float
    emissions_kgco2e: float


class StudySource(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where figures come from, and how they were obtained."""

    id: str
    title: str
    how: str


class Setting(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one kind of model was asked on a task: prompt and output limit, where the scripts say so."""

    task: str
    kind: ModelKind
    prompt: str | None = None
    limit: str


class Caveat(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader must know before using a figure."""

    id: str
    text: str


class StudyEquivalence(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An everyday quantity quoted with the study; ``checked``: read in the source itself."""

    id: str
    value: float
    unit: str
    source: str
    checked: bool


class StudyTraining(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Energy to train and fine-tune a model, and the printed number of queries that use as much (table 5)."""

    model: str
    training_kwh: float
    finetuning_kwh: float
    query_kwh: float
    paper_parity_queries: int
    note: str | None = None


class PaperOnlyModel(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that table 6 names and that is not behind the task's mean in table 2."""

    id: str
    task: str
    parameters: int
    n_runs: int
    energy_kwh_per_1000: float


class StudyTask(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A task and its mean over eight task-specific models, three data sets, ten runs; paper_* as printed."""

    id: str
    title: str
    modality: str
    pipeline: str
    compared: bool
    n_runs: int
    energy_kwh_per_1000: float
    energy_std_kwh_per_1000: float
    energy_median_kwh_per_1000: float
    gpu_kwh_per_1000: float
    gco2e_per_1000: float
    duration_s: float
    paper_energy_kwh_per_1000: float
    paper_energy_std_kwh_per_1000: float
    paper_energy_median_kwh_per_1000: float | None = None


class StudyDataset(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of a task's three data sets, as the study's script reads it (hub names of 2023)."""

    task: str
    id: str
    title: str
    hub_id: str
    config: str | None = None
    split: str
    column: str
    preparation: str | None = None
    script: str


class StudyModel(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model; its id is its hub name of 2023. ``paper_*`` are table 3's, over the three compared tasks."""

    id: str
    title: str
    kind: ModelKind
    parameters: int
    parameters_exact: bool
    tasks: tuple[str, ...]
    in_paper: bool
    paper_energy_kwh_per_1000: float | None = None
    paper_gco2e_per_1000: float | None = None


class StudyFigure(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The energy of one model on one data set, or on all three of the task where ``dataset`` is None."""

    task: str
    dataset: str | None = None
    model: str
    n_runs: int
    energy_kwh_per_1000: float
    energy_std_kwh_per_1000: float | None = None
    energy_min_kwh_per_1000: float | None = None
    energy_max_kwh_per_1000: float | None = None
    gpu_kwh_per_1000: float | None = None
    cpu_kwh_per_1000: float | None = None
    ram_kwh_per_1000: float | None = None
    gco2e_per_1000: float | None = None
    duration_s: float | None = None
    source: str


class StudyQuality(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Answer quality of one model on one data set: a fraction of 1 of the named metric."""

    task: str
    dataset: str
    model: str
    metric: Literal["accuracy", "f1", "f1-has-answer", "rouge"]
    value: float


class Study(StudyRow, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole study; ``digest`` is ``sha256:`` and the hash of its files' names and bytes."""

    id: str
    scope: Literal["node"]
    citation: Citation
    licence: Licence
    protocol: StudyProtocol
    totals: StudyTotals
    sources: tuple[StudySource, ...]
    settings: tuple[Setting, ...]
    caveats: tuple[Caveat, ...]
    equivalences: tuple[StudyEquivalence, ...]
    training: tuple[StudyTraining, ...]
    paper_only_models: tuple[PaperOnlyModel, ...]
    tasks: tuple[StudyTask, ...]
    datasets: tuple[StudyDataset, ...]
    models: tuple[StudyModel, ...]
    figures: tuple[StudyFigure, ...]
    quality: tuple[StudyQuality, ...]
    digest: str

    def figures_of(
        self, *, task: str, dataset: str | None, kind: ModelKind | None = None
    ) -> tuple[StudyFigure, ...]:
        """Return a task's figures on one data set (None: over all three), of one kind of model or of both."""
        kinds = {model.id: model.kind for model in self.models}
        return tuple(
            figure
            for figure in self.figures
            if figure.task == task and figure.dataset == dataset and kind in (None, kinds[figure.model])
        )


RowT = TypeVar("RowT", bound=StudyRow)
_READING = Lock()  # msgspec describes a class to itself on first use, and two threads at once crash in that


@cache
def load_study() -> Study:
    """Return the study; read once a process.

    Raises msgspec.ValidationError when a table does not fit its row, FileNotFoundError when the installed
    package lacks a file.
    """
    folder = files("joulemark.suite") / "data" / "study-2024"
    content = {name: (folder / name).read_bytes() for name in FILES}
    with _READING:
        return _study(content)


def _study(content: dict[str, bytes]) -> Study:
    return msgspec.convert(
        {
            **tomllib.loads(content["study.toml"].decode()),
            "tasks": _rows(content["tasks.csv"], StudyTask),
            "datasets": _rows(content["datasets.csv"], StudyDataset),
            "models": _rows(content["models.csv"], StudyModel),
            "figures": _rows(content["figures.csv"], StudyFigure),
            "quality": _rows(content["quality.csv"], StudyQuality),
            "digest": _digest(content),
        },
        Study,
    )


def _rows(table: bytes, row: type[RowT]) -> list[RowT]:
    """Read a CSV table with a heading: an empty field is left out, tasks are parted by semicolons."""
    rows = []
    for fields in csv.DictReader(table.decode().splitlines()):
        filled: dict[str, object] = {name: value for name, value in fields.items() if value}
        if "tasks" in filled:
            filled["tasks"] = fields["tasks"].split(";")
        rows.append(msgspec.convert(filled, row, strict=False))
    return rows


def _digest(content: dict[str, bytes]) -> str:
    """Hash the files in their fixed order: each one's name, a zero byte, its length in 8 bytes, its bytes."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(name.encode() + b"\0" + len(content[name]).to_bytes(8, "big") + content[name])
    return f"sha256:{digest.hexdigest()}"
