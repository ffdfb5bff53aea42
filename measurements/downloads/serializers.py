"""What the downloads contain. Field names carry their unit, and none is ever renamed or removed."""

from __future__ import annotations

from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from joulemark.consensus.quality_interval import QualityMethod
from measurements.boards.board_row import BoardRow
from measurements.boards.comparisons import ComparisonRow, Side
from measurements.boards.unit_energies import UnitEnergies, result_unit_energies
from measurements.display.choices import (
    BOARD_GRADES,
    ROW_LABELS,
    AnswerForm,
    Formed,
    Interval,
    ModelKind,
    NoInterval,
    NoModelInterval,
    NoScoreInterval,
    Tier,
    with_none,
)
from measurements.downloads.unit_energy_serializer import UnitEnergySerializer
from measurements.impact.serializers import QualityDifferenceSerializer
from measurements.intake.models import State, Submission
from measurements.review.listing import codes_of
from measurements.web.links import bundle_url, page_url, short_url

HARDWARE = (
    "Hardware class: by its name once that is confirmed, else by a code that follows from the name and repeats nothing "
    "of it. A code keeps leading to its class."
)
HARDWARE_WORDS = (
    "What one contributor calls hardware whose name nobody has confirmed: a stranger's words, to be quoted as such. "
    "Empty once the name is confirmed, or was refused."
)


class QualitySerializer(serializers.Serializer[dict[str, Any]]):
    """One metric of the answers; `n` is the number of answers scored in all sessions, null where it was not kept."""

    metric = serializers.CharField()
    value = serializers.FloatField()
    n = serializers.IntegerField(allow_null=True)
    higher_is_better = serializers.BooleanField()
    n_questions = serializers.IntegerField(
        allow_null=True,
        help_text="Distinct questions that the interval rests on: those of one session, because further sessions over "
        "the same ones are not more questions. Null where nobody states them.",
    )
    low = serializers.FloatField(allow_null=True, help_text="Lower end of the 95 % interval.")
    high = serializers.FloatField(allow_null=True, help_text="Upper end of the 95 % interval.")
    interval = serializers.ChoiceField(
        get_args(QualityMethod),
        allow_null=True,
        help_text="How the interval was computed: Wilson's, exact for a share of correct answers, an upper bound for a "
        "mean of scores between 0 and 1.",
    )
    no_interval = serializers.ChoiceField(
        NoScoreInterval.choices,
        allow_null=True,
        help_text="Why there is no interval; null where there is one.",
    )


class QualityPartSerializer(serializers.Serializer[dict[str, Any]]):
    """A number of a metric, null where it is not known."""

    metric = serializers.CharField()
    value = serializers.FloatField(allow_null=True)


class QualityQuestionsSerializer(serializers.Serializer[dict[str, Any]]):
    """The distinct questions of a metric, null where nobody states them."""

    metric = serializers.CharField()
    value = serializers.IntegerField(allow_null=True)


