"""Time for a plan: how long a job will take here, and whether that still fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Literal

from joulemark.suite.estimate import estimate, least_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from joulemark.suite import Suite

Basis = Literal["measured here", "reference GPU", "least of the suite"]
"""What a time follows from: the session's own jobs, the published times alone, or the suite's shortest windows."""


@dataclass
class Pace:
    """How long jobs take on this machine, by the published times and by those that were measured so far.

    Published times are of an A100; the median ratio of what the finished jobs of this session took to what was
    published scales them. A job without a published time is taken to last as long as the suite's shortest windows and
    rests.
    """

    suite: Suite
    earlier_s: Mapping[str, float] = field(default_factory=dict)
    """What jobs of earlier runs of the session took, in seconds by key."""
    _ratios: list[float] = field(default_factory=list)
    _published_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look the published times up."""
        self._published_s = {
            row.job: row.gpu_minutes * 60 for row in estimate(self.suite) if row.gpu_minutes is not None
        }
        for key, seconds in self.earlier_s.items():
            self.took(key, seconds)

    def basis(self, key: str) -> Basis:
        """What `seconds` of the job follows from."""
        if key not in self._published_s:
            return "least of the suite"
        return "measured here" if self._ratios else "reference GPU"

    def seconds(self, key: str) -> float:
        """The least time that the job will take, in seconds."""
        published_s = self._published_s.get(key)
        if published_s is None:
            return least_seconds(self.suite.protocol)
        return published_s * (median(self._ratios) if self._ratios else 1.0)

    def took(self, key: str, seconds: float) -> None:
        """A job took so long."""
        if key in self._published_s:
            self._ratios.append(seconds / self._published_s[key])


@dataclass(frozen=True)
class Budget:
    """Time until `ends_s` on the clock `now`, in seconds; without an end there is always time."""

    now: Callable[[], float]
    ends_s: float | None = None

    @classmethod
    def of(cls, seconds: float | None, now: Callable[[], float]) -> Budget:
        """A budget that begins now."""
        return cls(now, None if seconds is None else now() + seconds)

    def left_s(self) -> float | None:
        """Seconds left, not below 0; None without an end."""
        return None if self.ends_s is None else max(0.0, self.ends_s - self.now())

    def has(self, seconds: float) -> bool:
        """Whether so many seconds are left."""
        left_s = self.left_s()
        return left_s is None or seconds <= left_s
