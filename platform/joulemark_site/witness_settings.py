"""Where witnesses of the log are asked for cosignatures, as the environment names it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from joulemark.record.origin import BadAddress, split_address
from joulemark_site.environment import BadSetting, reader

if TYPE_CHECKING:
    from joulemark.log.notes import VerifierKey


@reader
def witness_addresses(name: str, witnesses: list[VerifierKey]) -> dict[VerifierKey, str]:
    """The submission prefix of each witness that is asked, by key: `NAME=ADDRESS`, separated by spaces.

    NAME is that of a key in `witnesses`.
    """
    by_name = {key.name: key for key in witnesses}
    addresses = {}
    for place, word in enumerate(os.environ.get(name, "").split(), 1):
        witness, _, address = word.partition("=")
        try:
            parts = split_address(address)
        except BadAddress:
            parts = None
        if parts is None or witness not in by_name or parts.username or parts.query or parts.fragment:
            raise BadSetting(
                f"{name}: entry {place} is not the name of a witness of JOULEMARK_LOG_WITNESSES with its address; "
                "write it like witness.example/w1=https://witness.example."
            )
        addresses[by_name[witness]] = address.rstrip("/")
    return addresses
