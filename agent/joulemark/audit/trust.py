"""Which key a log's checkpoints must be signed with, and why that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from joulemark import identity as identities
from joulemark.audit import store
from joulemark.errors import NotVerified, PlatformKeyChanged, UsageError
from joulemark.log.notes import VerifierKey
from joulemark.record.errors import RecordError
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.audit.store import StoredAudit
    from joulemark.config import Folders
    from joulemark.record.messages import PlatformKey


def trusted_key(
    folders: Folders,
    platform_key: PlatformKey,
    *,
    origin: str,
    given: VerifierKey | None,
    before: StoredAudit | None,
) -> tuple[VerifierKey, str]:
    """The log's key and why it is trusted: `given`, `kept` by the last audit, `enrolled`, or shown at `first-use`.

    All that name one must name the same. Raises PlatformKeyChanged, NotVerified, or UsageError where none is known.
    """
    identities.check_platform_key(folders, origin, platform_key)
    enrolled = identities.enrolment(folders, origin)
    stored = enrolled.platform.log_key if enrolled is not None else UNSET
    named = [
        (given.encode() if given else None, "given"),
        (before.log_key if before else None, "kept"),
        (stored or None, "enrolled"),
        (platform_key.log_key or None, "first-use"),
    ]
    candidates = [(text, why) for text, why in named if text is not None]
    if not candidates:
        raise UsageError(
            _(
                "{origin} shows no log key, so its log cannot be checked. Ask its operator for the "
                "key and pass it with --log-key."
            ).format(origin=origin)
        )
    text, why = candidates[0]
    if other := next((candidate for candidate, _why in candidates if candidate != text), None):
        raise PlatformKeyChanged(
            _(
                "There are two keys for the log of {origin}: {text} ({why}), and {other}. Nothing "
                "was stored. Ask its operator over another channel which is right; if the key was "
                "changed, move {file} away and audit again."
            ).format(origin=origin, text=text, why=why, other=other, file=store.path_of(folders, origin))
        )
    try:
        return VerifierKey.parse(text), why
    except RecordError as error:
        raise NotVerified(
            _("The log key of {origin} cannot be used: {error}").format(origin=origin, error=error),
            code=error.code,
        ) from error
