"""How numbers are written, and where a plot puts them."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override

from measurements.display.numbers import significant, whole
from measurements.display.row_plot import Point, dot_plot
from measurements.display.templatetags.figures import figure, joules, parameters, times, watt_hours
from measurements.display.templatetags.plots import drawn

THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1, "1.00"),
        (0.123456, "0.123"),
        (9.999, "10.0"),
        (99.96, "100"),
        (1234.5, "1230"),
        (12345.6, f"12{THIN}300"),
        (1234567.0, f"1{THIN}230{THIN}000"),
        (0.001, "0.00100"),
        (0.00012, f"1.20{THIN}\u00d7{THIN}10⁻⁴"),
        (3.6e9, f"3.60{THIN}\u00d7{THIN}10⁹"),
        (-1.5, "\u22121.50"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    with override("en"):
        assert significant(value) == text


def test_whole_numbers_are_grouped_from_five_digits_on() -> None:
    assert (whole(4800), whole(49079)) == ("4800", f"49{THIN}079")


def test_a_number_that_is_not_finite_is_never_shown() -> None:
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            significant(bad)


def test_a_missing_number_is_a_dash_and_not_zero() -> None:
    assert (joules(None), watt_hours(None), figure(None), parameters(None)) == ("\u2013",) * 4


def test_units_and_the_decimal_mark_are_the_readers() -> None:
    with override("en"):
        assert (joules(0.442), times(12.7), parameters(134_515_008)) == (
            f"0.442{THIN}J",
            f"12.7{THIN}\u00d7",
            "135 million parameters",
        )
    with override("ru"):
        assert (joules(0.442), watt_hours(1.61)) == (f"0,442{THIN}Дж", f"1,61{THIN}Вт·ч")


def point(value: float, *, low: float | None = None, high: float | None = None) -> Point:
    return Point(
        label="m",
        text="t",
        value=value,
        low=low,
        high=high,
        kind="task-specific",
        kind_title="task-specific",
        grade="measured",
    )


def test_equal_ratios_are_equal_distances() -> None:
    plot = dot_plot([point(1.0), point(10.0), point(100.0)], title="", description="", caption="")
    assert plot is not None
    first, second, third = (mark.x for mark in plot.marks)
    assert second - first == pytest.approx(third - second)
    assert plot.left < first < third < plot.right, "the axis ends a little beyond its values"
    assert first - plot.left == pytest.approx(plot.right - third) == pytest.approx(0.04 * (third - first))
    with override("en"):
        assert [tick.label for tick in plot.columns] == ["1", "10", "100"]


@pytest.mark.parametrize("value", [1e-12, 0.0999, 1.0, 2.0, 5.0, 9.99, 1e12])
def test_every_value_lies_on_its_axis(value: float) -> None:
    plot = dot_plot(
        [point(value, low=value, high=value)], title="", description="", caption="", reference=None
    )
    assert plot is not None
    assert plot.left <= plot.marks[0].x <= plot.right
    assert plot.marks[0].x_bar is None
    assert len(plot.columns) >= 2


def test_a_plot_speaks_no_comma_into_an_attribute() -> None:
    with override("ru"):
        plot = dot_plot([point(1.5, low=1.2, high=1.9)], title="", description="", caption="")
    assert plot is not None
    assert not re.search(r'="[^"]*,[^"]*(%|rem)', drawn(plot))


def test_without_points_there_is_no_plot() -> None:
    assert dot_plot([], title="", description="", caption="") is None
