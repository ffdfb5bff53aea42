"""Typed readings of environment variables: they fail loudly and name the variable."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class BadSetting(Exception):
    """An environment variable has a value that cannot be used."""


def text(name: str, default: str) -> str:
    """The variable, or `default` when unset or empty."""
    return os.environ.get(name) or default


def flag(name: str, *, default: bool) -> bool:
    """A boolean: 1/true/yes/on or 0/false/no/off."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name}={value!r} is neither yes nor no; write 1 or 0.")


def seconds(name: str, default: int) -> int:
    """A positive whole number of seconds."""
    value = os.environ.get(name, "")
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise BadSetting(f"{name}={value!r} is not a positive whole number of seconds.")
    return int(value)


def words(name: str, default: str) -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def origin(name: str, default: str) -> str:
    """An http(s) origin: scheme and host, no path."""
    value = text(name, default)
    parts = urlsplit(value)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.netloc
        or parts.path
        or parts.query
        or parts.fragment
    ):
        raise BadSetting(
            f"{name}={value!r} is not an origin; write it like https://joulemark.example, without a path."
        )
    return value


def database(name: str, folder: Path) -> dict[str, object]:
    """A PostgreSQL database out of a libpq URI, or an SQLite file in `folder` when the variable is unset.

    SQLite runs with a write-ahead log, full fsync and IMMEDIATE transactions, so that writers queue instead of failing.
    """
    url = os.environ.get(name, "")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": folder / "joulemark.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise BadSetting(
            f"{name} is not a PostgreSQL URI like postgresql://user@host/name: {error}"
        ) from error
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    settings: dict[str, object] = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600}
    settings.update({names[key]: value for key, value in parts.items() if key in names and value is not None})
    other = {key: value for key, value in parts.items() if key not in names and value is not None}
    # A bundle goes as bytes, not as escaped text, and a statement that comes back is planned once.
    settings["OPTIONS"] = {"server_side_binding": True, "prepare_threshold": 5, **other}
    if "NAME" not in settings:
        raise BadSetting(f"{name} names no database; write it like postgresql://user@host/joulemark.")
    return settings


def broker(redis_url: str) -> str:
    """The same Redis as kombu addresses it: a unix socket has a scheme of its own there. Empty stays in memory."""
    if not redis_url:
        return "memory://localhost/"
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        database = parse_qs(parts.query).get("db", ["0"])[0]
        return f"redis+socket://{parts.path}?virtual_host={database}"
    if parts.scheme not in {"redis", "rediss", "redis+socket"}:
        raise BadSetting(
            f"REDIS_URL={redis_url!r} is not a Redis address; write it like redis://localhost:6379/0."
        )
    return redis_url


def secret(name: str, folder: Path, filename: str) -> str:
    """A secret from the variable, else one that is made once and kept in `folder` with mode 0600."""
    if value := os.environ.get(name):
        return value
    path = folder / filename
    try:
        return path.read_text()
    except FileNotFoundError:
        from secrets import token_urlsafe

        value = token_urlsafe(48)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(descriptor, "w") as stream:
            stream.write(value)
        return value
