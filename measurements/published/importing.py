"""The import of a published series: one transaction, every name accounted for, and a report of what became of what."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from django.db import transaction

from joulemark.published.figures import LeftOut, combine
from measurements.catalog.lookup import read_catalogue
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task
from measurements.catalog.services import published_hardware
from measurements.concurrency.advisory_locks import lock_until_commit
from measurements.display.choices import ModelKind
from measurements.published.models import STUDY, PublishedFigure, PublishedSeries
from measurements.published.services import SeriesFacts, write_series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joulemark.published.figures import Figure, PublishedRuns, PublishedSubject

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
NOT_IN_ADDRESS = re.compile(r"[^a-z0-9._-]+")
NEW_TASKS_AT = 1000
"""Tasks that only a published series knows stand behind all others."""

EXAMPLES = 3
LOCK = 0x6A6D_696D_706F_7274
"""Key of PostgreSQL's advisory lock: one import a database."""

Outcome = Literal["new", "unchanged", "replaced"]
Words = list[dict[str, object]]


class ImportRefused(ValueError):
    """The import cannot be made as it was asked for; nothing was changed. The sentence says what to do."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be imported. `digest` is of the whole input; `kinds` says of models what they were made for.

    `only_known` leaves out what the catalogue does not know; otherwise it is added there, marked with the series.
    `replace` allows to put this in the place of a series of the same name that came from other input.
    """

    facts: SeriesFacts
    digest: str
    reading: PublishedRuns
    kinds: Mapping[str, str]
    only_known: bool = False
    replace: bool = False
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of it. `added` names what is new in the catalogue, as `model NAME`."""

    outcome: Outcome
    figures: tuple[Figure, ...]
    left_out: tuple[LeftOut, ...]
    added: tuple[str, ...]


def import_series(*, wish: Wish) -> Imported:
    """Import, and report. The same input again changes nothing. Raises ImportRefused."""
    _check_slug(wish.facts.slug)
    with transaction.atomic():
        _wait_for_other_imports()
        stored = PublishedSeries.objects.select_for_update().filter(slug=wish.facts.slug).first()
        if stored is not None and not wish.replace:
            return _unchanged(stored, wish)
        figures = combine(wish.reading.runs)
        names = SeriesCatalogue(wish)
        rows, taken, unknown = names.rows(figures)
        if not taken:
            raise ImportRefused("Nothing was left to import: " + _counted([*wish.reading.left_out, *unknown]))
        left_out = (*wish.reading.left_out, *unknown)
        facts = replace(wish.facts, scope=_scope(taken))
        series = write_series(facts=facts, digest=wish.digest, figures=rows, left_out=summary(left_out))
        _forget_unused(wish.facts.slug)
        if wish.dry_run:
            transaction.set_rollback(True)
    return Imported(
        outcome=_outcome(stored, series),
        figures=tuple(taken),
        left_out=left_out,
        added=tuple(names.added),
    )


def _wait_for_other_imports() -> None:
    """One import at a time: two of a new series, or of a new model, would each find that nobody has it yet."""
    lock_until_commit([LOCK])


def _outcome(before: PublishedSeries | None, after: PublishedSeries) -> Outcome:
    if before is None:
        return "new"
    return "unchanged" if before.revision == after.revision else "replaced"


def _check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise ImportRefused(
            f"{slug!r} cannot be a series' name: lower-case letters, digits, dots, dashes and underscores, 100 at most."
        )
    if slug == STUDY or slug.endswith(("-measured", "-estimated")):
        raise ImportRefused(
            f"{slug!r} is the name of another series or could become one: choose another name."
        )


def _unchanged(stored: PublishedSeries, wish: Wish) -> Imported:
    if stored.digest != wish.digest:
        raise ImportRefused(
            f"The series {stored.slug} was imported from other input ({stored.digest[:12]}, not {wish.digest[:12]}). A "
            f"series is never edited: import this under a name of its own, such as {stored.slug}-2, or put it in the "
            "other's place with --replace, which everybody will see as a new revision."
        )
    facts = wish.facts
    differing = [
        name
        for name in ("title", "source", "licence", "url", "hardware_note")
        if getattr(stored, name) != getattr(facts, name)
    ]
    if differing:
        raise ImportRefused(
            f"The series {stored.slug} is here with another {' and '.join(differing)}: add --replace to change that."
        )
    return Imported(outcome="unchanged", figures=(), left_out=(), added=())


def _scope(figures: Sequence[Figure]) -> str:
    """The one scope of a series. Raises ImportRefused for two: their energies must not stand on one board."""
    first: dict[str, Figure] = {}
    for figure in figures:
        first.setdefault(figure.subject.scope, figure)
    if len(first) > 1:
        scopes = ", ".join(f"{scope} ({figure.files[0]})" for scope, figure in sorted(first.items()))
        raise ImportRefused(
            f"These energies cover different things: {scopes}. A series has one scope: import them apart, or take the "
            "GPUs alone where all were metered."
        )
    return next(iter(first))


class SeriesCatalogue:
    """Rows of the catalogue by what a series calls them; what is missing is added or left out, and told either way."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        own = wish.facts.slug if wish.only_known else None  # what it brought itself makes nothing known
        self._catalogue = read_catalogue(without_series=own)
        self._hardware: dict[str, HardwareClass] = {}
        self.added: list[str] = []

    def rows(self, figures: Sequence[Figure]) -> tuple[list[PublishedFigure], list[Figure], list[LeftOut]]:
        """A row for each figure that is taken, those figures, and what was left out because nobody knows it."""
        rows, taken, left_out = [], [], []
        for figure in figures:
            strange = self._strange(figure.subject) if self._wish.only_known else None
            if strange is not None:
                left_out.append(
                    LeftOut(
                        where=figure.files[0],
                        what=figure.subject.model,
                        reason=f"the catalogue does not know the {strange}",
                    )
                )
                continue
            taken.append(figure)
            rows.append(self._row(figure))
        return rows, taken, left_out

    def _strange(self, subject: PublishedSubject) -> str | None:
        task = self._known_task(subject.task)
        if task is None:
            return f"task {subject.task}"
        if subject.dataset is not None and (task.slug, subject.dataset) not in self._catalogue.datasets:
            return f"data set {subject.dataset} of {subject.task}"
        return None if subject.model in self._catalogue.models else "model"

    def _row(self, figure: Figure) -> PublishedFigure:
        subject = figure.subject
        task = self._task(subject.task)
        return PublishedFigure(
            task=task,
            dataset=None if subject.dataset is None else self._dataset(task, subject.dataset),
            model=self._model(subject.model, figure.parameters),
            hardware_class=self._hardware_class(subject),
            stratum=_fitting(subject.stratum, 200, "configuration"),
            energy_kwh_per_1000=figure.energy_kwh_per_1000,
            low_kwh_per_1000=figure.low_kwh_per_1000,
            high_kwh_per_1000=figure.high_kwh_per_1000,
            std_kwh_per_1000=figure.std_kwh_per_1000,
            gpu_kwh_per_1000=figure.gpu_kwh_per_1000,
            cpu_kwh_per_1000=figure.cpu_kwh_per_1000,
            ram_kwh_per_1000=figure.ram_kwh_per_1000,
            duration_s=figure.duration_s,
            not_known=figure.not_known,
            n_runs=figure.n_runs,
            source=", ".join(figure.files)[:500],
            validity=figure.validity[:500],
        )

    def _known_task(self, name: str) -> Task | None:
        """By its slug, or by its title where a publisher's word cannot stand in an address."""
        tasks = self._catalogue.tasks
        task = tasks.get(name) or tasks.get(_address(name))
        return task if task is not None and name in {task.slug, task.title} else None

    def _task(self, name: str) -> Task:
        task = self._known_task(name)
        if task is not None:
            return task
        slug, tasks = _address(name), self._catalogue.tasks
        if not slug or slug in tasks:
            raise ImportRefused(
                f"The task {name!r} needs a name for its address: give it one in the map's [tasks]."
            )
        tasks[slug] = Task.objects.create(
            slug=slug, title=name, modality="", position=NEW_TASKS_AT, known_from=self._wish.facts.slug
        )
        self.added.append(f"task {slug}")
        return tasks[slug]

    def _dataset(self, task: Task, name: str) -> DataSet:
        key, datasets = (task.slug, _fitting(name, 100, "data set")), self._catalogue.datasets
        if key not in datasets:
            datasets[key] = DataSet.objects.create(
                task=task, slug=name, title=name, known_from=self._wish.facts.slug
            )
            self.added.append(f"data set {name} of {task.slug}")
        return datasets[key]

    def _model(self, name: str, parameters: int | None) -> AiModel:
        models = self._catalogue.models
        if _fitting(name, 150, "model") not in models:
            models[name] = AiModel.objects.create(
                slug=name,
                title=name.rpartition("/")[2] or name,
                kind=self._wish.kinds.get(name, ModelKind.UNKNOWN),
                parameters=parameters,
                source=self._wish.facts.url,
                known_from=self._wish.facts.slug,
            )
            self.added.append(f"model {name}")
        model = models[name]
        kind = self._wish.kinds.get(name, model.kind)
        if model.known_from == self._wish.facts.slug and model.kind != kind:
            model.kind = kind
            model.save(update_fields=["kind"])
        return model

    def _hardware_class(self, subject: PublishedSubject) -> HardwareClass:
        hardware = subject.hardware
        if hardware.slug not in self._hardware:
            self._hardware[hardware.slug] = published_hardware(
                slug=hardware.slug, title=hardware.title, kind=hardware.kind
            )
        return self._hardware[hardware.slug]


