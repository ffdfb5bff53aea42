"""The line to a stream's reader: for how long it may take nothing, and how much the kernel holds for it meanwhile."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRON_KEY = "gunicorn.socket"
UNSENT_BYTES = 128 * 1024
"""So much at most waits in the kernel unsent: else a slow reader would take nothing for minutes, and then megabytes."""


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
