"""What can be found of the catalogue, the rules, the terms, the claims and the pages: an entry each, with its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from joulemark.impact.claims import checked_claims
from joulemark.impact.reported import reported_claims
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Job, NameState, Suite, Task
from measurements.display.glossary import SECTIONS
from measurements.display.titles import translated
from measurements.published.models import PublishedFigure, PublishedSeries
from measurements.review.rule_facts import ALL_RULES
from measurements.search.site_pages import SITE_PAGES
from measurements.web.languages import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class EntryKind(TextChoices):
    """Kinds of what is found, in the order in which a page lists them; titles are headings."""

    PAGE = "page", _("Pages")
    TASK = "task", _("Tasks")
    MODEL = "model", _("Models")
    HARDWARE = "hardware", _("Hardware")
    DATASET = "dataset", _("Data sets")
    SUITE = "suite", _("Suites")
    SERIES = "series", _("Published series")
    CLAIM = "claim", _("Claims")
    RULE = "rule", _("Rules")
    TERM = "term", _("Terms")
    CONTRIBUTOR = "contributor", _("Contributors")
    RESULT = "result", _("Results")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that can be found. `title` and `detail` are in English, to be translated where they are shown.

    `key` names it among its kind, and is the slug, code or anchor in its address. `tasks` are slugs of the tasks that
    it belongs to. `words` are a contributor's, to be quoted: only `words_of` vouches for them. `names` are what it is
    looked for by, beside the title in each language.
    """

    kind: EntryKind
    key: str
    title: str
    detail: str = ""
    names: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    words: str = ""
    words_of: str = ""


def read_entries() -> list[Entry]:
    """Every entry, kind by kind, each kind in its own order; in eight queries."""
    tasks = list(Task.objects.all())
    of_models = _tasks_of_models(tasks)
    return [
        *(
            Entry(kind=EntryKind.PAGE, key=page.name, title=page.title, names=page.subject)
            for page in SITE_PAGES
        ),
        *(
            Entry(kind=EntryKind.TASK, key=task.slug, title=task.title, names=(task.slug,), tasks=(task.slug,))
            for task in tasks
        ),
        *_models(of_models),
        *(_hardware(row) for row in HardwareClass.objects.exclude(name_state=NameState.REFUSED)),
        *(
            Entry(
                kind=EntryKind.DATASET, key=row.slug, title=row.title, detail=row.task.title, names=(row.slug,),
                tasks=(row.task.slug,),
            )
            for row in DataSet.objects.select_related("task").order_by("task__position", "slug")
        ),
        *(
            Entry(kind=EntryKind.SUITE, key=row.slug, title=row.title, detail=str(row), names=(str(row),))
            for row in Suite.objects.order_by("name", "version")
        ),
        *(
            Entry(
                kind=EntryKind.SERIES, key=row.slug, title=row.title, detail=row.source, names=(row.slug, row.source)
            )
            for row in PublishedSeries.objects.all()
        ),
        *_written(),
    ]  # fmt: skip


def names_of(entry: Entry) -> Iterator[str]:
    """What an entry is looked for by: its title in each language, and its other names."""
    for language in codes():
        with override(language):
            yield translated(entry.title)
    for name in (*entry.names, entry.words):
        if name:
            yield name


def _models(of_models: dict[int, list[Task]]) -> Iterator[Entry]:
    for row in AiModel.objects.all():
        tasks = of_models.get(row.pk, [])
        yield Entry(
            kind=EntryKind.MODEL,
            key=row.slug,
            title=row.title,
            detail=f"`{row.slug}`",
            names=tuple(name for name in (row.slug, row.owner, row.family) if name),
            tasks=tuple(task.slug for task in tasks),
        )


def _tasks_of_models(tasks: Iterable[Task]) -> dict[int, list[Task]]:
    """The tasks of each model by its primary key, in their order: in suites, or in what others have published."""
    by_pk = {task.pk: task for task in tasks}
    pairs = {
        *Job.objects.order_by().values_list("model", "dataset__task").distinct(),
        *PublishedFigure.objects.order_by().values_list("model", "task").distinct(),
    }
    places = list(by_pk)
    of_models: dict[int, list[Task]] = {}
    for model, task in sorted(pairs, key=lambda pair: places.index(pair[1])):
        of_models.setdefault(model, []).append(by_pk[task])
    return of_models


def _hardware(row: HardwareClass) -> Entry:
    """A class of hardware; its name in a contributor's words, where nobody else has confirmed it."""
    return Entry(
        kind=EntryKind.HARDWARE,
        key=row.public_slug,
        title=row.public_title,
        detail=row.architecture if row.is_confirmed else "",
        names=(row.public_slug, row.code),
        words=row.reported_name,
        words_of=row.reported_by if row.reported_name else "",
    )


def _written() -> Iterator[Entry]:
    """What the software brings along: claims, rules, terms."""
    for claim in checked_claims():
        yield Entry(
            kind=EntryKind.CLAIM, key=claim.id, title=claim.statement, detail=claim.source.title, names=(claim.id,)
        )  # fmt: skip
    for row in reported_claims():
        yield Entry(
            kind=EntryKind.CLAIM, key=row.id, title=row.statement, detail=row.source.title, names=(row.id,)
        )
    for rule in ALL_RULES:
        yield Entry(
            kind=EntryKind.RULE, key=rule.code, title=rule.title, names=(rule.code, rule.code.removeprefix("JM-"))
        )  # fmt: skip
    for section in SECTIONS:
        for term in section.entries:
            yield Entry(kind=EntryKind.TERM, key=term.anchor, title=term.term, detail=term.meaning)
