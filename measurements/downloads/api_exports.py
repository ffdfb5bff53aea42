"""The API's exports: a result, a board's value or a model in the forms of BoAmps, CycloneDX and Hugging Face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.views import APIView

from joulemark.exports.errors import NotExportable
from joulemark.exports.forms import FORMS
from measurements.answer_cache.sources import made_of
from measurements.boards.models import NAMED_BY
from measurements.boards.requested_rows import requested_row
from measurements.boards.series import SuiteSeries
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.downloads.exported_energies import (
    energies_of_model,
    energy_of_result,
    energy_of_value,
)
from measurements.intake.refusals import BadRequest
from measurements.intake.sources import SUBMISSIONS
from measurements.review.sources import RESULTS
from measurements.web.openapi import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

    from joulemark.exports.exported_energy import ExportedEnergy

FORM = OpenApiParameter(
    "form",
    OpenApiTypes.STR,
    OpenApiParameter.PATH,
    enum=list(FORMS),
    description="BoAmps report, CycloneDX 1.6 bill of models, or evaluation results of Hugging Face's hub.",
)
NAMES_OF_A_VALUE = [
    OpenApiParameter(name, OpenApiTypes.STR, description="Names the value, as on its page.")
    for name in NAMED_BY
]
ANSWER = {(200, form.media_type): OpenApiTypes.STR for form in FORMS.values()}
NO_VALUES = "JM-EXPORT-NO-VALUES"


@made_of(CATALOG, CONTRIBUTORS, RESULTS, SUBMISSIONS)
class ResultExportView(APIView):
    """An accepted result in another form."""

    @extend_schema(
        parameters=[FORM],
        responses={**ANSWER, **problems(400, 404)},
        operation_id="export_result",
        tags=["exports"],
    )
    def get(self, _request: Request, form: str, result_id: str) -> HttpResponse:
        """Answer with the energy that the result states, its uncertainty and what it depends on."""
        energy = energy_of_result(result_id)
        if energy is None:
            raise Http404(f"This platform has no judged result {result_id[:12]}.")
        return _export(form, [energy], name=result_id[:12])


@made_of(BOARDS, CATALOG)
class ValueExportView(APIView):
    """A value of a board in another form."""

    @extend_schema(
        parameters=[FORM, *NAMES_OF_A_VALUE],
        responses={**ANSWER, **problems(400, 404)},
        operation_id="export_value",
        tags=["exports"],
    )
    def get(self, request: Request, form: str, series: str, task: str) -> HttpResponse:
        """Answer with the value as the energy of 1,000 queries, its interval and its version."""
        of_series, row = requested_row(request._request, series, task)
        if not isinstance(of_series, SuiteSeries):
            raise Http404("Figures of others are not exported here: their publisher has them.")
        return _export(form, [energy_of_value(of_series, row)], name=f"{series}-{task}")


@made_of(BOARDS, CATALOG)
class ModelExportView(APIView):
    """All values of a model in another form."""

    @extend_schema(
        parameters=[FORM],
        responses={**ANSWER, **problems(400, 404)},
        operation_id="export_model",
        tags=["exports"],
    )
    def get(self, _request: Request, form: str, model: str) -> HttpResponse:
        """Answer with every value of volunteers' results; as BoAmps a list of reports where there are several."""
        energies = energies_of_model(model)
        if energies is None:
            raise Http404("This platform knows no model of this name.")
        if not energies:
            raise BadRequest(NO_VALUES, f"{model} has no value yet: nothing has been accepted for it.")
        return _export(form, energies, name=model.rpartition("/")[2])


def _export(form: str, energies: Sequence[ExportedEnergy], *, name: str) -> HttpResponse:
    """Raises Http404 for a form that does not exist, and BadRequest for one that cannot hold these energies."""
    chosen = FORMS.get(form)
    if chosen is None:
        raise Http404(f"There is no such form; the forms are {', '.join(FORMS)}.")
    try:
        text = chosen.write(energies, max(energy.made_at for energy in energies))
    except NotExportable as error:
        raise BadRequest(error.code, str(error)) from error
    headers: dict[str, Any] = {
        "Content-Disposition": f'attachment; filename="{_file_name(name)}{chosen.ending}"'
    }
    return HttpResponse(text, content_type=f"{chosen.media_type}; charset=utf-8", headers=headers)


def _file_name(name: str) -> str:
    """Letters, digits, dots and dashes alone."""
    return "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in ".-_") else "-" for letter in name
    )[:80]
