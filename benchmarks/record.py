"""Decoding a statement strictly: msgspec, which the record uses, beside pydantic with the same fields and limits.

Run by `make bench-record`. pydantic's classes are made from msgspec's own, so both check the same things.
"""

from __future__ import annotations

import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pydantic

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "simulation")]

from benchmarks.report import Row, publish, row
from joulemark.record.statement import Statement
from joulemark_simulation import records

ROUNDS = 7
REPEAT = 300
LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length", "pattern")


def twin(kind: type[msgspec.Struct]) -> type[pydantic.BaseModel]:
    """A strict pydantic model with the fields, aliases, limits and defaults of a msgspec class."""
    hints = get_type_hints(kind, include_extras=True)
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        default = ... if field.required else field.default
        fields[field.name.lstrip("_")] = (
            _translate(hints[field.name]),
            pydantic.Field(default, alias=field.encode_name),
        )
    config = pydantic.ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        regex_engine="python-re",  # Rust's knows no look-ahead, by which ours end before a line's end
    )
    created: type[pydantic.BaseModel] = pydantic.create_model(kind.__name__, __config__=config, **fields)
    return created


def _translate(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        limits = {
            name: value
            for note in notes
            for name in LIMITS
            if (value := getattr(note, name, None)) is not None
        }
        return Annotated[_translate(inner), pydantic.Field(**limits)]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return twin(hint)
    if get_origin(hint) in (Union, types.UnionType):
        parts = (
            part for part in get_args(hint) if part is not msgspec.UnsetType
        )  # a default says that it may be absent
        return Union[tuple(_translate(part) for part in parts)]  # noqa: UP007 - built at run time
    if get_origin(hint) in (tuple, dict):
        return get_origin(hint)[tuple(part if part is ... else _translate(part) for part in get_args(hint))]
    return hint


def microseconds(work: Callable[[], object]) -> float:
    """Mean time of one call, over REPEAT calls."""
    begin = time.perf_counter()
    for _ in range(REPEAT):
        work()
    return (time.perf_counter() - begin) / REPEAT * 1e6


IMPORT = {"msgspec": "from msgspec import Struct", "pydantic": "from pydantic import BaseModel"}


def import_ms(tool: str) -> float:
    """Time a fresh interpreter takes for the import that classes need, less the time it takes for none."""
    times = []
    for program in (IMPORT[tool], "pass"):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)
        times.append(time.perf_counter() - begin)
    return (times[0] - times[1]) * 1e3


def main() -> None:
    """Interleaved rounds; both decode the same bytes and must give the same numbers."""
    payload = records.bundle(of=records.trace(windows=10, queries=100)).envelope.payload
    decoder, model = msgspec.json.Decoder(Statement), twin(Statement)
    ours = decoder.decode(payload)
    theirs: Any = model.model_validate_json(payload)
    assert theirs.predicate.totals.energy_gross_j == ours.predicate.totals.energy_gross_j
    work = {
        "msgspec": lambda: decoder.decode(payload),
        "pydantic": lambda: model.model_validate_json(payload),
    }
    decode: dict[str, list[float]] = {tool: [] for tool in work}
    load: dict[str, list[float]] = {tool: [] for tool in work}
    for _ in range(ROUNDS):
        for tool, once in work.items():
            decode[tool].append(microseconds(once))
            load[tool].append(import_ms(tool))
    rows: list[Row] = [
        row("decode a statement", tool, "time", "us", values) for tool, values in decode.items()
    ]
    rows += [row("import", tool, "time", "ms", values) for tool, values in load.items()]
    ratios = [theirs / ours for ours, theirs in zip(decode["msgspec"], decode["pydantic"], strict=True)]
    rows.append(row("decode a statement", "pydantic / msgspec", "ratio", "x", ratios))
    publish("record", rows, packages=["msgspec", "pydantic", "pydantic-core"])


if __name__ == "__main__":
    main()
