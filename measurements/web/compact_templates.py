"""Loaders that read our templates without their indentation, which a page would repeat in each of its rows.

A browser shows any run of white space as one space; so a run with a line break becomes that line break alone. What is
within `pre`, `textarea`, `script` and `style` stays as it is written, as does every template of somebody else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loaders import app_directories, filesystem

if TYPE_CHECKING:
    from django.template import Origin

VERBATIM = re.compile(r"(<(pre|textarea|script|style)\b.*?</\2>)", re.DOTALL | re.IGNORECASE)
INDENTATION = re.compile(r"[ \t]*\n\s*")


def compact(source: str) -> str:
    """A template's source without indentation, blank lines and space at the end of lines."""
    parts = VERBATIM.split(source)  # text, element, its name, text and so on
    parts[::3] = [INDENTATION.sub("\n", text) for text in parts[::3]]
    return "".join(part for place, part in enumerate(parts) if place % 3 != 2)


def is_ours(origin: Origin) -> bool:
    """Whether a template is a page's of this project, and no text of another kind."""
    ours = tuple(f"{settings.ROOT / folder}/" for folder in ("measurements", "platform"))
    return origin.name.endswith(".html") and origin.name.startswith(ours)


class FolderLoader(filesystem.Loader):
    """Django's loader of the folders in `DIRS`, with our templates compact."""

    def get_contents(self, origin: Origin) -> str:
        """The source of a template."""
        source = super().get_contents(origin)
        return compact(source) if is_ours(origin) else source


class AppLoader(app_directories.Loader):
    """Django's loader of the folders of apps, with our templates compact."""

    def get_contents(self, origin: Origin) -> str:
        """The source of a template."""
        source = super().get_contents(origin)
        return compact(source) if is_ours(origin) else source
