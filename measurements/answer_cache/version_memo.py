"""What a function returned last for its arguments, for as long as no table of its sources has changed."""

from __future__ import annotations

from collections import OrderedDict
from functools import wraps
from threading import Lock
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from django.db import connection

from measurements.answer_cache.software_digest import shown_digest
from measurements.answer_cache.table_versions import versions_before, versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from measurements.answer_cache.sources import Source

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")
MAX_REMEMBERED = 64


def while_unchanged(
    *sources: Source,
) -> Callable[[Callable[Arguments, Value]], Callable[Arguments, Value]]:
    """Decorate a function of hashable arguments and of these sources alone: it is computed once for their versions.

    All callers share its value, which none may change. The versions are read before anything else, for all that an
    answer is made of once, so that what is computed while a table changes is computed again.
    """
    tables = sorted(frozenset[str]().union(*(source.tables for source in sources)))

    def decorate(compute: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
        lock = Lock()
        remembered: OrderedDict[Hashable, tuple[tuple[str, ...], Value]] = OrderedDict()

        @wraps(compute)
        def computed_once(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
            every = versions_before()
            if every is None:
                return compute(*args, **kwargs)
            key = (shown_digest(), connection.settings_dict["NAME"], args, tuple(sorted(kwargs.items())))
            versions = versions_of(tables, every)
            with lock:
                before = remembered.get(key)
            if before is not None and before[0] == versions:
                return before[1]
            value = compute(*args, **kwargs)
            with lock:
                remembered[key] = (versions, value)
                remembered.move_to_end(key)
                while len(remembered) > MAX_REMEMBERED:
                    remembered.popitem(last=False)
            return value

        return computed_once

    return decorate
