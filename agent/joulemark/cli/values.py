"""Values of options that several commands take: each says what is accepted, in the error that argparse prints."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from joulemark.translation import gettext as _

TYPE_CHECKING = False  # not from typing: importing that is a tenth of a command's start
if TYPE_CHECKING:
    from datetime import datetime

MAX_NUMBER = 10**9 - 1
MOST_SECONDS = 365 * 86400.0
MOST_HOURS = MOST_SECONDS / 3600
MOST_MINUTES = 1440
MAX_PORT = 65535
UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0}

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(f"({_NUMBER})([smh])")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?")


def positive(text: str) -> int:
    """A whole number from 1 to MOST. Raises ArgumentTypeError."""
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < 1:
        raise _wrong(text, _("write a whole number from 1 to {most}, such as 8").format(most=MAX_NUMBER))
    return int(text)


def hours(text: str) -> float:
    """A number of hours, from 0.1 to those of a year. Raises ArgumentTypeError."""
    number = float(text) if re.fullmatch(_NUMBER, text) else 0.0
    if not 0.1 <= number <= MOST_HOURS:
        raise _wrong(
            text,
            _("write a number of hours from 0.1 to {most_hours:g}, such as 3").format(most_hours=MOST_HOURS),
        )
    return number


def gigabytes(text: str) -> float:
    """A number of gigabytes (10^9 bytes) above 0. Raises ArgumentTypeError."""
    number = float(text) if re.fullmatch(_NUMBER, text) else 0.0
    if not 0 < number <= MAX_NUMBER:
        raise _wrong(text, _("write a number of gigabytes above 0, such as 24"))
    return number


def seconds(text: str) -> float:
    """A time as `45m`, a number and s, m or h, in seconds: from 1 s to a year. Raises ArgumentTypeError."""
    match = _DURATION.fullmatch(text)
    duration_s = float(match[1]) * UNITS_S[match[2]] if match else 0.0
    if not 1 <= duration_s <= MOST_SECONDS:
        raise _wrong(text, _("write a number and s, m or h without a space, from 1s to 8760h, such as 45m"))
    return duration_s


def minutes(text: str) -> float:
    """A number of minutes from 0 to a day, in seconds. Raises ArgumentTypeError."""
    number = float(text) if re.fullmatch(_NUMBER, text) else -1.0
    if not 0 <= number <= MOST_MINUTES:
        raise _wrong(
            text,
            _("write a number of minutes from 0 to {most_minutes}, such as 10").format(
                most_minutes=MOST_MINUTES
            ),
        )
    return number * 60


def watts(text: str, *, most: float) -> float:
    """A number above 0 and up to `most`. Raises ArgumentTypeError."""
    power_w = float(text) if re.fullmatch(_NUMBER, text) else 0.0
    if not 0 < power_w <= most:
        raise _wrong(
            text, _("write a number of watts above 0 and up to {most:g}, such as 9.5").format(most=most)
        )
    return power_w


def key_digest(text: str) -> str:
    """The id of a key: 64 hex digits. Raises ArgumentTypeError."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise _wrong(text, _("write the key's id, 64 digits of 0-9 and a-f"))
    return text.lower()


def listening_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, of which an IPv6 host is in brackets. Raises ArgumentTypeError."""
    host, _colon, port = text.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > MAX_PORT:
        raise _wrong(text, _("write a host and a port, such as 127.0.0.1:8080"))
    return host.removeprefix("[").removesuffix("]"), int(port)


def moment(text: str) -> datetime:
    """A time as ISO 8601 has it, in UTC; one that names no zone is UTC. Raises ArgumentTypeError."""
    from datetime import UTC, datetime

    try:
        time = datetime.fromisoformat(text if _MOMENT.fullmatch(text) else "")
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _wrong(
            text, _("write a date, or a date and a time in UTC or with its zone, such as 2026-03-01T12:00Z")
        ) from error


def _wrong(text: str, accepted: str) -> ArgumentTypeError:
    return ArgumentTypeError(_("invalid value {text!r}: {accepted}").format(text=text, accepted=accepted))
