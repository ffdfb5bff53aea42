"""The storm: uploads go on while one fault after the other is injected, lasts, and is healed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults import kinds, quiescence
from tests.faults.polling import TooLate, poll

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.faults.agents import Agents
    from tests.faults.kinds import Kind, Stage
    from tests.faults.monitor import Monitor
    from tests.faults.uploads import Parcel, Upload

UNWELL_LIMIT_S, WELL_LIMIT_S, SENT_LIMIT_S, VERDICTS_LIMIT_S = 60.0, 120.0, 120.0, 240.0
SHARE_ACKNOWLEDGED = 0.7
"""Of what is sent in a fault, before the next one begins; the rest meets that one."""


@dataclass
class Injection:
    """One fault as it happened: when, what health said meanwhile, and how long until all was well again."""

    kind: Kind
    uploads: list[Upload]
    words: list[str] = field(default_factory=list)
    lasted_s: float = 0.0
    healed_s: float = 0.0
    faults: list[str] = field(default_factory=list)


def order(chosen: list[Kind], *, rounds: int, chance: Random) -> list[Kind]:
    """Each kind so many times, in an order that the seed decides."""
    return [kind for _ in range(rounds) for kind in chance.sample(chosen, k=len(chosen))]


def rage(
    drawn: list[Kind],
    parcels: list[Parcel],
    poisons: list[Parcel],
    *,
    stage: Stage,
    agents: Agents,
    monitor: Monitor,
    tell: Callable[[str], None],
) -> list[Injection]:
    """Inject all of them, with an equal share of the parcels each; a poisoned one with each fault of that kind."""
    injections, poisoned = [], iter(poisons)
    for number, kind in enumerate(drawn):
        share = parcels[number * len(parcels) // len(drawn) : (number + 1) * len(parcels) // len(drawn)]
        if kind is kinds.POISON:
            share.insert(len(share) // 2, next(poisoned))
        injection = Injection(kind, [upload for parcel in share for upload in parcel.uploads])
        for upload in injection.uploads:
            upload.fault = number
        agents.send(share)
        _undergo(injection, stage, monitor)
        injections.append(injection)
        tell(
            f"{number + 1}/{len(drawn)} {kind.name}: {injection.lasted_s:.1f} s, well after "
            f"{injection.healed_s:.1f} s more; {', '.join(injection.words) or 'well'}"
            + "".join(f"\n    FAULT: {fault}" for fault in injection.faults)
        )
    return injections


def _undergo(injection: Injection, stage: Stage, monitor: Monitor) -> None:
    kind, began_s = injection.kind, time.monotonic()
    kind.inject(stage)
    injected_s = time.monotonic()
    if kind.is_unwell:
        _expect(
            injection,
            lambda: bool(monitor.words_since(injected_s)),
            what="health says that something is amiss",
            limit_s=UNWELL_LIMIT_S,
        )
    left_s = kind.hold_s - (time.monotonic() - injected_s)
    if left_s > 0:
        time.sleep(left_s)  # how long a fault lasts is part of it
    kind.heal(stage)
    injection.lasted_s = time.monotonic() - began_s
    _expect_well(injection, monitor)
    _expect(
        injection,
        lambda: _acknowledged_share(injection.uploads) >= (1 if kind.awaits_verdicts else SHARE_ACKNOWLEDGED),
        what="most of what was sent is acknowledged",
        limit_s=SENT_LIMIT_S,
    )
    if kind.awaits_verdicts:
        _expect(
            injection,
            lambda: quiescence.UNJUDGED not in quiescence.waiting(stage.production),
            what="everything is judged",
            limit_s=VERDICTS_LIMIT_S,
        )
        _expect_well(injection, monitor)
    injection.healed_s = time.monotonic() - began_s - injection.lasted_s
    injection.words = monitor.words_since(began_s)


def _expect_well(injection: Injection, monitor: Monitor) -> None:
    """As `_expect`; the fault names what is unwell to the last."""
    since_s = time.monotonic()
    if not _expect(
        injection, lambda: monitor.is_well_since(since_s), what="health is well again", limit_s=WELL_LIMIT_S
    ):
        last = monitor.looks[-1].words if monitor.looks else ()
        injection.faults[-1] += f"; to the last: {', '.join(last) or 'no look'}"


def _expect(injection: Injection, is_so: Callable[[], bool], *, what: str, limit_s: float) -> bool:
    """Whether it comes to be so in time; else the injection has a fault more."""
    try:
        poll(is_so, what=what, limit_s=limit_s)
    except TooLate as error:
        injection.faults.append(str(error))
        return False
    return True


def _acknowledged_share(uploads: list[Upload]) -> float:
    """Of those whose senders wait for an answer, those that have one."""
    awaited = [upload for upload in uploads if not upload.is_lost_on_the_way]
    return sum(bool(upload.receipt or upload.refusal) for upload in awaited) / (len(awaited) or 1)
