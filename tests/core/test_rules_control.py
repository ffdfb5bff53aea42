"""The rules of the control kernel: an honest card passes, and each lie about it is named by its rule."""

from __future__ import annotations

from dataclasses import replace as replaced
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from joulemark.leaderboard.control_design import PeerControl, control_design, control_facts
from joulemark.record.control import Control
from joulemark.rules.control_figures import ControlFigures
from joulemark_simulation.honest_cases import honest, measuring
from joulemark_simulation.honest_controls import figures_of
from joulemark_simulation.trace_edits import scaled
from tests.core.lies import stating, told

if TYPE_CHECKING:
    from joulemark.rules.case import Case

SIX = (0.97, 0.98, 0.99, 1.01, 1.02, 1.03)
"""Cards of one design, in parts of this one."""


@pytest.fixture(scope="module")
def a100() -> Case:
    case = honest()["a100"]
    return case.knowing(controls_by_others=(), earlier_controls_by_others=0)


def beside(case: Case, honest_case: Case, factors: tuple[float, ...] = SIX) -> Case:
    """Beside cards like that of the honest case."""
    own = figures_of(honest_case.predicate)
    others = tuple(
        ControlFigures.from_numbers([value * factor for value in own.values().values()]) for factor in factors
    )
    return case.knowing(controls_by_others=others, earlier_controls_by_others=len(others))


def control_of(case: Case) -> Control:
    control = case.predicate.control
    assert isinstance(control, Control)
    return control


def running(case: Case, place: int, **changes: Any) -> Case:
    """With other numbers of one run."""
    runs = list(control_of(case).runs)
    runs[place] = replace(runs[place], **changes)
    return stating(case, control=replace(control_of(case), runs=tuple(runs)))


def codes(case: Case) -> set[str]:
    return {code for code in told(case) if code.startswith("JM-CONTROL")}


def test_an_honest_card_passes_alone_and_beside_others(a100: Case) -> None:
    assert told(a100) == {}
    assert told(beside(a100, a100)) == {}


@pytest.mark.parametrize(("factor", "is_held"), [(0.6, False), (0.8, False), (0.85, False), (0.97, True)])
def test_a_trace_that_was_scaled_scales_its_control(a100: Case, factor: float, *, is_held: bool) -> None:
    lie = measuring(a100, lambda trace: scaled(trace, factor))
    assert codes(lie) == set(), "nothing is known of other cards"
    assert ("JM-CONTROL-BAND" in codes(beside(lie, a100))) is not is_held
    assert codes(beside(lie, a100, SIX[:2])) == set(), "two others are too few"


@pytest.mark.parametrize("element", [0, 63])
def test_one_wrong_element_rejects(a100: Case, element: int) -> None:
    sample = list(control_of(a100).runs[1].sample)
    sample[element] += 1
    assert codes(running(a100, 1, sample=tuple(sample))) == {"JM-CONTROL-ANSWERS"}


def test_a_sample_belongs_to_its_session_and_run(a100: Case) -> None:
    first, last = control_of(a100).runs
    assert codes(running(a100, 1, sample=first.sample)) == {"JM-CONTROL-ANSWERS"}
    ticket = a100.context.ticket
    if ticket is not None:
        other = a100.knowing(ticket=replaced(ticket, sample_seed=ticket.sample_seed + 1))
        assert "JM-CONTROL-ANSWERS" in codes(other)
    assert last.sample != first.sample


def test_another_shape_than_the_memory_asks_for(a100: Case) -> None:
    small = replace(control_of(a100), copy_bytes=control_of(a100).copy_bytes // 4)
    assert "JM-CONTROL-ANSWERS" in codes(stating(a100, control=small))


@pytest.mark.parametrize(
    "name", ["products_s", "products_j", "products_u", "copies_s", "copies_j", "copies_u"]
)
def test_each_number_is_that_of_the_trace(a100: Case, name: str) -> None:
    value = getattr(control_of(a100).runs[0], name)
    finding = told(running(a100, 0, **{name: value * 1.1 + 1e-6}))["JM-CONTROL-ENERGY"]
    assert finding.evidence["name"] == name


def test_faster_than_the_data_sheet(a100: Case) -> None:
    copies = control_of(a100).runs[0].copies
    finding = told(running(a100, 0, copies=copies * 2))["JM-CONTROL-ENERGY"]
    assert finding.evidence["work"] == "copies"


def test_clocks_that_were_locked_are_slower_and_more_frugal(a100: Case) -> None:
    own = figures_of(a100.predicate).values()
    boosted = {**own, "flop_s": own["flop_s"] / 1.3, "flop_j": own["flop_j"] * 1.1}
    others = tuple(
        ControlFigures.from_numbers([value * factor for value in boosted.values()]) for factor in SIX
    )
    finding = told(a100.knowing(controls_by_others=others, earlier_controls_by_others=6))["JM-CONTROL-BAND"]
    assert finding.evidence["name"] == "flop_s"


def test_a_result_without_a_kernel_counts_until_three_others_had_one(a100: Case) -> None:
    absent = {**a100.predicate.absent, "control": "out-of-memory"}
    for none in (stating(a100, control=UNSET), stating(a100, control=None, absent=absent)):
        assert codes(none) == set()
        assert codes(none.knowing(earlier_controls_by_others=2)) == set()
        assert codes(none.knowing(earlier_controls_by_others=3)) == {"JM-CONTROL-NONE"}


def test_others_are_the_latest_of_each_and_not_oneself(a100: Case) -> None:
    own = figures_of(a100.predicate)
    peers = [
        PeerControl(contributor=name, leaf=leaf, figures=own) for name, leaf in (("a", 9), ("b", 7), ("a", 3))
    ]
    facts = control_facts(peers, me="c", before=8)
    assert (len(facts["controls_by_others"]), facts["earlier_controls_by_others"]) == (2, 1)
    assert len(control_facts(peers, me="a", before=8)["controls_by_others"]) == 1


def test_a_design_is_a_card_under_its_power_controls(a100: Case) -> None:
    design = control_design(a100.predicate)
    assert design.endswith(".power-default")
    limits = [
        control_design(
            stating(a100, device={"power_limit_w": watts, "power_limit_default_w": 400.0}).predicate
        )
        for watts in (240.0, 320.0)
    ]
    assert len({design, *limits}) == 3
    assert control_design(honest()["rapl"].predicate) == ""
