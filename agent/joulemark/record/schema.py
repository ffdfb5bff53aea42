"""JSON Schemas of the wire format, out of its classes: `python -m joulemark.record.schema FOLDER` writes them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from joulemark.record import requests
from joulemark.record.bundle import Bundle
from joulemark.record.envelope import Envelope
from joulemark.record.json_schema import json_schema
from joulemark.record.messages import (
    Enrolled,
    Enrolment,
    LogProof,
    Needed,
    PlatformKey,
    Problem,
    Receipt,
    ResultStanding,
    ResultStatus,
    Ticket,
    TicketRequest,
)
from joulemark.record.statement import Statement
from joulemark.record.suite_offers import SuiteOffers
from joulemark.record.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    import msgspec

    from joulemark.record.codec import Record

PUBLISHED: dict[str, type[Record]] = {
    "appeal-1": requests.Appeal,
    "appealed-1": requests.Appealed,
    "batch-answer-1": requests.BatchAnswer,
    "bundle-1": Bundle,
    "enrolled-1": Enrolled,
    "enrolment-1": Enrolment,
    "envelope-1": Envelope,
    "log-proof-1": LogProof,
    "needed-1": Needed,
    "platform-key-1": PlatformKey,
    "problem-1": Problem,
    "receipt-1": Receipt,
    "result-standing-1": ResultStanding,
    "result-status-1": ResultStatus,
    "revocation-1": requests.Revocation,
    "revoked-1": requests.Revoked,
    "rotation-1": requests.Rotation,
    "statement-1": Statement,
    "suite-offers-1": SuiteOffers,
    "ticket-1": Ticket,
    "ticket-request-1": TicketRequest,
    "trace-1": Trace,
    "withdrawal-1": requests.Withdrawal,
}
"""Every document of the format by the name of its schema file; the number is the format's version."""


def schema_of(name: str) -> bytes:
    """The JSON Schema of the document called `name`. Raises KeyError."""
    return document(name, PUBLISHED[name])


def document(name: str, kind: type[msgspec.Struct]) -> bytes:
    """The JSON Schema (2020-12) of a class, indented, with a newline at the end."""
    return json.dumps(json_schema(name, kind), indent=2, ensure_ascii=False).encode() + b"\n"


def write(arguments: list[str], published: Mapping[str, type[msgspec.Struct]], *, module: str) -> int:
    """Write every schema of `published` into the folder that `arguments` name, as `python -m MODULE FOLDER` does."""
    from pathlib import Path

    if len(arguments) != 1:
        print(f"usage: python -m {module} FOLDER", file=sys.stderr)  # noqa: T201 - a program's usage line
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in published.items():
        (folder / f"{name}.json").write_bytes(document(name, kind))
    return 0


if __name__ == "__main__":
    sys.exit(write(sys.argv[1:], PUBLISHED, module="joulemark.record.schema"))
