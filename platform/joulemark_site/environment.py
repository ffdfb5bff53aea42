"""Typed readings of environment variables: they fail loudly and name the variable."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from joulemark.atomic_file import make_file_once
from joulemark.record.origin import BadAddress, parse_origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.log.notes import VerifierKey


Network = IPv4Network | IPv6Network


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
    raise BadSetting(f"{name} is neither yes nor no; write 1 or 0.")


LONGEST_S = 10 * 365 * 86400


def seconds(name: str, default: int) -> int:
    """A positive whole number of seconds, ten years at most."""
    value = os.environ.get(name, "")
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise BadSetting(f"{name} is not a positive whole number of seconds.")
    if len(value) > 10 or int(value) > LONGEST_S:
        raise BadSetting(f"{name} is more than ten years; write fewer seconds.")
    return int(value)


def count(name: str, default: int) -> int:
    """A whole number, 0 or more."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise BadSetting(f"{name} is not a whole number.")
    return int(value)


def mebibytes(name: str, default: int) -> int:
    """A number of mebibytes, as bytes; 0 means none."""
    return count(name, default) * 1024 * 1024


def rates(name: str, default: str) -> dict[str, tuple[int, int]]:
    """Numbers a span by name, as `result=2400/h,ticket=1200/h`; what the variable leaves out stays as in `default`."""
    spans = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    limits: dict[str, tuple[int, int]] = {}
    scopes = {entry.partition("=")[0] for entry in default.split(",")}
    for entry in (*default.split(","), *words(name, "")):
        scope, _, rate = entry.partition("=")
        number, _, span = rate.partition("/")
        if scope not in scopes or span not in spans or not number.isdecimal() or int(number) == 0:
            raise BadSetting(
                f"{name} has an entry that is no rate; write it like {default.partition(',')[0]!r}."
            )
        limits[scope] = int(number), spans[span]
    return limits


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """One of several words."""
    value = text(name, default).strip().lower()
    if value not in choices:
        raise BadSetting(f"{name} is none of its words; write {' or '.join(choices)}.")
    return value


def networks(name: str) -> list[Network]:
    """Networks, `10.0.0.0/8` or a single address, separated by commas."""
    try:
        return [ip_network(word) for word in words(name, "")]
    except ValueError:
        raise BadSetting(f"{name} has an entry that is no network; write it like 10.0.0.0/8.") from None


def words(name: str, default: str) -> list[str]:
    """The words of a comma-separated list, stripped; empty ones are left out."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def verifier_keys(name: str) -> list[VerifierKey]:
    """Public keys of logs or witnesses, `NAME+KEYID+BASE64`, separated by spaces."""
    from joulemark.log.notes import VerifierKey
    from joulemark.record.errors import RecordError

    try:
        return [VerifierKey.parse(word) for word in os.environ.get(name, "").split()]
    except RecordError as error:
        raise BadSetting(f"{name} has a word that is no public key ({error.code}).") from None


def places(name: str) -> list[str]:
    """Folders and http(s) addresses, separated by spaces; an address has no password in it."""
    values = os.environ.get(name, "").split()
    for place in values:
        parts = urlsplit(place)
        if parts.scheme in {"http", "https"} and parts.hostname:
            if parts.username or parts.password:
                raise BadSetting(
                    f"{name}: an address has a password in it; write that into the file of {name}_TOKEN_FILE."
                )
        elif not Path(place).is_absolute():
            raise BadSetting(f"{name}: {place!r} is neither an absolute path nor an http(s) address.")
    return [place.rstrip("/") for place in values]


def secret_of_file(name: str) -> str:
    """What is in the file that the variable names; empty where it names none."""
    return file_content(name) if os.environ.get(name) else ""


def level(name: str, default: str) -> str:
    """The name of a log level."""
    value = text(name, default).upper()
    if value not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise BadSetting(f"{name} is no log level; write DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    return value


def folder(name: str, default: Path, *, mode: int = 0o750) -> Path:
    """A folder, made with `mode` where it is missing."""
    path = file(name, default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise BadSetting(f"{name} names a folder that cannot be made ({error.strerror}).") from None
    return path


def file(name: str, default: Path) -> Path:
    """The path of a file that may not be there yet; what a key looks like is no path."""
    value = text(name, str(default))
    if "\n" in value or "-----BEGIN" in value or "\0" in value:
        raise BadSetting(f"{name} is no path; it seems to be what should be in the file.")
    return Path(value)


def origin(name: str, default: str) -> str:
    """An http(s) origin as agents write it: scheme and host in lower case, perhaps a port, no path."""
    value = text(name, default)
    try:
        return str(parse_origin(value))
    except BadAddress:
        raise BadSetting(
            f"{name} is not an origin; write it like https://joulemark.example, without a path."
        ) from None


def hosts(name: str, origin: str) -> list[str]:
    """Host names to answer to: as listed, else the origin's and this machine's own."""
    own = [parse_origin(origin).host_in_address, "127.0.0.1", "localhost", "[::1]"]
    return words(name, ",".join(dict.fromkeys(own)))


def database(name: str, folder: Path, password_from: str | None = None) -> dict[str, object]:
    """A PostgreSQL database out of a libpq URI, or an SQLite file in `folder` when the variable is unset.

    The variable `password_from` may name a file that holds the password, which then is in no environment. SQLite runs
    with a write-ahead log, full fsync and IMMEDIATE transactions, so that writers queue instead of failing.
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
    except ProgrammingError:
        raise BadSetting(f"{name} is not a PostgreSQL URI like postgresql://user@host/name.") from None
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    settings: dict[str, object] = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600}
    settings["CONN_HEALTH_CHECKS"] = True  # the server may have closed what a thread has kept
    settings.update({names[key]: value for key, value in parts.items() if key in names and value is not None})
    other = {key: value for key, value in parts.items() if key not in names and value is not None}
    # A bundle goes as bytes, not as escaped text, and a statement that comes back is planned once.
    settings["OPTIONS"] = {"server_side_binding": True, "prepare_threshold": 5, **other}
    if "NAME" not in settings:
        raise BadSetting(f"{name} names no database; write it like postgresql://user@host/joulemark.")
    if password_from and os.environ.get(password_from):
        settings["PASSWORD"] = file_content(password_from)
    return settings


