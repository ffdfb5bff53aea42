"""One entry of the log: what happened, when, and to whom, in digests and pseudonyms only.

An entry has exactly one encoding: JSON without spaces, the keys of each object sorted, UTF-8. Its place in the log is
not in it. Entries of version 1 carry their `index` and are read as they were written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from joulemark.log.tiles import MOST_ENTRY_BYTES
from joulemark.record import codec
from joulemark.record.codec import Record
from joulemark.record.errors import Malformed, TooLarge
from joulemark.record.field_types import Slug
from joulemark.record.statement import Count, Time
from joulemark.translation import gettext as _

Fact = Annotated[str, Meta(max_length=2000)] | Annotated[int, Meta(ge=-(2**53), le=2**53)] | list[str]

Facts = Mapping[str, Fact]
"""What an entry states of its subject, by name."""

MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)", re.ASCII
)
"""How a fact spells a moment: ISO 8601 with its zone, as Python's `isoformat` and RFC 3339 have it."""


def is_same_fact(fact: Fact | None, other: Fact | None) -> bool:
    """Whether two facts are the same: equal, or one moment in two spellings.

    Entries that were written before all times were in UTC have them in the zone that they came with.
    """
    if fact == other:
        return True
    if not (isinstance(fact, str) and isinstance(other, str)):
        return False
    at = _moment(fact)
    return at is not None and at == _moment(other)


def _moment(text: str) -> datetime | None:
    """The moment that a fact spells, None where it spells none."""
    if not MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # such as a 13th month
        return None


class LogLeaf(Record, frozen=True, kw_only=True, omit_defaults=False):
    """An entry. `kind` is an open set: a reader counts what it does not know and goes on."""

    version: Literal[1, 2] = 2
    index: Count | UnsetType = UNSET
    kind: Slug
    subject: Slug
    at: Time
    facts: dict[str, Fact]

    def __post_init__(self) -> None:
        """Only version 1 has an index. Raises ValueError, which decoding reports as a schema fault."""
        if (self.version == 1) == (self.index is UNSET):
            raise ValueError(_("entries of version 1 have an index, and no others have one"))

    def encode(self) -> bytes:
        """The exact bytes that are hashed. Raises TooLarge (JM-ENTRY-SIZE)."""
        data = msgspec.json.encode(self, order="sorted")
        if len(data) > MOST_ENTRY_BYTES:
            raise TooLarge(
                "JM-ENTRY-SIZE",
                _("An entry of the log has at most {most_entry_bytes} bytes.").format(
                    most_entry_bytes=MOST_ENTRY_BYTES
                ),
            )
        return data


def decode(data: bytes) -> LogLeaf:
    """The entry in `data`. Raises Malformed (JM-UTF8, JM-JSON, JM-SCHEMA, or JM-CANONICAL for another encoding)."""
    leaf = codec.decode(data, LogLeaf, what="log entry")
    if leaf.encode() != data:
        raise Malformed(
            "JM-CANONICAL", _("The log entry is not in its one encoding: keys sorted, no spaces.")
        )
    return leaf
