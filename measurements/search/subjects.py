"""What is looked up for a search beside the index: contributors, results, and which tasks have anything to show."""

from __future__ import annotations

import re

from django.db.models import Exists, OuterRef

from measurements.answer_cache.version_memo import while_unchanged
from measurements.boards.models import Cell
from measurements.boards.sources import CELLS
from measurements.catalog.models import Task
from measurements.catalog.sources import TASKS
from measurements.contributors.name_search import find_contributors
from measurements.contributors.sources import NAMES
from measurements.intake.models import Submission
from measurements.published.models import PublishedFigure
from measurements.published.sources import PUBLISHED
from measurements.search.entries import Entry, EntryKind

RESULT_ID = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
MAX_RESULTS = 50
LENGTH = 64


@while_unchanged(NAMES)
def find_people(text: str, *, with_slips: bool) -> tuple[Entry, ...]:
    """Contributors that fit, by pseudonym, with the name that each has chosen, to be quoted as theirs."""
    return tuple(
        Entry(
            kind=EntryKind.CONTRIBUTOR,
            key=row.pseudonym,
            title=row.pseudonym,
            words="" if row.shown_name == row.pseudonym else row.shown_name,
            words_of=row.pseudonym,
        )
        for row in find_contributors(text, with_slips=with_slips)
    )


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


@while_unchanged(CELLS, PUBLISHED, TASKS)
def tasks_with_rows() -> frozenset[str]:
    """The tasks whose table has a row."""
    cells = Cell.objects.filter(dataset__task=OuterRef("pk"))
    figures = PublishedFigure.objects.filter(task=OuterRef("pk"))
    rows = Task.objects.order_by().filter(Exists(cells) | Exists(figures))
    return frozenset(rows.values_list("slug", flat=True))
