"""Whether a board's history holds together: its versions one by one, its last revisions the cells that are shown."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Max

from measurements.boards.models import BoardVersion, Cell, CellContent, CellRevision

CONTENT = tuple(field.attname for field in CellContent._meta.get_fields() if hasattr(field, "attname"))
Board = tuple[int, str]
"""Primary key of a suite, and grade."""


def history_faults() -> list[str]:
    """What does not hold together, in sentences; each board is held while it is looked at."""
    boards: set[Board] = set(BoardVersion.objects.values_list("suite_id", "grade"))
    boards |= set(CellRevision.objects.order_by().values_list("suite_id", "grade").distinct())
    return [fault for board in sorted(boards) for fault in _faults(board)]


def mend_versions() -> int:
    """Have every board count on from its last revision; returns how many did not."""
    last = (
        CellRevision.objects.order_by()
        .values("suite_id", "grade")
        .annotate(last=Max("version"), at=Max("updated_at"))
    )
    mended = 0
    for board in last:
        with transaction.atomic():
            held, created = BoardVersion.objects.select_for_update().get_or_create(
                suite_id=board["suite_id"],
                grade=board["grade"],
                defaults={"version": board["last"], "changed_at": board["at"]},
            )
            if held.version < board["last"]:
                BoardVersion.objects.filter(pk=held.pk).update(version=board["last"], changed_at=board["at"])
                created = True
            mended += created
    return mended


@transaction.atomic
def _faults(board: Board) -> list[str]:
    suite, grade = board
    named = f"The board of suite {suite}, {grade},"
    known = BoardVersion.objects.select_for_update().filter(suite=suite, grade=grade).first()
    revisions = CellRevision.objects.filter(suite=suite, grade=grade)
    n, distinct, last = revisions.aggregate(
        n=Count("version"), distinct=Count("version", distinct=True), last=Max("version", default=0)
    ).values()
    version, found = known.version if known else 0, []
    if not n == distinct == last:
        found.append(
            f"{named} has {n} revisions with {distinct} versions up to {last}; each has one of its own."
        )
    if version != last:
        found.append(f"{named} counts its versions up to {version}, its revisions up to {last}.")
    said = {row.key: row for row in revisions.order_by("version").iterator()}
    for cell in Cell.objects.filter(suite=suite, grade=grade).iterator():
        revision = said.pop(cell.key, None)
        if revision is None or revision.gone:
            found.append(f"{named} shows {cell}, of which its history knows nothing.")
        elif names := [name for name in CONTENT if getattr(cell, name) != getattr(revision, name)]:
            found.append(f"{named} shows {cell} otherwise than its last revision does: {', '.join(names)}.")
    return found + [
        f"{named} no longer shows {row}, which has not gone." for row in said.values() if not row.gone
    ]
