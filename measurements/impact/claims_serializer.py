"""The download of claims as a whole: the study's, reported ones beside the boards, and the study's headline."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from measurements.impact.reported_serializers import ReportedClaimSerializer
from measurements.impact.serializers import (
    ClaimSerializer,
    FamilyRatioSerializer,
    OtherParitySerializer,
    ParitySerializer,
    SizeControlledSerializer,
)


class ClaimsSerializer(serializers.Serializer[dict[str, Any]]):
    """Claims, and the study's headline from the same figures."""

    licence = serializers.CharField()
    citation = serializers.CharField()
    study_digest = serializers.CharField(
        help_text="Of the study's data, from which everything here is computed."
    )
    claims = ClaimSerializer(many=True)
    reported = ReportedClaimSerializer(
        many=True,
        help_text="What others have reported, beside the measured values of this platform's boards.",
    )
    ratios = FamilyRatioSerializer(many=True)
    size_controlled = SizeControlledSerializer()
    parities = ParitySerializer(many=True)
    other_parities = OtherParitySerializer(many=True)
