"""Up to six models beside each other on the data sets and hardware that they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.model_comparison import (
    GROUPS_PER_PAGE,
    MAX_MODELS,
    compare_models,
    suggested_models,
)
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.display.choices import RESULT_GRADES
from measurements.intake.sources import SUBMISSIONS
from measurements.pages.comparison_charts import letters_of
from measurements.pages.comparison_request import ComparisonRefused, parse_comparison
from measurements.pages.page_sheets import models_sheet
from measurements.pages.plot_sheets import plot_files, social_image
from measurements.review.sources import JUDGED_RESULTS
from measurements.web.as_of import moment_passed_by, path_of, question_without_moment
from measurements.web.moment_links import address_with_moment

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from measurements.pages.comparison_request import ComparisonRequest


@made_of(BOARDS, CATALOG, CONTRIBUTORS, JUDGED_RESULTS, SUBMISSIONS)
@require_safe
def compare_models_page(request: HttpRequest) -> HttpResponse:
    """Answer with the comparison, with the form alone where less than two models are named, or with a refusal."""
    try:
        parsed = parse_comparison(request.GET)
    except ComparisonRefused as refusal:
        return _page(request, _form(request.GET.getlist("model"), "") | {"refusal": refusal}, status=400)
    if parsed.query != question_without_moment(request):
        address = f"{reverse('compare-models')}?{parsed.query}".removesuffix("?")
        moment = moment_passed_by(request)
        return redirect(address if moment is None else address_with_moment(address, moment))
    context = _form([model.slug for model in parsed.models], parsed.grade) | {"parsed": parsed}
    if len(parsed.models) > 1:
        context |= _comparison(parsed)
    return _page(request, context, status=200)


def _page(request: HttpRequest, context: dict[str, object], *, status: int) -> HttpResponse:
    return render(request, "pages/compare_models.html", context, status=status)


def _form(slugs: list[str], grade: str) -> dict[str, object]:
    filled = [*slugs[:MAX_MODELS], *[""] * (MAX_MODELS - len(slugs))]
    return {
        "fields": [(f"model-{number}", slug) for number, slug in enumerate(filled, start=1)],
        "grades": RESULT_GRADES,
        "grade": grade,
        "suggested": suggested_models(),
    }


def _comparison(parsed: ComparisonRequest) -> dict[str, object]:
    comparison = compare_models(parsed.models, grade=parsed.grade, page=parsed.page)
    letters = letters_of(parsed.models)
    sheet = models_sheet(comparison, parsed.models, letters, parsed.query)

    def path(form: str) -> str:
        return f"{path_of('compare-models-plot', form)}?{parsed.query}"

    return {
        "comparison": comparison,
        "letters": letters,
        "models": [(letters[model.slug], model) for model in parsed.models],
        "licences": {model.slug: model.licence for model in parsed.models},
        "plot": sheet.drawing,
        "files": plot_files(path),
        "social": social_image(sheet, path),
        "previous": gettext("Conditions before"),
        "next": gettext("Further conditions"),
        "per_page": GROUPS_PER_PAGE,
    }
