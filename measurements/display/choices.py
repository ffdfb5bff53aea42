"""The closed words of results and boards, each list once, with titles in the reader's language.

Pages, admin, filters and the API's description read their titles here. The words are those of the agent's own types: a
test holds every class against the type that its docstring names. What only one app's tables know stands beside those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from joulemark.consensus.agreement import Tier as ConsensusTier
from joulemark.consensus.cell import Label as ConsensusLabel
from joulemark.impact.quantity import BoardGrade, PublisherGrade
from joulemark.record.statement import Grade as SignedGrade

if TYPE_CHECKING:
    from collections.abc import Iterable

Choices = list[tuple[str, Any]]
"""Words with their titles, as a field of a table, form or serializer takes them."""


class Grade(TextChoices):
    """How a number came about (`joulemark.impact.quantity.Grade`)."""

    MEASURED = "measured", _("measured")
    ESTIMATED = "estimated", _("estimated")
    PUBLISHED = "published", _("published")
    MODELLED = "modelled", _("modelled")
    OWN = "own", _("the reader's own")


class ModelKind(TextChoices):
    """Whether a model was made for one task (`joulemark.suite.schema.ModelKind`) or a published series does not say."""

    TASK_SPECIFIC = "task-specific", _("task-specific")
    GENERAL_PURPOSE = "general-purpose", _("general-purpose")
    UNKNOWN = "unknown", _("kind not stated")


class Tier(TextChoices):
    """How far a value has come (`joulemark.consensus.agreement.Tier`); a published one has no tier of ours."""

    SINGLE = "single source", _("single source")
    SEVERAL = "several sources", _("several sources, not replicated")
    REPLICATED = "replicated", _("replicated")
    ESTABLISHED = "established", _("established")
    PUBLISHED = "published", _("published")


class Interval(TextChoices):
    """How an interval between contributors was computed (`joulemark.consensus.interval.Kind`)."""

    PRELIMINARY = "preliminary", _("preliminary")
    BOOTSTRAP = "bootstrap", _("by resampling the contributors")


class NoInterval(TextChoices):
    """Why a value has no interval between contributors (`joulemark.consensus.interval.NoInterval`)."""

    SINGLE_SOURCE = "single-source", _("none: a single source")
    SOURCES_DISAGREE = (
        "sources-disagree",
        _("none: the contributors differ too much for a useful interval"),
    )


class NoModelInterval(TextChoices):
    """Why a ratio has no interval over models (`joulemark.consensus.over_models.NoModelInterval`)."""

    ONE_PAIR = "one-pair", _("one pair of models: not representative of others")
    ONE_MODEL_OF_A_KIND = "one-model-of-a-kind", _("one model of a kind: not representative of others")
    TOO_FEW_MODELS = "too-few-models", _("too few models with too large differences for an interval")
    NO_SPREAD = "no-spread", _("models without differences: not representative of others")


class NoScoreInterval(TextChoices):
    """Why a score has no interval (`joulemark.consensus.quality_interval.NoQualityInterval`), or a side's median."""

    N_NOT_KNOWN = "n-not-known", _("number of questions not stated")
    NO_MEAN_OVER_QUESTIONS = "no-mean-over-questions", _("the sampling error does not follow from one number")
    OUTSIDE_0_TO_1 = "outside-0-to-1", _("the score is not between 0 and 1")
    SEVERAL_MODELS = "several-models", _("the median of several models")


class Withheld(TextChoices):
    """Why a part of the differences is not stated (`joulemark.consensus.variance.Withheld`)."""

    NOT_REPEATED = "not-repeated", _("not known: not repeated yet")
    TOO_FEW = "too-few", _("not stated: too little data to estimate it within a factor of 1.5")
    TOO_SMALL = "too-small", _("not stated: too small beside the components inside it")


class Formed(TextChoices):
    """How a ratio was formed (`joulemark.consensus.ratio.Formed`)."""

    SAME_DEVICE = "same device", _("on the same device")
    CELLS = "cells", _("from separate values")
    MIXED = "mixed", _("partly on the same device")


class Unit(TextChoices):
    """What joules are per (`joulemark.consensus.unit_energy.Unit`)."""

    OUTPUT_TOKEN = "output-token", _("output token")
    INPUT_TOKEN = "input-token", _("input token")
    TOKEN = "token", _("token, input or output")
    RIGHT_ANSWER = "right-answer", _("correct answer")


class NoUnitValue(TextChoices):
    """Why there are no joules per unit (`joulemark.consensus.unit_energy.NoUnitValue`), or nobody has computed them."""

    TOKENS_NOT_COUNTED = (
        "tokens-not-counted",
        _("not known: an older agent did not count these tokens, or such a model has none"),
    )
    NO_TOKENS = "no-tokens", _("none: there were no such tokens")
    NO_SHARE = "no-share-of-right-answers", _("none: no score here is a share of correct answers")
    NO_RIGHT_ANSWERS = "no-right-answers", _("none: no answer was correct")
    OUT_OF_RANGE = "out-of-range", _("none: the stated energy is too small or too large for a number")
    BEFORE_THEN = "not-computed-then", _("not computed at that time")
    OF_PUBLISHER = "not-published", _("not published")


