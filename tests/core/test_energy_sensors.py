"""What is known of boards' sensors: the table, its spread, and whether intervals made from it hold measured errors."""

from __future__ import annotations

from math import hypot, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.energy import sensors
from joulemark.energy.sensors import MeasuredBoard, measured_boards, sensor_error, sensor_u, spread_of
from tests.laws import law

DESIGNS = [board for board in measured_boards() if board.group == "designs"]
UNITS = [board for board in measured_boards() if board.group == "units"]
RATED_W = {
    "GeForce RTX 3090": 350, "GeForce RTX 3070 Ti": 290, "GeForce RTX 2080 Ti": 250, "GeForce RTX 2060 SUPER": 175,
    "A100-PCIE-40GB": 250, "RTX A5000": 230, "GeForce RTX 4090": 450,
}  # fmt: skip
"""Rated power of each board: no test load drew more, so that an offset was a larger share of it than of this."""


def test_the_table_has_seven_designs_with_fourteen_energy_errors_and_five_boards_of_one() -> None:
    assert (len(DESIGNS), len(UNITS)) == (7, 5)
    assert sum(len(board.energy_errors) for board in DESIGNS) == 14
    assert {board.name for board in UNITS} == {"GeForce RTX 3090"}
    a100 = next(board for board in DESIGNS if board.name.startswith("A100"))
    assert (a100.gradient, a100.offset_w) == (0.954, -1.2)
    assert a100.energy_errors == pytest.approx((-0.056, -0.058), rel=1e-12)


def test_measured_energy_errors_lie_in_the_intervals_of_the_other_boards_spread() -> None:
    """Each design's two errors beside what the six others lead to expect of true over reading less 1."""
    held = {
        (board.name, error): abs(1 / (1 + error) - 1)
        <= sensors.COVERAGE_FACTOR
        * spread_of([other for other in DESIGNS if other != board]).relative_u(RATED_W[board.name])
        for board in DESIGNS
        for error in board.energy_errors
    }
    assert len(held) == 14
    assert sum(held.values()) >= 13, held


def test_five_per_cent_holds_few_of_them() -> None:
    """What the first edition stated: one reason why there is a second."""
    first = sensor_error("nvml-counter", edition=sensors.FIRST_EDITION)
    assert first is not None
    assert (first.gain_u, first.offset_u_w) == (0.025, None)
    errors = [abs(1 / (1 + error) - 1) for board in DESIGNS for error in board.energy_errors]
    assert sum(error <= sensors.COVERAGE_FACTOR * first.gain_u for error in errors) == 3


def test_an_unknown_design_has_the_seven_designs_spread_and_one_measured_five_times_its_own() -> None:
    error = sensor_error("nvml-counter", "NVIDIA H100 PCIe")
    assert error is not None
    gain = sqrt(sum((1 / board.gradient - 1) ** 2 for board in DESIGNS) / 7)
    offset_w = sqrt(sum((board.offset_w / board.gradient) ** 2 for board in DESIGNS) / 7)
    assert error.gain_u == pytest.approx(2.365 / 2 * gain, rel=1e-12)
    assert error.offset_u_w == pytest.approx(2.365 / 2 * offset_w, rel=1e-12)
    assert error.gain_u == pytest.approx(0.0639, abs=5e-5)
    assert error.offset_u_w == pytest.approx(13.29, abs=5e-3)
    known = sensor_error("nvml-counter", "NVIDIA GeForce RTX 3090")
    assert known == sensor_error("nvml-counter", "GeForce RTX 3090") == spread_of(UNITS)
    assert known.gain_u == pytest.approx(0.0375, abs=5e-5)
    assert known.offset_u_w == pytest.approx(6.49, abs=5e-3)


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA A100-PCIE-40GB",
        "NVIDIA A100-SXM4-80GB",
        "NVIDIA GeForce RTX 3090 Ti",
        "NVIDIA GeForce RTX 4090",
        "",
    ],
)
def test_one_measured_board_of_a_design_narrows_nothing(name: str) -> None:
    assert sensor_error("nvml-counter", name) == spread_of(DESIGNS)


def test_other_meters_have_their_own_terms() -> None:
    assert sensor_error("cpu-time-estimate") is None
    rapl = sensor_error("rapl")
    assert rapl is not None
    assert (rapl.gain_u, rapl.offset_u_w) == (0.05, None)
    assert sensor_u("rapl", "", None) == sensor_u("rapl", "", 10.0) == 0.05
    assert sensor_u("cpu-time-estimate", "", 10.0) is None
    assert sensor_u("nvml-counter", "", None) is None


def test_an_edition_that_never_was_is_refused() -> None:
    with pytest.raises(LookupError, match="no edition 3"):
        sensor_error("nvml-counter", edition=3)


def test_no_board_has_no_spread() -> None:
    with pytest.raises(ValueError, match="at least one measured board"):
        spread_of([])


@pytest.mark.laws
@law()
@given(
    st.lists(st.tuples(st.floats(0.8, 1.2), st.floats(-30, 30)), min_size=1, max_size=30),
    st.floats(1, 1000),
    st.floats(1, 1000),
)
def test_a_lighter_load_is_never_surer_and_no_board_is_without_weight(
    pairs: list[tuple[float, float]], one_w: float, other_w: float
) -> None:
    boards = [
        MeasuredBoard(group="designs", name=str(n), gradient=gradient, offset_w=offset_w, energy_errors=())
        for n, (gradient, offset_w) in enumerate(pairs)
    ]
    error = spread_of(boards)
    assert error.offset_u_w is not None
    light_w, full_w = sorted((one_w, other_w))
    assert error.relative_u(light_w) >= error.relative_u(full_w) >= error.gain_u
    assert error.relative_u(light_w) == pytest.approx(
        hypot(error.gain_u, error.offset_u_w / light_w), rel=1e-12
    )
    largest = max(abs(1 / board.gradient - 1) for board in boards)
    assert error.gain_u <= 12.706 / 2 * largest * (1 + 1e-12)
    assert error.gain_u >= 2.042 / 2 * largest / sqrt(len(boards)) * (1 - 1e-12)
