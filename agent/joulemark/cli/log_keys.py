"""The key of a log or a witness as an option has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.log.notes import VerifierKey


def verifier_key(text: str, kind: int, option: str) -> VerifierKey:
    """The key NAME+ID+BASE64 in `text`, of this kind. Raises UsageError, which names the option."""
    from joulemark.errors import UsageError
    from joulemark.log.notes import VerifierKey
    from joulemark.record.errors import RecordError

    try:
        key = VerifierKey.parse(text.strip())
    except RecordError as error:
        raise UsageError(f"{option}: {error}") from error
    if key.kind != kind:
        raise UsageError(
            _("{option}: {name} is the wrong kind of key; logs sign, witnesses co-sign.").format(
                option=option, name=key.name
            )
        )
    return key
