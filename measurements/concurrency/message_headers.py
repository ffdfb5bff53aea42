"""What travels with a message and with every line that is written about it: the ids of the requests it comes from."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REQUEST_IDS = "request_ids"
"""Header of a message: ids of the requests that it comes from, in a list."""
SENT_AT = "sent_at"
"""Header of a message: when it was sent, in seconds since 1970."""
WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")

_current: ContextVar[tuple[str, ...]] = ContextVar("request_ids", default=())


def current_request_ids() -> tuple[str, ...]:
    """The ids of the requests for which this thread works; empty where it works for none."""
    return _current.get()


def current_request_id() -> str:
    """The id of the request for which this thread works; empty without one, or with several."""
    ids = _current.get()
    return ids[0] if len(ids) == 1 else ""


def work_for(request_ids: Iterable[str]) -> None:
    """From now on lines that this thread writes and messages that it sends have these ids, or none."""
    _current.set(tuple(dict.fromkeys(filter(None, request_ids))))


@contextmanager
def working_for(request_ids: Iterable[str]) -> Iterator[None]:
    """Within the block lines and messages of this thread have these ids, then again those from before."""
    before = current_request_ids()
    work_for(request_ids)
    try:
        yield
    finally:
        work_for(before)


def stamp(headers: dict[str, Any]) -> None:
    """Put the time and the ids of this thread's requests into the headers of a message; ids that are there stay."""
    headers[SENT_AT] = time.time()
    if REQUEST_IDS not in headers and (ids := current_request_ids()):
        headers[REQUEST_IDS] = list(ids)
