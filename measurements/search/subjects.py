"""What is looked up for a search beside the index: contributors, results, and which tasks have anything to show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from measurements.boards.models import Cell
from measurements.catalog.models import Task
from measurements.contributors.name_search import find_contributors
from measurements.intake.models import Submission
from measurements.published.models import PublishedFigure
from measurements.search.entries import Entry, EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable

RESULT_ID = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
MAX_RESULTS = 50
LENGTH = 64


def find_people(text: str) -> list[Entry]:
    """Contributors that fit, by pseudonym, with the name that each has chosen, to be quoted as theirs."""
    return [
        Entry(
            kind=EntryKind.CONTRIBUTOR,
            key=row.pseudonym,
            title=row.pseudonym,
            words="" if row.shown_name == row.pseudonym else row.shown_name,
            words_of=row.pseudonym,
        )
        for row in find_contributors(text)
    ]


def find_results(text: str) -> list[Entry]:
    """Results whose id begins so, in every state."""
    prefix = text.strip().lower()
    if not RESULT_ID.fullmatch(prefix):
        return []
    rows = Submission.objects.filter(
        result_id__gte=prefix.ljust(LENGTH, "0"), result_id__lte=prefix.ljust(LENGTH, "f")
    ).order_by("result_id")
    return [
        Entry(kind=EntryKind.RESULT, key=result_id, title=result_id[:16], detail=state)
        for result_id, state in rows.values_list("result_id", "state")[:MAX_RESULTS]
    ]


def tasks_with_rows(slugs: Iterable[str]) -> set[str]:
    """Those of the tasks whose table has a row."""
    cells = Cell.objects.filter(dataset__task=OuterRef("pk"))
    figures = PublishedFigure.objects.filter(task=OuterRef("pk"))
    rows = Task.objects.filter(Exists(cells) | Exists(figures), slug__in=set(slugs))
    return set(rows.values_list("slug", flat=True))
