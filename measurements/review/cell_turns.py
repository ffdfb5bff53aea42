"""Turns: what is derived of a cell is derived once in so many seconds at most, however often its results change.

Deriving a cell costs as much as it has results. If it were done for every change, a cell to which many results come
would cost the square of their number.
"""

from __future__ import annotations

import hashlib
import logging

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from measurements.review.cell_key import CellKey

logger = logging.getLogger(__name__)


def pause_s() -> int:
    """Seconds between two turns of a cell; 0 where tasks run in the process that calls them: there all follows at once.

    There is no beat, either, which would come back to a cell whose turn was not free.
    """
    return 0 if current_app.conf.task_always_eager else int(settings.CELL_EVERY_S)


def take_turn(work: str, cell: CellKey, *, every_s: int) -> bool:
    """Whether nobody has begun this `work` on the cell in the last `every_s` seconds; now somebody has.

    Whose turn it was lies in the cache. Without the cache every turn is free: work that is done too often is wasted,
    and nothing else.
    """
    if not every_s:
        return True
    digest = hashlib.sha256(repr(cell.values).encode()).hexdigest()[:32]
    try:
        return cache.add(f"turn:{work}:{digest}", 1, timeout=every_s)
    except (RedisError, OSError) as error:
        logger.warning("turns of cells are not counted, the cache is away: %s", error)
        return True
