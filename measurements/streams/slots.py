"""How many streams may be under way at once in this process: each holds a thread and a connection to the database."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class TooManyStreams(Exception):
    """There is no slot for another stream. `is_own`: those of the same client alone are as many as it may have."""

    def __init__(self, *, is_own: bool) -> None:
        super().__init__("The client has" if is_own else "The process has")
        self.is_own = is_own


class Slots:
    """`most` streams at once, and `most_of_one` of one client. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    @property
    def n_taken(self) -> int:
        """How many streams are under way."""
        return self._taken.total()

    def take(self, client: str, *, most: int, most_of_one: int) -> Callable[[], None]:
        """Take a slot for a client, any text; returns what gives it back, once. Raises TooManyStreams.

        Where one client may have all of them, the process has too many, not the client.
        """
        with self._lock:
            if most_of_one < most and self._taken[client] >= most_of_one:
                raise TooManyStreams(is_own=True)
            if self._taken.total() >= most:
                raise TooManyStreams(is_own=False)
            self._taken[client] += 1
        taken = [client]

        def give_back() -> None:
            with self._lock:
                if taken:
                    self._taken[taken.pop()] -= 1
                    self._taken += Counter()  # names without a stream go

        return give_back


SLOTS = Slots()
"""Of this process."""
