"""In which order a run goes through a suite: what its platform needs first, tasks in turn, or as the suite has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.errors import Refused, Unreachable
from joulemark.platform_client import PlatformClient

if TYPE_CHECKING:
    from joulemark.config import Config
    from joulemark.session.options import Options, Order
    from joulemark.suite import Suite


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """Job keys, the first to be measured first; those that are not named follow in the suite's order.

    `is_substitute`: the platform did not say what it needs, though nobody has asked for another order.
    """

    name: Order
    keys: tuple[str, ...] = ()
    is_substitute: bool = False


def chosen_order(options: Options) -> Order:
    """The order that was asked for; else by need for the suite of `joulemark join`, and spread over tasks in a budget.

    Without a limit every cell is measured, so that the suite's own order loses nothing.
    """
    if options.order is not None:
        return options.order
    if options.is_joined_suite and not options.offline:
        return "needed"
    return "suite" if options.budget_s is None else "tasks"


def job_order(config: Config, options: Options, suite: Suite) -> JobOrder:
    """The order of a run. Raises Unreachable or Refused where the platform's was asked for and is not to be had."""
    name = chosen_order(options)
    if name == "suite":
        return JobOrder(name=name)
    if name == "tasks":
        return JobOrder(name=name, keys=task_order(suite))
    try:
        return JobOrder(name=name, keys=needed_order(config, suite))
    except Refused:
        if options.order is not None:
            raise
    except Unreachable:
        if options.order is not None and not options.offline_after:
            raise
    return JobOrder(name="tasks", keys=task_order(suite), is_substitute=True)


def needed_order(config: Config, suite: Suite) -> tuple[str, ...]:
    """As the platform needs results, then what it does not name. Raises Unreachable or Refused."""
    with PlatformClient(config.origin) as client:
        needed = dict.fromkeys(need.key for need in client.needed(suite.digest))
    return (*needed, *(key for key in task_order(suite) if key not in needed))


def task_order(suite: Suite) -> tuple[str, ...]:
    """A job of each task in turn, each task's in the suite's order."""
    turns = suite.task_turns()
    return tuple(sorted(turns, key=turns.__getitem__))
