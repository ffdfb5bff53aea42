"""Maintenance: while an operator works on the platform it takes nothing, or answers nothing, and says so.

The mode is a file in the data folder: it holds for every process at once, needs no database, and outlives a restart.
`manage.py maintenance` writes it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.utils.translation import override

from joulemark.atomic_file import write_file
from measurements.web.languages import language_of
from measurements.web.problems import problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

CODE = "JM-MAINTENANCE"
SENTENCE = (
    "The platform's operator is working on it. Nothing that it has given a receipt for is lost; send the same bytes "
    "again later."
)
FILE_NAME = "maintenance.json"
READS = ("GET", "HEAD", "OPTIONS")
PROBES = ("/livez", "/readyz")
"""They have words of their own for what is amiss."""
FILES = "/static/"
API = "/api/"
SHORTEST_WAIT_S, LONGEST_WAIT_S = 30, 3600


class Mode(StrEnum):
    """What the platform does meanwhile."""

    READ_ONLY = "read-only"
    """Pages and downloads are served; uploads, requests and logins are refused."""
    CLOSED = "closed"
    """Every address but the probes answers 503."""


class MaintenanceUnreadable(Exception):
    """The file that holds the mode is damaged; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Maintenance:
    """A mode, and when it is expected to end, where the operator has said so."""

    mode: Mode
    ends_at: datetime | None

    def wait_s(self, now: datetime) -> int:
        """For how many seconds a client should wait before it asks again: 30 to 3600."""
        left = (self.ends_at - now).total_seconds() if self.ends_at else 0.0
        return int(min(max(left, SHORTEST_WAIT_S), LONGEST_WAIT_S))


def file() -> Path:
    """Where the mode is kept."""
    path: Path = settings.DATA_DIR / FILE_NAME
    return path


def current() -> Maintenance | None:
    """The mode, None in normal operation. Raises MaintenanceUnreadable."""
    try:
        text = file().read_bytes()
    except FileNotFoundError:
        return None
    try:
        fields = json.loads(text)
        ends_at = fields["ends_at"]
        return Maintenance(
            mode=Mode(fields["mode"]), ends_at=datetime.fromisoformat(ends_at) if ends_at else None
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MaintenanceUnreadable(
            f"{file()} cannot be read. Run `manage.py maintenance` with a mode, or with `off`."
        ) from error


def serves_pages() -> bool:
    """Whether pages are sent now: not while the platform is closed, nor while nobody can tell."""
    try:
        os.stat(f"{settings.DATA_DIR}/{FILE_NAME}")  # noqa: PTH116 - asked for each page: a third of the time of opening it
    except FileNotFoundError:
        return True
    try:
        maintenance = current()
    except MaintenanceUnreadable:
        return False
    return maintenance is None or maintenance.mode is Mode.READ_ONLY


def begin(maintenance: Maintenance) -> None:
    """Put the platform into a mode, for all of its processes from their next request on."""
    ends_at = maintenance.ends_at.isoformat() if maintenance.ends_at else None
    text = json.dumps({"mode": maintenance.mode.value, "ends_at": ends_at})
    write_file(file(), text.encode())


def end() -> None:
    """Back to normal operation; no error where it is so already."""
    file().unlink(missing_ok=True)


def refuse_in_maintenance(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: 503 with `Retry-After` for what the mode leaves out. A damaged file counts as closed."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        try:
            maintenance = current()
        except MaintenanceUnreadable:
            maintenance = Maintenance(mode=Mode.CLOSED, ends_at=None)
        if maintenance is None or request.path_info in PROBES or request.path_info.startswith(FILES):
            return get_response(request)
        if maintenance.mode is Mode.READ_ONLY and request.method in READS:
            return get_response(request)
        refusal = _refusal(request)
        refusal["Retry-After"] = str(maintenance.wait_s(datetime.now(UTC)))
        refusal["Cache-Control"] = "no-store"
        return refusal

    return answer


def _refusal(request: HttpRequest) -> HttpResponse:
    if request.path_info.startswith(API):
        return problem(status=503, code=CODE, detail=SENTENCE)
    with override(language_of(request)):
        return render(request, "503.html", status=503)
