"""Standings of contributors, derived from the agreements of their results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from django.db import connection, transaction

from measurements.contributors.models import Contributor
from measurements.review.models import Standing

CONTRIBUTORS_AT_ONCE = 500
"""Contributors whose rows one transaction holds at most."""

STANDINGS = """
SELECT contributor_id,
       count(*) FILTER (WHERE last_disagreement IS NULL OR leaf_id > last_disagreement),
       count(*) FILTER (WHERE agrees),
       count(*) FILTER (WHERE NOT agrees)
FROM (
  SELECT agreement.contributor_id, agreement.agrees, submission.leaf_id,
         max(submission.leaf_id) FILTER (WHERE NOT agreement.agrees)
           OVER (PARTITION BY agreement.contributor_id) AS last_disagreement
  FROM review_agreement agreement JOIN intake_submission submission ON submission.result_id = agreement.result_id
  WHERE agreement.agrees IS NOT NULL AND agreement.contributor_id IN ({})
) AS compared
GROUP BY contributor_id
"""

Numbers = tuple[int, int, int]
"""Agreements in a row since the last disagreement, agreements, and disagreements."""


def refresh_standings(contributors: Collection[int]) -> None:
    """Derive the standings of these contributors anew, and write those that have changed.

    Results count in the order in which they arrived, not in that of the times that their contributors state. Rows of
    contributors are locked for one statement of the database, so that the last to write is the last to read.
    """
    waiting = iter(sorted(contributors))
    while some := list(islice(waiting, CONTRIBUTORS_AT_ONCE)):
        _refresh(some)


@transaction.atomic
def _refresh(contributors: Sequence[int]) -> None:
    locked = Contributor.objects.filter(pk__in=contributors).select_for_update(no_key=True).order_by("pk")
    existing = list(locked.values_list("pk", flat=True))
    stored = {
        contributor: numbers
        for contributor, *numbers in Standing.objects.filter(pk__in=existing).values_list(
            "contributor", "in_a_row", "agreed", "disagreed"
        )
    }
    derived = _derive(existing)
    Standing.objects.bulk_create(
        [
            Standing(contributor_id=contributor, in_a_row=in_a_row, agreed=agreed, disagreed=disagreed)
            for contributor in existing
            for in_a_row, agreed, disagreed in [derived.get(contributor, (0, 0, 0))]
            if stored.get(contributor) != [in_a_row, agreed, disagreed]
        ],
        update_conflicts=True,
        unique_fields=["contributor"],
        update_fields=["in_a_row", "agreed", "disagreed"],
    )


def _derive(contributors: Sequence[int]) -> dict[int, Numbers]:
    """The numbers of those who have been compared."""
    if not contributors:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(STANDINGS.format(", ".join(["%s"] * len(contributors))), contributors)
        return {contributor: (in_a_row, yes, no) for contributor, in_a_row, yes, no in cursor.fetchall()}
