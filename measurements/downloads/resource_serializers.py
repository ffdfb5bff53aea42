"""How the API's description shows a resource: a row, a page of rows, one row alone, and the parameters of its list.

No answer goes through these: rows are tuples of the database (`resource_views`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from measurements.downloads.resource import MOST_ROWS, ROWS_PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.downloads.resource import Field, Resource

READS = "reads"
"""The rate that lists are counted under."""
Described = type[serializers.Serializer[Any]]
KINDS: dict[str, Callable[..., serializers.Field[Any, Any, Any, Any]]] = {
    "string": serializers.CharField,
    "int64": serializers.IntegerField,
    "float64": serializers.FloatField,
    "bool": serializers.BooleanField,
    "timestamp": serializers.DateTimeField,
    "date": serializers.DateField,
    "json": serializers.JSONField,
}


_by_singular: dict[str, Described] = {}
"""The one serializer of each resource's rows: a page and a row alone are described by the same component."""


def row_serializer(resource: Resource) -> Described:
    """A row. No column is required: `fields` may leave it out."""
    if resource.singular in _by_singular:
        return _by_singular[resource.singular]
    name = "".join(word.title() for word in resource.singular.split("_"))
    serializer = type(
        f"{name}ItemSerializer",
        (serializers.Serializer,),
        {"__doc__": resource.description} | {each.name: _described(each) for each in resource.fields},
    )
    _by_singular[resource.singular] = cast("Described", serializer)
    return _by_singular[resource.singular]


def _described(field: Field) -> serializers.Field[Any, Any, Any, Any]:
    column = field.column
    unit = f" Unit: {column.unit}." if column.unit not in ("", "1") else ""
    facts: dict[str, Any] = {"required": False, "help_text": f"{column.description}{unit}"}
    if column.nullable:
        facts["allow_null"] = True
    if column.kind.startswith("list"):
        return serializers.ListField(child=serializers.CharField(), **facts)
    if field.choices:
        return serializers.ChoiceField(field.choices, **facts)
    return KINDS[column.kind](**facts)


class FrameSerializer(serializers.Serializer[Any]):
    """What stands beside rows. Fields may be added."""

    resource = serializers.CharField(help_text="Name of the list, as in its address.")
    api_version = serializers.CharField()
    licence = serializers.CharField(
        help_text="Terms of the data; a row with a `licence` of its own has those."
    )
    units = serializers.DictField(
        child=serializers.CharField(),
        help_text="Unit of each field that is an amount; `1` for a relative one.",
    )


class PageFrameSerializer(FrameSerializer):
    """The same of a page."""

    next = serializers.URLField(
        allow_null=True, help_text="Address of the next page, to be taken as it is; null after the last."
    )


def page_serializer(resource: Resource) -> Described:
    """One page of rows."""
    return _framed(resource, "Page", PageFrameSerializer, rows=row_serializer(resource)(many=True))


def detail_serializer(resource: Resource) -> Described:
    """One row alone."""
    return _framed(resource, "Detail", FrameSerializer, row=row_serializer(resource)())


def _framed(
    resource: Resource, kind: str, base: Described, **parts: serializers.BaseSerializer[Any]
) -> Described:
    name = "".join(word.title() for word in resource.singular.split("_"))
    serializer = type(
        f"{name}{kind}Serializer",
        (base,),
        {"__doc__": f"{resource.description} Fields may be added."} | parts,
    )
    return cast("Described", serializer)


def parameters_of(resource: Resource, *, with_pages: bool = True) -> list[OpenApiParameter]:
    """The parameters of a list, or of a file of all of it."""
    described = [
        OpenApiParameter(each.name, OpenApiTypes.STR, description=each.description, enum=each.choices or None)
        for each in resource.filters
    ]
    described.append(fields_parameter(resource))
    if resource.sorts:
        words = [word for sort in resource.sorts for word in (sort, f"-{sort}")]
        sentence = (
            "Order of the rows; with a minus in front the other way round. Without it rows are in the order of their "
            "keys, the only one along which pages never miss or repeat a row."
        )
        described.append(OpenApiParameter("sort", OpenApiTypes.STR, description=sentence, enum=words))
    if with_pages:
        described.append(
            OpenApiParameter(
                "limit",
                OpenApiTypes.INT,
                description=f"Rows of a page, {ROWS_PER_PAGE} unless said; at most {MOST_ROWS}.",
            )
        )
        described.append(
            OpenApiParameter(
                "cursor",
                OpenApiTypes.STR,
                description="Where the page begins, out of `next` of the page before.",
            )
        )
    return described


def fields_parameter(resource: Resource) -> OpenApiParameter:
    """The choice of columns."""
    sentence = f"Names of the fields that are wanted, with commas; all unless said: {', '.join(resource.field_names)}."
    return OpenApiParameter("fields", OpenApiTypes.STR, description=sentence)
