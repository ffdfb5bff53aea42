"""The key of this agent's witness and its name: made once, used for cosignatures alone.

The message that a witness signs does not contain its name, so that one key must not have two (C2SP tlog-cosignature).
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.errors import UsageError
from joulemark.record import keys
from joulemark.record.errors import RecordError
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from joulemark.config import Folders

NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")
MAX_NAME = 100


def load_or_create(folders: Folders, *, name: str | None) -> tuple[str, Ed25519PrivateKey]:
    """The witness's name and private key; both are made now where there are none, which needs `name`.

    Raises UsageError for a name that no key can have or that is another one than before, and for a key file that is
    lost, damaged or open to others.
    """
    if name is not None and (len(name) > MAX_NAME or not NAME.fullmatch(name)):
        raise UsageError(
            _("{name!a} is no name for a witness; write it like an address without https://: example.org/w1.")
            .format(name=name[:MAX_NAME])
        )  # fmt: skip
    stored = _stored_name(folders)
    if stored is not None and name not in {None, stored}:
        raise UsageError(
            _(
                "This witness is called {stored}, and its key must not have a second name. Leave --name out, or "
                "move {key} and {file} away to begin with a new key."
            ).format(stored=stored, key=folders.witness_key, file=folders.witness_name)
        )
    chosen = stored or name
    if chosen is None:
        raise UsageError(_("Name the witness once with --name, such as --name example.org/w1."))
    if stored is None:
        with suppress(FileExistsError):
            durable.write(folders.witness_key, keys.to_pem(keys.generate()), mode=0o600, replace=False)
        durable.write(folders.witness_name, f"{chosen}\n".encode())
    return chosen, _load_key(folders)


def _stored_name(folders: Folders) -> str | None:
    try:
        return folders.witness_name.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            _("{path} cannot be read: {error}. Restore it from a copy.").format(
                path=folders.witness_name, error=error
            )
        ) from error


def _load_key(folders: Folders) -> Ed25519PrivateKey:
    path = folders.witness_key
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(
                _("Other users can read the key {key}. Restrict access: chmod 600 {key}").format(key=path)
            )
        return keys.from_pem(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(
            _(
                "The key {key} of this witness is missing. Restore it from a copy; to begin with a new key and a new "
                "name, move {file} away."
            ).format(key=path, file=folders.witness_name)
        ) from error
    except OSError as error:
        raise UsageError(
            _("The key {key} cannot be read: {why}.").format(key=path, why=error.strerror)
        ) from error
    except RecordError as error:
        raise UsageError(
            _("The key {key} cannot be used: {error} Restore it from a copy.").format(key=path, error=error)
        ) from error
