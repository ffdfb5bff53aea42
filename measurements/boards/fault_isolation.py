"""Numbers that are computed for a page: one that cannot be keeps no other, and nobody's page fails for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

Number = TypeVar("Number")


class NotComputable(Exception):
    """Numbers that cannot be combined; the log has the fault. A page says that something is missing."""


def computed(what: str, compute: Callable[[], Number]) -> Number:
    """What `compute` returns. Raises NotComputable, with the fault in the log, where its numbers cannot be combined."""
    try:
        return compute()
    except (ArithmeticError, ValueError) as fault:
        logger.exception("%s cannot be computed", what)
        raise NotComputable(what) from fault
