"""What a reader asks of the comparison of models: parsed from an address, refused in words, written back as one.

An address has one form: models in alphabetical order, each once, and nothing that is empty or the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils.translation import gettext

from measurements.boards.model_comparison import MAX_MODELS, MAX_PAGE, named_models
from measurements.display.choices import RESULT_GRADES

if TYPE_CHECKING:
    from django.http import QueryDict

    from measurements.catalog.models import AiModel

PARAMETERS = ("model", "grade", "page")
MAX_NAME = 150
"""Characters of a name that a refusal repeats."""


class ComparisonRefused(Exception):
    """An address that asks for nothing that there is: `code`, and a sentence that says what to do."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, kw_only=True)
class ComparisonRequest:
    """Models to compare, one grade or all (""), and a page."""

    models: list[AiModel]
    grade: str
    page: int

    @property
    def query(self) -> str:
        """The query of the canonical address, without its question mark."""
        return self._query(self.page)

    @property
    def query_without_page(self) -> str:
        """The same of the first page."""
        return self._query(1)

    def _query(self, page: int) -> str:
        fields = [("model", model.slug) for model in self.models]
        fields += [("grade", self.grade)] if self.grade else []
        fields += [("page", str(page))] if page > 1 else []
        return urlencode(fields, safe="/")


def parse_comparison(query: QueryDict) -> ComparisonRequest:
    """What an address asks for. Raises ComparisonRefused."""
    for name in query:
        if name not in PARAMETERS:
            raise ComparisonRefused(
                "JM-COMPARE-PARAMETER",
                gettext("“%(name)s” is no parameter of this page. It takes: %(names)s.")
                % {"name": name[:MAX_NAME], "names": ", ".join(PARAMETERS)},
            )
    return ComparisonRequest(models=_models(query), grade=_grade(query), page=_page(query))


def _models(query: QueryDict) -> list[AiModel]:
    slugs = sorted({slug.strip() for slug in query.getlist("model")} - {""})
    if len(slugs) > MAX_MODELS:
        raise ComparisonRefused(
            "JM-COMPARE-MODELS",
            gettext("%(n)d models are too many to compare at once; name at most %(most)d.")
            % {"n": len(slugs), "most": MAX_MODELS},
        )
    by_slug = named_models([slug for slug in slugs if len(slug) <= MAX_NAME and "\0" not in slug])
    unknown = [slug for slug in slugs if slug not in by_slug]
    if unknown:
        raise ComparisonRefused(
            "JM-COMPARE-MODEL",
            gettext(
                "This platform has no model “%(name)s”. Models are named as on the boards, such as organisation/model."
            )
            % {"name": unknown[0][:MAX_NAME]},
        )
    return [by_slug[slug] for slug in slugs]


def _grade(query: QueryDict) -> str:
    grade = query.get("grade", "")
    grades = [word for word, _ in RESULT_GRADES]
    if grade and grade not in grades:
        raise ComparisonRefused(
            "JM-COMPARE-GRADE",
            gettext("“%(name)s” is no grade of results. Grades are: %(names)s.")
            % {"name": grade[:MAX_NAME], "names": ", ".join(grades)},
        )
    return grade


def _page(query: QueryDict) -> int:
    text = query.get("page", "1")
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MAX_PAGE):
        raise ComparisonRefused(
            "JM-COMPARE-PAGE", gettext("Pages are numbered from 1 to %(most)d.") % {"most": MAX_PAGE}
        )
    return int(text)
