"""The last steps of whoever makes a result: a reason for every null, then statement, signature and bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from joulemark.record.bundle import Bundle
from joulemark.record.codec import encode
from joulemark.record.envelope import seal
from joulemark.record.statement import PAYLOAD_TYPE, Digest, Predicate, Statement, Subject
from joulemark.record.trace import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def sealed(
    predicate: Predicate, *, raw: bytes, packed: bytes, outputs_sha256: str, key: Ed25519PrivateKey
) -> Bundle:
    """The bundle that says `predicate` of a trace, whose `raw` and `packed` bytes `trace.pack` gives."""
    statement = Statement(
        type="https://in-toto.io/Statement/v1",
        subject=(
            Subject(name="trace", digest=Digest(sha256=sha256(raw))),
            Subject(name="outputs", digest=Digest(sha256=outputs_sha256)),
        ),
        predicate_type="urn:joulemark:result:v1",
        predicate=predicate,
    )
    envelope = seal(encode(statement), payload_type=PAYLOAD_TYPE, key=key)
    return Bundle(format="joulemark-bundle/1", envelope=envelope, trace=packed)


def absent(predicate: Predicate, reasons: Mapping[str, str]) -> dict[str, str]:
    """The reason of every null field of `predicate`, by its path; the items of a list share one.

    Raises KeyError for a null that nobody can explain, which is a fault of the agent and not of the run.
    """
    return {path: reasons[path] for path in sorted(set(_nulls(msgspec.to_builtins(predicate), "")))}


def _nulls(value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _nulls(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _nulls(item, path)
