"""Absolute addresses, from the origin under which this platform is known."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def absolute(name: str, *args: str) -> str:
    """The absolute address of a named view."""
    return f"{settings.ORIGIN}{reverse(name, args=args)}"


def bundle_url(result_id: str) -> str:
    """Where a bundle's exact bytes are."""
    return absolute("api-bundle", result_id)
