"""What may stand in an address: names of the catalogue, and nothing that a database refuses."""

from __future__ import annotations

from django.urls import register_converter


class NameConverter:
    """The slug of a task, suite or series: lower-case letters, digits, dots, dashes and underscores."""

    regex = r"[a-z0-9._-]{1,150}"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


class DigestConverter:
    """A SHA-256: 64 lower-case hex digits."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


register_converter(DigestConverter, "digest")
register_converter(NameConverter, "name")
