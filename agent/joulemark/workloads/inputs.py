"""What queries give a model: as a digest (two runs with the same one were asked the same), and how large they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from joulemark.workloads.base import Query

if TYPE_CHECKING:
    from joulemark.record.trace import SizeUnit


def inputs_sha256(queries: Iterable[Query]) -> str:
    """SHA-256 in hex over a line for each query, in order: compact JSON `[query id, {name: value}]`, names sorted.

    A picture's value is `[mode, width, height, SHA-256 of its pixels row by row]`.
    """
    digest = hashlib.sha256()
    for query in queries:
        plain = {name: _plain(value) for name, value in query.inputs.items()}
        digest.update(msgspec.json.encode([query.id, plain], order="sorted") + b"\n")
    return digest.hexdigest()


@dataclass(frozen=True, kw_only=True)
class InputSizes:
    """One size a query, all in one unit."""

    sizes: tuple[int, ...]
    unit: SizeUnit


def input_sizes(queries: Iterable[Query]) -> InputSizes | None:
    """How large each query is, known without running it: characters of its texts, or pixels of its pictures.

    None where they have both, or neither. Characters and not tokens: they are the same whatever the model, and whoever
    has the data can count them.
    """
    characters, pixels = [], []
    for query in queries:
        values = list(query.inputs.values())
        characters.append([_characters(value) for value in values])
        pixels.append([value.size[0] * value.size[1] for value in values if _is_picture(value)])
    if characters and not any(pixels) and all(None not in row for row in characters):
        return InputSizes(sizes=tuple(sum(filter(None, row)) for row in characters), unit="characters")
    if pixels and all(pixels) and all(count is None for row in characters for count in row):
        return InputSizes(sizes=tuple(map(sum, pixels)), unit="pixels")
    return None


def _characters(value: Any) -> int | None:
    """Of a text or of several; None for what is no text."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return sum(map(len, value))
    return None


def _is_picture(value: Any) -> bool:
    """Pictures are known by what they can do, so that nothing is imported for them."""
    return hasattr(value, "tobytes") and hasattr(value, "mode")


def _plain(value: Any) -> Any:
    if _is_picture(value):
        return [value.mode, *value.size, hashlib.sha256(value.tobytes()).hexdigest()]
    return value
