"""The front page's ladder: one answer of each kind beside everyday amounts, and one sentence with its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from joulemark.impact.equivalences import Equivalence, equivalences
from measurements.display.choices import Grade
from measurements.display.human_units import human_count, human_energy
from measurements.display.kinds import EVERYDAY
from measurements.display.row_plot import Point, dot_plot
from measurements.display.templatetags.figures import grade_name, kind_name

if TYPE_CHECKING:
    from measurements.boards.ladder import Ladder, Rung
    from measurements.display.drawing import Drawing

ACTIONS = {
    "text_classification": _("Classify a text"),
    "extractive_qa": _("Extract an answer"),
    "text_generation": _("Write a text"),
    "image_captioning": _("Describe a picture"),
    "image_generation": _("Draw a picture"),
}
"""What one answer of a task does."""

EVERYDAY_TITLES = {
    "led-minute": _("LED lamp, one minute"),
    "web-search": _("Web search, 2009"),
    "phone-charge": _("Phone charge"),
}
"""Everyday amounts of the ladder, by their equivalence."""


@dataclass(frozen=True, kw_only=True)
class LadderRow:
    """A row of the ladder's table: an answer, or an everyday amount with its source."""

    title: str
    energy: str
    low: str
    high: str
    rung: Rung | None
    everyday: Equivalence | None


def draw_ladder(ladder: Ladder) -> Drawing | None:
    """Answers with the range over models and their intervals, and everyday amounts, in Wh."""
    points = [
        Point(
            label=gettext(ACTIONS[rung.task.slug]),
            text=_energy(rung.wh),
            value=rung.wh,
            low=rung.low,
            high=rung.high,
            kind=rung.kind,
            kind_title=kind_name(rung.kind),
            grade=ladder.grade,
        )
        for rung in ladder.rungs
    ]
    points += [
        Point(
            label=gettext(EVERYDAY_TITLES[entry.id]),
            text=_energy(_wh(entry)),
            value=_wh(entry),
            low=None,
            high=None,
            kind=EVERYDAY,
            kind_title=gettext("for comparison"),
            grade=Grade.PUBLISHED.value,
        )
        for entry in _everyday()
    ]
    return dot_plot(
        sorted(points, key=lambda point: point.value),
        title=gettext("The energy of one answer"),
        description=gettext("From the least to the most. The table below has every number and its source."),
        plain_from=1e-4,
        caption=gettext(
            "Wh for one answer, logarithmic; %(grade)s. A mark is the geometric mean over models, its bar reaches from "
            "the lowest to the highest end of their intervals. Squares are for comparison."
        )
        % {"grade": grade_name(ladder.grade)},
    )


def ladder_rows(ladder: Ladder) -> list[LadderRow]:
    """The same as a table, least energy first."""
    rows = [
        (
            rung.wh,
            LadderRow(
                title=gettext(ACTIONS[rung.task.slug]),
                energy=_energy(rung.wh),
                low="" if rung.low is None else _energy(rung.low),
                high="" if rung.high is None else _energy(rung.high),
                rung=rung,
                everyday=None,
            ),
        )
        for rung in ladder.rungs
    ]
    rows += [
        (
            _wh(entry),
            LadderRow(
                title=gettext(EVERYDAY_TITLES[entry.id]),
                energy=_energy(_wh(entry)),
                low="",
                high="",
                rung=None,
                everyday=entry,
            ),
        )
        for entry in _everyday()
    ]
    return [row for _wh_of_row, row in sorted(rows, key=lambda pair: pair[0])]


def ladder_sentence(ladder: Ladder) -> str:
    """One sentence with the numbers; empty where the ladder lacks an end of it."""
    classify, draw = ladder.rung("text_classification"), ladder.rung("image_generation")
    if classify is None or draw is None:
        return ""
    every = equivalences()
    return gettext(
        "Drawing a picture takes %(draw)s, %(times)s times as much as classifying a text (%(classify)s): "
        "%(minutes)s minutes of an LED lamp, or a phone charge for %(pictures)s pictures."
    ) % {
        "draw": _energy(draw.wh),
        "times": human_count(float(f"{draw.wh / classify.wh:.2e}")),
        "classify": _energy(classify.wh),
        "minutes": human_count(float(f"{draw.wh / _wh(every['led-minute']):.2e}")),
        "pictures": human_count(float(f"{_wh(every['phone-charge']) / draw.wh:.2e}")),
    }


def _everyday() -> list[Equivalence]:
    every = equivalences()
    return [every[name] for name in EVERYDAY_TITLES]


def _wh(entry: Equivalence) -> float:
    return entry.per_item.value * 1000


def _energy(wh: float) -> str:
    return human_energy(wh / 1000)
