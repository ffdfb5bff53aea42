"""Joules per token and per correct answer in the downloads."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from measurements.display.choices import Interval, NoUnitInterval, NoUnitValue, Unit, with_none


class UnitEnergySerializer(serializers.Serializer[dict[str, Any]]):
    """Joules per token or per correct answer, of one value or result; null with a reason where there are none.

    Scope and grade are those of the row. Tokens are those of the model's own tokenizer, so that joules per token of two
    models with unlike tokenizers are not the same quantity; nothing here is ranked.
    """

    unit = serializers.ChoiceField(Unit.choices, help_text="`token`: read or written.")
    metric = serializers.CharField(help_text="By what an answer is right; empty for tokens.")
    value_j = serializers.FloatField(allow_null=True, help_text="Joules per unit.")
    low_j = serializers.FloatField(
        allow_null=True,
        help_text="Lower end of the 95 % interval of the true energy; per correct answer with the score's sampling "
        "error.",
    )
    high_j = serializers.FloatField(allow_null=True, help_text="Upper end of the same interval.")
    between_low_j = serializers.FloatField(
        allow_null=True, help_text="Lower end of the 95 % interval between contributors; null for one result."
    )
    between_high_j = serializers.FloatField(allow_null=True, help_text="Upper end of the same interval.")
    interval = serializers.ChoiceField(
        with_none(Interval), help_text="How the interval between contributors was computed."
    )
    no_value = serializers.ChoiceField(with_none(NoUnitValue), help_text="Why there is no value.")
    no_interval = serializers.ChoiceField(
        with_none(NoUnitInterval), help_text="Why a value has no interval of the true energy."
    )
    n_contributors = serializers.IntegerField(
        help_text="Contributors behind it: those whose results state the count."
    )
    n_results = serializers.IntegerField(help_text="Results behind it.")
