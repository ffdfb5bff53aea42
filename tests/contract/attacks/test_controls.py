"""Lies that the control kernel shows, through the real doors, beside six honest cards of the design."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from joulemark.leaderboard.control_design import PeerControl, control_design
from joulemark.record.control import Control
from joulemark.rules.control_figures import ControlFigures
from joulemark_simulation.honest_cases import honest, measuring
from joulemark_simulation.honest_controls import figures_of
from joulemark_simulation.trace_edits import scaled
from measurements.review.peers import controls_of
from tests.contract.attacks.book import Outcome, attack
from tests.core.lies import stating

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.rules.case import Case
    from tests.contract.attacks.conftest import Send

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
SIX = (0.97, 0.98, 0.99, 1.01, 1.02, 1.03)


@pytest.fixture
def a100() -> Case:
    return honest()["a100"]


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Callable[[ControlFigures], None]:
    """Let the platform have had six other contributors' cards around these numbers before."""

    def known(own: ControlFigures) -> None:
        peers = [
            PeerControl(
                contributor=f"another {factor}",
                leaf=-1,
                figures=ControlFigures.from_numbers([value * factor for value in own.values().values()]),
            )
            for factor in SIX
        ]
        monkeypatch.setattr(
            "measurements.review.rule_context.controls_of", lambda designs: dict.fromkeys(designs, peers)
        )

    return known


def test_an_accepted_card_is_one_that_others_are_held_against(
    send: Send, a100: Case, beside: Callable[[ControlFigures], None]
) -> None:
    design = control_design(a100.predicate)
    assert controls_of({design}) == {design: []}
    assert send(a100).kind == "harmless"
    (peer,) = controls_of({design})[design]
    assert peer.figures == figures_of(a100.predicate)
    beside(peer.figures)


@pytest.mark.parametrize("factor", [0.85, 0.6])
@attack("Own trace, every energy times 0.85 or 0.6", "quarantined", "JM-CONTROL-BAND")
def test_own_trace_scaled(
    send: Send, a100: Case, beside: Callable[[ControlFigures], None], factor: float
) -> Outcome:
    beside(figures_of(a100.predicate))
    found = send(measuring(a100, lambda trace: scaled(trace, factor)))
    return Outcome(found.kind, found.codes & {"JM-CONTROL-BAND"})


@attack("Clocks locked low", "quarantined", "JM-CONTROL-BAND")
def test_locked_clocks(send: Send, a100: Case, beside: Callable[[ControlFigures], None]) -> Outcome:
    own = figures_of(a100.predicate).values()
    beside(ControlFigures(**{**own, "flop_s": own["flop_s"] / 1.3, "flop_j": own["flop_j"] * 1.1}))
    return send(a100)


@attack("Control kernel left out where others have one", "quarantined", "JM-CONTROL-NONE")
def test_no_control(send: Send, a100: Case, beside: Callable[[ControlFigures], None]) -> Outcome:
    beside(figures_of(a100.predicate))
    return send(stating(a100, control=UNSET))


@attack("Control kernel's product invented", "rejected", "JM-CONTROL-ANSWERS")
def test_invented_product(send: Send, a100: Case) -> Outcome:
    control = a100.predicate.control
    assert isinstance(control, Control)
    runs = tuple(replace(run, sample=(0,) * len(run.sample)) for run in control.runs)
    return send(stating(a100, control=replace(control, runs=runs)))


@attack("Control kernel's energy scaled, the trace unchanged", "rejected", "JM-CONTROL-ENERGY")
def test_scaled_control(send: Send, a100: Case) -> Outcome:
    control = a100.predicate.control
    assert isinstance(control, Control)
    runs = tuple(replace(run, products_j=run.products_j * 0.85) for run in control.runs)
    return send(stating(a100, control=replace(control, runs=runs)))
