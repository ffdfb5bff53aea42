"""Two processes with the same request: the database's constraints decide, and the slower one finds what was made."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError

Args = ParamSpec("Args")
Row = TypeVar("Row")


def again_if_raced(write: Callable[Args, Row]) -> Callable[Args, Row]:
    """Run `write` once more when a unique constraint says that another process was first: now it finds that row."""

    @wraps(write)
    def run(*args: Args.args, **kwargs: Args.kwargs) -> Row:
        try:
            return write(*args, **kwargs)
        except IntegrityError:
            return write(*args, **kwargs)

    return run
