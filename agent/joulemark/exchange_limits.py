"""The time that one exchange over HTTP may take in all, and the least rate of its bytes.

httpx limits each read from a socket. A server that sends one byte whenever that limit is about to pass holds its client
for ever; so here every connection, read and write gets what is left of the exchange's own time. That is done where the
bytes come from: httpcore's network backend (its documentation: Network Backends), which httpx builds by itself and
gives no way to name.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class ExchangeLimits:
    """Of one request with its answer. `total_s`: seconds from its first byte to the last of the answer.

    `least_bytes`: so many at least are to come in every `rate_s` seconds that are spent reading.
    """

    total_s: float | None = None
    least_bytes: int = 0
    rate_s: float = 60.0


class Exchange:
    """The limits of one exchange on the clock, from now on."""

    def __init__(self, limits: ExchangeLimits) -> None:
        self._limits = limits
        self._ends_s = None if limits.total_s is None else time.monotonic() + limits.total_s
        self._bytes, self._reading_s = 0, 0.0

    def within(self, timeout: float | None) -> float | None:
        """What is left for the next step, `timeout` seconds at most. Raises TimeoutError where nothing is."""
        if self._ends_s is None:
            return timeout
        left_s = self._ends_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(
                _("the exchange took longer than {total_s:.0f} s").format(total_s=self._limits.total_s)
            )
        return left_s if timeout is None else min(timeout, left_s)

    def count(self, size_bytes: int, seconds: float) -> None:
        """So many bytes came in so long a read. Raises TimeoutError where they come too slowly."""
        self._bytes += size_bytes
        self._reading_s += seconds
        if self._reading_s < self._limits.rate_s:
            return
        if self._bytes < self._limits.least_bytes:
            raise TimeoutError(
                _("only {bytes} bytes arrived in {reading_s:.0f} s").format(
                    bytes=self._bytes, reading_s=self._reading_s
                )
            )
        self._bytes, self._reading_s = 0, 0.0


_exchange: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def limited_by(exchange: Exchange | None) -> Iterator[None]:
    """Within it, what this thread reads and writes is of `exchange`."""
    token = _exchange.set(exchange)
    try:
        yield
    finally:
        _exchange.reset(token)


def limit_transport(library: Any, transport: Any) -> Any:
    """`transport`, an HTTPTransport of `library`, whose connections obey the exchange that they are used in."""
    pool = transport._pool
    pool._network_backend = _Backend(pool._network_backend, _core_of(library))
    return transport


def limited_answer(library: Any, answer: Any, exchange: Exchange) -> Any:
    """`answer`, whose body is read within `exchange`."""

    class Body(library.SyncByteStream):  # type: ignore[misc]  # httpx or a library like it
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            chunks = iter(self._stream)
            while True:
                with limited_by(exchange):
                    chunk = next(chunks, None)
                if chunk is None:
                    return
                yield chunk

        def close(self) -> None:
            self._stream.close()

    answer.stream = Body(answer.stream)
    return answer


def _core_of(library: Any) -> Any:
    """httpx's own core, or that of a library like it: the one whose timeouts it translates."""
    from importlib import import_module

    return import_module(library.__name__.replace("httpx", "httpcore"))


class _Backend:
    """A network backend that gives each step no more time than the exchange has left."""

    def __init__(self, backend: Any, core: Any) -> None:
        self._backend, self._core = backend, core

    def connect_tcp(self, *place: Any, timeout: float | None = None, **options: Any) -> _Stream:
        """Open a TCP connection within the time that the exchange has left."""
        with _translated(self._core.ConnectTimeout):
            timeout = _within(timeout)
        return _Stream(self._backend.connect_tcp(*place, timeout=timeout, **options), self._core)

    def connect_unix_socket(self, *place: Any, timeout: float | None = None, **options: Any) -> _Stream:
        """Connect to a Unix socket within the time that the exchange has left."""
        with _translated(self._core.ConnectTimeout):
            timeout = _within(timeout)
        return _Stream(self._backend.connect_unix_socket(*place, timeout=timeout, **options), self._core)

    def sleep(self, seconds: float) -> None:
        """Sleep as the wrapped backend does, in seconds."""
        self._backend.sleep(seconds)


class _Stream:
    """A connection whose reads and writes have no more time than the exchange has left."""

    def __init__(self, stream: Any, core: Any) -> None:
        self._stream, self._core = stream, core

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        exchange = _exchange.get()
        with _translated(self._core.ReadTimeout):
            timeout = _within(timeout)
            began_s = time.monotonic()
            received: bytes = self._stream.read(max_bytes, timeout)
            if exchange is not None:
                exchange.count(len(received), time.monotonic() - began_s)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write in pieces, so that a reader who takes one byte at a time has no longer for it either."""
        with _translated(self._core.WriteTimeout):
            for start in range(0, len(buffer), PIECE_BYTES):
                self._stream.write(buffer[start : start + PIECE_BYTES], _within(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        """Encrypt from here on."""
        with _translated(self._core.ConnectTimeout):
            timeout = _within(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._core)

    def get_extra_info(self, info: str) -> Any:
        """The connection's own information, by name."""
        return self._stream.get_extra_info(info)


PIECE_BYTES = 64 * 1024


def _within(timeout: float | None) -> float | None:
    exchange = _exchange.get()
    return timeout if exchange is None else exchange.within(timeout)


@contextmanager
def _translated(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise kind(str(error)) from error
