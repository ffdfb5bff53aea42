"""A plot as a file of its own: an SVG that says what it shows, of whom, when and from where; and a card to share.

Nothing in it is styled by a sheet: the site's policy forbids styles inside a document, and a file has no other. Colours
are those of the light sheet. Its sizes are pixels of a fixed width, 16 to a rem; all text is escaped and has no marks
of direction.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from math import inf
from textwrap import wrap
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from measurements.display.choices import Grade, ModelKind
from measurements.display.drawing import LINE_REM, curve_path
from measurements.display.kinds import CORE, SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from measurements.display.drawing import Curve, Drawing, Mark, Name

WIDTH, MARGIN, REM_PX = 960, 24, 16
BOLD = 700
CARD_WIDTH, CARD_HEIGHT, CARD_SCALE = 800, 420, 1.5
"""A card's units, and how many pixels each has in its picture, which is 1200 by 630."""
CHARACTER_EM, WIDE_EM, PROSE_EM, BOLD_EM = 0.54, 1.0, 0.5, 0.56
"""Widths of characters: in names, wide ones of East Asian scripts, and on average in sentences, plain and bold."""
ABOUT_PX = 34
"""What has to be free at the foot of a card for a line about it."""
CARD_REM_PX = (11.5, 22.0)
"""Between these a plot is made smaller or larger for its card."""
INK, SOFT, GRID, STRONG, SHEET = "#1b2327", "#54616a", "#dcdad2", "#8b9197", "#ffffff"
RIM = SafeString(f' stroke="{SHEET}" stroke-width="3" paint-order="stroke"')
COLOURS = {
    ModelKind.TASK_SPECIFIC.value: "#0b6e69",
    ModelKind.GENERAL_PURPOSE.value: "#a8420c",
    ModelKind.UNKNOWN.value: "#5a5f66",
    "ratio": INK,
}
SHADES = {"window": ("#0b5c66", 0.16), "warm-up": ("#a8420c", 0.16), "control": ("#5a5f66", 0.24)}
"""Fills of stretches of a run; of rests and idle times that of `OTHER_SHADE`."""
OTHER_SHADE = (SOFT, 0.1)
STROKES = {"curve gauge": ("#a8420c", "4 2")}
FONT = "Roboto, 'DejaVu Sans', 'Noto Sans', sans-serif"
DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A plot with its words: `about` stands below the title, `notes` at the foot.

    `headline` is the one number that a card shows in large, with its interval; `dated` its grade and date. `warning`
    stands above everything: what must not be missed wherever the picture goes.
    """

    title: str
    about: Sequence[str]
    drawing: Drawing | None
    notes: Sequence[str]
    headline: str = ""
    dated: str = ""
    warning: str = ""

    @property
    def in_words(self) -> str:
        """What a picture of it says to whoever does not see it."""
        return ". ".join(part for part in (self.title, self.headline, self.dated) if part)


@dataclass
class _Page:
    """Elements of a drawing, and how far down it goes."""

    width: float = WIDTH
    y: float = MARGIN
    elements: list[SafeString] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 13,
        colour: str = INK,
        anchor: str = "start",
        weight: int = 400,
        on_lines: bool = False,
    ) -> None:
        """A line of text at its baseline; on lines a rim keeps it legible, which is as long to paint as the text."""
        self.elements.append(
            format_html(
                '<text x="{}" y="{}" font-size="{}" fill="{}" text-anchor="{}" font-weight="{}"{}>{}</text>',
                f"{x:.1f}", f"{y:.1f}", f"{size:g}", colour, anchor, weight, RIM if on_lines else "", printable(text),
            )
        )  # fmt: skip

    def line(
        self,
        x1: float,
        x2: float,
        y1: float,
        y2: float,
        *,
        colour: str,
        width: float = 1,
        dashes: str = "none",
    ) -> None:
        """A straight line."""
        self.elements.append(
            format_html(
                '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="{}" stroke-dasharray="{}"/>',
                f"{x1:.1f}", f"{x2:.1f}", f"{y1:.1f}", f"{y2:.1f}", colour, width, dashes,
            )
        )  # fmt: skip

    def paragraph(
        self, texts: Iterable[str], *, size: float, colour: str, weight: int = 400, lines: int = 40
    ) -> None:
        """Lines of text below each other, wrapped to the width; what is beyond `lines` of them is cut."""
        characters = int((self.width - 2 * MARGIN) / ((PROSE_EM if weight < BOLD else BOLD_EM) * size))
        for text in texts:
            for line in wrap(printable(text), characters, max_lines=lines, placeholder=" …") or [""]:
                self.y += size * 1.45
                self.text(MARGIN, self.y, line, size=size, colour=colour, weight=weight)

    def warn(self, text: str, *, size: float) -> None:
        """A sentence in the colour of warnings; nothing where there is none."""
        if text:
            colour = COLOURS[ModelKind.GENERAL_PURPOSE.value]
            self.paragraph([text], size=size, colour=colour, weight=BOLD, lines=2)


def printable(text: str) -> str:
    """Text without the characters that XML does not have (XML 1.0, 2.2), and without marks of direction."""
    return "".join(character for character in text if _is_printable(character))


def fitted(text: str, width: float, size: float) -> str:
    """A text that is cut with an ellipsis where it is wider than `width` pixels; empty where nothing has room."""
    total = 0.0
    for number, character in enumerate(text):
        total += size * (WIDE_EM if unicodedata.east_asian_width(character) in {"W", "F"} else CHARACTER_EM)
        if total > width:
            return f"{text[: number - 1].rstrip()}…" if number > 1 else ""
    return text


def svg_file(sheet: Sheet) -> str:
    """The plot with its words, or words alone."""
    page = _Page()
    page.warn(sheet.warning, size=14)
    page.paragraph([sheet.title], size=20, colour=INK, weight=BOLD)
    page.paragraph(sheet.about, size=13, colour=SOFT)
    caption = []
    if sheet.drawing is not None:
        page.y += 14
        _draw(page, sheet.drawing, top=page.y)
        page.y += sheet.drawing.height * REM_PX
        caption = [capfirst(sheet.drawing.caption)]
    page.y += 8
    page.paragraph(caption, size=12, colour=INK)
    page.paragraph(sheet.notes, size=12, colour=SOFT)
    return _document(page, sheet, height=int(page.y + MARGIN), scale=1.0)


def card_svg(sheet: Sheet) -> str:
    """The plot as a card of 1200 by 630 pixels, with its number, grade and date; of rows those that have room."""
    page = _Page(width=CARD_WIDTH, y=10)
    page.warn(sheet.warning, size=16)
    page.paragraph([sheet.title], size=25, colour=INK, weight=BOLD, lines=2)
    if sheet.headline:
        page.paragraph(
            [sheet.headline], size=19, colour=COLOURS[ModelKind.TASK_SPECIFIC.value], weight=BOLD, lines=2
        )
    top, foot = page.y + 14, CARD_HEIGHT - 40
    if sheet.drawing is not None:
        rem_px = min(max((foot - top) / sheet.drawing.height, CARD_REM_PX[0]), CARD_REM_PX[1])
        _draw(page, sheet.drawing, top=top, rem_px=rem_px, until=foot - 4)
        page.y = top + sheet.drawing.height * rem_px
    about = [each for each in sheet.about if each]
    if about and foot - page.y > ABOUT_PX:
        page.paragraph(about[:1], size=15, colour=SOFT, lines=1)
    page.line(MARGIN, CARD_WIDTH - MARGIN, foot, foot, colour=STRONG)
    page.text(MARGIN, foot + 25, fitted(sheet.dated, CARD_WIDTH - 2 * MARGIN - 110, 15), size=15, colour=SOFT)
    page.text(CARD_WIDTH - MARGIN, foot + 25, "Joulemark", size=18, anchor="end", weight=BOLD)
    return _document(page, sheet, height=CARD_HEIGHT, scale=CARD_SCALE)


def _document(page: _Page, sheet: Sheet, *, height: int, scale: float) -> str:
    caption = sheet.drawing.caption if sheet.drawing else ""
    warning = [sheet.warning] if sheet.warning else []
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" role="img" '
        'font-family="{}"><title>{}</title><desc>{}</desc><rect width="{}" height="{}" fill="{}"/>{}</svg>\n',
        f"{page.width * scale:g}", f"{height * scale:g}", f"{page.width:g}", height, FONT, printable(sheet.title),
        printable(" ".join([*warning, *sheet.about, caption, *sheet.notes])), f"{page.width:g}", height, SHEET,
        format_html_join("", "{}", ((element,) for element in page.elements)),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Where a drawing is on a page: its top, the pixels of a rem, and below where nothing of it is drawn."""

    page: _Page
    plot: Drawing
    top: float
    rem_px: float
    until: float

    def x(self, share: float) -> float:
        """A share of the width between the margins."""
        return MARGIN + share * (self.page.width - 2 * MARGIN)

    def y(self, length: float) -> float:
        """A length from the drawing's top."""
        return min(self.top + length * self.rem_px, self.until)

    @property
    def area(self) -> tuple[float, float, float, float]:
        """Its left, right, top and bottom end."""
        plot = self.plot
        return self.x(plot.left), self.x(plot.right), self.y(plot.top), self.y(plot.bottom)