class BoardRowSerializer(serializers.Serializer[BoardRow]):
    """A row of a board."""

    series = serializers.CharField()
    task = serializers.CharField()
    dataset = serializers.CharField(help_text="Empty: over all data sets of the task.")
    model = serializers.CharField()
    kind = serializers.ChoiceField(
        ModelKind.choices,
        help_text="Unknown where a published series does not say.",
    )
    parameters = serializers.IntegerField(allow_null=True)
    grade = serializers.ChoiceField(BOARD_GRADES)
    scope = serializers.CharField(
        help_text="What the energy covers: gpu, cpu, gpu+cpu+dram, cpu+dram or node; published ones also gpu+cpu."
    )
    hardware = serializers.CharField(help_text=HARDWARE)
    hardware_words = serializers.CharField(help_text=HARDWARE_WORDS)
    hardware_words_of = serializers.CharField(
        help_text="Pseudonym of the contributor whose words these are; empty where there are none."
    )
    stratum = serializers.CharField(
        help_text="Number format, batch size and power limit; of a published figure its configuration, in words."
    )
    rank = serializers.IntegerField(
        allow_null=True, help_text="Null for a single source, and for published figures."
    )
    rank_worst = serializers.IntegerField(
        allow_null=True, help_text="The true rank lies between `rank` and this one."
    )
    energy_per_query_j = serializers.FloatField(help_text="Joules per query.")
    energy_wh_per_1000 = serializers.FloatField(help_text="Watt-hours per 1,000 queries.")
    low_wh_per_1000 = serializers.FloatField(
        allow_null=True,
        help_text="Lower end of the 95 % interval of the true energy, with the error that the contributors' sensors "
        "share; 0 where that may be all of it; null for a single source and for published figures. Of an estimate, "
        "which has no sensor, it is that between contributors.",
    )
    high_wh_per_1000 = serializers.FloatField(
        allow_null=True, help_text="Upper end of the 95 % interval of the true energy."
    )
    between_low_wh_per_1000 = serializers.FloatField(
        allow_null=True,
        help_text="Lower end of the 95 % interval between contributors: of what ever more of them, with such sensors, "
        "would find. For comparisons on one hardware. Null at a moment before values had it.",
    )
    between_high_wh_per_1000 = serializers.FloatField(
        allow_null=True, help_text="Upper end of the 95 % interval between contributors."
    )
    sensor_u = serializers.FloatField(
        allow_null=True,
        help_text="Relative standard uncertainty that the contributors' sensors share; null for estimates.",
    )
    interval = serializers.ChoiceField(
        with_none(Interval),
        help_text="How the interval between contributors was computed: docs/method.md.",
    )
    no_interval = serializers.ChoiceField(
        with_none(NoInterval),
        help_text="Why there is no interval between contributors: a single source, or several that differ too much for "
        "a useful one. Empty where there is one, and for published figures.",
    )
    least_wh_per_1000 = serializers.FloatField(
        allow_null=True, help_text="Smallest value of a contributor (published: of a run)."
    )
    most_wh_per_1000 = serializers.FloatField(
        allow_null=True, help_text="Largest value of a contributor (published: of a run)."
    )
    spread = serializers.FloatField(
        allow_null=True, help_text="Standard deviation of one contributor around the value, relative."
    )
    dark_u = serializers.FloatField(
        allow_null=True,
        help_text="Excess dispersion between contributors (dark uncertainty): the part of `spread` that the stated "
        "uncertainties do not explain, relative.",
    )
    shift = serializers.FloatField(
        allow_null=True, help_text="The largest change by leaving one contributor out, relative."
    )
    n_devices = serializers.IntegerField(allow_null=True)
    n_contributors = serializers.IntegerField()
    n_results = serializers.IntegerField(help_text="Results (published: runs) behind the value.")
    label = serializers.ChoiceField(ROW_LABELS)  # type: ignore[assignment]  # DRF has an option of this name
    tier = serializers.ChoiceField(
        Tier.choices, help_text="How far a value has come: docs/trust.md says what each asks for."
    )
    quality = QualitySerializer(many=True)
    quality_low = QualityPartSerializer(
        source="quality_lows", many=True, help_text="The lower ends of `quality`, for tables."
    )
    quality_high = QualityPartSerializer(
        source="quality_highs", many=True, help_text="The upper ends of `quality`, for tables."
    )
    quality_n_questions = QualityQuestionsSerializer(
        source="quality_questions", many=True, help_text="The distinct questions of `quality`, for tables."
    )
    front = serializers.ListField(
        child=serializers.CharField(),
        help_text="Metrics by which no row under the same conditions surely uses less energy and surely scores better. "
        "A metric that tells nobody apart, or whose chance is not known, is neither here nor in `beaten`.",
    )
    beaten = serializers.ListField(
        child=serializers.CharField(),
        help_text="Metrics by which a row under the same conditions surely uses less energy and surely scores better.",
    )
    source = serializers.CharField(  # type: ignore[assignment]  # DRF has an option of this name
        help_text="Where a published figure comes from; empty otherwise."
    )
    validity = serializers.CharField(
        help_text="The source's own flags of a published figure, in its words; empty where it has none, and otherwise."
    )
    version = serializers.IntegerField(
        help_text="The board's version that brought this value; of a published figure the series' revision."
    )
    updated_at = serializers.DateTimeField()
    unit_energies = UnitEnergySerializer(
        many=True, help_text="Joules per token and per correct answer; in CSV a column for each number."
    )


