"""The kinds of fault: how each is injected and healed, and whether the platform is unwell meanwhile."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from tests.faults.extra_processes import ExtraProcesses

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.faults.links import Mode
    from tests.faults.production import Production

HOUR_S = 3600


@dataclass(frozen=True)
class Stage:
    """What a fault is injected into."""

    production: Production
    extra: ExtraProcesses
    chance: Random


Act: TypeAlias = "Callable[[Stage], None]"


def nothing(_stage: Stage) -> None:
    """It heals by itself: a process that was killed is started again."""


@dataclass(frozen=True)
class Kind:
    """One kind. `is_unwell`: health must say so before it is healed. `is_quick`: part of the short form.

    `hold_s`: how long it lasts at least. `awaits_verdicts`: it is over once all that was sent in it is judged.
    """

    name: str
    inject: Act
    heal: Act = nothing
    is_unwell: bool = False
    hold_s: float = 2.0
    awaits_verdicts: bool = False
    is_quick: bool = False


def _kill(name: str, stage: Stage) -> None:
    stage.production.services[name].send(signal.SIGKILL)


def _kill_child(name: str, stage: Stage) -> None:
    children = stage.production.services[name].children()
    if children:
        os.kill(stage.chance.choice(children), signal.SIGKILL)


def _send(name: str, number: int, stage: Stage) -> None:
    stage.production.services[name].send_to_all(number)


def _stop(name: str, number: int, stage: Stage) -> None:
    stage.production.services[name].stop(number)


def _start(name: str, stage: Stage) -> None:
    stage.production.services[name].start()


def _turn(link: str, mode: Mode, stage: Stage) -> None:
    stage.production.links.turn(link, mode)


def _wipe_queue(stage: Stage) -> None:
    with stage.production.queue() as client:
        client.flushall()


def _stop_database_at_once(stage: Stage) -> None:
    stage.production.stop_database_at_once()


def _step_clock(seconds: int, stage: Stage) -> None:
    stage.production.clock.step(seconds)


def _update(stage: Stage) -> None:
    stage.production.restart_all()


KILLS = [
    Kind(f"kill -9 {name}", partial(_kill, name), hold_s=1.0, is_quick=name == "log")
    for name in ("web", "judge", "log", "releases", "watch", "beat", "nginx", "queue")
] + [
    Kind("kill -9 a web process", partial(_kill_child, "web"), hold_s=1.0, is_quick=True),
    Kind("kill -9 a judge's process", partial(_kill_child, "judge"), hold_s=1.0, is_quick=True),
    Kind("kill -9 a database process", partial(_kill_child, "database"), hold_s=1.0),
    Kind("database stopped at once", _stop_database_at_once, hold_s=1.0, is_quick=True),
]
STOPS = [
    Kind(
        f"{name} stands still",
        partial(_send, name, signal.SIGSTOP),
        partial(_send, name, signal.SIGCONT),
        is_unwell=True,
        is_quick=name == "queue",
    )
    for name in ("judge", "log", "queue", "database")
]
AWAY = [
    Kind(
        f"{name} away",
        partial(_stop, name, signal.SIGKILL if name == "queue" else signal.SIGINT),
        partial(_start, name),
        is_unwell=True,
    )
    for name in ("queue", "database")
] + [Kind("beat away", partial(_stop, "beat", signal.SIGKILL), partial(_start, "beat"), hold_s=4.0)]
DISKS = [
    Kind(
        "log disk full",
        lambda stage: stage.production.log_disk.fill(),
        lambda stage: stage.production.log_disk.free(),
        is_unwell=True,
    ),
    Kind(
        "database disk full",
        lambda stage: stage.production.database_disk.fill(),
        lambda stage: stage.production.database_disk.free(),
        is_unwell=True,
        hold_s=4.0,
    ),
]
CLOCKS = [
    Kind(
        f"clocks {words}",
        partial(_step_clock, seconds),
        partial(_step_clock, 0),
        hold_s=5.0,
        is_quick=seconds < 0,
    )
    for words, seconds in (("an hour ahead", HOUR_S), ("an hour behind", -HOUR_S))
]
LINKS = [
    Kind(
        f"proxy - web {mode}" if link == "web" else f"all - {link} {mode}",
        partial(_turn, link, mode),
        partial(_turn, link, "passing"),
        is_unwell=mode == "frozen",
        hold_s=3.0,
        is_quick=mode == "cut",
    )
    for link in ("web", "database", "queue")
    for mode in ("cut", "frozen", "dripping")
]
TWINS = [
    Kind("two beats", lambda stage: stage.extra.start_beat(), lambda stage: stage.extra.end(), hold_s=5.0),
    Kind(
        "two sequencers",
        lambda stage: stage.extra.start_sequencers(),
        lambda stage: stage.extra.end(),
        hold_s=5.0,
    ),
]
WIPED = Kind("queue wiped", _wipe_queue, is_quick=True)
POISON = Kind("poison", nothing, hold_s=0.0, awaits_verdicts=True, is_quick=True)
"""A result that kills its judge is among what is sent."""
UPDATE = Kind("update", _update, is_quick=False)
ALL = [*KILLS, WIPED, *STOPS, *AWAY, *DISKS, *CLOCKS, *LINKS, *TWINS, POISON, UPDATE]
