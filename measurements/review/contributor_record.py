"""What a contributor has sent and how it agrees with others, in a number of queries that does not grow with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth

from measurements.contributors.models import Contributor, Device, Key
from measurements.intake.models import Submission
from measurements.review.listing import listed_submissions
from measurements.review.models import Agreement, Appeal, Result, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

MAX_MONTHS = 24
MAX_COMPARED = 5000
"""Results whose agreement a page counts."""
MAX_DEVICES = 100
MAX_KEYS = 50
MAX_APPEALS = 50


@dataclass(frozen=True, kw_only=True)
class AgreementMonth:
    """How results that were received in one month compare with those of others, as far as anybody can tell."""

    month: datetime
    agreed: int
    disagreed: int
    open: int

    @property
    def share(self) -> float | None:
        """The part that agrees, None where nobody can tell of any."""
        compared = self.agreed + self.disagreed
        return self.agreed / compared if compared else None


@dataclass(frozen=True, kw_only=True)
class ContributorRecord:
    """A contributor with keys, devices, appeals and standing; the latest of each where there are very many."""

    contributor: Contributor
    keys: list[Key]
    devices: list[Device]
    standing: Standing | None
    months: list[AgreementMonth]
    appeals: list[Appeal]
    states: dict[str, int]

    @property
    def submissions(self) -> QuerySet[Submission]:
        """What it sent, in every state, the latest first."""
        return listed_submissions().filter(key__in=[key.pk for key in self.keys])


def read_contributor(pseudonym: str) -> ContributorRecord | None:
    """The record of a contributor, None where there is none of this pseudonym."""
    contributor = Contributor.objects.select_related("standing").filter(pseudonym=pseudonym).first()
    if contributor is None:
        return None
    keys = list(contributor.keys.order_by("-enrolled_at", "key_id")[:MAX_KEYS])
    devices = contributor.devices.select_related("hardware_class", "contributor")
    of_keys = listed_submissions().filter(key__in=[key.pk for key in keys])
    counted = of_keys.order_by().values_list("state").annotate(n=Count("pk"))
    appeals = Appeal.objects.filter(submission__key__contributor=contributor).select_related("decision")
    return ContributorRecord(
        contributor=contributor,
        keys=keys,
        devices=list(devices.order_by("-first_seen_at", "pk")[:MAX_DEVICES]),
        standing=getattr(contributor, "standing", None),
        months=_months(_latest_agreements(keys)),
        appeals=list(appeals.order_by("-pk")[:MAX_APPEALS]),
        states=dict(counted),
    )


def read_device(pseudonym: str, tag_begin: str) -> list[Device]:
    """The rows of a device of a contributor, one for each hardware class that it was reported as."""
    devices = Device.objects.filter(contributor__pseudonym=pseudonym, tag__startswith=tag_begin)
    return list(devices.select_related("hardware_class", "contributor").order_by("pk")[:MAX_DEVICES])


def submissions_of_devices(devices: list[Device]) -> QuerySet[Submission]:
    """Results of these devices that were not rejected, the latest first."""
    return listed_submissions().filter(
        pk__in=Result.objects.filter(device__in=[device.pk for device in devices]).values("pk")
    )


def months_of_devices(devices: list[Device]) -> list[AgreementMonth]:
    """How the results of these devices compare with those of other contributors, month by month."""
    keys = Key.objects.filter(contributor__in={device.contributor_id for device in devices})
    latest = _latest_agreements(keys.order_by("-enrolled_at", "key_id")[:MAX_KEYS])
    return _months(latest.filter(result__device__in=[device.pk for device in devices]))


def _latest_agreements(keys: Iterable[Key]) -> QuerySet[Agreement]:
    """Those of the last `MAX_COMPARED` results that these keys signed, whatever there is; the newest key first."""
    every, names = list(keys), list[str]()
    if len(every) == 1:  # nearly everybody: then one statement does it
        signed = Submission.objects.filter(key=every[0]).order_by("-received_at", "result_id")
        return Agreement.objects.filter(pk__in=signed.values("pk")[:MAX_COMPARED])
    for key in every:
        signed = Submission.objects.filter(key=key).order_by("-received_at", "result_id")
        names += signed.values_list("pk", flat=True)[: MAX_COMPARED - len(names)]
        if len(names) >= MAX_COMPARED:
            break
    return Agreement.objects.filter(pk__in=names)


def _months(agreements: QuerySet[Agreement]) -> list[AgreementMonth]:
    by_month = (
        agreements.order_by()
        .annotate(month=TruncMonth("result__submission__received_at"))
        .values("month")
        .annotate(
            agreed=Count("pk", filter=Q(agrees=True)),
            disagreed=Count("pk", filter=Q(agrees=False)),
            open=Count("pk", filter=Q(agrees=None)),
        )
        .order_by("-month")
    )
    return [AgreementMonth(**row) for row in by_month[:MAX_MONTHS]]