class BoardSerializer(serializers.Serializer[dict[str, Any]]):
    """A board with all of its rows."""

    series = serializers.CharField()
    task = serializers.CharField()
    grade = serializers.ChoiceField(BOARD_GRADES)
    licence = serializers.CharField(
        help_text="SPDX name; of a published series the licence under which it was published."
    )
    citation = serializers.CharField(
        help_text="What to cite with these figures; empty for volunteers' results."
    )
    version = serializers.IntegerField(
        help_text="Rises with every change of the series; of a published one its revision."
    )
    version_at = serializers.DateTimeField(help_text="When the series came to this version.")
    checkpoint = serializers.IntegerField(
        allow_null=True,
        help_text="Size of the last checkpoint of the log that was signed until then; null: none was.",
    )
    cite_as = serializers.CharField(help_text="Address of the board that keeps showing this version.")
    as_of = serializers.DateTimeField(allow_null=True, help_text="The moment asked for; null: now.")
    rows = BoardRowSerializer(many=True)


class BoardEntrySerializer(serializers.Serializer[dict[str, Any]]):
    """A line of the list of boards."""

    series = serializers.CharField()
    task = serializers.CharField()
    grade = serializers.ChoiceField(BOARD_GRADES)
    n_rows = serializers.IntegerField()
    n_models = serializers.IntegerField()
    json_url = serializers.URLField()
    csv_url = serializers.URLField()
    page_url = serializers.URLField()


class BoardListSerializer(serializers.Serializer[dict[str, Any]]):
    """The list of all boards."""

    boards = BoardEntrySerializer(many=True)


class ComparisonRowSerializer(serializers.Serializer[ComparisonRow]):
    """A ratio of energies, general-purpose over task-specific, on one data set, hardware class and scope."""

    series = serializers.CharField(source="series.slug")
    task = serializers.CharField()
    dataset = serializers.CharField(help_text="Empty: over all data sets of the task.")
    grade = serializers.ChoiceField(BOARD_GRADES)
    scope = serializers.CharField()
    hardware = serializers.CharField(help_text=HARDWARE)
    ratio = serializers.FloatField(source="paired.ratio", help_text="Geometric mean over pairs of models.")
    low_95 = serializers.FloatField(
        source="paired.low_95",
        allow_null=True,
        help_text="Lower end of the 95 % interval of the measurement alone, the models being what they are; null for a "
        "single contributor and for published series.",
    )
    high_95 = serializers.FloatField(
        source="paired.high_95", allow_null=True, help_text="Upper end of the interval of the measurement."
    )
    over_models_low = serializers.FloatField(
        source="paired.over_models_low",
        allow_null=True,
        help_text="Lower end of the ratio's 95 % interval: over another choice of as many models. Null with a reason "
        "in `no_interval`.",
    )
    over_models_high = serializers.FloatField(
        source="paired.over_models_high", allow_null=True, help_text="Upper end of the ratio's 95 % interval."
    )
    over_models_degrees = serializers.FloatField(
        source="paired.degrees", allow_null=True, help_text="Degrees of freedom of the ratio's interval."
    )
    no_interval = serializers.ChoiceField(
        NoModelInterval.choices,
        source="paired.no_interval",
        allow_null=True,
        help_text="Why there is no interval over models: one pair; several models of one kind alone; or so few, that "
        "differ so much, that it would tell nothing.",
    )
    quality_difference = QualityDifferenceSerializer(source="quality", many=True)
    unlike_jobs = serializers.BooleanField(
        help_text="The two kinds answer in unlike forms (`general_purpose_answers`, `task_specific_answers`): what is "
        "picked out of a text was not written."
    )
    low = serializers.FloatField(source="paired.low", help_text="Smallest pair.")
    high = serializers.FloatField(source="paired.high", help_text="Largest pair.")
    n_pairs = serializers.IntegerField(source="paired.n_pairs")
    n_sources = serializers.IntegerField(source="paired.n_sources")
    formed = serializers.ChoiceField(Formed.choices)
    general_purpose_n_models = serializers.IntegerField(source="general_purpose.n_models")
    general_purpose_models = serializers.SerializerMethodField(help_text="Those that are in a pair.")
    general_purpose_answers = serializers.ListField(
        source="general_purpose.answers",
        child=serializers.ChoiceField(AnswerForm.choices),
        help_text="The forms of their answers, where the task leaves a choice; empty where nobody says.",
    )
    general_purpose_wh_per_1000 = serializers.FloatField(source="general_purpose.energy_wh_per_1000")
    general_purpose_quality = QualitySerializer(source="general_purpose.quality", many=True)
    task_specific_n_models = serializers.IntegerField(source="task_specific.n_models")
    task_specific_models = serializers.SerializerMethodField(help_text="Those that are in a pair.")
    task_specific_answers = serializers.ListField(
        source="task_specific.answers",
        child=serializers.ChoiceField(AnswerForm.choices),
        help_text="The forms of their answers, where the task leaves a choice; empty where nobody says.",
    )
    task_specific_wh_per_1000 = serializers.FloatField(source="task_specific.energy_wh_per_1000")
    task_specific_quality = QualitySerializer(source="task_specific.quality", many=True)
    version = serializers.IntegerField(
        help_text="The series' version that brought the latest value; of a published one its revision."
    )
    updated_at = serializers.DateTimeField()

    def get_general_purpose_models(self, row: ComparisonRow) -> list[str]:
        """The names of the general-purpose models."""
        return _names(row.general_purpose)

    def get_task_specific_models(self, row: ComparisonRow) -> list[str]:
        """The names of the task-specific models."""
        return _names(row.task_specific)


