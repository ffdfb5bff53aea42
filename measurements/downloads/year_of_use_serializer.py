"""What the calculator answers: a year of use with its sources, and the board's row where a value was asked for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from joulemark.impact.usage import YearOfUse
from measurements.display.choices import Grade
from measurements.downloads.serializers import BoardRowSerializer
from measurements.impact.serializers import EqualSerializer, QuantitySerializer


class YearOfUseSerializer(serializers.Serializer[YearOfUse]):
    """A year of 365 days of one use. All that follows from the energy of a query has its grade and scope."""

    grade = serializers.ChoiceField(Grade.choices, source="usage.origin.grade")
    scope = serializers.CharField(source="usage.origin.scope")
    version = serializers.CharField(source="usage.origin.version", allow_null=True)
    citation = serializers.CharField(
        source="usage.origin.citation", help_text="What to cite with the energy."
    )
    licence = serializers.CharField(source="usage.origin.licence", allow_null=True)
    value_of = serializers.SerializerMethodField(
        help_text="The board's row, where a value of a board was asked for."
    )
    queries = serializers.FloatField()
    wh_per_query = QuantitySerializer(source="usage.wh_per_query")
    gco2e_per_kwh = QuantitySerializer(source="usage.intensity")
    energy_kwh = QuantitySerializer(source="energy")
    emissions_kgco2e = QuantitySerializer(source="emissions")
    equals = EqualSerializer(many=True)

    @extend_schema_field(BoardRowSerializer(allow_null=True))
    def get_value_of(self, _year: YearOfUse) -> dict[str, Any] | None:
        """The row as the board has it."""
        row = self.context["row"]
        return None if row is None else dict(BoardRowSerializer(row).data)
