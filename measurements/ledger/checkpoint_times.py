"""Which checkpoint of the log stood at a time or has a leaf first: what a page names beside its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import OuterRef, Subquery

from measurements.ledger.models import Checkpoint

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


def checkpoint_size_at(at: datetime) -> int | None:
    """The size of the last checkpoint that was signed until a time; None where none was signed yet.

    Checkpoints are only ever added, with rising times: the answer for a time that is past never changes.
    """
    return _sizes_until(at).first()


def checkpoint_size_until(column: str) -> Subquery:
    """The same for the time that a column of the outer query has."""
    return Subquery(_sizes_until(OuterRef(column))[:1])


def _sizes_until(at: datetime | OuterRef) -> QuerySet[Checkpoint, int]:
    """The sizes of checkpoints that were signed until a time, the last one first."""
    until = Checkpoint.objects.filter(signed_at__lte=at).order_by("-signed_at", "-size")
    return until.values_list("size", flat=True)


def checkpoint_size_with(leaf_index: int | None) -> int | None:
    """The size of the first checkpoint that has this leaf; None where the leaf has no place, or none was signed yet."""
    if leaf_index is None:
        return None
    since = Checkpoint.objects.filter(size__gt=leaf_index).order_by("size")
    return since.values_list("size", flat=True).first()


def uncosigned_since(size: int) -> datetime | None:
    """When the first checkpoint of more than `size` entries was signed; None where there is none."""
    larger = Checkpoint.objects.filter(size__gt=size).order_by("size")
    return larger.values_list("signed_at", flat=True).first()
