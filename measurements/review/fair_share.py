"""Whose results are judged at once, and whose wait in the backlog: nobody's flood keeps others waiting.

Each contributor and each job may have so many results judged at once in any few seconds. What comes beyond is queued
again, in a queue that workers turn to when no other has anything.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from django.core.cache import cache
from redis.exceptions import RedisError

from measurements.intake.models import Submission
from measurements.review.judging_batches import BATCH_SIZE

logger = logging.getLogger(__name__)

SHARE = BATCH_SIZE
"""Results of a contributor, and of a job, that are judged at once in SHARE_S."""

SHARE_S = 10
"""Seconds that a share lasts."""


class CountingCache(Protocol):
    """What a cache of settings.CACHES offers beside Django's own interface."""

    def incr_many(self, deltas: Mapping[str, int]) -> list[str]:
        """Add to each name's count; returns the names that have none."""


def split_by_share(result_ids: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those of these results that are judged at once, and the others, each in their order.

    Which job a result without a ticket is about is not known before it is read: these share as if they were of one job.
    While the cache is away, all are judged.
    """
    part = int(time.time() // SHARE_S)
    rows = Submission.objects.filter(pk__in=result_ids).values_list("pk", "key__contributor", "ticket__job")
    sharers = {
        result_id: (f"share:contributor:{contributor}:{part}", f"share:job:{job}:{part}")
        for result_id, contributor, job in rows
    }
    try:
        used = Counter(cache.get_many({name for names in sharers.values() for name in names}))
        at_once, later, taken = [], [], Counter[str]()
        for result_id in result_ids:
            names = sharers.get(result_id, ())
            if any(used[name] + taken[name] >= SHARE for name in names):
                later.append(result_id)
            else:
                at_once.append(result_id)
                taken.update(names)
        _count(taken)
    except (RedisError, OSError) as error:
        logger.warning("shares are not counted, the cache is away: %s", error)
        return list(result_ids), []
    return at_once, later


def _count(taken: Mapping[str, int]) -> None:
    if not taken:
        return
    counting = cast("CountingCache", cache)
    missing = counting.incr_many(taken)
    for name in missing:
        cache.add(name, 0, timeout=2 * SHARE_S)
    if missing:
        counting.incr_many({name: taken[name] for name in missing})
