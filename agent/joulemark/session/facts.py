"""What a statement says of the machine, made fit for the record before anything is measured.

Drivers, libraries and operating systems say what they like: a power limit of 0 W, a VBIOS without a character, a
version that is not there. A fact that the record cannot hold is null with a reason where the record allows that; where
it does not, the run ends before its first window. So no measurement is lost over a word.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import msgspec

from joulemark.errors import FactsUnusable
from joulemark.meters.device import host
from joulemark.record import statement as record
from joulemark.record.text import hidden_characters
from joulemark.session.software import software
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.meters.device import DeviceFacts

T = TypeVar("T", bound=msgspec.Struct)

EMPTY, OUT_OF_RANGE, HIDDEN = "empty", "out-of-range", "hidden-characters"
"""Why the record cannot hold a fact: it says nothing, it cannot be, or it has characters that cannot be seen."""


@dataclass(frozen=True, kw_only=True)
class MachineFacts:
    """Device, machine and software as a statement names them; `absent` says why a field is null, by its path."""

    device: record.Device
    host: record.Host
    software: record.Software
    absent: Mapping[str, str]


def describe(device: DeviceFacts, *, tag: str) -> MachineFacts:
    """The facts of this machine and of `device`, whose pseudonym is `tag`.

    Raises FactsUnusable for a fact that is required and cannot be had, with what to do.
    """
    require_calendar(datetime.now(UTC))
    fields = asdict(device)
    del fields["identity"], fields["absent"]
    machine, machine_absent = host()
    the_device, why_device = fitted(record.Device, {"tag": tag, **fields}, device.absent, of="device")
    the_host, why_host = fitted(record.Host, msgspec.structs.asdict(machine), machine_absent, of="host")
    return MachineFacts(
        device=the_device, host=the_host, software=software(), absent={**why_device, **why_host}
    )


def require_calendar(now: datetime) -> None:
    """Raises FactsUnusable when the calendar stands where no run can lie: a machine whose clock lost its battery."""
    try:
        record.refuse_strange_times(now)
    except ValueError as error:
        raise FactsUnusable(
            _(
                "This machine's date is {now:%Y-%m-%d}. Set the clock (`timedatectl set-ntp true`), "
                "then run the command again."
            ).format(now=now)
        ) from error


def fitted(
    kind: type[T], values: Mapping[str, Any], reasons: Mapping[str, str], *, of: str
) -> tuple[T, dict[str, str]]:
    """`values` as a record class, and why each null of it is null, by its path below `of`.

    Raises FactsUnusable where a field that is required cannot be filled.
    """
    fitting: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for field in msgspec.structs.fields(kind):
        value = values[field.name]
        reason = reasons.get(field.name, EMPTY) if value is None else unfitness(value, field.type)
        if reason is not None and NoneType not in get_args(field.type):
            raise FactsUnusable(
                _(
                    "The {name} of this machine's {of} cannot be recorded: it is {value} ({reason}). "
                    "Check the driver or operating system, or measure on another machine."
                ).format(name=field.name, of=of, value=_quoted(value), reason=reason)
            )
        fitting[field.name] = value if reason is None else None
        if reason is not None:
            absent[f"{of}.{field.name}"] = reason
    return kind(**fitting), absent


def unfitness(value: Any, kind: Any) -> str | None:
    """Why the record's type `kind` cannot hold `value`; None where it comes back from JSON as it went."""
    if isinstance(value, str) and not value.strip():
        return EMPTY
    if isinstance(value, str) and hidden_characters(value):
        return HIDDEN
    try:
        back = msgspec.json.decode(msgspec.json.encode(value), type=kind)
    except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError):
        return OUT_OF_RANGE
    return None if back == value else OUT_OF_RANGE


def _quoted(value: Any) -> str:
    return ascii(value)[:60]
