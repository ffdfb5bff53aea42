"""Classes of hardware by what a device calls itself: title, slug, and a code that says nothing of the name."""

from __future__ import annotations

import hashlib
import re

PLAIN_NAME = re.compile(r"[A-Z0-9a-z]+(?:[ -][A-Z0-9a-z]+)*")
"""Names that differ from their slug by case and spaces alone."""


def hardware_title(name: str) -> str:
    """A device's name as the title of its class: without spaces too many."""
    return " ".join(name.split())


def hardware_slug(kind: str, name: str) -> str:
    """The class of a device: its kind and the slug of its model name.

    A name that its slug does not fully stand for (other scripts, signs) gets a digest behind it, so that two names
    never share a class and nobody can choose the title under which another's results are shown.
    """
    title = hardware_title(name)
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if not PLAIN_NAME.fullmatch(title):
        slug = f"{slug[:100]}-{hashlib.sha256(title.encode()).hexdigest()[:8]}".strip("-")
    return f"{kind}-{slug}"[:150]


def hardware_code(kind: str, slug: str) -> str:
    """What stands for a class whose name nobody has confirmed; it follows from the slug and says nothing of it."""
    return f"{kind}-{hashlib.sha256(slug.encode()).hexdigest()[:12]}"
