"""One stream in a process of its own: how far its memory rises, as a line of JSON. Called by benchmarks/data.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

import django

django.setup()

from benchmarks.data_rows import COLUMNS, BenchRow
from measurements.streams.row_stream import RowStream


def resident_bytes() -> int:
    """The memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main(form: str) -> None:
    """Stream everything and print both rises."""
    if form == "parquet":  # the library's own memory is no growth
        import pyarrow.csv
        import pyarrow.parquet  # noqa: F401 - as above
    start = resident_bytes()
    stream = RowStream(BenchRow._base_manager.order_by("id"), COLUMNS, form)  # type: ignore[arg-type]  # data.FORMS
    next(stream)
    first = peak = resident_bytes()
    for number, _piece in enumerate(stream):
        if number % 16 == 0 or form == "parquet":
            peak = max(peak, resident_bytes())
    stream.close()
    peak = max(peak, resident_bytes())
    print(json.dumps({"above_start": peak - start, "above_first": peak - first}))


if __name__ == "__main__":
    main(sys.argv[1])
