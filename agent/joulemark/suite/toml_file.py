"""A suite's TOML files, read into what they must hold."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from joulemark.suite.errors import BrokenSuite

T = TypeVar("T")


def decode_toml(content: bytes, kind: type[T], *, what: str) -> T:
    """The file as `kind`. Raises BrokenSuite; `what` is the file, as `suite.toml of demo`."""
    try:
        return msgspec.toml.decode(content, type=kind)
    except UnicodeDecodeError as error:
        raise BrokenSuite(f"The {what} is not in UTF-8 (byte {error.start}). Save it in UTF-8.") from error
    except RecursionError as error:
        raise BrokenSuite(f"The {what} is nested too deeply. Mend it.") from error
    except msgspec.DecodeError as error:
        raise BrokenSuite(f"The {what} does not fit its schema: {error}.") from error
