"""One thing that a preflight looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from joulemark.errors import NoisyMachine
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

CheckState = Literal["ok", "warning", "noisy", "not available"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """`value` is in the unit that `name` ends with, or None with a `reason` code.

    `noisy` would spoil every number and `joulemark run` refuses it; a `warning` is said and measured.
    """

    name: str
    value: str | float | bool | None
    state: CheckState
    sentence: str
    mend: str | None = None
    reason: str | None = None


def not_available(name: str, reason: str, sentence: str, *, mend: str | None = None) -> Check:
    """A check of what the machine lacks or does not report."""
    return Check(name=name, value=None, state="not available", sentence=sentence, mend=mend, reason=reason)


def require_quiet(checks: Iterable[Check]) -> None:
    """Raises NoisyMachine, which names everything that is noisy and how to mend it."""
    noisy = [
        " ".join(filter(None, (check.sentence, check.mend))) for check in checks if check.state == "noisy"
    ]
    if noisy:
        raise NoisyMachine(" ".join([*noisy, _("`--force` measures anyway and flags the result.")]))
