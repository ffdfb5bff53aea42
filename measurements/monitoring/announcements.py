"""Messages about alarms: mail, and JSON to an address of the operator's. Each has a time-out; none stops the others."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import translation
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.monitoring.alarms import Alarm

logger = logging.getLogger(__name__)

EXCHANGE_LIMIT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """One message about one alarm: it is raised, or it has ended."""

    alarm: Alarm
    is_raised: bool
    since: datetime
    sentence: str

    def text(self) -> str:
        """The message in the language in use."""
        lines = [
            str(self.alarm.title)
            if self.is_raised
            else _("This alarm has ended: {title}").format(title=self.alarm.title),
            self.sentence,
            _("Platform: {origin}").format(origin=settings.ORIGIN),
            _("Raised: {time} UTC").format(time=f"{self.since:%Y-%m-%d %H:%M}"),
            _("What to do: {runbook}").format(runbook=self.alarm.runbook),
        ]
        return "\n".join(line for line in lines if line) + "\n"

    def fields(self) -> dict[str, object]:
        """The message for programs, in English."""
        with translation.override("en"):
            return {
                "alarm": self.alarm.name,
                "state": "raised" if self.is_raised else "ended",
                "title": str(self.alarm.title),
                "sentence": self.sentence,
                "audience": self.alarm.audience,
                "origin": settings.ORIGIN,
                "raised_at": self.since.isoformat(),
                "runbook": self.alarm.runbook,
                "text": self.text(),  # what Slack, Mattermost and their like show
            }


def announce(announcement: Announcement) -> bool:
    """Send it by every way that is set; whether it went out by at least one, where there is any."""
    words = "raised" if announcement.is_raised else "ended"
    logger.warning("JM-ALARM %s %s: %s", announcement.alarm.name, words, announcement.sentence)
    outcomes = [outcome for way in (_mail, _post) if (outcome := way(announcement)) is not None]
    return any(outcomes) or not outcomes


def _mail(announcement: Announcement) -> bool | None:
    """Whether a mail went out; None where nobody is to get one."""
    people = {"operators": settings.OPERATORS, "moderators": settings.MODERATORS or settings.OPERATORS}
    recipients = people[announcement.alarm.audience]
    if not recipients or not settings.EMAIL_HOST:
        return None
    with translation.override(settings.ALARM_LANGUAGE):
        subject = f"[Joulemark] {announcement.alarm.title}"
        if not announcement.is_raised:
            subject = _("{subject}: ended").format(subject=subject)
        message = EmailMessage(
            subject, announcement.text(), settings.DEFAULT_FROM_EMAIL, recipients, connection=get_connection()
        )
    try:
        message.send()
    except Exception as error:  # noqa: BLE001 - a mail server may answer anything; the next way is tried
        logger.warning(
            "JM-ALARM-UNSENT the mail about %s did not go out (%s)",
            announcement.alarm.name,
            type(error).__name__,
        )
        return False
    return True


def _post(announcement: Announcement) -> bool | None:
    """Whether the operator's address took it; None where there is none."""
    if not settings.WEBHOOK_URL:
        return None
    try:
        httpx.post(
            settings.WEBHOOK_URL, json=announcement.fields(), timeout=EXCHANGE_LIMIT_S
        ).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning(
            "JM-ALARM-UNSENT the webhook did not take %s (%s)", announcement.alarm.name, type(error).__name__
        )
        return False
    return True


def ping() -> bool | None:
    """Tell the dead man's switch that the platform is well; None where there is none."""
    if not settings.PING_URL:
        return None
    try:
        httpx.get(settings.PING_URL, timeout=EXCHANGE_LIMIT_S).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        logger.warning("JM-PING-UNSENT the dead man's switch was not reached (%s)", type(error).__name__)
        return False
    return True
