"""What benchmarks/data.py has gunicorn serve: the live stream of its table, and files that were made before."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

import django

django.setup()

from benchmarks.data_rows import COLUMNS, BenchRow
from measurements.streams.row_stream import RowStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FOLDER = Path(os.environ["BENCH_FILES"])


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """`/live/FORM` streams the table; any other path is a file of the folder."""
    path = environ["PATH_INFO"]
    if path.startswith("/live/"):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return RowStream(BenchRow._base_manager.order_by("id"), COLUMNS, path.rpartition("/")[2])
    file = FOLDER / path.lstrip("/")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(file.stat().st_size))])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file.open("rb"), 1 << 16)
    return wrapped
