"""What a run tells whoever watches it. The command line draws it; a run does not care."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from typing import Protocol as Interface

from joulemark.meters.sampler import Live

if TYPE_CHECKING:
    from joulemark.suite import Protocol

LiveState = Callable[[], Live]


@dataclass(frozen=True, kw_only=True)
class WindowState:
    """Which window of a job begins, and how well those before it fix the mean.

    `number` counts from 1 and is `most` at the highest. `half_width` is the half-width of the mean's 95 % interval over
    the mean, None before it is known; `target` is the one that ends the job early, None where nothing does.
    """

    number: int
    most: int
    half_width: float | None = None
    target: float | None = None

    @classmethod
    def of(cls, protocol: Protocol, number: int, half_width: float | None) -> Self:
        """Of a suite's protocol; where it has a fixed number of windows, no precision ends the job."""
        fixed = protocol.windows_min == protocol.windows_max
        target = None if fixed else protocol.half_width_target
        return cls(number=number, most=protocol.windows_max, half_width=half_width, target=target)


class Watch(Interface):
    """Receives the events of a run as they happen.

    `answered` is called inside the measured windows and must cost next to nothing.
    """

    def note(self, sentence: str) -> None:
        """A sentence for the reader."""

    def job(
        self, number: int, of: int, key: str, *, estimated: bool, plan_left_s: float | None = None
    ) -> None:
        """Job `number` of `of` begins; it and the later ones take about `plan_left_s` seconds, where that is known."""

    def stage(
        self,
        name: str,
        *,
        total: int | None,
        live: LiveState | None = None,
        left_s: float | None = None,
        window: WindowState | None = None,
    ) -> None:
        """A stage begins: with `total` queries, and at most `left_s` seconds of the job left.

        `window` is given for the stage `window`.
        """

    def answered(self) -> None:
        """One query more was answered."""

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """More of the file `name` has come: `done_bytes` of all files, out of `total_bytes`."""

    def job_done(self, sentence: str) -> None:
        """The job has ended and its result is kept."""


class Silent:
    """A watch that ignores every event."""

    def note(self, sentence: str) -> None:
        """Ignore a sentence."""

    def job(
        self, number: int, of: int, key: str, *, estimated: bool, plan_left_s: float | None = None
    ) -> None:
        """Ignore the start of a job."""

    def stage(
        self,
        name: str,
        *,
        total: int | None,
        live: LiveState | None = None,
        left_s: float | None = None,
        window: WindowState | None = None,
    ) -> None:
        """Ignore the start of a stage."""

    def answered(self) -> None:
        """Ignore an answered query."""

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """Ignore the progress of a download."""

    def job_done(self, sentence: str) -> None:
        """Ignore the end of a job."""
