"""The views of a resource: its list by pages in JSON, the whole of it in any other format, and one of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.answer_cache.sources import made_of, note_one_off
from measurements.boards.board_query import QueryRefused
from measurements.downloads.resource import API_VERSION, Query, Resource, selected
from measurements.downloads.resource_cursor import ChangedSince, read_page
from measurements.downloads.resource_formats import FORMATS, Format, format_named
from measurements.downloads.resource_query import parameter_names, parse_query
from measurements.downloads.resource_serializers import (
    READS,
    detail_serializer,
    fields_parameter,
    page_serializer,
    parameters_of,
)
from measurements.intake.refusals import BadRequest, Conflict
from measurements.web.file_schema import BOM
from measurements.web.format_choice import as_file
from measurements.web.links import absolute
from measurements.web.openapi import problems
from measurements.web.simulated import DownloadJsonRenderer, RowsJsonRenderer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http.response import HttpResponseBase
    from django.urls import URLPattern
    from rest_framework.request import Request

BOM_PARAMETER = OpenApiParameter(
    BOM,
    OpenApiTypes.STR,
    description="1: CSV begins with a byte order mark, without which some programs misread it. Of CSV alone.",
    enum=["0", "1"],
)


class ResourceView(APIView):
    """What the views of a resource share."""

    resource: ClassVar[Resource]
    throttle_scope = READS

    def frame(self) -> dict[str, Any]:
        """What stands in front of the rows."""
        return {
            "resource": self.resource.name,
            "api_version": API_VERSION,
            "licence": self.resource.licence,
            "units": self.resource.units,
        }


class FileRenderer(BaseRenderer):
    """Stands for a format that `resource_formats` writes: it is chosen by what the client accepts, and writes nothing.

    A refusal is a problem document, and a file is answered before anything is rendered.
    """

    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Never called for an answer with rows."""
        return DownloadJsonRenderer().render(data, "application/json", renderer_context)


def _renderer(each: Format) -> type[FileRenderer]:
    facts: dict[str, Any] = {"format": each.name, "media_type": each.media_type}
    if not each.is_text:
        facts["charset"] = None
    return cast("type[FileRenderer]", type(f"{each.name.title()}FileRenderer", (FileRenderer,), facts))


FILE_RENDERERS = tuple(_renderer(each) for each in FORMATS)


def list_view(resource: Resource) -> type[ResourceView]:
    """The view of a resource's list."""
    content: dict[Any, Any] = {(200, "application/json"): page_serializer(resource)}
    for each in FORMATS:
        # generated clients refuse a text of a media type that they do not know, and pass bytes on
        is_known_text = each.media_type.startswith("text/")
        content[200, each.media_type] = OpenApiTypes.STR if is_known_text else OpenApiTypes.BINARY

    @made_of(*resource.sources)
    class ListView(ResourceView):
        renderer_classes = [RowsJsonRenderer, *FILE_RENDERERS]

        @extend_schema(
            operation_id=f"list_{resource.name}",
            tags=[resource.tag],
            parameters=[*parameters_of(resource), BOM_PARAMETER],
            responses=content | problems(*([404] if resource.parameters else []), 400, 406, 409, 429, 503),
        )
        def get(self, request: Request, **named: str) -> HttpResponseBase:
            """Answer with one page of rows; in every other format with all of them."""
            return _answer(self, request, named)

    ListView.resource = resource
    ListView.__doc__ = resource.description
    ListView.__name__ = f"{resource.name}_list"
    return ListView


def _answer(view: ResourceView, request: Request, named: Mapping[str, str]) -> HttpResponseBase:
    resource = view.resource
    chosen = format_named(request.accepted_renderer.format)
    names = [*parameter_names(resource, as_file=chosen is not None), *(chosen.parameters if chosen else ())]
    query = requested(resource, request, named, names=names)
    if not query.is_common:
        note_one_off(request)
    try:
        if chosen is not None:
            return chosen.body(request, query)
        page = read_page(query)
    except QueryRefused as refusal:
        raise BadRequest(refusal.code, str(refusal)) from refusal
    except ChangedSince as refusal:
        raise Conflict(refusal.code, str(refusal)) from refusal
    if not page.rows and not query.cursor and resource.parameters and not query.values:
        raise Http404(f"There is no {resource.singular.replace('_', ' ')} at this address.")
    if not page.rows and query.values:
        note_one_off(request)  # of names that nothing has there are any number
    following = _address(query, page.next_cursor) if page.next_cursor else None
    headers = {"Link": f'<{following}>; rel="next"'} if following else None
    return Response(view.frame() | {"next": following, "rows": page.rows}, headers=headers)


def requested(
    resource: Resource, request: Request, named: Mapping[str, str], *, names: Sequence[str]
) -> Query:
    """The query of a request that may have these parameters. Raises BadRequest."""
    pairs = [(name, value) for name, values in request.GET.lists() for value in values]
    try:
        return parse_query(resource, pairs, names=names, path=named)
    except QueryRefused as refusal:
        raise BadRequest(refusal.code, str(refusal)) from refusal


def _address(query: Query, cursor: str) -> str:
    here = absolute(f"api-{query.resource.name}-list", *query.path.values())
    return f"{here}?{urlencode({**query.written, 'cursor': cursor})}"


def detail_view(resource: Resource) -> type[ResourceView]:
    """The view of one row. Its address names it by the variable parts that `resource.find` takes."""

    @made_of(*resource.sources)
    class DetailView(ResourceView):
        renderer_classes = [DownloadJsonRenderer]

        @extend_schema(
            operation_id=f"read_{resource.singular}",
            tags=[resource.tag],
            parameters=[fields_parameter(resource)],
            responses={(200, "application/json"): detail_serializer(resource)} | problems(400, 404, 429),
        )
        def get(self, request: Request, **named: str) -> Response:
            """Answer with one row."""
            query = requested(resource, request, named, names=("fields",))
            if query.written:
                note_one_off(request)
            row = _find(resource, query, named)
            if row is None:
                raise Http404(f"There is no {resource.singular.replace('_', ' ')} with this name here.")
            names = [each.name for each in query.fields]
            return Response(self.frame() | {"row": dict(zip(names, query.convert(row), strict=True))})

    DetailView.resource = resource
    DetailView.__doc__ = resource.description
    DetailView.__name__ = f"{resource.singular}_detail"
    return DetailView


def _find(resource: Resource, query: Query, named: Mapping[str, str]) -> Sequence[Any] | None:
    rows = resource.rows()
    if isinstance(rows, QuerySet):
        return selected(resource.find(rows, **named).order_by(), query.fields).first()
    matching = [row for row in rows if all(row[name] == value for name, value in named.items())]
    return [matching[0][each.name] for each in query.fields] if matching else None


def file_addresses(
    resource: Resource, where: str, view: type[ResourceView] | None = None
) -> list[URLPattern]:
    """The addresses `where.FORMAT` of a list as a whole in each format."""
    whole_list = view or list_view(resource)
    return [
        path(f"{where}.{each.name}", as_file(whole_list, each.name), name=f"api-{resource.name}-{each.name}")
        for each in FORMATS
    ]


def list_addresses(resource: Resource, where: str) -> list[URLPattern]:
    """The addresses of a list: `where/` by pages, and `where.FORMAT` as a whole in each format."""
    view = list_view(resource)
    name = f"api-{resource.name}"
    return [
        *file_addresses(resource, where, view),
        path(f"{where}/", view.as_view(), name=f"{name}-list"),
    ]
