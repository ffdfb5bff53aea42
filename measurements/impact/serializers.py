"""What the downloads of impact contain: numbers with their sources, claims with their verdicts."""

from __future__ import annotations

from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from joulemark.consensus.quality_difference import QualityDifference
from joulemark.consensus.size_controlled import FactorEstimate
from joulemark.impact.claims import CheckedClaim, CheckedValue, Direction, Number
from joulemark.impact.equivalences import Equal
from joulemark.impact.intensity import IntensityRow, PlaceKind
from joulemark.impact.parity import OtherParity
from joulemark.impact.quantity import Quantity, Source
from joulemark.suite.published import load_study
from measurements.display.choices import PUBLISHED_GRADE, ClaimVerdict, Grade, NoModelInterval


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
    grade = serializers.ChoiceField(Grade.choices, help_text="How the number came about; own: the reader's.")
    scope = serializers.CharField(
        allow_null=True, help_text="What its energy covers; null where it is no energy of a computation."
    )
    version = serializers.CharField(allow_null=True, help_text="Of a board, a series or a data file.")


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


class IntensityRowSerializer(serializers.Serializer[IntensityRow]):
    """A place in a year."""

    code = serializers.CharField(help_text="ISO 3166-1 alpha-3 of a country, a word for a region.")
    name = serializers.CharField()
    kind = serializers.ChoiceField(get_args(PlaceKind))
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
    grade = serializers.ChoiceField(Grade.choices)
    scope = serializers.CharField(
        allow_null=True, help_text="What the energy covers; null where it is no energy of a computation."
    )


class CheckedValueSerializer(serializers.Serializer[CheckedValue]):
    """A stated number in its own digits, beside what it is said of and what it may belong to."""

    stated = serializers.CharField()
    direction = serializers.ChoiceField(
        get_args(Direction),
        allow_null=True,
        help_text="That it was said as a bound: more than, at least; less than, at most.",
    )
    verdict = serializers.ChoiceField(ClaimVerdict.choices)
    found = NumberSerializer(allow_null=True, source="recomputed")
    instead = NumberSerializer(many=True)


class ClaimSourceSerializer(serializers.Serializer[Source]):
    """The source of a claim."""

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
    verdict = serializers.ChoiceField(ClaimVerdict.choices)
    values = CheckedValueSerializer(many=True)
    beside = NumberSerializer(many=True)
    sentence = serializers.SerializerMethodField()
    board = serializers.CharField(allow_null=True, help_text="The task whose figures it is about.")

    def get_sentence(self, claim: CheckedClaim) -> str:
        """The sentence with its numbers in."""
        return claim.written(claim.sentence, lambda value, digits: f"{value:.{digits}g}")


class EstimateSerializer(serializers.Serializer[FactorEstimate]):
    """A value with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    degrees = serializers.FloatField(help_text="Degrees of freedom of the interval.")


class StudyFigure(serializers.Serializer[Any]):
    """Base of what follows from the published study's figures: their grade and scope."""

    grade = serializers.SerializerMethodField()
    scope = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(PUBLISHED_GRADE))
    def get_grade(self, _figure: object) -> str:
        """The grade, which is always `published`."""
        return Grade.PUBLISHED.value

    @extend_schema_field(serializers.CharField())
    def get_scope(self, _figure: object) -> str:
        """What the study's energies cover."""
        return load_study().scope


class QualityDifferenceSerializer(serializers.Serializer[QualityDifference]):
    """How much better general-purpose models score than task-specific ones, mean over pairs of models."""

    metric = serializers.CharField()
    higher_is_better = serializers.BooleanField()
    difference = serializers.FloatField(help_text="General-purpose less task-specific.")
    low = serializers.FloatField(allow_null=True, help_text="Lower end of the 95 % interval.")
    high = serializers.FloatField(allow_null=True, help_text="Upper end of the 95 % interval.")
    over_models = serializers.BooleanField(
        help_text="The interval is over another choice of models; else it is that of the questions that one pair was "
        "asked."
    )
    no_interval = serializers.ChoiceField(
        NoModelInterval.choices, allow_null=True, help_text="Why there is no interval."
    )
    n_pairs = serializers.IntegerField(help_text="Pairs of models that both have the metric.")


class FamilyRatioSerializer(StudyFigure):
    """Energy of general-purpose over task-specific models in the published study: geometric mean over pairs."""

    task = serializers.CharField()
    dataset = serializers.CharField(allow_null=True, help_text="Null: over all data sets of the task.")
    family = serializers.CharField(allow_null=True, help_text="Null: both families together.")
    n_above = serializers.IntegerField()
    n_below = serializers.IntegerField()
    ratio = EstimateSerializer(help_text="With its 95 % interval over models.")
    over_task_mean = serializers.FloatField(
        help_text="As the study divides: arithmetic mean over the task's mean on all three data sets."
    )
    quality = QualityDifferenceSerializer(many=True)


class SizeControlledSerializer(StudyFigure):
    """General-purpose over task-specific at equal size."""

    factor = EstimateSerializer()
    size_exponent = EstimateSerializer()
    residual_spread = serializers.FloatField()
    n_observations = serializers.IntegerField()
    n_groups = serializers.IntegerField()
    n_clusters = serializers.IntegerField()


class ParitySerializer(StudyFigure):
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
    made = QuantitySerializer(source="training")
    queries = QuantitySerializer(allow_null=True)