class NoUnitInterval(TextChoices):
    """Why joules per unit have no interval of the true energy (`joulemark.consensus.unit_energy.NoUnitInterval`)."""

    SINGLE_SOURCE = "single-source", _("none: a single source")
    SOURCES_DISAGREE = (
        "sources-disagree",
        _("none: the contributors differ too much for a useful interval"),
    )
    SENSOR_NOT_KNOWN = "sensor-not-known", _("none: the error of a sensor is not known")
    SHARE_NOT_KNOWN = "share-not-known", _("none: too few questions for the share of correct answers")
    NO_BUDGET = "no-budget", _("none: no uncertainty is stated")


class Severity(TextChoices):
    """What a finding means for the result (`joulemark.rules.finding.Severity`)."""

    REJECT = "reject", _("rejects")
    QUARANTINE = "quarantine", _("quarantines")
    FLAG = "flag", _("flags")


class ClaimVerdict(TextChoices):
    """What the figures say of a claim (`joulemark.impact.claims.Verdict`)."""

    HOLDS = "holds", _("holds")
    HOLDS_APPROXIMATELY = "holds-approximately", _("holds approximately")
    BELONGS_ELSEWHERE = "belongs-elsewhere", _("belongs to something else")
    DOES_NOT_HOLD = "does-not-hold", _("does not hold")


class BoardVerdict(TextChoices):
    """How a reported number lies to the boards' values (`joulemark.impact.reported_rule.BoardVerdict`)."""

    AGREES = "agrees", _("agrees")
    ABOVE = "above", _("above ours")
    BELOW = "below", _("below ours")
    OTHER_BOUNDARY = "other-boundary", _("not comparable: other boundary")
    NO_MEASUREMENT = "no-measurement", _("no measurement yet")


class NoBoardNumber(TextChoices):
    """Why a reported number has no measurement beside it (`joulemark.impact.reported_rule.NoBoardNumber`)."""

    NO_SUCH_QUANTITY = "no-such-quantity", _("the boards have no such quantity")
    NOT_MEASURED = "not-measured", _("nobody has measured it here")
    NO_INTERVAL_YET = "no-interval-yet", _("measured, without an interval so far")


class Boundary(TextChoices):
    """What a reported energy covers (`joulemark.impact.reported.Boundary`)."""

    ACCELERATOR = "accelerator", _("GPU or accelerator alone")
    SERVER = "server", _("whole server")
    DATA_CENTRE = "data-centre", _("data centre, with its overhead")
    LIFE_CYCLE = "life-cycle", _("life cycle, with the making of the hardware")
    UNDOCUMENTED = "undocumented", _("boundary not stated")


class SeriesBoundary(TextChoices):
    """What lies inside of a published measurement (`joulemark.published.boundary.SeriesBoundary`)."""

    GPU = "gpu", _("GPU alone")
    PROCESSOR = "processor", _("processor and memory alone")
    MACHINE = "machine", _("the machine: GPU, processor and memory")
    WALL = "wall", _("the machine at its plug, with its power supply")
    MODELLED = "modelled", _("modelled: nothing was measured")


class ParityCause(TextChoices):
    """Why a printed number of queries differs from the recomputed one (`joulemark.impact.parity.Cause`)."""

    ROUNDED = "query-energy-rounded", _("the energy of a query was rounded before dividing")
    DIFFERS = "query-energy-differs", _("the printed energy of a query is not that of the logs")
    PARTS = "parts-do-not-give-it", _("the printed parts do not give the printed number")


class AnswerForm(TextChoices):
    """How a model answers where the task leaves a choice (`joulemark.suite.answer_forms.AnswerForm`)."""

    PICKS = "picks", _("extract their answers from the text")
    WRITES = "writes", _("generate their answers")


def choices_of(titled: type[TextChoices], words: Iterable[str]) -> Choices:
    """Some words of a list with their titles. Raises ValueError for a word that it has not."""
    return [(word, titled(word).label) for word in words]


def with_none(titled: type[TextChoices]) -> Choices:
    """All words of a list, and the empty one for none of them."""
    return [("", ""), *titled.choices]


RESULT_GRADES = choices_of(Grade, get_args(SignedGrade))
"""Grades of what volunteers send."""
BOARD_GRADES = choices_of(Grade, get_args(BoardGrade))
"""Grades of a series."""
OF_PUBLISHERS = frozenset(get_args(PublisherGrade))
"""Grades of what others have published."""
PUBLISHED_GRADE = choices_of(Grade, [Grade.PUBLISHED])
"""The grade of what follows from the study's figures."""
CELL_LABELS = choices_of(Tier, get_args(ConsensusLabel))
"""Whether a cell has one source or several."""
ROW_LABELS = choices_of(Tier, (*get_args(ConsensusLabel), Tier.PUBLISHED))
"""The same of a row of any board."""
CELL_TIERS = choices_of(Tier, get_args(ConsensusTier))
"""Tiers of a cell."""
