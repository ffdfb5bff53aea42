"""NVML's answers of several types, read at once: a field is taken apart in one step and not member by member.

NVML API reference, `nvmlFieldValue_t` and `nvmlValue_t`: their layout is part of the driver's interface.
"""

from __future__ import annotations

import struct
from struct import Struct
from typing import Any, NamedTuple

from joulemark.errors import ReadingMissing
from joulemark.translation import gettext as _

_FIELD = Struct("=2I2q2I8s")
_FORMS = {kind: Struct(f"={form}") for kind, form in enumerate("dIQQqiH")}
"""How nvmlValue_t holds a value of each nvmlValueType_t; `unsigned long` has 8 bytes where NVIDIA's driver runs on
64-bit Linux."""


class FieldValue(NamedTuple):
    """An nvmlFieldValue_t. `stamp_us` is of the calendar; `status` is an nvmlReturn_t, 0 for a value."""

    field: int
    scope: int
    stamp_us: int
    latency_us: int
    kind: int
    status: int
    value: bytes

    def number(self) -> int:
        """What it holds. Raises ReadingMissing like the function `number`."""
        return number(self.kind, self.value)


def field_values(answer: Any) -> list[FieldValue]:
    """What `nvmlDeviceGetFieldValues` of the binding answered: an array of its structure.

    Raises ReadingMissing for a binding whose structure is not NVML's.
    """
    try:
        return [FieldValue._make(members) for members in _FIELD.iter_unpack(answer)]
    except struct.error as error:
        raise ReadingMissing(
            _(
                "The data structures of the installed Python package for NVML do not match NVML's. "
                "Install another version: pip install --upgrade nvidia-ml-py"
            )
        ) from error


def number(kind: int, value: Any) -> int:
    """What an nvmlValue_t of nvmlValueType_t `kind` holds; `value` is the binding's, or its bytes.

    Raises ReadingMissing for a type that is not known, or a value that is no number.
    """
    form = _FORMS.get(kind)
    if form is None:
        raise ReadingMissing(_("The GPU returned a value of unknown type ({kind}).").format(kind=kind))
    (content,) = form.unpack_from(value)
    try:
        return int(content)
    except (OverflowError, ValueError) as error:
        raise ReadingMissing(
            _("The GPU returned a value that is not a number ({held}).").format(held=content)
        ) from error
