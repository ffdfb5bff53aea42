"""What became of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from joulemark.errors import (
    EXIT_IMPOSSIBLE,
    EXIT_NOT_COUNTED,
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_UNREACHABLE,
    BadReceipt,
)
from joulemark.session.plan import Missing
from joulemark.translation import marked

if TYPE_CHECKING:
    from joulemark.meters.choose import MeterChoice
    from joulemark.outbox import OutboxResult
    from joulemark.record.messages import ResultStanding
    from joulemark.rules.causes import FoundUnfit
    from joulemark.session.delivery import Delivery
    from joulemark.session.order import JobOrder
    from joulemark.session.plan import Selection

NOT_COUNTED = frozenset({"quarantined", "rejected", "withdrawn"})
"""States of results that are on no board."""


RETRY = marked("`--retry-failed` tries it again.")
"""What the same command alone does not: a job that is written down as failed is not begun again by itself."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """One finished job. `resumed` when an earlier run of the session had measured it.

    `standing` is what the platform said of it in this run, `unfit` what keeps it from counting: by the verdict, and
    before there is one by the rules asked at home.
    """

    key: str
    result: OutboxResult
    resumed: bool
    delivery: Delivery | None = None
    standing: ResultStanding | None = None
    unfit: tuple[FoundUnfit, ...] = ()

    @property
    def verdict(self) -> str | None:
        """The state that the platform last told; None before it told one."""
        return self.result.note.verdict if self.standing is None else self.standing.state


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Why a run ended before its plan: each further job would be found the same."""

    code: str
    sentence: str
    what_to_do: str | None


@dataclass(frozen=True, kw_only=True)
class NextJob:
    """The job of which one more result would teach most. `runs_here`: whether it is among those of the run."""

    key: str
    contributors: int
    runs_here: bool


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A job that gave no result; `code` is the one in the session's journal."""

    key: str
    code: str
    sentence: str


@dataclass(kw_only=True)
class RunReport:
    """What a run did, filled while it goes on, so that an interruption can tell how far it came."""

    selection: Selection | None = None
    choice: MeterChoice | None = None
    order: JobOrder | None = None
    session: str | None = None
    done: list[Done] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    failed_before: list[Failed] = field(default_factory=list)
    """Jobs that failed in an earlier run of the session and were not begun again."""
    put_off: list[Missing] = field(default_factory=list)
    """Jobs that this run did not begin: no time, over the limit, the hub did not give what they need, or a stop."""
    is_hub_away: bool = False
    """Whether one of them was put off because of the hub."""

    stopped: Stopped | None = None
    next_job: NextJob | None = None

    @property
    def is_nothing_left(self) -> bool:
        """Whether earlier runs of the session have finished all that this one was to measure."""
        left = (self.failed, self.failed_before, self.put_off, self.stopped)
        return bool(self.done) and all(done.resumed for done in self.done) and not any(left)

    def of(self, key: str) -> Done:
        """The finished job with this key. Raises StopIteration."""
        return next(done for done in self.done if done.key == key)

    def replace(self, done: Done) -> None:
        """Put `done` in the place of what was known of its job."""
        self.done[[earlier.key for earlier in self.done].index(done.key)] = done

    @property
    def exit_code(self) -> int:
        """0 when every finished result counts or may yet; else the first of these that is so.

        A job failed, now or before; a receipt does not fit; a result was refused; could not be sent, or a job was put
        off because of the hub; nothing that was sent counts; the plan was stopped.
        """
        if self.failed or self.failed_before:
            return EXIT_IMPOSSIBLE
        hows = {done.delivery.how for done in self.done if done.delivery is not None}
        if BadReceipt.code in {done.delivery.code for done in self.done if done.delivery is not None}:
            return BadReceipt.exit_code
        if "refused" in hows:
            return EXIT_REFUSED
        if "waiting" in hows or self.is_hub_away:
            return EXIT_UNREACHABLE
        if self.done and all(done.verdict in NOT_COUNTED for done in self.done):
            return EXIT_NOT_COUNTED
        return EXIT_OK if self.stopped is None else EXIT_IMPOSSIBLE
