"""One thing that a preflight looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "noisy", "not available"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """`value` is in the unit that `name` ends with, or None with a `reason` code.

    `noisy` would spoil every number and `joulemark run` refuses it; a `warning` is said and measured.
    """

    name: str
    value: str | float | bool | None
    state: State
    sentence: str
    mend: str | None = None
    reason: str | None = None


def not_available(name: str, reason: str, sentence: str, *, mend: str | None = None) -> Check:
    """A check of something that is not there or not told."""
    return Check(name=name, value=None, state="not available", sentence=sentence, mend=mend, reason=reason)