def _draw(page: _Page, plot: Drawing, *, top: float, rem_px: float = REM_PX, until: float = inf) -> None:
    """A drawing between the margins, from `top` down; rows that begin below `until` are left out."""
    frame = _Frame(page=page, plot=plot, top=top, rem_px=rem_px, until=until)
    left, right, area_top, area_bottom = frame.area
    _draw_area(frame)
    for curve in plot.curves:
        path = curve_path(curve, width=right - left, height=area_bottom - area_top, x=left, y=area_top)
        page.elements.append(_curve(curve, path))
    for line in plot.front:
        ends = (frame.x(line.x1), frame.x(line.x2), frame.y(line.y1), frame.y(line.y2))
        page.line(*ends, colour=STRONG, width=1.5, dashes="5 4")
    for level in plot.levels:
        page.text(left, frame.y(level.y) - 3, level.label, size=11, colour=SOFT, on_lines=True)
    for head in plot.heads:
        if frame.y(head.y + 2 * LINE_REM) < until:
            label = fitted(printable(head.label), page.width - 2 * MARGIN, 13)
            page.text(MARGIN, frame.y(head.y) + 15, label, weight=BOLD, on_lines=True)
    marks = [mark for mark in plot.marks if frame.y(mark.y + LINE_REM / 2) < until]
    for mark in marks:
        _point(frame, mark)
    for mark in marks:
        if mark.name:
            _write_name(frame, mark.name)


