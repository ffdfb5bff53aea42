"""A dot plot as a file of its own: an SVG that says what it shows, of whom, when and from where, without a page.

Nothing in it is styled by a sheet: the site's policy forbids styles inside a document, and a file has no other. Colours
are those of the light sheet. Its sizes are pixels of a fixed width; all text is escaped.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from measurements.display.choices import Grade, ModelKind
from measurements.display.kinds import CORE, SHAPES, shape_of
from measurements.display.numbers import significant
from measurements.display.scales import LogScale

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from measurements.display.plot import Point

WIDTH, ROW, MARGIN = 960, 26, 24
AXIS_LEFT, AXIS_RIGHT = 340, 830
LABEL_CHARACTERS, LINE_CHARACTERS = 44, 118
INK, SOFT, GRID, SHEET = "#1b2327", "#54616a", "#dcdad2", "#ffffff"
COLOURS = {ModelKind.TASK_SPECIFIC.value: "#0b6e69", ModelKind.GENERAL_PURPOSE.value: "#a8420c"}
FONT = "Roboto, 'DejaVu Sans', 'Noto Sans', sans-serif"


@dataclass
class _Page:
    """Elements of a drawing, and how far down it goes."""

    y: float = MARGIN
    elements: list[SafeString] = field(default_factory=list)

    def text(
        self, x: float, y: float, text: str, *, size: int = 13, colour: str = INK, anchor: str = "start"
    ) -> None:
        """A line of text at its baseline."""
        self.elements.append(
            format_html(
                '<text x="{}" y="{}" font-size="{}" fill="{}" text-anchor="{}">{}</text>',
                f"{x:.1f}",
                f"{y:.1f}",
                size,
                colour,
                anchor,
                printable(text),
            )
        )

    def line(self, x1: float, x2: float, y1: float, y2: float, *, colour: str, width: float = 1) -> None:
        """A straight line."""
        self.elements.append(
            format_html(
                '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="{}"/>',
                f"{x1:.1f}",
                f"{x2:.1f}",
                f"{y1:.1f}",
                f"{y2:.1f}",
                colour,
                width,
            )
        )

    def paragraph(self, texts: Iterable[str], *, size: int, colour: str) -> None:
        """Lines of text below each other, wrapped to the width."""
        for text in texts:
            for line in wrap(text, LINE_CHARACTERS * 13 // size) or [""]:
                self.y += size * 1.45
                self.text(MARGIN, self.y, line, size=size, colour=colour)


def printable(text: str) -> str:
    """Text without the characters that XML does not have (XML 1.0, 2.2)."""
    return "".join(character for character in text if _is_printable(character))


def _is_printable(character: str) -> bool:
    return character in "\t\n" or (
        unicodedata.category(character) not in {"Cc", "Cs"} and character not in "\ufffe\uffff"
    )


def svg_file(
    points: Sequence[Point], *, title: str, about: Sequence[str], axis: str, notes: Sequence[str]
) -> str:
    """The plot of these points, or words alone; `about` stands below the title, `notes` at the foot."""
    page = _Page()
    page.paragraph([title], size=20, colour=INK)
    page.paragraph(about, size=13, colour=SOFT)
    if points:
        _draw(page, points)
    page.y += 8
    page.paragraph([axis] if points else [], size=12, colour=INK)
    page.paragraph(notes, size=12, colour=SOFT)
    height = int(page.y + MARGIN)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" '
        'font-family="{2}"><title>{3}</title><desc>{4}</desc>'
        '<rect width="{0}" height="{1}" fill="{5}"/>{6}</svg>\n',
        WIDTH, height, FONT, printable(title), printable(" ".join([*about, axis, *notes])), SHEET,
        format_html_join("", "{}", ((element,) for element in page.elements)),
    )  # fmt: skip


def _draw(page: _Page, points: Sequence[Point]) -> None:
    values = [v for p in points for v in (p.value, p.low, p.high) if v is not None and v > 0]
    scale = LogScale((min(values), max(values)))
    top = page.y + 34
    bottom = top + ROW * len(points)
    for value in scale.ticks():
        x = _x(scale, value)
        page.text(x, top - 8, significant(value, digits=1), size=11, colour=SOFT, anchor="middle")
        page.line(x, x, top, bottom, colour=GRID)
    for number, point in enumerate(points):
        y = top + ROW * (number + 0.5)
        colour = COLOURS.get(point.kind, SOFT)
        label = (
            point.label if len(point.label) <= LABEL_CHARACTERS else f"{point.label[: LABEL_CHARACTERS - 1]}…"
        )
        page.text(MARGIN, y + 4, label)
        page.text(WIDTH - MARGIN, y + 4, point.text, anchor="end")
        if point.low is not None and point.high and point.low < point.high:
            page.line(
                _x(scale, point.low or 10**scale.low), _x(scale, point.high), y, y, colour=colour, width=2
            )
        page.elements.append(_mark(point, _x(scale, point.value), y, colour))
    page.y = bottom


def _x(scale: LogScale, value: float) -> float:
    return AXIS_LEFT + scale.share(value) * (AXIS_RIGHT - AXIS_LEFT)


def _mark(point: Point, x: float, y: float, colour: str) -> SafeString:
    """The outline of a kind: filled where measured, with a dot inside where estimated, hollow where published."""
    is_hollow = point.grade == Grade.PUBLISHED
    core = (
        CORE.replace("<circle", f'<circle fill="{SHEET}" stroke="none"')
        if point.grade == Grade.ESTIMATED
        else ""
    )
    return format_html(
        '<g transform="translate({} {})" fill="{}" stroke="{}" stroke-width="1.6"><title>{}</title>{}</g>',
        f"{x:.1f}", f"{y:.1f}", SHEET if is_hollow else colour, colour,
        printable(f"{point.label}: {point.text}"), mark_safe(SHAPES[shape_of(point.kind)] + core),  # noqa: S308 - ours
    )  # fmt: skip
