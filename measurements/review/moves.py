"""What moves a submission from one state to another, and which states follow which."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from measurements.intake.models import State


class Cause(models.TextChoices):
    """Why a submission moved from one state to another."""

    CHECK = "check", _("a worker takes it up")
    RULES = "rules", _("the rules were asked for the first time")
    NEW_RULES = "new-rules", _("the rules have changed")
    KEY_REVOKED = "key-revoked", _("its key was revoked")
    REPORTED = "reported", _("the runs that were announced beside it have been reported")
    MODERATION = "moderation", _("a moderator decided")
    WITHDRAWAL = "withdrawal", _("its contributor withdrew it")


KEEPS_DECISIONS = (Cause.NEW_RULES, Cause.REPORTED)
"""Causes of verdicts that leave a result where a moderator has put it."""

MOVES: dict[str, tuple[str, ...]] = {
    State.RECEIVED: (State.CHECKING, State.WITHDRAWN),
    State.CHECKING: (State.RECEIVED, State.ACCEPTED, State.QUARANTINED, State.REJECTED),
    State.ACCEPTED: (State.QUARANTINED, State.REJECTED, State.WITHDRAWN),
    State.QUARANTINED: (State.ACCEPTED, State.REJECTED, State.WITHDRAWN),
    State.REJECTED: (State.ACCEPTED, State.QUARANTINED, State.WITHDRAWN),
    State.WITHDRAWN: (),
}
"""What a state may become; the database knows it too (`Transition`)."""

RETIRED = (State.REJECTED, State.WITHDRAWN)
"""In these a result does not count any more."""
