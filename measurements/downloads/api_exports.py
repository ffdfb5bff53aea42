"""The API's exports: a result, a board's value or a model in the forms of BoAmps, CycloneDX and Hugging Face.

Forms in JSON and forms in YAML are operations of their own, because an answer's media type follows from its form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework.views import APIView

from joulemark.exports.errors import NotExportable
from joulemark.exports.form_names import JSON_FORMS, YAML_FORMS
from joulemark.exports.forms import FORMS
from measurements.answer_cache.sources import made_of
from measurements.boards.models import NAMED_BY
from measurements.boards.requested_rows import requested_row
from measurements.boards.series import SuiteSeries
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.contributors.sources import CONTRIBUTORS
from measurements.downloads.export_serializers import BillOfModelsSerializer, BoampsExportSerializer
from measurements.downloads.exported_energies import (
    energies_of_model,
    energy_of_result,
    energy_of_value,
)
from measurements.intake.refusals import BadRequest
from measurements.intake.sources import SUBMISSIONS
from measurements.published.sources import PUBLISHED
from measurements.review.sources import RESULTS
from measurements.web.openapi import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rest_framework.request import Request

    from joulemark.exports.exported_energy import ExportedEnergy

NAMES_OF_A_VALUE = [
    OpenApiParameter(name, OpenApiTypes.STR, description="Names the value, as on its page.")
    for name in NAMED_BY
]
JSON = {
    (200, "application/json"): PolymorphicProxySerializer(
        component_name="Export",
        serializers=[BoampsExportSerializer, BillOfModelsSerializer],
        resource_type_field_name=None,
        many=False,
    )
}
LISTED_JSON = {
    (200, "application/json"): PolymorphicProxySerializer(
        component_name="ModelExport",
        serializers=[
            BoampsExportSerializer,
            BoampsExportSerializer(many=True),
            BillOfModelsSerializer,
        ],
        resource_type_field_name=None,
        many=False,
    )
}
"""In the form of BoAmps, a model with several values is a list of reports."""
YAML = {(200, "application/yaml"): OpenApiTypes.STR}
LONGEST_FILE_NAME = 80
F = TypeVar("F", bound="Callable[..., Any]")


def described(operation: str, answer: dict[Any, Any], *more: OpenApiParameter) -> Callable[[F], F]:
    """How the API's description has an export in all of the forms: their addresses differ in the form alone."""
    form = OpenApiParameter(
        "export_form",
        OpenApiTypes.STR,
        OpenApiParameter.PATH,
        enum=[*JSON_FORMS, *YAML_FORMS],
        description="Which form: /standards/ says what each holds.",
    )
    return extend_schema(
        parameters=[form, *more],
        responses={**answer, **YAML, **problems(400, 404)},
        operation_id=operation,
        tags=["exports"],
    )


def result_export(form: str, result_id: str) -> HttpResponse:
    """A result's energy in a form. Raises Http404 for one that does not count."""
    energy = energy_of_result(result_id)
    if energy is None:
        raise Http404(
            f"This platform has no accepted result {result_id[:12]}. Others do not count and are not exported; the "
            "bytes of each are at the address of its bundle."
        )
    return _export(form, [energy], name=result_id[:12])


def value_export(request: Request, form: str, series: str, task: str) -> HttpResponse:
    """A board's value in a form. Raises Http404 for a publisher's figure."""
    of_series, row = requested_row(request._request, series, task)
    if not isinstance(of_series, SuiteSeries):
        raise Http404("Figures of others are not exported here: their publisher has them.")
    return _export(form, [energy_of_value(of_series, row)], name=f"{series}-{task}")


def model_export(form: str, model: str) -> HttpResponse:
    """Every value of a model in a form. Raises Http404 where there is none."""
    energies = energies_of_model(model)
    if energies is None:
        raise Http404("This platform knows no model of this name.")
    if not energies:
        raise Http404("This model has no value yet: nothing has been accepted for it.")
    return _export(form, energies, name=model.rpartition("/")[2])


@made_of(CATALOG, CONTRIBUTORS, RESULTS, SUBMISSIONS)
class ResultExportView(APIView):
    """An accepted result in a form of JSON."""

    @described("export_result", JSON)
    def get(self, _request: Request, export_form: str, result_id: str) -> HttpResponse:
        """Answer with the energy that the result states, its uncertainty and what it depends on."""
        return result_export(export_form, result_id)


@made_of(CATALOG, CONTRIBUTORS, RESULTS, SUBMISSIONS)
class ResultYamlExportView(APIView):
    """An accepted result in a form of YAML."""

    @extend_schema(exclude=True)  # described with the forms of JSON
    def get(self, _request: Request, export_form: str, result_id: str) -> HttpResponse:
        """Answer with the energy that the result states as evaluation results of a model."""
        return result_export(export_form, result_id)


@made_of(BOARDS, CATALOG, PUBLISHED)
class ValueExportView(APIView):
    """A value of a board in a form of JSON."""

    @described("export_value", JSON, *NAMES_OF_A_VALUE)
    def get(self, request: Request, export_form: str, series: str, task: str) -> HttpResponse:
        """Answer with the value as the energy of 1,000 queries, its interval and its version."""
        return value_export(request, export_form, series, task)


@made_of(BOARDS, CATALOG, PUBLISHED)
class ValueYamlExportView(APIView):
    """A value of a board in a form of YAML."""

    @extend_schema(exclude=True)  # described with the forms of JSON
    def get(self, request: Request, export_form: str, series: str, task: str) -> HttpResponse:
        """Answer with the value as evaluation results of its model."""
        return value_export(request, export_form, series, task)


@made_of(BOARDS, CATALOG, PUBLISHED)
class ModelExportView(APIView):
    """All values of a model in a form of JSON."""

    @described("export_model", LISTED_JSON)
    def get(self, _request: Request, export_form: str, model: str) -> HttpResponse:
        """Answer with every value of volunteers' results; as BoAmps a list of reports where there are several."""
        return model_export(export_form, model)


@made_of(BOARDS, CATALOG, PUBLISHED)
class ModelYamlExportView(APIView):
    """All values of a model in a form of YAML."""

    @extend_schema(exclude=True)  # described with the forms of JSON
    def get(self, _request: Request, export_form: str, model: str) -> HttpResponse:
        """Answer with every value of volunteers' results as evaluation results."""
        return model_export(export_form, model)


def _export(form: str, energies: Sequence[ExportedEnergy], *, name: str) -> HttpResponse:
    """Raises BadRequest for a form that cannot hold these energies."""
    chosen = FORMS[form]
    try:
        text = chosen.write(energies, max(energy.made_at for energy in energies))
    except NotExportable as error:
        raise BadRequest(error.code, str(error)) from error
    file_name = f"{_file_name(name)}{chosen.ending}"
    return HttpResponse(
        text,
        content_type=chosen.media_type,
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def _file_name(name: str) -> str:
    """Letters, digits, dots and dashes alone."""
    plain = (letter if letter.isascii() and (letter.isalnum() or letter in ".-_") else "-" for letter in name)
    return "".join(plain)[:LONGEST_FILE_NAME]
