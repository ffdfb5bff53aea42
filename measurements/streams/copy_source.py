"""Rows out of PostgreSQL by COPY: its server writes the text, and this process passes the bytes on.

libpq's own calls are used for what comes between, without psycopg's Python around each row.
"""

from __future__ import annotations

import logging
import select
import time
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import ExecStatus

from measurements.streams.errors import StreamBroken
from measurements.streams.own_connection import open_own_connection
from measurements.streams.row_query import row_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import QuerySet

    from measurements.streams.columns import StreamColumn

    Select = Callable[[Sequence[StreamColumn], str], str]

logger = logging.getLogger(__name__)

SESSION = (
    "SET default_transaction_read_only = on; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET extra_float_digits = 1; "
    "SET jit = off; SET max_parallel_workers_per_gather = 0; SET statement_timeout = {limit_ms}; "
    "SET idle_in_transaction_session_timeout = {limit_ms}"
)
"""Moments in UTC, floats with the digits that lead back to them; a query of one pass is not worth compiling.

A slow reader holds one backend for minutes, and no workers of the database beside it.
"""
CSV_COPY = "COPY ({}) TO STDOUT (FORMAT csv)"
LINES_COPY = "COPY ({}) TO STDOUT (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')"
"""One column of JSON, in which no control character is left as it is: nothing is ever quoted."""
BLOCK_BYTES = 64 * 1024
CANCEL_LIMIT_S = 2.0
POLL_S = 1.0
"""After so long without a row it is looked whether anybody still wants one."""
GRACE_S = 10.0
"""So much later than the database should have ended a query, it is taken for gone."""


class CopySource:
    """One COPY on a connection of its own. `blocks` may be read once; `close` ends it from any state.

    A reader thread iterates; another thread may call `cancel`.
    """

    def __init__(
        self,
        rows: QuerySet[Any],
        columns: Sequence[StreamColumn],
        *,
        write_select: Select,
        copy: str,
        limit_s: float,
        watch: Callable[[], None],
    ) -> None:
        """Plan the query and start it: what is wrong with it is raised here, before anything is sent.

        `watch` is called every second in which no row comes, and may raise to end it. Raises FieldError, EmptyResultSet
        (`row_query`), StreamBroken, or django.db.Error.
        """
        self._watch, self._until_s = watch, time.monotonic() + limit_s + GRACE_S
        self._is_done = False
        self._own = open_own_connection()
        self._connection: psycopg.Connection[Any] = self._own.connection
        try:
            self._connection.execute(SESSION.format(limit_ms=round(limit_s * 1000)))
            sql, parameters = row_query(rows, columns, self._own)
            bound = psycopg.ClientCursor(self._connection).mogrify(sql, parameters)
            self._begin(copy.format(write_select(columns, bound)))
        except BaseException:
            self.close()
            raise

    def _begin(self, statement: str) -> None:
        server = self._connection.pgconn
        server.send_query(statement.encode())
        while server.is_busy():
            self._wait()
        result = server.get_result()
        if result is None or result.status != ExecStatus.COPY_OUT:
            raise StreamBroken(f"The database refuses the query: {_first_line(server.error_message)}")

    def blocks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """The bytes of COPY in whole rows, of about `size` bytes each. Raises StreamBroken."""
        take = self._connection.pgconn.get_copy_data
        pieces: list[memoryview] = []
        length = 0
        while True:
            n_bytes, row = take(1)
            if n_bytes > 0:
                pieces.append(row)
                length += n_bytes
                if length >= size:
                    yield b"".join(pieces)
                    pieces.clear()
                    length = 0
            elif n_bytes == 0:
                self._wait()
            else:
                break
        self._end(n_bytes)
        if pieces:
            yield b"".join(pieces)

    def _end(self, code: int) -> None:
        server = self._connection.pgconn
        result = server.get_result() if code == -1 else None
        if result is None or result.status != ExecStatus.COMMAND_OK:
            raise StreamBroken(f"The database ended the stream: {_first_line(server.error_message)}")
        self._is_done = True

    def _wait(self) -> None:
        """Until the server has sent something, without Python's lock."""
        server = self._connection.pgconn
        waiting = select.poll()
        waiting.register(server.socket, select.POLLIN)
        while not waiting.poll(POLL_S * 1000):
            self._watch()
            if time.monotonic() > self._until_s:
                raise StreamBroken("The database says nothing any more.")
        server.consume_input()

    def cancel(self) -> None:
        """Have the server stop; whoever waits for it gets StreamBroken. Another thread may call it."""
        try:
            self._connection.cancel_safe(timeout=CANCEL_LIMIT_S)
        except psycopg.Error as error:  # it is gone, or ends by itself once the connection is closed
            logger.info("a stream's query could not be cancelled: %s", _first_line(str(error).encode()))

    def close(self) -> None:
        """Stop the query where it still runs, and close the connection: nothing is left open on the server."""
        if not self._is_done:
            self.cancel()
        self._connection.pgconn.finish()
        self._own.close()


def _first_line(message: bytes | str) -> str:
    text = message if isinstance(message, str) else message.decode(errors="replace")
    return text.strip().partition("\n")[0]
