"""Which cards a control kernel is compared with: those of one design, under the same power controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.leaderboard.hardware_names import hardware_code, hardware_slug
from joulemark.leaderboard.stratum import stratum_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from joulemark.record.statement import Predicate
    from joulemark.rules.control_figures import ControlFigures

MOST_CONTROLS = 1000
"""Results of a design that are looked at, the latest first."""

POWER, LOWERED = ".power-", "power-lowered"


@dataclass(frozen=True, kw_only=True)
class PeerControl:
    """The control kernel of one accepted result: who sent it, and the leaf of its arrival."""

    contributor: Hashable
    leaf: int
    figures: ControlFigures


def control_design(predicate: Predicate) -> str:
    """The code of a GPU's design with its power controls; empty of a processor, which runs no control kernel.

    Under a lowered limit a card is slower and more frugal, each limit in its own way, so that the limit is part of it.
    """
    device = predicate.device
    if device.kind != "gpu":
        return ""
    code = hardware_code(device.kind, hardware_slug(device.kind, device.name))
    stratum = stratum_of(predicate)
    controls = stratum[stratum.index(POWER) + 1 :]
    if controls.startswith(LOWERED) and device.power_limit_w is not None:
        controls += f".{device.power_limit_w:.0f}w"
    return f"{code}.{controls}"


def control_facts(peers: Iterable[PeerControl], *, me: Hashable, before: int) -> dict[str, Any]:
    """The fields of `joulemark.rules.case.Context` that say what others' cards of a result's design were like.

    `peers` are the latest accepted results of the design with a control kernel, latest first, `MOST_CONTROLS` at most;
    the result is of contributor `me` and arrived at leaf `before`.
    """
    latest: dict[Hashable, PeerControl] = {}
    for peer in peers:
        if peer.contributor != me:
            latest.setdefault(peer.contributor, peer)
    return {
        "controls_by_others": tuple(peer.figures for peer in latest.values()),
        "earlier_controls_by_others": sum(peer.leaf < before for peer in latest.values()),
    }
