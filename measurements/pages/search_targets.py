"""Where each kind of what is found leads: its page, or its place on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from measurements.display.titles import translated
from measurements.intake.models import State
from measurements.pages.templatetags.subject_links import subject_path
from measurements.search.entries import EntryKind
from measurements.search.subjects import tasks_with_rows
from measurements.web.as_of import path_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.search.entries import Entry
    from measurements.search.groups import EntryGroup

MAX_DETAIL = 160
OF_A_TASK = (EntryKind.TASK, EntryKind.DATASET, EntryKind.MODEL)
PLACES = {
    EntryKind.CLAIM: ("claims", ""),
    EntryKind.RULE: ("rules", ""),
    EntryKind.TERM: ("glossary", ""),
}
"""Pages on which entries of a kind have a place: its anchor, "" where that is their key."""
PAGES_BY_KEY = {
    EntryKind.SERIES: "published",
    EntryKind.CONTRIBUTOR: "contributor",
    EntryKind.RESULT: "result",
    EntryKind.SUITE: "suite",
}
"""Pages of one entry each."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A line of the answer in the reader's language. `is_open`: nothing of its tasks is measured yet.

    `code` is its key, where readers know it by that too.
    """

    address: str
    title: str
    detail: str
    code: str
    words: str
    words_of: str
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class HitGroup:
    """The hits of one kind under its title; `n_more` are not listed."""

    kind: EntryKind
    hits: list[Hit]
    n_more: int

    @property
    def title(self) -> str:
        """The heading, in the reader's language."""
        return str(self.kind.label)


def hit_groups(groups: Iterable[EntryGroup]) -> list[HitGroup]:
    """Each entry with the address that it leads to; one query for all, and none while no value has changed."""
    groups = list(groups)
    is_needed = any(entry.kind in OF_A_TASK for group in groups for entry in group.entries)
    shown_tasks = tasks_with_rows() if is_needed else frozenset[str]()
    return [
        HitGroup(
            kind=group.kind, hits=[_hit(entry, shown_tasks) for entry in group.entries], n_more=group.n_more
        )
        for group in groups
    ]


def _hit(entry: Entry, shown_tasks: frozenset[str]) -> Hit:
    is_open = entry.kind in OF_A_TASK and not shown_tasks.intersection(entry.tasks)
    return Hit(
        address=_address(entry, shown_tasks),
        title=translated(entry.title),
        detail=_detail(entry),
        code=entry.key if entry.kind == EntryKind.RULE else "",
        words=entry.words,
        words_of=entry.words_of,
        is_open=is_open,
    )


def _detail(entry: Entry) -> str:
    if entry.kind == EntryKind.RESULT:
        return str(State(entry.detail).label)
    text = translated(entry.detail)
    return text if len(text) <= MAX_DETAIL else f"{text[: MAX_DETAIL - 1]}…"


def _address(entry: Entry, shown_tasks: frozenset[str]) -> str:
    """The path of what an entry leads to, in the language in use."""
    if entry.kind == EntryKind.TASK:
        return path_of("task", entry.key) if entry.key in shown_tasks else path_of("needed")
    if entry.kind == EntryKind.DATASET:
        return subject_path("dataset", entry.key, task=entry.tasks[0])
    if entry.kind == EntryKind.MODEL:
        return subject_path("model", entry.key)
    if entry.kind == EntryKind.HARDWARE:
        return subject_path("hardware", entry.key)
    if entry.kind == EntryKind.PAGE:
        return path_of(entry.key)
    if entry.kind in PLACES:
        name, anchor = PLACES[entry.kind]
        return f"{path_of(name)}#{anchor or entry.key.lower()}"
    return reverse(PAGES_BY_KEY[entry.kind], args=[entry.key])