def _names(side: Side) -> list[str]:
    return [name for name, _title in side.models]


class ComparisonSerializer(serializers.Serializer[dict[str, Any]]):
    """A task's comparison in every series that has one."""

    task = serializers.CharField()
    licence = serializers.CharField()
    n_missing = serializers.IntegerField(help_text="Comparisons whose numbers cannot be combined.")
    rows = ComparisonRowSerializer(many=True)


class ResultSerializer(serializers.Serializer[Submission]):
    """A received result. Its numbers are null while it has none: not judged yet, or rejected."""

    result_id = serializers.CharField(help_text="SHA-256 of the bundle's bytes.")
    state = serializers.ChoiceField(State.choices)
    codes = serializers.SerializerMethodField()
    received_at = serializers.DateTimeField()
    contributor = serializers.CharField(source="key.contributor.pseudonym")
    suite = serializers.CharField(source="result.suite.slug", default=None)
    task = serializers.CharField(source="result.task.slug", default=None)
    dataset = serializers.CharField(source="result.dataset.slug", default=None)
    model = serializers.CharField(source="result.model.slug", default=None)
    hardware = serializers.CharField(source="result.hardware_class.public_slug", default=None)
    grade = serializers.CharField(source="result.grade", default=None)
    scope = serializers.CharField(source="result.scope", default=None)
    stratum = serializers.CharField(source="result.stratum", default=None)
    queries = serializers.IntegerField(source="result.queries", default=None)
    energy_per_query_j = serializers.FloatField(source="result.energy_per_query_j", default=None)
    bundle_url = serializers.SerializerMethodField()
    page_url = serializers.SerializerMethodField(help_text="The page of the result with its evidence.")
    short_url = serializers.SerializerMethodField(help_text="A short address that leads there.")
    unit_energies = serializers.SerializerMethodField(
        help_text="Joules per token and per correct answer; empty while the result has no numbers."
    )

    def get_codes(self, submission: Submission) -> list[str]:
        """The codes of the verdict that stands."""
        return codes_of(submission)

    def get_bundle_url(self, submission: Submission) -> str:
        """Where the exact bytes are."""
        return bundle_url(submission.result_id)

    def get_page_url(self, submission: Submission) -> str:
        """The address of the result's page."""
        return page_url(submission.result_id)

    def get_short_url(self, submission: Submission) -> str:
        """The short address of its page."""
        return short_url(submission.result_id)

    @extend_schema_field(UnitEnergySerializer(many=True))
    def get_unit_energies(self, submission: Submission) -> UnitEnergies:
        """Those of the result, where it has one."""
        result = getattr(submission, "result", None)
        return [] if result is None else result_unit_energies(result)
