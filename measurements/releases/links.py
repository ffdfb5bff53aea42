"""Absolute addresses, from the origin under which this platform is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from measurements.boards.as_of import address_at

if TYPE_CHECKING:
    from measurements.boards.as_of import Moment


def absolute(name: str, *args: str, moment: Moment | None = None) -> str:
    """The absolute address of a named view, carrying a moment on where one is given."""
    return f"{settings.ORIGIN}{address_at(moment, name, *args)}"


def bundle_url(result_id: str) -> str:
    """Where a bundle's exact bytes are."""
    return absolute("api-bundle", result_id)
