"""Rows of a task's table for tests: cells written directly, with the numbers that a test looks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.core.management import call_command

from joulemark_simulation.result_rows import demo_catalog
from measurements.boards.models import BoardVersion, Cell, CellRevision
from measurements.catalog.models import AiModel, DataSet, HardwareClass, NameState, Suite

GB = 10**9
WRITTEN_AT = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model of the tests; energies are joules per query on the first card."""

    slug: str
    owner: str
    family: str
    licence: str
    parameters: int
    kind: str = "task-specific"
    energy_j: float
    rouge: float
    latency_s: float
    memory_gb: float
    released: date | None = date(2023, 5, 1)


MODELS = (
    Subject(slug="tiny-sum", owner="acme", family="t5", licence="mit", parameters=60 * 10**6,
            energy_j=0.5, rouge=0.21, latency_s=0.05, memory_gb=0.4, released=None),
    Subject(slug="small-sum", owner="acme", family="t5", licence="apache-2.0", parameters=220 * 10**6,
            energy_j=1.4, rouge=0.30, latency_s=0.11, memory_gb=1.1),
    Subject(slug="news-sum", owner="daily", family="bart", licence="mit", parameters=406 * 10**6,
            energy_j=2.6, rouge=0.41, latency_s=0.22, memory_gb=2.0),
    Subject(slug="long-sum", owner="daily", family="led", licence="apache-2.0", parameters=460 * 10**6,
            energy_j=4.1, rouge=0.40, latency_s=0.5, memory_gb=6.5, released=date(2024, 1, 9)),
    Subject(slug="chat-3b", owner="bigco", family="llama", licence="llama3.2", parameters=3 * 10**9,
            kind="general-purpose", energy_j=21.0, rouge=0.37, latency_s=0.9, memory_gb=7.1,
            released=date(2024, 9, 25)),
    Subject(slug="chat-8b", owner="bigco", family="llama", licence="llama3.1", parameters=8 * 10**9,
            kind="general-purpose", energy_j=55.0, rouge=0.43, latency_s=2.2, memory_gb=17.5,
            released=date(2024, 7, 23)),
    Subject(slug="open-7b", owner="labs", family="mistral", licence="apache-2.0", parameters=7 * 10**9,
            kind="general-purpose", energy_j=48.0, rouge=0.42, latency_s=1.9, memory_gb=15.2),
    Subject(slug="open-70b", owner="labs", family="mistral", licence="apache-2.0", parameters=70 * 10**9,
            kind="general-purpose", energy_j=420.0, rouge=0.46, latency_s=14.0, memory_gb=75.0),
)  # fmt: skip
CARDS = {
    "nvidia-a100-sxm4-80gb": ("NVIDIA A100-SXM4-80GB", 80, 1.0),
    "nvidia-geforce-rtx-4090": ("NVIDIA GeForce RTX 4090", 24, 0.9),
    "nvidia-l4": ("NVIDIA L4", 24, 0.6),
    "tesla-t4": ("Tesla T4", 16, 1.3),
}
"""Slug to title, memory in GB, and energy beside the first card's."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row that the table must have."""

    subject: Subject
    card: str
    energy_j: float


def lines() -> list[Line]:
    """What was measured: every model on every card that has memory for it."""
    return [
        Line(subject=subject, card=card, energy_j=subject.energy_j * factor)
        for subject in MODELS
        for card, (_, memory_gb, factor) in CARDS.items()
        if subject.memory_gb <= memory_gb
    ]


def populate_summarizers() -> None:
    """The lines as measured cells of the demo suite's summarization, one estimate, and the published study."""
    demo_catalog()
    call_command("load_published", verbosity=0)
    for slug, (title, _, _) in CARDS.items():
        HardwareClass.objects.create(slug=slug, title=title, kind="gpu", name_state=NameState.CONFIRMED)
    cpu, _ = HardwareClass.objects.get_or_create(
        slug="amd-ryzen-7-5800x", defaults={"title": "AMD Ryzen 7 5800X", "kind": "cpu"}
    )
    for subject in MODELS:
        AiModel.objects.create(
            slug=subject.slug, title=subject.slug.title(), owner=subject.owner, family=subject.family,
            licence=subject.licence, parameters=subject.parameters, kind=subject.kind, released_on=subject.released,
        )  # fmt: skip
    for line in lines():
        add_cell(line.subject, HardwareClass.objects.get(slug=line.card), line.energy_j)
    add_cell(MODELS[0], cpu, 2.0, grade="estimated", scope="cpu", is_single=True)


def add_cell(
    subject: Subject,
    hardware: HardwareClass,
    energy_j: float,
    *,
    grade: str = "measured",
    scope: str = "gpu",
    is_single: bool = False,
) -> None:
    """A cell with its revision under the next version of its board; 8 % to either side, 4 % between contributors."""
    suite = Suite.objects.get(name="demo")
    version, _ = BoardVersion.objects.get_or_create(
        suite=suite, grade=grade, defaults={"version": 0, "changed_at": WRITTEN_AT}
    )
    version.version += 1
    version.save()
    units = [
        {"unit": unit, "metric": "", "value_j": energy_j / 50 if unit == "output-token" else None, "low_j": None,
         "high_j": None, "between_low_j": None, "between_high_j": None, "interval": "", "n_contributors": 0,
         "n_results": 0, "no_value": "" if unit == "output-token" else "tokens-not-counted",
         "no_interval": "no-budget"}
        for unit in ("output-token", "input-token", "token", "right-answer")
    ]  # fmt: skip
    score = {"metric": "rouge-1", "value": subject.rouge, "n": 64, "n_questions": 64, "higher_is_better": True,
             "low": None, "high": None, "interval": None, "no_interval": "no-mean-over-questions"}  # fmt: skip
    ends: dict[str, Any] = {} if is_single else {
        "low_j": energy_j / 1.08, "high_j": energy_j * 1.08, "between_low_j": energy_j / 1.04,
        "between_high_j": energy_j * 1.04, "interval": "preliminary",
    }  # fmt: skip
    content: dict[str, Any] = {
        "suite": suite, "dataset": DataSet.objects.get(task__slug="summarization", slug="demo-texts"),
        "model": AiModel.objects.get(slug=subject.slug), "hardware_class": hardware, "grade": grade, "scope": scope,
        "stratum": "float16.b1.power-default", "energy_per_query_j": energy_j, "least_j": energy_j * 0.97,
        "most_j": energy_j * 1.03, "n_devices": 1 if is_single else 3, "n_contributors": 1 if is_single else 3,
        "n_results": 1 if is_single else 6, "label": "single source" if is_single else "several sources",
        "tier": "single source" if is_single else "replicated", "no_interval": "single-source" if is_single else "",
        "quality": [score], "unit_energies": units, "latency_p50_s": subject.latency_s,
        "peak_memory_bytes": int(subject.memory_gb * GB), "version": version.version, "updated_at": WRITTEN_AT,
        **ends,
    }  # fmt: skip
    Cell.objects.create(**content)
    CellRevision.objects.create(**content)
