"""Rows in turn: a sweep that looks for what nobody marked looks at so many rows each time, and at all in the end.

So a sweep costs the same whether a platform has a thousand results or a million; what differs is how long a round of
all rows takes.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models, transaction

ROWS_PER_SWEEP = 10_000
"""Results that each sweep looks at without a mark: all of a million in a hundred minutes, by one sweep a minute."""

Rows = TypeVar("Rows", bound=models.QuerySet[Any])


class SweepPosition(models.Model):
    """How far the sweep `name` has come: the primary key of the row that it looked at last, as text; empty at first."""

    name = models.CharField(max_length=40, primary_key=True)
    after = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.name} after {self.after}"


@transaction.atomic
def next_rows(name: str, rows: Rows, *, most: int) -> Rows:
    """Those of `rows` whose turn it is in the sweep `name`: the next `most` by primary key, then from the first on.

    Of a table with no more rows than that they are all, each time. The position moves before anything is done with the
    rows, so one that cannot be worked on does not hold up the others.
    """
    position, _ = SweepPosition.objects.select_for_update().get_or_create(name=name)
    ordered = rows.order_by("pk")
    behind = ordered.filter(pk__gt=_key(rows, position.after)) if position.after else ordered
    n_behind, last = _nth(behind, most)
    if last is not None and n_behind == most:
        chosen = models.Q(pk__lte=last)
        if position.after:
            chosen &= models.Q(pk__gt=_key(rows, position.after))
    elif not position.after:
        chosen, last = models.Q(), None
    else:
        # the end has come: what is left of `most` is taken from the beginning, and no row twice
        before = ordered.filter(pk__lte=_key(rows, position.after))
        chosen = models.Q(pk__gt=_key(rows, position.after))
        _, last = _nth(before, most - n_behind)
        if last is not None:
            chosen |= models.Q(pk__lte=last)
    position.after = "" if last is None else str(last)
    position.save(update_fields=["after"])
    return rows.filter(chosen)


def _nth(ordered: models.QuerySet[Any], most: int) -> tuple[int, Any]:
    """How many of the first `most` rows there are, and the primary key of the last of them."""
    keys = list(ordered.values_list("pk", flat=True)[:most]) if most else []
    return len(keys), keys[-1] if keys else None


def _key(rows: models.QuerySet[Any], text: str) -> Any:
    return rows.model._meta.pk.to_python(text)
