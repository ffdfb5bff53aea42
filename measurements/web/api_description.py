"""The generator of the API's description of itself."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator


class EnglishDescription(SchemaGenerator):
    """Writes the description in English, as its help texts are, whatever its reader's language is."""

    def get_schema(self, *args: Any, **kwargs: Any) -> Any:
        """The description, with the titles of choices in English too."""
        with translation.override("en"):
            return super().get_schema(*args, **kwargs)  # type: ignore[no-untyped-call]  # its library has no types
