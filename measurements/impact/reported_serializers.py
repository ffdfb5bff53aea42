"""What the download of claims has of reported ones: their sources' numbers, and those of the boards beside them."""

from __future__ import annotations

from typing import get_args

from rest_framework import serializers

from joulemark.impact.board_numbers import BoardNumber
from joulemark.impact.claims import Direction
from joulemark.impact.reported import ReportedSource, ReportedUnit
from joulemark.impact.reported_rule import JudgedClaim, JudgedValue
from measurements.display.choices import RESULT_GRADES, BoardVerdict, Boundary, NoBoardNumber


class BoardNumberSerializer(serializers.Serializer[BoardNumber]):
    """What this platform's boards have of one scope: Wh per query, or a ratio where the claim states no energy."""

    value = serializers.FloatField(help_text="Geometric mean.")
    low = serializers.FloatField(allow_null=True, help_text="The lowest end of all 95 % intervals.")
    high = serializers.FloatField(allow_null=True, help_text="The highest end of all 95 % intervals.")
    scope = serializers.CharField()
    n_values = serializers.IntegerField(help_text="Cells, or pairs of cells.")


class JudgedValueSerializer(serializers.Serializer[JudgedValue]):
    """A stated number in its own digits, with the verdict."""

    stated = serializers.CharField(source="reported.stated")
    upto = serializers.CharField(
        source="reported.upto", allow_null=True, help_text="The end of a stated range."
    )
    direction = serializers.ChoiceField(get_args(Direction), source="reported.direction", allow_null=True)
    of = serializers.CharField(
        source="reported.label", help_text="What of, where a claim has several numbers; else empty."
    )
    verdict = serializers.ChoiceField(BoardVerdict.choices)
    reason = serializers.ChoiceField(
        NoBoardNumber.choices,
        allow_null=True,
        help_text="Why there is no measurement; null where there is one.",
    )
    number = BoardNumberSerializer(
        allow_null=True, help_text="What it was compared with, or what boards have within another boundary."
    )


class ReportedSourceSerializer(serializers.Serializer[ReportedSource]):
    """Who reported it, where and when."""

    title = serializers.CharField()
    year = serializers.IntegerField()
    url = serializers.URLField(allow_null=True)


class ReportedClaimSerializer(serializers.Serializer[JudgedClaim]):
    """A claim of others as its source has it. No number of it is this platform's."""

    id = serializers.CharField(source="claim.id")
    statement = serializers.CharField(source="claim.statement")
    source = ReportedSourceSerializer(source="claim.source")  # type: ignore[assignment]  # DRF has an option of this name
    checked = serializers.BooleanField(source="claim.is_checked", help_text="Read in the source itself.")
    boundary = serializers.ChoiceField(Boundary.choices, source="claim.boundary")
    grade = serializers.ChoiceField(
        RESULT_GRADES, source="claim.grade", allow_null=True, help_text="Null where the source does not say."
    )
    unit = serializers.ChoiceField(get_args(ReportedUnit), source="claim.unit")
    values = JudgedValueSerializer(many=True)
    contradicts = serializers.ListField(
        child=serializers.CharField(),
        help_text="Ids of claims whose numbers of the same quantity exclude these.",
    )
