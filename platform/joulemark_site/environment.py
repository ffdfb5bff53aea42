"""Typed readings of environment variables: they fail loudly and name the variable, never its value.

A value may be a password in the wrong place, and what a failing start prints ends in logs and tickets.
"""

from __future__ import annotations

import functools
import ipaddress
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from joulemark.atomic_file import make_file_once
from joulemark.record.origin import BadAddress, parse_origin
from joulemark_site.setting_names import SETTING_NAMES, unknown_names

if TYPE_CHECKING:
    from joulemark.log.notes import VerifierKey

P = ParamSpec("P")
Result = TypeVar("Result")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadSetting(Exception):
    """An environment variable has a value that cannot be used. `name` is the variable, where there is one."""

    def __init__(self, sentence: str, *, name: str = "") -> None:
        super().__init__(sentence)
        self.name = name


class _Collector:
    """Where unusable values go: to nobody (they are raised), or to a list, for `manage.py doctor`."""

    faults: list[BadSetting] | None = None


@contextmanager
def collected_faults() -> Iterator[list[BadSetting]]:
    """Within, an unusable variable counts as unset and its fault is added to the list; no file or folder is made."""
    faults: list[BadSetting] = []
    _Collector.faults = faults
    try:
        yield faults
    finally:
        _Collector.faults = None


def collected() -> list[BadSetting]:
    """The faults so far; none where they are raised."""
    return list(_Collector.faults or ())


def is_collecting() -> bool:
    """Whether this process only looks: it raises nothing and makes no file."""
    return _Collector.faults is not None


def reader(
    function: Callable[Concatenate[str, P], Result],
) -> Callable[Concatenate[str, P], Result]:
    """Decorate a function that reads the variable `name`: the name is known, and its fault may be collected."""

    def read(name: str, /, *args: P.args, **options: P.kwargs) -> Result:
        SETTING_NAMES.add(name)
        try:
            return function(name, *args, **options)
        except BadSetting as error:
            error.name = error.name or name
            if _Collector.faults is None or name not in os.environ:
                raise
            _Collector.faults.append(error)
            del os.environ[name]
            return function(name, *args, **options)

    functools.update_wrapper(read, function)
    return read


@reader
def text(name: str, default: str) -> str:
    """The variable, or `default` when unset or empty."""
    return os.environ.get(name) or default


@reader
def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of the words."""
    value = text(name, default).strip().lower()
    if value not in choices:
        raise BadSetting(f"{name} is none of its words; write {', '.join(choices[:-1])} or {choices[-1]}.")
    return value


@reader
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


@reader
def seconds(name: str, default: int) -> int:
    """A positive whole number of seconds, ten years at most."""
    value = os.environ.get(name, "")
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise BadSetting(f"{name} is not a positive whole number of seconds; write it like {default}.")
    if len(value) > 10 or int(value) > LONGEST_S:
        raise BadSetting(f"{name} is more than ten years; write fewer seconds.")
    return int(value)


@reader
def count(name: str, default: int) -> int:
    """A whole number, 0 or more."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise BadSetting(f"{name} is not a whole number; write it like {default}.")
    return int(value)


def mebibytes(name: str, default: int) -> int:
    """A number of mebibytes, as bytes; 0 means none."""
    return count(name, default) * 1024 * 1024


@reader
def rates(name: str, default: str) -> dict[str, tuple[int, int]]:
    """Numbers a span by name, as `result=2400/h,ticket=1200/h`; what the variable leaves out stays as in `default`."""
    spans = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    limits: dict[str, tuple[int, int]] = {}
    scopes = {entry.partition("=")[0] for entry in default.split(",")}
    for place, entry in enumerate([*default.split(","), *words(name, "")], 1 - len(scopes)):
        scope, _, rate = entry.partition("=")
        number, _, span = rate.partition("/")
        if scope not in scopes or span not in spans or not number.isdecimal() or int(number) == 0:
            raise BadSetting(
                f"{name}: entry {place} is no rate; write it like {default.partition(',')[0]!r}, with one of the names "
                f"{', '.join(sorted(scopes))}."
            )
        limits[scope] = int(number), spans[span]
    return limits


