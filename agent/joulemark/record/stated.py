"""Fields that older agents did not know: what is stated, or what stands in its place."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def stated(value: T | msgspec.UnsetType, *, otherwise: T) -> T:
    """The stated value, or `otherwise` where its agent did not know the field yet."""
    return otherwise if isinstance(value, msgspec.UnsetType) else value
