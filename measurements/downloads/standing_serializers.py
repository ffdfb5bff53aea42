"""What the answer to where a result stands contains. Field names carry their unit, and none is renamed or removed."""

from __future__ import annotations

from typing import Any, get_args

from rest_framework import serializers

from joulemark.record.messages import StandingComparison
from measurements.boards.result_standing import ResultStanding
from measurements.display.choices import (
    CELL_LABELS,
    CELL_TIERS,
    RESULT_GRADES,
    Interval,
    NoInterval,
    Severity,
    with_none,
)
from measurements.downloads.serializers import HARDWARE
from measurements.intake.models import State


class StandingFindingSerializer(serializers.Serializer[dict[str, Any]]):
    """A finding: the code of a rule, with its sentence."""

    code = serializers.CharField(help_text="docs/rules.md explains each.")
    severity = serializers.ChoiceField(Severity.choices)
    sentence = serializers.CharField()


class StandingValueSerializer(serializers.Serializer[ResultStanding]):
    """The result's own value."""

    energy_per_query_j = serializers.FloatField(source="result.energy_per_query_j")
    energy_wh_per_1000 = serializers.FloatField(help_text="Watt-hours per 1,000 queries.")
    expanded_u = serializers.FloatField(
        allow_null=True,
        help_text="Relative expanded uncertainty (k = 2) by the result's own budget, with what is known of its sensor "
        "today; null for an estimate, of which no error is known.",
    )
    grade = serializers.ChoiceField(RESULT_GRADES, source="result.grade")
    scope = serializers.CharField(source="result.scope")
    stratum = serializers.CharField(source="result.stratum")


class StandingOthersSerializer(serializers.Serializer[Any]):
    """The value that the cell would have without the result's contributor."""

    grade = serializers.ChoiceField(RESULT_GRADES)
    scope = serializers.CharField()
    energy_wh_per_1000 = serializers.FloatField()
    between_low_wh_per_1000 = serializers.FloatField(
        allow_null=True, help_text="Lower end of the 95 % interval between these contributors."
    )
    between_high_wh_per_1000 = serializers.FloatField(allow_null=True)
    interval = serializers.ChoiceField(with_none(Interval))
    no_interval = serializers.ChoiceField(with_none(NoInterval))
    label = serializers.ChoiceField(CELL_LABELS)  # type: ignore[assignment]  # DRF has an option of this name
    n_contributors = serializers.IntegerField()
    n_devices = serializers.IntegerField()
    n_results = serializers.IntegerField()


class StandingCellSerializer(serializers.Serializer[Any]):
    """The value that the result takes part in, as its board shows it."""

    series = serializers.CharField()
    task = serializers.CharField()
    dataset = serializers.CharField()
    model = serializers.CharField()
    hardware = serializers.CharField(help_text=HARDWARE)
    grade = serializers.ChoiceField(RESULT_GRADES)
    scope = serializers.CharField()
    stratum = serializers.CharField()
    energy_wh_per_1000 = serializers.FloatField()
    between_low_wh_per_1000 = serializers.FloatField(
        allow_null=True, help_text="Lower end of the 95 % interval between contributors."
    )
    between_high_wh_per_1000 = serializers.FloatField(allow_null=True)
    interval = serializers.ChoiceField(with_none(Interval))
    no_interval = serializers.ChoiceField(with_none(NoInterval))
    label = serializers.ChoiceField(CELL_LABELS)  # type: ignore[assignment]  # DRF has an option of this name
    tier = serializers.ChoiceField(CELL_TIERS)
    n_contributors = serializers.IntegerField()
    n_devices = serializers.IntegerField()
    n_results = serializers.IntegerField()
    is_current = serializers.BooleanField(
        help_text="Whether the value has every result that counts by now and each was compared; ask again in a moment "
        "where it is false."
    )
    n_own_results = serializers.IntegerField(help_text="Results of this result's contributor in the cell.")
    page_url = serializers.URLField()


class ResultStandingSerializer(serializers.Serializer[dict[str, Any]]):
    """Where a result stands. Fields may be added."""

    result_id = serializers.CharField()
    state = serializers.ChoiceField(State.choices)
    received_at = serializers.DateTimeField()
    judged_at = serializers.DateTimeField(allow_null=True)
    rules_version = serializers.CharField(allow_null=True)
    findings = StandingFindingSerializer(many=True, help_text="Of the verdict that stands.")
    page_url = serializers.URLField(help_text="The page of the result with its evidence.")
    short_url = serializers.URLField(help_text="A short address that leads there.")
    value = StandingValueSerializer(
        allow_null=True,
        help_text="Null while there is no verdict, and when the result was rejected or withdrawn.",
    )
    cell = StandingCellSerializer(allow_null=True, help_text="Null unless the result is accepted.")
    others = StandingOthersSerializer(
        allow_null=True, help_text="Null where nobody else has a result in the cell."
    )
    comparison = serializers.ChoiceField(
        get_args(StandingComparison),
        allow_null=True,
        help_text="What the platform says of the result beside those of others: `alone` without an independent one, "
        "`open` while one other alone says otherwise, `agrees` or `differs`. Null while it is not compared.",
    )
    difference = serializers.FloatField(
        allow_null=True,
        help_text="The degree of equivalence of the result's contributor: what all of their results in the cell say "
        "over the others' centre, less 1.",
    )
    difference_u = serializers.FloatField(
        allow_null=True, help_text="Expanded uncertainty (k = 2) of `difference`, relative."
    )
