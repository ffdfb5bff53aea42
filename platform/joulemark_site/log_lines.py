"""How lines are written: as text or as JSON, with the request that they come from, and without any secret.

A secret is put out of a line where the line is finished, after every message, argument and traceback is in it: no
library has to be trusted with leaving it out.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from measurements.concurrency.message_headers import current_request_ids

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN = "[hidden]"
SHORTEST_SECRET = 6
"""Shorter ones would tear other words apart, and protect nothing."""
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
PASSWORD_IN_ADDRESS = re.compile(r"(?<=://)([^/@\s:'\"]*):[^/@\s'\"]*@")
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "request_ids"}


class Redaction:
    """Takes secrets out of text: those that it is told of, private keys, and passwords within addresses."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            if len(secret) >= SHORTEST_SECRET
            for form in (
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                repr(secret)[1:-1],
                json.dumps(secret)[1:-1],
            )
        }
        longest_first = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, text: str) -> str:
        """The text without them."""
        if self._secrets is not None:
            text = self._secrets.sub(HIDDEN, text)
        if "-----BEGIN" in text:
            text = PRIVATE_KEY.sub(HIDDEN, text)
        return PASSWORD_IN_ADDRESS.sub(rf"\1:{HIDDEN}@", text) if "://" in text else text


class TextLines(logging.Formatter):
    """One line for people: time, level, logger, message, and in brackets the request."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")
        self._redaction = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The line, with a traceback below it where there is one."""
        return self._redaction.clean(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class' name
        """The first line."""
        ids = _request_ids(record)
        return super().formatMessage(record) + (f" [{' '.join(ids)}]" if ids else "")


class JsonLines(logging.Formatter):
    """One line for programs: a JSON object with the same, and every further field that the line was given."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._redaction = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The line. A traceback is a field of it."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if ids := _request_ids(record):
            fields["request_ids"] = list(ids)
        fields |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return self._redaction.clean(json.dumps(fields, default=str, ensure_ascii=False))


def _request_ids(record: logging.LogRecord) -> tuple[str, ...]:
    """The ids that the line was given, else those for which this thread works."""
    return tuple(getattr(record, "request_ids", ())) or current_request_ids()


FORMATS = {"text": TextLines, "json": JsonLines}


def logging_config(*, line_format: str, level: str, secrets: Iterable[str]) -> dict[str, Any]:
    """The configuration of `logging` for web processes, workers and commands alike."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": FORMATS[line_format], "secrets": tuple(secrets)}},
        "filters": {"short_outages": {"()": "joulemark_site.outage_lines.ShortOutages"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {
                "handlers": [],
                "propagate": True,
            },  # Django's own would mail requests with all they hold
            "django.server": {"handlers": ["stderr"], "propagate": False},
            "httpx": {"level": "WARNING"},  # it writes addresses, and some of those are secrets
            "httpcore": {"level": "WARNING"},
            # a refusal writes its own line, with its code
            "django.request": {"level": "ERROR", "filters": ["short_outages"]},
            "django.security": {"level": "CRITICAL"},  # the same: any stranger can send a wrong Host
            "axes": {"level": "CRITICAL"},  # moderators.log_lines writes what is to be known
            "celery.app.trace": {"filters": ["short_outages"]},
            "celery.worker.strategy": {"level": "WARNING"},  # that a message has come; its end has a line
        },
    }
