"""Group commit: work that several threads request at once is done by one of them in one transaction and one sync.

Whoever finds the place free goes to work; who comes meanwhile waits, and the first of them then does the work of all
who wait. Each is answered after its own work is done. A thread that is alone waits for nobody. Where several came the
last time, the next waits a moment for as many, as PostgreSQL does with `commit_delay` and `commit_siblings`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Request(Generic[Item, Answer]):
    """The request of a thread, which waits for its answer or for its turn to do the work."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answers: tuple[Answer, ...] = ()
        self.taken = False
        self.woken = threading.Event()


class Gathering(Generic[Item, Answer]):
    """`alone` does the work for one item, `together` for 2 to `most`, with answers in their order.

    `moment_s` is the longest that anybody waits for others. A fault in `together` is nobody's fault yet: each of its
    items is then done alone, in its own thread, so that only who is at fault sees it. Both must bear being asked again
    for the same item.
    """

    def __init__(
        self,
        *,
        alone: Callable[[Item], Answer],
        together: Callable[[Sequence[Item]], Sequence[Answer]],
        most: int,
        moment_s: float,
    ) -> None:
        self._alone = alone
        self._together = together
        self._most = most
        self._moment_s = moment_s
        self._changed = threading.Condition()
        self._busy = False
        self._queue: deque[_Request[Item, Answer]] = deque()
        self._crowd = 1  # how many were there at once the last time

    def ask(self, item: Item) -> Answer:
        """The answer for `item`, as `alone` gives it or raises."""
        mine: _Request[Item, Answer] = _Request(item)
        with self._changed:
            free, self._busy = not self._busy, True
            if not free:
                self._queue.append(mine)
                self._changed.notify()
        if not free:
            mine.woken.wait()
        if not mine.taken:
            self._work(mine)
        return mine.answers[0] if mine.answers else self._alone(item)

    def _work(self, mine: _Request[Item, Answer]) -> None:
        """Work for all who wait, holding the place; then it is given to the next, if one came meanwhile."""
        group = [mine]
        try:
            group += self._gathered()
            self._answer(group)
        finally:
            with self._changed:
                self._crowd = len(group) + len(self._queue)
                successor = self._queue.popleft() if self._queue else None
                self._busy = successor is not None
            for request in (*group, *([successor] if successor else ())):
                request.woken.set()

    def _gathered(self) -> list[_Request[Item, Answer]]:
        """The waiting requests, after a moment for as many as there were the last time."""
        with self._changed:
            expected = min(self._crowd, self._most) - 1
            self._changed.wait_for(lambda: len(self._queue) >= expected, timeout=self._moment_s)
            others = [self._queue.popleft() for _ in range(min(len(self._queue), self._most - 1))]
            for other in others:
                other.taken = True
        return others

    def _answer(self, group: list[_Request[Item, Answer]]) -> None:
        if len(group) == 1:
            group[0].answers = (self._alone(group[0].item),)
            return
        try:
            answers = self._together([request.item for request in group])
            for request, answer in zip(group, answers, strict=True):
                request.answers = (answer,)
        except Exception:
            logger.exception("%d were done together in vain; each is done alone", len(group))
