"""What queries give a model, as a digest: two runs with the same one were asked the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from joulemark.workloads.base import Query


def inputs_sha256(queries: Iterable[Query]) -> str:
    """SHA-256 in hex over a line for each query, in order: compact JSON `[query id, {name: value}]`, names sorted.

    A picture's value is `[mode, width, height, SHA-256 of its pixels row by row]`.
    """
    digest = hashlib.sha256()
    for query in queries:
        plain = {name: _plain(value) for name, value in query.inputs.items()}
        digest.update(msgspec.json.encode([query.id, plain], order="sorted") + b"\n")
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """Pictures are known by what they can do, so that nothing is imported for them."""
    if hasattr(value, "tobytes") and hasattr(value, "mode"):
        return [value.mode, *value.size, hashlib.sha256(value.tobytes()).hexdigest()]
    return value
