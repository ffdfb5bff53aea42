"""Tables of judgement. A verdict is kept for ever; a result is derived from the bundle and can be rebuilt from it."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from joulemark.leaderboard.eligibility import ELIGIBLE
from measurements.catalog.models import AiModel, DataSet, HardwareClass, NameState, Suite, Task
from measurements.contributors.models import Contributor, Device
from measurements.display.choices import RESULT_GRADES, choices_of
from measurements.intake.models import State, Submission
from measurements.ledger.models import Leaf
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.due_cells import DueComparison  # noqa: F401 - a table of this app
from measurements.review.exact_json import ExactJSONField
from measurements.review.moves import MOVES, RETIRED, Cause
from measurements.review.sweep_position import SweepPosition  # noqa: F401 - the same


class Transition(models.Model):
    """A submission moved. Every move is a row; none is ever changed."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="transitions")
    before = models.CharField(max_length=12, choices=State)
    after = models.CharField(max_length=12, choices=State)
    cause = models.CharField(max_length=12, choices=Cause)
    moved_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [
            # the feed of what no longer counts, and changes of a board between two dates
            models.Index(fields=["-id"], name="transition_retired", condition=models.Q(after__in=RETIRED)),
            models.Index(fields=["moved_at"], name="transition_moved"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    *(models.Q(before=before, after__in=after) for before, after in MOVES.items() if after),
                    _connector=models.Q.OR,
                ),
                name="transition_is_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: {self.before} > {self.after}"


class Verdict(models.Model):
    """The verdict of the rules on a submission. `findings` is a list of {code, severity, sentence, evidence}.

    A submission that is judged again keeps its old verdicts; the last one stands. `occasion` tells apart what a cause
    may bring about more than once (see `occasion_of`): for each a submission is judged once, however often it is asked.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="verdicts")
    rules_version = models.CharField(max_length=20)
    state = models.CharField(max_length=12, choices=State)
    cause = models.CharField(max_length=12, choices=Cause, default=Cause.RULES)
    occasion = models.CharField(max_length=40, default="", db_default="")
    findings = ExactJSONField(default=list)
    judged_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = [
            "id"
        ]  # as verdicts were given, one after the other; `judged_at` is the clock of whoever judged
        indexes = [
            models.Index(fields=["submission", "id"], name="verdict_submission"),
            # lists of verdicts: those of one version of the rules, and those that say the same
            models.Index(fields=["rules_version", "id"], name="verdict_rules_version"),
            models.Index(fields=["state", "id"], name="verdict_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["submission", "cause", "occasion"], name="verdict_once"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: {self.state}"


class ModerationReason(models.TextChoices):
    """Why a moderator decided as they did; public, like the decision."""

    EVIDENCE_HOLDS = "evidence-holds", _("the evidence holds after a closer look")
    EVIDENCE_FAILS = "evidence-fails", _("the evidence does not hold")
    KEY_MISUSED = "key-misused", _("the key was misused")
    CONTRIBUTOR_ASKED = "contributor-asked", _("the contributor asked for it")
    APPEAL_GRANTED = "appeal-granted", _("the appeal is right")
    APPEAL_DENIED = "appeal-denied", _("the appeal does not change the evidence")


class WaitingQuerySet(models.QuerySet["Waiting"]):
    """Reads of what waits for a person."""

    def for_moderators(self) -> Self:
        """Quarantined results and those with an open appeal, with what a moderator looks at first, oldest first."""
        open_appeal = Appeal.objects.filter(submission=models.OuterRef("pk"), decision=None)
        return (
            self.defer("bundle", "receipt")
            .annotate(appeal_by=models.Subquery(open_appeal.values("decide_by")[:1]))
            .filter(models.Q(state=State.QUARANTINED) | models.Q(appeal_by__isnull=False))
            .select_related(
                "key__contributor__standing", "result__task", "result__dataset", "result__model",
                "result__hardware_class", "result__agreement", "proposal",
            )
            .order_by("received_at")
        )  # fmt: skip


class Waiting(Submission):
    """A submission that waits for a person."""

    queue = WaitingQuerySet.as_manager()

    class Meta:
        proxy = True
        verbose_name = "result that waits"
        verbose_name_plural = "results that wait for a moderator"


class Proposal(models.Model):
    """A moderator would reject this; a second one must say so too. It ends with any decision about the submission."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="proposal")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    reason = models.CharField(max_length=30, choices=ModerationReason)
    proposed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: reject ({self.reason})?"


class Moderation(models.Model):
    """A person's decision about a submission, with its reason. Kept for ever, and a leaf of the log.

    A rejection has two persons: who proposed it and who confirmed it.
    """

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="moderations")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="proposals_made"
    )
    state = models.CharField(max_length=12, choices=choices_of(State, (State.ACCEPTED, State.REJECTED)))
    reason = models.CharField(max_length=30, choices=ModerationReason)
    decided_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(proposed_by__isnull=True) | ~models.Q(proposed_by=models.F("moderator")),
                name="moderation_by_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: {self.state} ({self.reason})"