def _draw_area(frame: _Frame) -> None:
    """Shades, and the axes."""
    page, plot = frame.page, frame.plot
    left, right, top, bottom = frame.area
    for band in plot.bands:
        colour, opacity = SHADES.get(band.kind, OTHER_SHADE)
        page.elements.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" fill="{}" fill-opacity="{}"><title>{}</title></rect>',
                f"{frame.x(plot.across(band.left)):.1f}", f"{top:.1f}",
                f"{(band.right - band.left) * (right - left):.1f}", f"{bottom - top:.1f}",
                colour, opacity, printable(band.title),
            )
        )  # fmt: skip
    for tick in plot.columns:
        x = frame.x(plot.across(tick.at))
        page.line(x, x, top, bottom, colour=GRID)
        page.text(x, frame.y(plot.tick_y), tick.label, size=11, colour=SOFT, anchor=tick.anchor)
    for level in plot.levels:
        page.line(left, right, frame.y(level.y), frame.y(level.y), colour=GRID)
    if plot.reference is not None:
        x = frame.x(plot.reference)
        page.line(x, x, top, bottom, colour=STRONG, width=2)


def _curve(curve: Curve, path: str) -> SafeString:
    if curve.is_closed:
        return format_html('<path d="{}" fill="{}" fill-opacity=".18"/>', path, SOFT)
    colour, dashes = STROKES.get(curve.name, (INK, "none"))
    return format_html(
        '<path d="{}" fill="none" stroke="{}" stroke-width="1.6" stroke-dasharray="{}"/>',
        path,
        colour,
        dashes,
    )


def _point(frame: _Frame, mark: Mark) -> None:
    """A mark with its bars: filled where measured, with a dot inside where estimated, hollow where published."""
    colour = COLOURS.get(mark.shape, SOFT)
    page, x, y = frame.page, frame.x(mark.x), frame.y(mark.y)
    if mark.x_bar:
        page.line(frame.x(mark.x_bar[0]), frame.x(mark.x_bar[1]), y, y, colour=colour, width=2)
    if mark.y_bar:
        page.line(x, x, frame.y(mark.y_bar[0]), frame.y(mark.y_bar[1]), colour=colour, width=2)
    core = ""
    if mark.grade == Grade.ESTIMATED:
        core = CORE.replace('class="core"', f'fill="{colour}" stroke="none"')
    page.elements.append(
        format_html(
            '<g transform="translate({} {})" fill="{}" stroke="{}" stroke-width="1.6"><title>{}</title>{}</g>',
            f"{x:.1f}", f"{y:.1f}", colour if mark.grade == Grade.MEASURED else SHEET, colour,
            printable(mark.title), mark_safe(SHAPES[mark.shape] + core),  # noqa: S308 - ours
        )
    )  # fmt: skip


def _write_name(frame: _Frame, name: Name) -> None:
    """A name and its value; the value keeps its room."""
    left, right = frame.x(name.left), frame.x(name.right)
    baseline = frame.y(name.y) + frame.rem_px * 0.94
    size = 13 * max(frame.rem_px / REM_PX, 1)
    room = right - left - 10 - len(name.value) * size * 0.6
    label = fitted(printable(name.label), room, size)
    x = {"start": left + 8, "middle": (left + right) / 2, "end": right - 8}[name.anchor]
    frame.page.elements.append(
        format_html(
            '<text x="{}" y="{}" font-size="{}" fill="{}" text-anchor="{}"{}>{} '
            '<tspan font-weight="700">{}</tspan></text>',
            f"{x:.1f}", f"{baseline:.1f}", f"{size:g}", INK, name.anchor, RIM, label, name.value,
        )
    )  # fmt: skip


def _is_printable(character: str) -> bool:
    return character in "\t\n" or (
        unicodedata.category(character) not in {"Cc", "Cs"}
        and character not in "\ufffe\uffff"
        and character not in DIRECTIONS
    )