def file_content(name: str) -> str:
    """What is in the file that the variable names, without the end of its line. Raises BadSetting."""
    path = file(name, Path())
    try:
        value = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"The file that {name} names cannot be read ({_reason(error)}); see its owner and mode."
        ) from None
    if not value:
        raise BadSetting(f"The file that {name} names is empty; write the secret into it.")
    return value


def _reason(error: Exception) -> str:
    """Why a file cannot be read, without its path, which may be a secret in the wrong place."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "it is no text"


def broker(redis_url: str) -> str:
    """The same Redis as kombu addresses it: a unix socket has a scheme of its own there. Empty stays in memory."""
    if not redis_url:
        return "memory://localhost/"
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        database = parse_qs(parts.query).get("db", ["0"])[0]
        return f"redis+socket://{parts.path}?virtual_host={database}"
    if parts.scheme not in {"redis", "rediss", "redis+socket"}:
        raise BadSetting("REDIS_URL is not a Redis address; write it like redis://localhost:6379/0.")
    return redis_url


def password_in(redis_url: str) -> str:
    """The password within a Redis address as it stands there; empty without one."""
    try:
        return urlsplit(redis_url).password or ""
    except ValueError:
        return ""


CACHE_TIMEOUT_S = 0.5


def cache(redis_url: str) -> dict[str, object]:
    """Django's cache: Redis where there is one, else the memory of this process."""
    if not redis_url:
        options = {"MAX_ENTRIES": 100_000}  # one for each key and network that came lately
        return {"BACKEND": "joulemark_site.counting_caches.CountingMemoryCache", "OPTIONS": options}
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "BACKEND": "joulemark_site.counting_caches.CountingRedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": "joulemark",
        "OPTIONS": {
            "socket_connect_timeout": CACHE_TIMEOUT_S,
            "socket_timeout": CACHE_TIMEOUT_S,
            "retry": Retry(NoBackoff(), 1),  # once, on a new connection: the old one may have been closed
        },
    }


def answer_cache(redis_url: str) -> dict[str, object]:
    """The cache of answers that processes share; without Redis there is one process, which has them in its memory."""
    if not redis_url:
        return {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    return cache(redis_url) | {"KEY_PREFIX": "joulemark-answers"}


def secret(name: str, folder: Path, filename: str) -> str:
    """A secret from the variable, else one that is made once and kept in `folder` with mode 0600."""
    if value := os.environ.get(name):
        return value
    path = folder / filename
    try:
        if not path.exists():
            make_file_once(path, token_urlsafe(48).encode(), mode=0o600)
        value = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"The file {filename} in JOULEMARK_DATA_DIR cannot be read or written ({_reason(error)}); see its "
            "owner and mode."
        ) from None
    if not value:
        raise BadSetting(
            f"The file {filename} in JOULEMARK_DATA_DIR is empty: restore it, or remove it and a new secret is made."
        )
    return value
