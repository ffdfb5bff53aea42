"""Check the history of boards: versions are consecutive, and the last revisions equal the cells that are shown."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Max

from measurements.boards.models import BoardVersion, Cell, CellContent, CellRevision

CONTENT = tuple(field.attname for field in CellContent._meta.get_fields() if hasattr(field, "attname"))
Board = tuple[int, str]
"""Primary key of a suite, and grade."""


def history_faults() -> list[str]:
    """The faults of the history as sentences; each board is locked while it is checked."""
    boards: set[Board] = set(BoardVersion.objects.values_list("suite_id", "grade"))
    boards |= set(CellRevision.objects.order_by().values_list("suite_id", "grade").distinct())
    return [fault for board in sorted(boards) for fault in _faults(board)]


def mend_versions() -> int:
    """Set every board's version to that of its last revision; returns how many were behind."""
    last = (
        CellRevision.objects.order_by()
        .values("suite_id", "grade")
        .annotate(last=Max("version"), at=Max("updated_at"))
    )
    mended = 0
    for board in last:
        with transaction.atomic():
            board_version, created = BoardVersion.objects.select_for_update().get_or_create(
                suite_id=board["suite_id"],
                grade=board["grade"],
                defaults={"version": board["last"], "changed_at": board["at"]},
            )
            if board_version.version < board["last"]:
                BoardVersion.objects.filter(pk=board_version.pk).update(
                    version=board["last"], changed_at=board["at"]
                )
                created = True
            mended += created
    return mended


@transaction.atomic
def _faults(board: Board) -> list[str]:
    suite, grade = board
    named = f"The board of suite {suite}, {grade},"
    board_version = BoardVersion.objects.select_for_update().filter(suite=suite, grade=grade).first()
    revisions = CellRevision.objects.filter(suite=suite, grade=grade)
    n, distinct, last = revisions.aggregate(
        n=Count("version"), distinct=Count("version", distinct=True), last=Max("version", default=0)
    ).values()
    version, faults = board_version.version if board_version else 0, []
    if not n == distinct == last:
        faults.append(
            f"{named} has {n} revisions with {distinct} versions up to {last}; each has one of its own."
        )
    if version != last:
        faults.append(f"{named} counts its versions up to {version}, its revisions up to {last}.")
    last_revisions = {row.key: row for row in revisions.order_by("version").iterator()}
    for cell in Cell.objects.filter(suite=suite, grade=grade).iterator():
        revision = last_revisions.pop(cell.key, None)
        if revision is None or revision.gone:
            faults.append(f"{named} shows {cell}, of which its history knows nothing.")
        elif names := [name for name in CONTENT if getattr(cell, name) != getattr(revision, name)]:
            faults.append(f"{named} shows {cell} otherwise than its last revision does: {', '.join(names)}.")
    return faults + [
        f"{named} no longer shows {row}, which has not gone."
        for row in last_revisions.values()
        if not row.gone
    ]
