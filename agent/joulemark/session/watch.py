"""What a run tells whoever watches it. The command line draws it; a run does not care."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from joulemark.meters.sampler import Live

LiveState = Callable[[], Live]


class Watch(Protocol):
    """Told as things happen.

    `answered` is called inside the measured windows and must cost next to nothing.
    """

    def note(self, sentence: str) -> None:
        """A sentence for the reader."""

    def job(self, number: int, of: int, key: str, *, estimated: bool) -> None:
        """Job `number` of `of` begins."""

    def stage(
        self, name: str, *, total: int | None, live: LiveState | None = None, left_s: float | None = None
    ) -> None:
        """A stage of the job begins: with `total` queries, and at most `left_s` seconds of the job left."""

    def answered(self) -> None:
        """One query more was answered."""

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """More of the file `name` has come: `done_bytes` of all files, out of `total_bytes`."""

    def job_done(self, sentence: str) -> None:
        """The job has ended and its result is kept."""


class Silent:
    """Nobody watches."""

    def note(self, sentence: str) -> None:
        """Unsaid."""

    def job(self, number: int, of: int, key: str, *, estimated: bool) -> None:
        """Unsaid."""

    def stage(
        self, name: str, *, total: int | None, live: LiveState | None = None, left_s: float | None = None
    ) -> None:
        """Unsaid."""

    def answered(self) -> None:
        """Uncounted."""

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """Unsaid."""

    def job_done(self, sentence: str) -> None:
        """Unsaid."""
