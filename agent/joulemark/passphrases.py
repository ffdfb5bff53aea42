"""The passphrase of a key file: from the environment, else typed once at a terminal, and never written down."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from joulemark.errors import UsageError
from joulemark.record import keys
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "JOULEMARK_PASSPHRASE"
LEAST = 8
"""Characters that a new passphrase has at least."""

_typed: dict[Path, str] = {}


def known_for(path: Path, pem: bytes) -> str | None:
    """The passphrase of the key file `path`, asked for where it must be; None for a file that needs none."""
    if not keys.is_locked(pem):
        return None
    if given := os.environ.get(VARIABLE) or _typed.get(path):
        return given
    if not sys.stdin.isatty():
        return None
    from getpass import getpass

    _typed[path] = getpass(_("Passphrase of {path}: ").format(path=path))
    return _typed[path]


def new() -> str:
    """A passphrase for a new key: the variable's, else typed twice. Raises UsageError when it is short or differs."""
    given = os.environ.get(VARIABLE)
    if given is None:
        if not sys.stdin.isatty():
            raise UsageError(
                _("There is no terminal to enter a passphrase on: set {variable}.").format(variable=VARIABLE)
            )
        from getpass import getpass

        given = getpass(_("New passphrase: "))
        if getpass(_("Repeat it: ")) != given:
            raise UsageError(_("The passphrases do not match; nothing was created. Try again."))
    if len(given) < LEAST:
        raise UsageError(_("A passphrase must have at least {least} characters.").format(least=LEAST))
    return given


def remember(path: Path, passphrase: str | None) -> None:
    """Remember a passphrase for the rest of this process."""
    if passphrase is not None:
        _typed[path] = passphrase
