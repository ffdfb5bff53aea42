"""Waiting for a platform's verdicts: shortly, between jobs, and never longer than was agreed.

Nothing is asked while a window runs: whoever waits here has measured and has not begun the next job. A platform that is
slow once is asked only once a job from then on, until it answers in time again.
"""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Self

from joulemark.errors import Unreachable
from joulemark.platform_client import PlatformClient
from joulemark.record.messages import UNJUDGED
from joulemark.translation import gettext as _
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from joulemark.record.messages import NeededJob, ResultStanding

WAIT_S = 20.0
"""Longest time that is waited for the verdict on one result."""

SILENCE_S = 5.0
"""Longest time that one answer may take: the most by which a wait is longer than agreed."""

PAUSES_S = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Between two looks; the last one again and again. Where a platform asks for a longer one (Retry-After), that."""


class _OutOfTime(Exception):
    """The next pause would last longer than what is left."""


class Verdicts:
    """A platform's verdicts, asked for within a time."""

    def __init__(
        self,
        origin: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`origin`: the platform's. Raises UsageError when it is no address."""
        self._clock, self._sleep = clock, sleep
        self._deadline_s = clock()
        waiting = Waiting(origin, limit_s=inf, budget_left_s=self._left_s, pause=sleep, now=clock)
        self._client = PlatformClient(
            origin, waiting=waiting, answer_within_s=SILENCE_S, advice=_("Ask again later.")
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, value, trace)

    def wait_for(self, result_id: str, *, within_s: float) -> ResultStanding | None:
        """Where a result stands once it has its verdict and was compared, or when the time is over.

        None where nothing was answered in time; with no time, one look. Raises Unreachable or Refused.
        """
        self._deadline_s = self._clock() + within_s
        standing: ResultStanding | None = None
        try:
            for looks in range(10_000):
                standing = self._client.standing(result_id)
                if is_settled(standing):
                    break
                self._pause(PAUSES_S[min(looks, len(PAUSES_S) - 1)])
        except _OutOfTime:
            pass  # what was answered last is the answer
        except Unreachable:
            if standing is None:
                raise
        return standing

    def needed(self, suite_digest: str) -> tuple[NeededJob, ...]:
        """The jobs of a suite by need. Raises Unreachable, also where the answer takes too long, or Refused."""
        self._deadline_s = self._clock() + SILENCE_S
        return self._client.needed(suite_digest)

    def _left_s(self) -> float:
        return self._deadline_s - self._clock()

    def _pause(self, seconds: float) -> None:
        if self._clock() + seconds > self._deadline_s:
            raise _OutOfTime
        self._sleep(seconds)


def is_settled(standing: ResultStanding) -> bool:
    """Whether waiting brings nothing more: there is a verdict, and what counts was compared with others."""
    if standing.state in UNJUDGED:
        return False
    return standing.state != "accepted" or standing.comparison is not None