def _address(name: str) -> str:
    return NOT_IN_ADDRESS.sub("-", _fitting(name, 100, "task").lower()).strip("-")


def _fitting(name: str, length: int, what: str) -> str:
    if len(name) > length:
        raise ImportRefused(
            f"The name of the {what} {name[:40]}… is longer than {length}: give it another in the map."
        )
    return name


def _forget_unused(slug: str) -> None:
    """Remove what only an earlier revision of the series has brought into the catalogue."""
    for kind in (AiModel, DataSet):
        kind.objects.filter(known_from=slug, published_figures=None).delete()
    Task.objects.filter(known_from=slug, published_figures=None, datasets=None).delete()


def summary(left_out: Sequence[LeftOut]) -> Words:
    """What was left out by reason: how many, and the first few of them."""
    counts = Counter(row.reason for row in left_out)
    return [
        {
            "reason": reason,
            "count": count,
            "examples": [f"{row.what} ({row.where})" for row in left_out if row.reason == reason][:EXAMPLES],
        }
        for reason, count in counts.most_common()
    ]


def _counted(left_out: Sequence[LeftOut]) -> str:
    reasons = [f"{line['count']} for this reason: {line['reason']}" for line in summary(left_out)]
    return "; ".join(reasons) + "." if reasons else "the input has no row."
