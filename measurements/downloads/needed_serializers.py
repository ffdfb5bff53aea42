"""What the list of needed work contains. Field names carry their unit, and none is ever renamed or removed."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from measurements.boards.needed import NeededJob
from measurements.display.choices import CELL_LABELS, CELL_TIERS, RESULT_GRADES


class SuiteRefSerializer(serializers.Serializer[dict[str, Any]]):
    """The suite by name, version and digest."""

    name = serializers.CharField()
    version = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 over the suite's files.")


class NeededJobSerializer(serializers.Serializer[NeededJob]):
    """A job and what is known of it, over all hardware, grades and configurations."""

    task = serializers.CharField()
    dataset = serializers.CharField()
    model = serializers.CharField()
    accepted = serializers.IntegerField(source="n_results", help_text="Accepted results of this suite.")
    contributors = serializers.IntegerField(
        source="n_contributors", help_text="Different contributors of accepted results."
    )
    devices = serializers.IntegerField(source="n_devices", help_text="Different devices of accepted results.")
    replications_wanted = serializers.IntegerField(
        help_text="Results that another contributor's should be set beside."
    )
    open_tickets = serializers.IntegerField(help_text="Tickets issued, neither expired nor used.")
    label = serializers.ChoiceField(  # type: ignore[assignment]  # DRF has an option of this name
        CELL_LABELS, allow_null=True, help_text="The best of the job's cells; null without one."
    )
    established = serializers.BooleanField(
        source="is_established", help_text="Every cell of the job is established: it is needed no more."
    )
    hardware = serializers.CharField(
        source="cell.hardware",
        default=None,
        allow_null=True,
        help_text="Of the job's least certain cell, as the fields from here to `half_width`; null without a cell.",
    )
    grade = serializers.ChoiceField(RESULT_GRADES, source="cell.grade", default=None, allow_null=True)
    scope = serializers.CharField(source="cell.scope", default=None, allow_null=True)
    stratum = serializers.CharField(source="cell.stratum", default=None, allow_null=True)
    tier = serializers.ChoiceField(CELL_TIERS, source="cell.tier", default=None, allow_null=True)
    relative_range = serializers.FloatField(
        source="cell.relative_range",
        default=None,
        allow_null=True,
        help_text="Largest minus smallest contributor over the value: it grows with contributors. Null without "
        "several sources.",
    )
    spread = serializers.FloatField(
        source="cell.spread",
        default=None,
        allow_null=True,
        help_text="Standard deviation of one contributor around the value, relative.",
    )
    half_width = serializers.FloatField(
        source="cell.half_width",
        default=None,
        allow_null=True,
        help_text="Half of the 95 % interval between contributors, relative; null for a single source.",
    )
    views = serializers.IntegerField(help_text="Views of pages that show the job, over the last 30 days.")
    gpu_minutes = serializers.FloatField(
        allow_null=True,
        help_text="Its time on an NVIDIA A100-SXM4-80GB, by the 2024 study; null where no source tells.",
    )


class NeededSerializer(serializers.Serializer[dict[str, Any]]):
    """A suite's jobs, first the one of which a further result would teach most. Fields may be added."""

    suite = SuiteRefSerializer()
    jobs = NeededJobSerializer(many=True)
