"""Settings whose values are secrets: each may be in a file that `NAME_FILE` names, and none is ever printed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from joulemark.record.origin import BadAddress, split_address
from joulemark_site.environment import BadSetting, reader, secret_in_file
from joulemark_site.redis_settings import password_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@reader
def secret_value(name: str) -> str:
    """What is in the file that the variable `NAME_FILE` names, else the variable itself; empty where neither is set.

    Raises BadSetting.
    """
    return secret_in_file(f"{name}_FILE") or os.environ.get(name, "")


@reader
def secret_address(name: str) -> str:
    """An http(s) address, read as `secret_value` is: whoever has it can use it. Raises BadSetting."""
    value = secret_value(name)
    try:
        return split_address(value).geturl() if value else ""
    except BadAddress:
        raise BadSetting(f"{name} is no address; write it like https://example.org/hook.") from None


@reader
def places(name: str) -> list[str]:
    """Folders and http(s) addresses, separated by spaces; an address has no password in it."""
    values = os.environ.get(name, "").split()
    for number, place in enumerate(values, 1):
        if Path(place).is_absolute():
            continue
        try:
            parts = split_address(place)
        except BadAddress:
            raise BadSetting(
                f"{name}: entry {number} is neither an absolute path nor an http(s) address."
            ) from None
        if parts.username or parts.password:
            raise BadSetting(
                f"{name}: entry {number} has a password in it; write that into the file of {name}_TOKEN_FILE."
            )
    return [place.rstrip("/") for place in values]


def secrets_in(databases: Mapping[str, Mapping[str, Any]], redis_url: str, *values: str) -> tuple[str, ...]:
    """Every secret of the settings, for whoever must not print them: passwords in addresses, and `values`."""
    return tuple(dict.fromkeys(filter(None, [*_passwords(databases, redis_url), *values])))


def _passwords(databases: Mapping[str, Mapping[str, Any]], redis_url: str) -> Iterator[str]:
    for database in databases.values():
        yield str(database.get("PASSWORD") or "")
    password = password_in(redis_url)
    yield password
    yield unquote(password)