@reader
def words(name: str, default: str) -> list[str]:
    """The words of a comma-separated list, stripped; empty ones are left out."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


@reader
def verifier_keys(name: str) -> list[VerifierKey]:
    """Public keys of logs or witnesses, `NAME+KEYID+BASE64`, separated by spaces."""
    from joulemark.log.notes import VerifierKey
    from joulemark.record.errors import RecordError

    keys = []
    for place, word in enumerate(os.environ.get(name, "").split(), 1):
        try:
            keys.append(VerifierKey.parse(word))
        except RecordError:
            raise BadSetting(
                f"{name}: entry {place} is no public key; write it like NAME+ID+BASE64, separated by spaces."
            ) from None
    return keys


@reader
def file(name: str, default: Path) -> Path:
    """The path of a file that may not be there yet; what a key looks like is no path."""
    value = text(name, str(default))
    if "\n" in value or "-----BEGIN" in value or "\0" in value:
        raise BadSetting(f"{name} is no path; it seems to be what should be in the file.")
    return Path(value)


@reader
def level(name: str, default: str) -> str:
    """The name of a log level."""
    value = text(name, default).upper()
    if value not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise BadSetting(f"{name} is no log level; write DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    return value


@reader
def folder(name: str, default: Path, *, mode: int = 0o750) -> Path:
    """A folder, made with `mode` where it is missing."""
    path = file(name, default).resolve()
    try:
        if not is_collecting():
            path.mkdir(parents=True, exist_ok=True, mode=mode)
        elif any(parent.exists() and not parent.is_dir() for parent in (path, *path.parents)):
            raise NotADirectoryError(20, "Not a directory")
    except OSError as error:
        raise BadSetting(f"{name} names a folder that cannot be made ({error.strerror}).") from None
    return path


@reader
def folder_of_others(name: str) -> Path | None:
    """The absolute path of a folder that another program keeps, which may be away now; None without the variable."""
    path = file(name, Path())
    if path == Path():
        return None
    if not path.is_absolute():
        raise BadSetting(f"{name} is no absolute path; write it from the root, like /var/lib/postgresql.")
    return path


@reader
def origin(name: str, default: str) -> str:
    """An http(s) origin as agents write it: scheme and host in lower case, perhaps a port, no path."""
    try:
        return str(parse_origin(text(name, default)))
    except BadAddress:
        raise BadSetting(
            f"{name} is not an origin; write it like https://joulemark.example, without a path."
        ) from None


@reader
def hosts(name: str, origin: str) -> list[str]:
    """Host names to answer to: as listed, else the origin's and this machine's own."""
    own = [parse_origin(origin).host_in_address, "127.0.0.1", "localhost", "[::1]"]
    return words(name, ",".join(dict.fromkeys(own)))


@reader
def host_names(name: str) -> list[str]:
    """Host names in lower case, without scheme, port or wildcard; none where the variable is unset."""
    names = [word.lower() for word in words(name, "")]
    for place, host in enumerate(names, 1):
        try:
            is_plain = parse_origin(f"https://{host}").host_in_address == host
        except BadAddress:
            is_plain = False
        if not is_plain:
            raise BadSetting(f"{name}: entry {place} is no host name; write it like admin.joulemark.example.")
    return names


@reader
def networks(name: str) -> list[Network]:
    """Networks and single addresses, separated by commas; none where the variable is unset."""
    listed: list[Network] = []
    for place, word in enumerate(words(name, ""), 1):
        try:
            listed.append(ipaddress.ip_network(word))
        except ValueError:
            raise BadSetting(
                f"{name}: entry {place} is no network; write it like 203.0.113.0/24 or 2001:db8::/48."
            ) from None
    return listed


CONNECT_TIMEOUT_S = 5
KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A connection whose other side is gone without a word is given up after a minute (seconds; the last in ms)."""
PLANS = "-c plan_cache_mode=force_custom_plan"
"""A plan for any parameters at all would use no index of a part of a table, and read every result instead."""


@reader
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
        raise BadSetting(
            f"{name} is not a PostgreSQL URI like postgresql://user@host/name; in a password, write characters other "
            "than letters and digits as %XX, or put it into the file of DATABASE_PASSWORD_FILE."
        ) from None  # libpq quotes what it could not read
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    settings: dict[str, object] = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600}
    settings["CONN_HEALTH_CHECKS"] = True  # the server may have closed what a thread has kept
    settings.update({names[key]: value for key, value in parts.items() if key in names and value is not None})
    other = {key: value for key, value in parts.items() if key not in names and value is not None}
    # A bundle goes as bytes, not as escaped text, and a statement that comes back is read once.
    own = {"server_side_binding": True, "prepare_threshold": 5, "connect_timeout": CONNECT_TIMEOUT_S}
    # what the address itself says comes last, and so wins
    server = {"options": " ".join([PLANS, *([str(other["options"])] if "options" in other else [])])}
    settings["OPTIONS"] = {**own, **KEEPALIVES, **other, **server}
    if "NAME" not in settings:
        raise BadSetting(f"{name} names no database; write it like postgresql://user@host/joulemark.")
    if password_from and (password := secret_in_file(password_from)):
        settings["PASSWORD"] = password
    return settings


@reader
def secret_in_file(name: str) -> str | None:
    """What is in the file that the variable names, without the end of its line; None where it is unset."""
    return file_content(name) if os.environ.get(name) else None


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


@reader
def secret(name: str, folder: Path, filename: str) -> str:
    """A secret from the variable, else one that is made once and kept in `folder` with mode 0600."""
    if value := os.environ.get(name):
        return value
    path = folder / filename
    try:
        if not path.exists():
            if is_collecting():
                return token_urlsafe(48)
            make_file_once(path, token_urlsafe(48).encode(), mode=0o600)
        value = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        return _unusable_file(
            f"The file {filename} in JOULEMARK_DATA_DIR cannot be read or written ({_reason(error)}); see its owner "
            "and mode."
        )
    return value or _unusable_file(
        f"The file {filename} in JOULEMARK_DATA_DIR is empty: restore it, or remove it and a new secret is made."
    )


def _unusable_file(sentence: str) -> str:
    """Raise BadSetting; where faults are collected, note it and go on with a secret of this process alone."""
    fault = BadSetting(sentence, name="JOULEMARK_SECRET_KEY")
    if _Collector.faults is None:
        raise fault
    _Collector.faults.append(fault)
    return token_urlsafe(48)


def refuse_misspelt_names() -> None:
    """Stop a start at a variable that is one of ours with a slip: what it was to set would silently not be set.

    Raises BadSetting.
    """
    for unknown in unknown_names(os.environ):
        if unknown.is_misspelt and not is_collecting():
            raise BadSetting(
                f"{unknown.name} is not a setting; {unknown.nearest} is one. Correct the name, or remove the variable.",
                name=unknown.name,
            )
