"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from joulemark.session.plan import Filter

if TYPE_CHECKING:
    from joulemark.meters.choose import MeterOption

Order = Literal["needed", "tasks", "suite"]
ORDERS: tuple[Order, ...] = get_args(Order)

PATIENCE_S = 600.0
"""How long a run waits for a platform or a hub, unless it is asked otherwise."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asked for.

    `budget_s`: seconds after which no job is begun that will not end in time. `order`: None where nobody has asked for
    one. `is_joined_suite`: whether the suite is the one that `joulemark join` chose. `limit`: jobs to measure at most.
    `retry_failed`: also those that failed before in this session. `patience_s`: how long a platform or hub that gives
    no answer is waited for, each time. `offline_after`: when that time is over, jobs are measured without the platform.
    `cpu_watts`: watts per busy core of the estimate, None for those of the settings. `chosen_for_gpu`: the GPU for
    which `joulemark join` chose the suite, where the user named none. `wait`: shortly for the verdict on each result.
    `force`: measure, and go on, whatever is found.
    """

    suite: str = "demo"
    meant: Filter = field(default_factory=Filter)
    budget_s: float | None = None
    order: Order | None = None
    is_joined_suite: bool = False
    limit: int | None = None
    retry_failed: bool = False
    patience_s: float = PATIENCE_S
    offline_after: bool = False
    meter: MeterOption = "auto"
    cpu_watts: float | None = None
    offline: bool = False
    submit: bool = True
    fresh: bool = False
    force: bool = False
    chosen_for_gpu: str | None = None
    wait: bool = True
