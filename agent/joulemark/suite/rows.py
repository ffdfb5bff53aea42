"""The rows of data sets: what a query is made of, and the answer it is scored against."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from joulemark.record.codec import decode
from joulemark.record.errors import Malformed
from joulemark.record.field_types import Sha256, Slug
from joulemark.suite.errors import BrokenSuite
from joulemark.suite.schema import Entry
from joulemark.translation import gettext as _


class Sentence(Entry, frozen=True, kw_only=True):
    """A sentence and its labels."""

    id: Slug
    text: str
    topic: Slug
    sentiment: Slug


class Prompt(Entry, frozen=True, kw_only=True):
    """A question; an answer that contains one of `accepted` as whole words, in any case, is right."""

    id: Slug
    prompt: str
    accepted: Annotated[tuple[str, ...], Meta(min_length=1)]


class Text(Entry, frozen=True, kw_only=True):
    """A text and a reference summary of it."""

    id: Slug
    text: str
    summary: str


class Photo(Entry, frozen=True, kw_only=True):
    """A photograph inside an installed package: `path` in the folder of `module`, with the SHA-256 of its bytes.

    The query is the photograph, cut to `crop` (left, upper, right, lower, in pixels of the original), then mirrored
    left to right. `accepted` are the ImageNet-1k classes (0 to 999) that are right, `names` their English names.
    """

    id: Slug
    module: str
    path: str
    sha256: Sha256
    crop: tuple[int, int, int, int] | None
    mirrored: bool
    accepted: Annotated[tuple[str, ...], Meta(min_length=1)]
    names: tuple[str, ...]
    licence: str


Row: TypeAlias = Sentence | Prompt | Text | Photo


def text_of_row(row: Row) -> str | None:
    """What a query of this row gives a model to read, before any prompt; None for a picture."""
    if isinstance(row, Prompt):
        return row.prompt
    return None if isinstance(row, Photo) else row.text


_KINDS: dict[str, type[Row]] = {"sentences": Sentence, "prompts": Prompt, "texts": Text, "photos": Photo}


def decode_rows(content: bytes, kind: str, *, file: str) -> tuple[Row, ...]:
    """The rows of a JSON Lines file. Raises BrokenSuite, naming `file`, when one does not fit or repeats an id."""
    rows = tuple(
        _decode_row(line, kind, file=file, number=number)
        for number, line in enumerate(content.split(b"\n"), 1)
        if line.strip()
    )
    if len({row.id for row in rows}) != len(rows):
        raise BrokenSuite(_("{file} uses an id twice.").format(file=file))
    return rows


def _decode_row(line: bytes, kind: str, *, file: str, number: int) -> Row:
    try:
        return decode(line, _KINDS[kind], what=f"line {number}")
    except Malformed as error:
        raise BrokenSuite(
            _("{file} is not a file of {kind}. {error}").format(file=file, kind=kind, error=error)
        ) from error
