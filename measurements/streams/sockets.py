"""The line to a stream's reader: how long it may take nothing, what the kernel holds for it, whether it is there."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRON_KEY = "gunicorn.socket"
UNSENT_BYTES = 128 * 1024
"""So much at most waits in the kernel unsent: else a slow reader would take nothing for minutes, and then megabytes."""

HUNG_UP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
"""What poll tells of a line whose reader has closed it."""


def limit_silence(environ: Mapping[str, Any], silence_s: float) -> None:
    """A reader that has not taken one piece of the answer after `silence_s` is hung up on.

    Python counts this time from the piece's first byte to its last. Where the server is not gunicorn, nothing is done.
    """
    line = environ.get(ENVIRON_KEY)
    if not isinstance(line, socket.socket):
        return
    line.settimeout(silence_s)
    if line.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with contextlib.suppress(OSError):  # it is closed by now, and its next write says so
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


def raise_if_gone(environ: Mapping[str, Any]) -> None:
    """Raise ConnectionResetError where the reader has hung up, which a server that writes nothing does not notice."""
    line = environ.get(ENVIRON_KEY)
    if not isinstance(line, socket.socket):
        return
    looking = select.poll()
    try:
        looking.register(line, HUNG_UP)
    except (OSError, ValueError):  # it is closed on this side
        pass
    else:
        if not any(events & HUNG_UP for _, events in looking.poll(0)):
            return
    raise ConnectionResetError(errno.ECONNRESET, "The reader has hung up.")