class NameDecision(models.Model):
    """A moderator's decision whether the name of a hardware class may stand as a title."""

    hardware_class = models.ForeignKey(HardwareClass, on_delete=models.PROTECT, related_name="name_decisions")
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="name_decisions"
    )
    state = models.CharField(
        max_length=10, choices=choices_of(NameState, (NameState.CONFIRMED, NameState.REFUSED))
    )
    decided_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.hardware_class}: {self.state}"


class WithdrawalReason(models.TextChoices):
    """Why a contributor took a result back (`joulemark.record.requests.WithdrawalReason`)."""

    MEASURED_WRONGLY = "measured-wrongly", _("it was measured wrongly")
    WRONG_MACHINE = "wrong-machine", _("it was measured on the wrong machine")
    PRIVATE = "private", _("for private reasons")
    OTHER = "other", _("for another reason")


class Withdrawal(models.Model):
    """A contributor's own word that a result must not count. Its bytes stay, and so do its leaves."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="withdrawal")
    reason = models.CharField(max_length=20, choices=WithdrawalReason)
    withdrawn_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: withdrawn"


class Appeal(models.Model):
    """A contributor asks for a person's look at a verdict. `decision` ends it, by somebody who had no part before."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="appeals")
    words = models.TextField()
    filed_at = models.DateTimeField()
    decide_by = models.DateTimeField()
    decision = models.OneToOneField(Moderation, on_delete=models.PROTECT, null=True, related_name="appeal")
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission"], condition=models.Q(decision__isnull=True), name="appeal_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: appealed"


HAS_CONTROL = models.Q(control_flop_j__isnull=False)
LISTED_BY = ("suite", "task", "dataset", "model", "hardware_class", "scope", "stratum", "grade")
"""What lists of results are narrowed by: with `received_at`, their submission's, each has an index of the latest."""


class ResultQuerySet(models.QuerySet["Result"]):
    """Reads of results."""

    def eligible(self) -> Self:
        """What may count: the one definition that pages, API and downloads share."""
        return self.filter(submission__state__in=ELIGIBLE)

    def of_cell(self, key: CellKey) -> Self:
        """Results of one cell."""
        return self.filter(**key.columns)

    def cell_keys(self) -> list[CellKey]:
        """The cells in which these results lie, each once."""
        return [CellKey(*values) for values in self.order_by().values_list(*CELL_FIELDS).distinct()]


