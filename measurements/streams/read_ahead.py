"""One block is read while another is written: the server works on while this process encodes."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Block = TypeVar("Block")
WAIT_S = 0.5
"""How often a thread that waits for room looks whether the stream is over."""


class ReadAhead(Generic[Block]):
    """Iterates over `blocks` in a thread of its own, one block ahead. `close` ends that thread."""

    def __init__(self, blocks: Iterator[Block], *, on_close: Callable[[], None]) -> None:
        """`on_close` makes a thread that waits for the next block go on, by an exception."""
        self._blocks, self._on_close = blocks, on_close
        self._ready: queue.Queue[tuple[Block | None, BaseException | None]] = queue.Queue(maxsize=1)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="stream read-ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Block]:
        """The blocks in their order; raises what reading them has raised."""
        while True:
            block, error = self._ready.get()
            if error is not None:
                raise error
            if block is None:
                return
            yield block

    def close(self) -> None:
        """Stop reading; returns once the thread has ended."""
        if self._thread.is_alive():
            self._is_over.set()
            self._on_close()
            self._thread.join()

    def _read(self) -> None:
        try:
            for block in self._blocks:
                if not self._handed_over(block, None):
                    return
        except Exception as error:  # noqa: BLE001 - raised again where the blocks are read
            self._handed_over(None, error)
        else:
            self._handed_over(None, None)

    def _handed_over(self, block: Block | None, error: BaseException | None) -> bool:
        while not self._is_over.is_set():
            try:
                self._ready.put((block, error), timeout=WAIT_S)
            except queue.Full:
                continue
            return True
        return False
