"""A plot as it is before anybody draws it: places of lines, marks and names, the same for a page and for a file.

Across, places are shares of the drawing's width, so that a plot fills any; down, they are rem from its top, so that it
grows with the reader's text. Points of curves alone are shares of the area in both directions, from its top left.
`templatetags.plots` writes a drawing into a page, `plot_file` into a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from measurements.display.numbers import significant

if TYPE_CHECKING:
    from measurements.display.scales import AxisTick, Scale

LINE_REM = 1.25
"""Height of a line of text."""
TALL_REM = 54.0
"""Half of a printed page, whose text the style sheet makes small."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """A line of the upward axis, `y` from the top."""

    y: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Head:
    """A heading over rows; `y` is the top of its line."""

    y: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Name:
    """What stands at a mark: a name that is cut where it has no room, and a value that never is.

    It lies between `left` and `right`, on a line whose top is `y`; `anchor` is the side of that box where it begins.
    """

    label: str
    value: str
    left: float
    right: float
    y: float
    anchor: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point: bars of its intervals where they are known, its shape by kind and filling by grade.

    `title` says all of it in words, for whoever hears or points at it; `href` leads to its evidence, if it has a page.
    """

    x: float
    y: float
    x_bar: tuple[float, float] | None
    y_bar: tuple[float, float] | None
    shape: str
    grade: str
    title: str
    name: Name | None
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A straight line."""

    x1: float
    x2: float
    y1: float
    y2: float


@dataclass(frozen=True, kw_only=True)
class ShadedBand:
    """A shaded part of the area's width; `kind` is a class of the style sheet, `title` says what it is."""

    kind: str
    left: float
    right: float
    title: str


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Lines through points, one a run; `name` is a class of the style sheet. A closed one is filled."""

    name: str
    runs: list[list[tuple[float, float]]]
    is_closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A plot. Its area lies between `left`, `right`, `top` and `bottom`; labels of `columns` stand at `tick_y`.

    `caption` says what the axes and the bars are, `description` what there is to see. Ticks of `columns` are shares of
    the area. `reference` is the place of a vertical line, if it has one.
    """

    kind: str
    title: str
    description: str
    caption: str
    height: float
    left: float
    right: float
    top: float
    bottom: float
    tick_y: float
    columns: list[AxisTick]
    levels: list[Level] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    reference: float | None = None
    front: list[Segment] = field(default_factory=list)
    bands: list[ShadedBand] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def is_tall(self) -> bool:
        """Whether it would take more than half of a printed page."""
        return self.height > TALL_REM

    @property
    def height_rem(self) -> str:
        """Its height as an attribute."""
        return f"{self.height:.2f}rem"

    def across(self, share: float) -> float:
        """A share of the area's width as one of the drawing's."""
        return self.left + share * (self.right - self.left)


def curve_path(curve: Curve, *, width: float, height: float, x: float = 0, y: float = 0) -> str:
    """A curve as the path of an SVG, in a frame of this size at this place, in whole units."""
    parts = []
    for run in curve.runs:
        last = (-1, -1)
        for number, (across, down) in enumerate(run):
            here = (round(x + across * width), round(y + down * height))
            if number == 0:
                parts.append(f"M{here[0]} {here[1]}")
            elif here[1] == last[1]:
                parts.append(f"H{here[0]}")
            elif here[0] == last[0]:
                parts.append(f"V{here[1]}")
            else:
                parts.append(f"L{here[0]} {here[1]}")
            last = here
        if curve.is_closed:
            parts.append("Z")
    return "".join(parts)


def upward_levels(scale: Scale, *, top: float, bottom: float) -> list[Level]:
    """The round values of an upward axis between two places, as many as lines of text have room."""
    values = scale.ticks()
    room = max(1, int((bottom - top) / (2 * LINE_REM)))
    stride = -(-len(values) // room)
    return [
        Level(
            y=bottom - scale.share(value) * (bottom - top),
            label=significant(value, digits=scale.digits(value)),
        )
        for value in values[::stride]
    ]