class Result(models.Model):
    """The numbers of a submission that parsed, one row each. Energy in joules, time in seconds.

    `relative_u` is the stated standard uncertainty of the energy per query, `method_u` the part of it that boards of
    one design do not share, `window_u` the part that the scatter of the windows gives; all relative, null where no
    budget was stated. `mean_power_w` is the power at which the energy of the queries was drawn, against which the
    sensor's offset is set; null where the trace does not tell. `answers` are the trace's short digests of the
    answers, four bytes each, in the sample's order; `noise` is the print of its noise, empty where it has too little.
    `control_design`: a GPU's design and power controls. Joules and seconds of an operation (FLOP) and of a byte follow.
    """

    submission = models.OneToOneField(
        Submission, on_delete=models.PROTECT, primary_key=True, related_name="result"
    )
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="results")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="results")
    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, db_index=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, db_index=False)
    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT, db_index=False)
    model = models.ForeignKey(AiModel, on_delete=models.PROTECT, related_name="results", db_index=False)
    hardware_class = models.ForeignKey(HardwareClass, on_delete=models.PROTECT, db_index=False)
    grade = models.CharField(max_length=10, choices=RESULT_GRADES)
    scope = models.CharField(max_length=20)
    stratum = models.CharField(max_length=60)
    meter = models.CharField(max_length=30)
    session = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    received_at = models.DateTimeField()
    queries = models.PositiveBigIntegerField()
    window_count = models.PositiveIntegerField()
    duration_s = models.FloatField()
    energy_gross_j = models.FloatField()
    energy_net_j = models.FloatField(null=True)
    energy_per_query_j = models.FloatField()
    latency_p50_s = models.FloatField()
    latency_p95_s = models.FloatField()
    output_tokens = models.PositiveBigIntegerField(null=True)
    input_tokens = models.PositiveBigIntegerField(null=True)
    quality = models.JSONField(default=list)
    not_scored = models.JSONField(default=dict)
    sample_sha256 = models.CharField(max_length=64, default="")
    inputs_sha256 = models.CharField(max_length=64, default="")
    outputs_sha256 = models.CharField(max_length=64, default="")
    peak_memory_bytes = models.PositiveBigIntegerField(null=True)
    relative_u = models.FloatField(null=True)
    method_u = models.FloatField(null=True)
    mean_power_w = models.FloatField(null=True)
    window_u = models.FloatField(null=True)
    times_sha256 = models.CharField(max_length=64, default="")
    answers = models.BinaryField(default=b"")
    noise = models.BinaryField(default=b"")
    control_design = models.CharField(max_length=80, default="")
    control_flop_j = models.FloatField(null=True)
    control_flop_s = models.FloatField(null=True)
    control_byte_j = models.FloatField(null=True)
    control_byte_s = models.FloatField(null=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            # a cell's recomputation: every result in it
            models.Index(
                fields=["suite", "dataset", "model", "hardware_class", "grade", "scope", "stratum"],
                name="result_cell",
            ),
            # what others were asked for the same sample
            models.Index(fields=["dataset", "model", "sample_sha256"], name="result_sample"),
            # a trace whose values were scaled keeps its times
            models.Index(fields=["times_sha256"], name="result_times"),
            # what cards of one design are like
            models.Index(fields=["control_design"], name="result_control", condition=HAS_CONTROL),
            *(
                models.Index(fields=[name, "-received_at"], name=f"result_{name}_latest")
                for name in LISTED_BY
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(energy_per_query_j__gt=0), name="result_energy_positive"
            ),
            models.CheckConstraint(condition=models.Q(queries__gt=0), name="result_queries_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.dataset}"

    def get_absolute_url(self) -> str:
        """The path of the result's page."""
        return self.submission.get_absolute_url()


class Agreement(models.Model):
    """How a result compares with those of other contributors in the same cell. Derived, and rewritten as others come.

    `agrees` is None while nobody knows which of two is right. `wants_replication`: whether a further contributor's
    result is asked for because of this one.
    """

    result = models.OneToOneField(
        Result, on_delete=models.CASCADE, primary_key=True, related_name="agreement"
    )
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="agreements")
    agrees = models.BooleanField(null=True)
    relative = models.FloatField(null=True)
    tolerance = models.FloatField(null=True)
    n_others = models.PositiveIntegerField(default=0)
    wants_replication = models.BooleanField(default=True)

    class Meta:
        indexes = [
            # a contributor's row of agreements
            models.Index(fields=["contributor", "result"], name="agreement_contributor"),
            # what is asked to be measured by somebody else
            models.Index(
                fields=["result"], name="agreement_wanted", condition=models.Q(wants_replication=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk[:12]}: {self.agrees}"


class Standing(models.Model):
    """What a contributor has earned: agreements in a row since the last disagreement. Derived from `Agreement`."""

    contributor = models.OneToOneField(
        Contributor, on_delete=models.CASCADE, primary_key=True, related_name="standing"
    )
    in_a_row = models.PositiveIntegerField(default=0)
    agreed = models.PositiveIntegerField(default=0)
    disagreed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.contributor}: {self.in_a_row} in a row"

    @property
    def is_trusted(self) -> bool:
        """Whether only some of this contributor's results need another's."""
        return self.in_a_row >= TRUSTED_AFTER


TRUSTED_AFTER = 10
"""Agreements in a row after which a contributor is spot-checked instead of checked (as in BOINC)."""
