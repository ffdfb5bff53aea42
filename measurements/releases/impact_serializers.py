"""What the downloads of impact contain: numbers with their sources, claims with their verdicts."""

from __future__ import annotations

from typing import Any, get_args

from rest_framework import serializers

from joulemark.consensus.size_controlled import Estimate, SizeControlled
from joulemark.impact.claims import CheckedClaim, CheckedValue, Direction, Number, Verdict
from joulemark.impact.equivalences import Equal
from joulemark.impact.intensity import Row
from joulemark.impact.parity import OtherParity, StudyParity
from joulemark.impact.quantity import Quantity, Source
from joulemark.impact.study_ratios import FamilyRatio
from joulemark.impact.usage import YearOfUse

DIRECTIONS = list(get_args(Direction))
VERDICTS = list(get_args(Verdict))


class SourceSerializer(serializers.Serializer[Source]):
    """Where a number comes from. A reader's own has neither year nor licence."""

    id = serializers.CharField()
    title = serializers.CharField()
    year = serializers.IntegerField(
        allow_null=True, help_text="The year that it describes, else of publication."
    )
    licence = serializers.CharField(allow_null=True, help_text="SPDX name.")
    url = serializers.URLField(allow_null=True)
    checked = serializers.BooleanField(help_text="Read in the source itself.")


class QuantitySerializer(serializers.Serializer[Quantity]):
    """A number with its interval, null where none is known, its unit and every source behind it."""

    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    sources = SourceSerializer(many=True)


class EqualSerializer(serializers.Serializer[Equal]):
    """How many of an everyday quantity."""

    id = serializers.CharField(source="equivalence.id")
    title = serializers.CharField(source="equivalence.title")
    count = QuantitySerializer()


class YearOfUseSerializer(serializers.Serializer[YearOfUse]):
    """A year of 365 days of one use."""

    queries = serializers.FloatField()
    wh_per_query = QuantitySerializer(source="usage.wh_per_query")
    gco2e_per_kwh = QuantitySerializer(source="usage.intensity")
    energy_kwh = QuantitySerializer(source="energy")
    emissions_kgco2e = QuantitySerializer(source="emissions")
    equals = EqualSerializer(many=True)


class IntensityRowSerializer(serializers.Serializer[Row]):
    """A place in a year."""

    code = serializers.CharField(help_text="ISO 3166-1 alpha-3 of a country, a word for a region.")
    name = serializers.CharField()
    kind = serializers.ChoiceField(["country", "region"])
    year = serializers.IntegerField()
    gco2e_per_kwh = serializers.FloatField()


class IntensityTableSerializer(serializers.Serializer[dict[str, Any]]):
    """Every intensity, with what they are and under which terms."""

    title = serializers.CharField()
    url = serializers.URLField()
    republished_by = serializers.CharField()
    republished = serializers.CharField()
    emissions = serializers.CharField()
    method = serializers.CharField()
    mix = serializers.CharField()
    licence = serializers.CharField()
    licence_note = serializers.CharField()
    citation = serializers.CharField()
    caveat = serializers.CharField()
    rows = IntensityRowSerializer(many=True)


class NumberSerializer(serializers.Serializer[Number]):
    """A recomputed number with the name under which the sentence has it."""

    name = serializers.CharField()
    value = serializers.FloatField()
    unit = serializers.CharField()


class CheckedValueSerializer(serializers.Serializer[CheckedValue]):
    """A stated number in its own digits, beside what it is said of and what it may belong to."""

    stated = serializers.CharField()
    direction = serializers.ChoiceField(
        DIRECTIONS,
        allow_null=True,
        help_text="That it was said as a bound: more than, at least; less than, at most.",
    )
    verdict = serializers.ChoiceField(VERDICTS)
    found = NumberSerializer(allow_null=True)
    instead = NumberSerializer(many=True)


class ClaimSourceSerializer(serializers.Serializer[Source]):
    """Who says it."""

    title = serializers.CharField()
    year = serializers.IntegerField()
    url = serializers.URLField(allow_null=True)
    checked = serializers.BooleanField(help_text="Read in the source itself.")


class ClaimSerializer(serializers.Serializer[CheckedClaim]):
    """A statement with its verdict and the numbers that it rests on."""

    id = serializers.CharField()
    statement = serializers.CharField()
    source = ClaimSourceSerializer()  # type: ignore[assignment]  # DRF has an option of this name
    unit = serializers.CharField()
    verdict = serializers.ChoiceField(VERDICTS)
    values = CheckedValueSerializer(many=True)
    beside = NumberSerializer(many=True)
    sentence = serializers.SerializerMethodField()
    board = serializers.CharField(allow_null=True, help_text="The task whose figures it is about.")

    def get_sentence(self, claim: CheckedClaim) -> str:
        """The sentence with its numbers in."""
        return claim.written(claim.sentence, lambda value, digits: f"{value:.{digits}g}")


class EstimateSerializer(serializers.Serializer[Estimate]):
    """A value with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    degrees = serializers.FloatField(help_text="Degrees of freedom of the interval.")


class FamilyRatioSerializer(serializers.Serializer[FamilyRatio]):
    """Mean energy of general-purpose models over that of task-specific ones, in the published study."""

    task = serializers.CharField()
    dataset = serializers.CharField(allow_null=True, help_text="Null: over all data sets of the task.")
    family = serializers.CharField(allow_null=True, help_text="Null: both families together.")
    n_above = serializers.IntegerField()
    n_below = serializers.IntegerField()
    ratio = EstimateSerializer()
    over_task_mean = serializers.FloatField(help_text="Over the task's mean on all three data sets instead.")


class SizeControlledSerializer(serializers.Serializer[SizeControlled]):
    """General-purpose over task-specific at equal size."""

    factor = EstimateSerializer()
    size_exponent = EstimateSerializer()
    residual_spread = serializers.FloatField()
    n_observations = serializers.IntegerField()
    n_groups = serializers.IntegerField()
    n_clusters = serializers.IntegerField()


class ParitySerializer(serializers.Serializer[StudyParity]):
    """Queries that use as much energy as training and fine-tuning a model."""

    model = serializers.CharField()
    made_kwh = serializers.FloatField(help_text="Training and fine-tuning.")
    query_kwh = serializers.FloatField(help_text="Mean over the three compared tasks.")
    printed_query_kwh = serializers.FloatField()
    queries = QuantitySerializer()
    with_printed_energy = serializers.FloatField()
    printed = serializers.IntegerField()
    rounding = serializers.FloatField(help_text="`with_printed_energy` over `queries`, less 1.")
    unexplained = serializers.FloatField(help_text="`printed` over `with_printed_energy`, less 1.")
    causes = serializers.ListField(child=serializers.CharField())


class OtherParitySerializer(serializers.Serializer[OtherParity]):
    """The same of a model outside table 5; no queries where no energy of a query is cited."""

    model = serializers.CharField()
    made = QuantitySerializer()
    queries = QuantitySerializer(allow_null=True)


class ClaimsSerializer(serializers.Serializer[dict[str, Any]]):
    """Claims, and the study's headline from the same figures."""

    licence = serializers.CharField()
    citation = serializers.CharField()
    study_digest = serializers.CharField(
        help_text="Of the study's data, from which everything here is computed."
    )
    claims = ClaimSerializer(many=True)
    ratios = FamilyRatioSerializer(many=True)
    size_controlled = SizeControlledSerializer()
    parities = ParitySerializer(many=True)
    other_parities = OtherParitySerializer(many=True)
