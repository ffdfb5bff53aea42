"""Answers in the memory of one process: the ones that were read last, within a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from measurements.answer_cache.stored_answer import StoredAnswer


class AnswerMemory:
    """One answer for each address. Threads may share it."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._answers: OrderedDict[str, StoredAnswer] = OrderedDict()
        self._n_bytes = 0

    @property
    def n_bytes(self) -> int:
        """What its answers take, about."""
        return self._n_bytes

    def find(self, address: str, tag: str) -> StoredAnswer | None:
        """The answer at an address, None where it has another tag by now."""
        with self._lock:
            answer = self._answers.get(address)
            if answer is None or answer.tag != tag:
                return None
            self._answers.move_to_end(address)
            return answer

    def keep(self, address: str, answer: StoredAnswer) -> None:
        """Keep an answer in place of the one before, unless it is too large; those not read for longest go."""
        with self._lock:
            before = self._answers.pop(address, None)
            self._n_bytes -= before.n_bytes if before else 0
            if answer.n_bytes > self._max_bytes:
                return
            self._answers[address] = answer
            self._n_bytes += answer.n_bytes
            while self._n_bytes > self._max_bytes:
                _, oldest = self._answers.popitem(last=False)
                self._n_bytes -= oldest.n_bytes
