"""Limit of benchmarks/scale.py: answers out of memory, each the bytes that the platform sent for the same address."""

from __future__ import annotations

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.reading import Answer

KEPT_HEADERS = ("content-type", "content-encoding", "cache-control", "etag")


def write_answer(folder: Path, path: str, answer: Answer) -> None:
    """Keep an answer where the server finds it."""
    headers = [[name, answer.headers[name]] for name in KEPT_HEADERS if name in answer.headers]
    _file(folder, path).write_bytes(json.dumps(headers).encode() + b"\n" + answer.body)


@cache
def _answer(path: str) -> tuple[list[tuple[str, str]], bytes]:
    head, _, body = _file(Path(os.environ["BENCH_BYTES"]), path).read_bytes().partition(b"\n")
    headers = [(str(name), str(value)) for name, value in json.loads(head)]
    return [*headers, ("content-length", str(len(body)))], body


def _file(folder: Path, path: str) -> Path:
    return folder / hashlib.sha256(path.encode()).hexdigest()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the bytes of the address."""
    headers, body = _answer(environ["RAW_URI"])
    start_response("200 OK", headers)
    return [body]
