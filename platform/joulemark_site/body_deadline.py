"""A request's body must go on arriving, and must arrive as a whole in a time that its length allows.

A thread that reads a body is one of few. Whoever sends a byte now and then would hold it for as long as they like.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    import socket

SLOWEST_BYTES_PER_S = 32 * 1024
"""Of a body whose length is stated: a quarter of a slow line's upstream."""
MOST_DIGITS = 12


class DeadlineSocket:
    """The reading half of a socket, up to a moment. What else is asked of it, the socket itself answers."""

    def __init__(self, sock: socket.socket, *, silence_s: float, whole_s: float) -> None:
        self.sock = sock
        self._silence_s = silence_s
        self._until_s = time.monotonic() + whole_s

    def recv(self, size: int) -> bytes:
        """What comes next. Raises TimeoutError after a silence, and at the end of the time for the whole."""
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the body arrives too slowly")
        self.sock.settimeout(min(left_s, self._silence_s))
        return self.sock.recv(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


def watch_body(request: Any) -> None:
    """Give gunicorn's request, whose headers are read, a time for its body."""
    unreader = request.unreader
    sock = unreader.sock.sock if isinstance(unreader.sock, DeadlineSocket) else unreader.sock
    silence_s = float(settings.BODY_TIMEOUT_S)
    sock.settimeout(silence_s)
    whole_s = silence_s + _stated_length(request) / SLOWEST_BYTES_PER_S
    unreader.sock = DeadlineSocket(sock, silence_s=silence_s, whole_s=whole_s)


def _stated_length(request: Any) -> int:
    """The length that the request states, 0 where it states none that is read."""
    lengths = [value for name, value in request.headers if name.upper() == "CONTENT-LENGTH"]
    if (
        len(lengths) != 1
        or not lengths[0].isascii()
        or not lengths[0].isdecimal()
        or len(lengths[0]) > MOST_DIGITS
    ):
        return 0
    return int(lengths[0])
