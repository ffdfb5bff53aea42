"""Plots as files, each with title, number, grade, source, date and address; the picture by which a page is shared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext

from measurements.display.plot_file import CARD_HEIGHT, CARD_SCALE, CARD_WIDTH, Sheet, card_svg, svg_file
from measurements.display.raster import png_of
from measurements.display.templatetags.figures import grade_name, scope_name
from measurements.web.simulated import is_simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from django.http import HttpRequest

SVG, PNG, CARD = "svg", "png", "card.png"
TALL_REM = 120
"""Taller drawings become pictures of one pixel for each of theirs, others of two."""


@dataclass(frozen=True, kw_only=True)
class SocialImage:
    """The picture by which other sites show a link to a page, and what it says in words."""

    address: str
    text: str
    width: int = int(CARD_WIDTH * CARD_SCALE)
    height: int = int(CARD_HEIGHT * CARD_SCALE)


def plot_answer(request: HttpRequest, sheet: Sheet, form: str) -> HttpResponse:
    """A sheet as a drawing, a picture, or the card of a page; of a simulated crowd's numbers it says so."""
    if is_simulated({"request": request}):
        sheet = replace(
            sheet, warning=gettext("Simulated: a program generated these numbers. Do not cite them.")
        )
    if form == SVG:
        return HttpResponse(svg_file(sheet), content_type="image/svg+xml")
    if form == CARD:
        return HttpResponse(png_of(card_svg(sheet)), content_type="image/png")
    is_tall = sheet.drawing is not None and sheet.drawing.height > TALL_REM
    return HttpResponse(png_of(svg_file(sheet), scale=1 if is_tall else 2), content_type="image/png")


def plot_files(path: Callable[[str], str]) -> list[tuple[str, str]]:
    """The files of a plot by the name of their format; `path` gives the path of a form."""
    return [(form.upper(), path(form)) for form in (SVG, PNG)]


def social_image(sheet: Sheet, path: Callable[[str], str]) -> SocialImage:
    """The card of a sheet; `path` gives the path of a form."""
    return SocialImage(address=f"{settings.ORIGIN}{path(CARD)}", text=sheet.in_words)


def dated(grades: Iterable[str], at: datetime | None) -> str:
    """Grades and day of what is shown, as one line."""
    names = ", ".join(grade_name(grade) for grade in grades)
    return " · ".join(part for part in (names, f"{at:%Y-%m-%d}" if at else "") if part)


def sheet_notes(
    *,
    grades: Iterable[str],
    scopes: Iterable[str] = (),
    series: str = "",
    version: int | None = None,
    at: datetime | None,
    licence: str = "CC BY 4.0",
    path: str,
) -> list[str]:
    """Grade, scope, series, version, time, licence and address of a plot, a sentence each; `path` is its page's."""
    parts = [
        (gettext("Grade"), ", ".join(grade_name(grade) for grade in grades)),
        (gettext("Scope"), ", ".join(scope_name(scope) for scope in scopes if scope)),
        (gettext("Series and version"), ", ".join(filter(None, [series, str(version) if version else ""]))),
        (gettext("Last change"), f"{at:%Y-%m-%d %H:%M} UTC" if at else ""),
        (gettext("Licence"), licence),
        (gettext("Source"), f"{settings.ORIGIN}{path}"),
    ]
    return [f"{label}: {text}" for label, text in parts if text]
