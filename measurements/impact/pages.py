"""The pages of what numbers mean: claims checked, and what a year of use takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.impact import intensity
from joulemark.impact.claims import CheckedClaim, checked_claims
from joulemark.impact.parity import other_parities, study_parities
from joulemark.impact.study_ratios import size_controlled_of_study, size_overlap
from joulemark.impact.usage import YearOfUse, year_of
from joulemark.suite.published import load_study
from measurements.display.numbers import as_written, significant
from measurements.display.templatetags.figures import DASH
from measurements.display.titles import translated
from measurements.impact.claim_reviews import claim_reviews
from measurements.impact.form import EXAMPLE, UsageForm
from measurements.impact.presets import presets_of
from measurements.impact.ratio_rows import ratio_rows
from measurements.impact.reported_rows import reported_groups
from measurements.impact.sentence import electricity_of, sentence_of
from measurements.impact.training import trainings_beside
from measurements.published.models import STUDY, PublishedFigure
from measurements.web.as_of import PARAMETERS, honours_as_of, moment_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse

    from joulemark.impact.quantity import Source
    from joulemark.suite.published import Study
    from measurements.impact.ratio_rows import RatioRow
    from measurements.impact.values import FindValue, ReadBoardValues

    ShareClaims = Callable[[list[RatioRow]], Mapping[str, object]]

PLAIN_FROM = 1e-5
"""Claims have small numbers with a point, which are compared with each other digit by digit."""


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """A claim in the reader's language: each stated number beside the recomputed one, and the sentence with its own."""

    claim: CheckedClaim
    values: list[tuple[str, str]]
    sentence: str

    @property
    def scopes(self) -> list[str]:
        """What the energies behind the recomputed numbers cover, each once."""
        every = (value.recomputed.scope for value in self.claim.values if value.recomputed)
        return list(dict.fromkeys(scope for scope in every if scope))


@require_safe
def claims(request: HttpRequest, *, read_values: ReadBoardValues, share: ShareClaims) -> HttpResponse:
    """The study's claims, recomputed; others' claims beside the boards; and the study's headline with intervals.

    `share` draws the ratios, as a plot, as files and as the picture by which the page is shared.
    """
    study = load_study()
    compared = [task for task in study.tasks if task.compared]
    rows = [_claim_row(claim) for claim in checked_claims()]
    ratios = ratio_rows()
    context = {
        "rows": rows,
        "reported": reported_groups(read_values()),
        "structured_data": claim_reviews(
            [(row.claim, row.sentence) for row in rows], f"{settings.ORIGIN}{request.path}"
        ),
        "ratios": ratios,
        **share(ratios),
        "sized": size_controlled_of_study(),
        "overlap": size_overlap(study),
        "sized_tasks": [(task.title, size_controlled_of_study(task.id)) for task in compared],
        "parities": [(_title(study, row.model), row) for row in study_parities(study)],
        "others": other_parities(),
        "caveat": study.caveats[0].text,
        "boards": PublishedFigure.objects.of_series(STUDY).exists(),
        "series": STUDY,
    }
    return render(request, "impact/claims.html", context)


@honours_as_of
@require_safe
def impact(request: HttpRequest, *, find_value: FindValue) -> HttpResponse:
    """What a year of use takes: an example first, then what the reader asks for."""
    moment = moment_shown(request)
    is_submitted = moment is not None or bool(request.GET.keys() & UsageForm.base_fields.keys())
    form = UsageForm(request.GET if is_submitted else EXAMPLE, find_value=find_value, moment=moment)
    year = year_of(form.usage()) if form.is_valid() else None
    question = request.GET.dict() if is_submitted else {name: str(value) for name, value in EXAMPLE.items()}
    context = {
        "form": form,
        "asked": is_submitted,
        "presets": presets_of(question),
        **(_answer(request, form, year, question) if year else {}),
        "year": year,
        "row": form.row,
        "as_of": moment.at if moment else None,
        "carried": [(name, request.GET[name]) for name in PARAMETERS if name in request.GET],
        "study": load_study(),
        "api_query": request.GET.urlencode() if is_submitted else urlencode(EXAMPLE),
        "sources": _sources(year),
        "table": intensity.about(),
    }
    return render(request, "impact/impact.html", context)


def _answer(
    request: HttpRequest, form: UsageForm, year: YearOfUse, question: dict[str, str]
) -> dict[str, object]:
    """What the page says of a year beside its numbers: origin, electricity, training, and the sentence to copy."""
    moment = moment_shown(request)
    place = str(form.cleaned_data["place"] or "") if form.cleaned_data["gco2e_per_kwh"] is None else ""
    address = f"{settings.ORIGIN}{request.path}?{urlencode(question)}"
    return {
        "claim": form.claim,
        "electricity": electricity_of(year, place),
        "trainings": trainings_beside(year),
        "sentence": sentence_of(year, place=place, address=address, as_of=moment.at if moment else None),
    }


def _claim_row(claim: CheckedClaim) -> ClaimRow:
    def write(value: float, digits: int) -> str:
        return significant(value, digits, plain_from=PLAIN_FROM)

    return ClaimRow(
        claim=claim,
        values=[
            (
                as_written(value.stated),
                write(value.recomputed.value, value.recomputed.digits) if value.recomputed else DASH,
            )
            for value in claim.values
        ],
        sentence=claim.written(translated(claim.sentence), write, as_written),
    )


def _title(study: Study, model: str) -> str:
    return next(entry.title for entry in study.models if entry.id == model)


def _sources(year: YearOfUse | None) -> list[Source]:
    """Every source behind an answer, once, in the order in which they come in."""
    if year is None:
        return []
    quantities = [year.energy, year.emissions, *(equal.count for equal in year.equals)]
    return list(dict.fromkeys(source for quantity in quantities for source in quantity.sources))
