"""A suite's TOML files, read into what they must hold."""

from __future__ import annotations

from typing import TypeVar

from joulemark.record.codec import decode_toml as decode_record_toml
from joulemark.record.errors import Malformed
from joulemark.suite.errors import BrokenSuite
from joulemark.translation import gettext as _
from joulemark.translation import marked

T = TypeVar("T")


def decode_toml(content: bytes, kind: type[T], *, what: str) -> T:
    """The file as `kind`. Raises BrokenSuite; `what` is the file, as `suite.toml of demo`."""
    try:
        return decode_record_toml(content, kind, what=what)
    except Malformed as error:
        raise BrokenSuite(f"{error} {_(_NEXT_STEP.get(error.code, MEND))}") from error


MEND = marked("Mend it.")
_NEXT_STEP = {"JM-UTF8": marked("Save it in UTF-8.")}
