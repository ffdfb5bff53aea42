"""Laws of plots: axes are monotone and tight, labels and names keep apart and inside, the front is the oracle's."""

from __future__ import annotations

from itertools import pairwise
from math import inf, isfinite, log10
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from measurements.display.drawing import LINE_REM, Drawing
from measurements.display.plot_file import Sheet, card_svg, fitted, svg_file
from measurements.display.row_plot import LEAST_ROOM, MANY_ROWS, Point, RowGroup, dot_plot, grouped_plot
from measurements.display.scales import (
    GAP_REM,
    NARROW_REM,
    WIDE_REM,
    AxisTick,
    LinearScale,
    LogScale,
    Scale,
    axis_ticks,
)
from measurements.display.scatter import Spot, scatter
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.laws
POSITIVE = st.floats(min_value=1e-9, max_value=1e12, allow_nan=False)
NUMBERS = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)
LETTERS = st.text(alphabet="abcdefgh Ж漢 ·-", min_size=1, max_size=60)


def extents(values: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(values, values).map(lambda pair: (min(pair), max(pair)))


def check_axis(scale: Scale, extent: tuple[float, float]) -> None:
    low, high = scale.share(extent[0]), scale.share(extent[1])
    assert -1e-9 <= low <= high <= 1 + 1e-9
    values, ticks = scale.ticks(), axis_ticks(scale)
    assert len(values) == len(ticks) >= 2
    assert all(a < b for a, b in pairwise(values))
    assert all(a.at < b.at for a, b in pairwise(ticks))
    assert all(-1e-6 <= tick.at <= 1 + 1e-6 for tick in ticks)
    assert any(tick.label for tick in ticks)
    for area, shown in (
        (WIDE_REM, [tick for tick in ticks if tick.label]),
        (NARROW_REM, [tick for tick in ticks if tick.label and not tick.is_fine]),
        (WIDE_REM * 3, [tick for tick in ticks if tick.label]),
    ):
        check_labels(shown, area)
    labels = [tick.label for tick in ticks if tick.label]
    assert len(set(labels)) == len(labels), "two lines of an axis say the same number"


def check_labels(ticks: Sequence[AxisTick], area: float) -> None:
    boxes = [tick.box(area) for tick in ticks]
    assert all(b[0] - a[1] >= GAP_REM - 1e-9 for a, b in pairwise(boxes))
    for left, right in boxes:
        assert left >= -1e-6
        assert right <= area + 1e-6


@law()
@given(extents(POSITIVE))
def test_a_logarithmic_axis_is_tight_monotone_and_labelled_without_overlap(
    extent: tuple[float, float],
) -> None:
    scale = LogScale(extent)
    check_axis(scale, extent)
    width = log10(extent[1]) - log10(extent[0])
    assert scale.high - scale.low <= max(1.08 * width, 0.12) + 1e-9


@law()
@given(extents(NUMBERS))
def test_a_plain_axis_is_tight_monotone_and_labelled_without_overlap(extent: tuple[float, float]) -> None:
    low, high = extent
    if high - low < 1e-7 * max(abs(low), abs(high)):
        extent = low, low
    scale = LinearScale(extent)
    check_axis(scale, extent)
    if extent[1] > extent[0]:
        assert scale.high - scale.low <= 1.08 * (extent[1] - extent[0]) * (1 + 1e-9)


@st.composite
def points(draw: st.DrawFn) -> Point:
    value = draw(POSITIVE)
    factor = draw(st.floats(min_value=1.0, max_value=50.0))
    has_bar = draw(st.booleans())
    return Point(
        label=draw(LETTERS),
        text=draw(st.sampled_from(["1", "12 300 Wh"])),
        value=value,
        low=value / factor if has_bar else None,
        high=value * factor if has_bar else None,
        kind="task-specific",
        kind_title="task-specific",
        grade=draw(st.sampled_from(["measured", "estimated", "published"])),
    )


def boxes_of(plot: Drawing) -> list[tuple[float, float, float, float]]:
    names = [mark.name for mark in plot.marks if mark.name]
    return [(name.left, name.right, name.y, name.y + LINE_REM) for name in names]


def check_drawing(plot: Drawing) -> None:
    boxes = boxes_of(plot)
    for left, right, top, bottom in boxes:
        assert -1e-9 <= left < right <= 1 + 1e-9
        assert 0 <= top < bottom <= plot.height
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            across = one[0] < other[1] - 1e-9 and other[0] < one[1] - 1e-9
            down = one[2] < other[3] - 1e-9 and other[2] < one[3] - 1e-9
            assert not (across and down), "a name lies on another"
    for mark in plot.marks:
        assert plot.left - 1e-9 <= mark.x <= plot.right + 1e-9
        assert plot.top - 1e-9 <= mark.y <= plot.bottom + 1e-9
        assert mark.title
        for bar, ends in ((mark.x_bar, (plot.left, plot.right)), (mark.y_bar, (plot.bottom, plot.top))):
            if bar:
                assert min(ends) - 1e-6 <= min(bar) <= max(bar) <= max(ends) + 1e-6


@law()
@given(st.lists(points(), min_size=1, max_size=60))
def test_rows_of_any_number_keep_their_names_apart_inside_and_off_their_bars(drawn: list[Point]) -> None:
    plot = dot_plot(drawn, title="", description="", caption="")
    assert plot is not None
    check_drawing(plot)
    assert len(plot.marks) == len(drawn)
    for mark in plot.marks:
        if len(drawn) <= MANY_ROWS:
            assert mark.name is not None
            assert mark.name.left <= mark.x <= mark.name.right
        elif mark.name is not None:
            low, high = mark.x_bar or (mark.x, mark.x)
            assert mark.name.right <= low + 1e-9 or mark.name.left >= high - 1e-9
        else:
            low, high = mark.x_bar or (mark.x, mark.x)
            assert max(low, 1 - high) < LEAST_ROOM


@law()
@given(st.lists(st.lists(points(), max_size=6), min_size=1, max_size=6))
def test_groups_stand_below_each_other_on_one_axis(drawn: list[list[Point]]) -> None:
    groups = [RowGroup(label=f"g{number}", points=of) for number, of in enumerate(drawn)]
    plot = grouped_plot(groups, title="", description="", caption="")
    if not any(drawn):
        assert plot is None
        return
    assert plot is not None
    check_drawing(plot)
    rows = sorted([head.y for head in plot.heads] + [mark.y - LINE_REM / 2 for mark in plot.marks])
    assert all(b - a >= LINE_REM - 1e-9 for a, b in pairwise(rows))
    every = [point for of in drawn for point in of]
    values = sorted((point.value, mark.x) for point, mark in zip(every, plot.marks, strict=True))
    assert all(a[1] <= b[1] + 1e-12 for a, b in pairwise(values))


@st.composite
def spots(draw: st.DrawFn) -> Spot:
    x, y = draw(POSITIVE), draw(st.floats(min_value=0.0, max_value=1.0))
    factor, half = (
        draw(st.floats(min_value=1.0, max_value=3.0)),
        draw(st.floats(min_value=0.0, max_value=0.2)),
    )
    return Spot(
        label=draw(LETTERS),
        text="t",
        x=x,
        y=y,
        x_interval=draw(st.sampled_from([None, (x / factor, x * factor)])),
        y_interval=draw(st.sampled_from([None, (y - half, y + half)])),
        is_front=draw(st.booleans()),
        kind="general-purpose",
        kind_title="general-purpose",
        grade="measured",
    )


@law()
@given(st.lists(spots(), min_size=2, max_size=30), st.booleans())
def test_names_of_a_scatter_keep_apart_and_its_stair_is_that_of_brute_force(
    drawn: list[Spot],
    higher_is_better: bool,  # noqa: FBT001 - drawn
) -> None:
    plot = scatter(
        drawn, title="", description="", caption="", is_upward_log=False, higher_is_better=higher_is_better
    )
    assert plot is not None
    check_drawing(plot)
    assert len(plot.marks) == len(drawn)
    on_front = [(mark.x, mark.y) for spot, mark in zip(drawn, plot.marks, strict=True) if spot.is_front]
    sign = 1 if higher_is_better else -1

    def is_beaten(x: float, y: float) -> bool:
        return any(a <= x and sign * b <= sign * y and (a, b) != (x, y) for a, b in on_front)

    corners = sorted({place for place in on_front if not is_beaten(*place)})
    ends = sorted(
        {(line.x1, line.y1) for line in plot.front[::2]} | {(line.x2, line.y2) for line in plot.front[1::2]}
    )
    assert ends == (corners if len(corners) > 1 else [])
    levels = [level.y for level in plot.levels]
    assert all(a - b >= LINE_REM for a, b in pairwise(levels))
    assert all(isfinite(level) and plot.top <= level <= plot.bottom for level in levels)


@law()
@given(st.lists(points(), min_size=1, max_size=30), LETTERS)
def test_a_file_and_a_card_are_whole_documents_whatever_the_names(drawn: list[Point], title: str) -> None:
    plot = dot_plot(drawn, title=title, description="", caption="c")
    sheet = Sheet(title=title, about=[title], drawing=plot, notes=["n"], headline=title, dated="d")
    for text in (svg_file(sheet), card_svg(sheet)):
        root = etree.fromstring(text.encode())
        width, height = (float(number) for number in root.attrib["viewBox"].split()[2:])
        for line in root.iter("{http://www.w3.org/2000/svg}line"):
            assert 0 <= float(line.attrib["x1"]) <= float(line.attrib["x2"]) + 0.1 <= width + 0.1
    assert card_svg(sheet).startswith('<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="630"')
    assert height > 0


@law()
@given(LETTERS, st.floats(min_value=0, max_value=500))
def test_a_cut_text_fits_and_says_that_it_is_cut(text: str, width: float) -> None:
    cut = fitted(text, width, 13)
    assert cut == text or cut == "" or cut.endswith("…")
    assert fitted(text, inf, 13) == text
    assert len(cut) <= len(text)
