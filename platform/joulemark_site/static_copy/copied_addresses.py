"""Which addresses of the platform a static copy has, and under which file each lies.

Pages are named by their views. A question is part of a page's name only where it says which one it is: a cell's key,
the number of a page of a list. All other questions are asked in the explorer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.translation import override

from measurements.boards.models import NAMED_BY
from measurements.web.languages import current_language, language_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.urls import ResolverMatch

INDEX = "index.html"
PAGE_NUMBER = frozenset({"page"})
CELL_KEY = frozenset(NAMED_BY)
QUESTION_DIGITS = 16
"""Hex digits of the SHA-256 of a question in the name of its file."""
MAX_NAME_BYTES = 200
"""Of one part of a path: file systems take 255 bytes."""

COPIED_PAGES: Mapping[str, frozenset[str]] = {
    "home": frozenset(),
    "boards": frozenset(),
    "board": PAGE_NUMBER,
    "cell": CELL_KEY,
    "published": PAGE_NUMBER,
    "task": PAGE_NUMBER,
    "comparisons": frozenset(),
    "comparison": frozenset(),
    "models": PAGE_NUMBER,
    "model": PAGE_NUMBER,
    "hardware-classes": PAGE_NUMBER,
    "hardware": PAGE_NUMBER,
    "datasets": PAGE_NUMBER,
    "dataset": PAGE_NUMBER,
    "suites": frozenset(),
    "suite": frozenset(),
    "rules": frozenset(),
    "method": frozenset(),
    "about": frozenset(),
    "trust": frozenset(),
    "glossary": frozenset(),
    "data": PAGE_NUMBER,
}
"""Views of pages that are copied, each with the parameters by which it has several."""

COPIED_FILES: Mapping[str, frozenset[str]] = {
    "api-board-csv": frozenset(),
    "api-board-json": frozenset(),
    "api-task-csv": frozenset(),
    "api-task-json": frozenset(),
    "api-comparison-csv": frozenset(),
    "api-comparison-json": frozenset(),
    "board-plot": frozenset(),
    "cell-plot": CELL_KEY,
    "comparison-plot": frozenset(),
    "home-plot": frozenset(),
    "size-plot": frozenset(),
    "task-svg": frozenset(),
    "task-png": frozenset(),
    "task-quality-plot": frozenset(),
}
"""Views of files that lie beside the pages."""

FIRST_PAGES = tuple(
    name for name in COPIED_PAGES
    if name not in {"board", "cell", "published", "task", "comparison", "model", "hardware", "dataset", "suite"}
)  # fmt: skip
"""Pages without a part of their own in their address; all others are found by links and in the site's map."""


@dataclass(frozen=True, order=True)
class CopiedAddress:
    """An address as the platform answers it: its path, percent-encoded, and its question in one order."""

    path: str
    question: str = ""

    @property
    def url(self) -> str:
        """Path and question."""
        return f"{self.path}?{self.question}" if self.question else self.path

    @property
    def file(self) -> str:
        """Where it lies in the copy, relative to its root, not encoded."""
        path = unquote(self.path).lstrip("/")
        mark = hashlib.sha256(self.question.encode()).hexdigest()[:QUESTION_DIGITS] if self.question else ""
        if path.endswith("/"):
            return f"{path}{mark}/{INDEX}" if mark else f"{path}{INDEX}"
        place = PurePosixPath(path)
        return str(place.with_name(f"{place.stem}-{mark}{place.suffix}")) if mark else path


def match_of(path: str) -> ResolverMatch | None:
    """The view at a path of the platform, whatever language is in use; None where there is none."""
    with override(language_in(path) or current_language()):
        try:
            return resolve(unquote(path))
        except Resolver404:
            return None


def copied_address(url: str) -> CopiedAddress | None:
    """The address that a copy has for a link of the platform, None where it has none. A fragment is left aside."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or not parts.path.startswith("/"):
        return None
    match = match_of(parts.path)
    name = match.url_name if match is not None else None
    parameters = COPIED_PAGES.get(name or "", COPIED_FILES.get(name or ""))
    if parameters is None or not is_file_path(parts.path):
        return None
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pairs = sorted(pair for pair in pairs if pair != ("page", "1"))
    names = [key for key, _ in pairs]
    if not set(names) <= parameters or len(set(names)) != len(names):
        return None
    if parameters == CELL_KEY and set(names) != CELL_KEY:
        return None
    return CopiedAddress(path=quote(unquote(parts.path), safe="/"), question=urlencode(pairs))


def is_file_path(path: str) -> bool:
    """Whether every part of a path is a file's name on any system that may serve the copy."""
    names = unquote(path).strip("/").split("/")
    return all(
        name not in {".", ".."}
        and "\\" not in name
        and name.isprintable()
        and len(name.encode()) <= MAX_NAME_BYTES
        and (name or names == [""])
        for name in names
    )


def live_address(url: str) -> str:
    """The same on the platform itself."""
    return f"{settings.ORIGIN}{url}"
