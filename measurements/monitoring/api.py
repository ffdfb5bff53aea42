"""The API of health: whether the platform does what it must, and how long what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from measurements.monitoring.alarms import ALARMS
from measurements.monitoring.health import read_health
from measurements.review.health import COUNTED_ROWS, QueueWait

if TYPE_CHECKING:
    from measurements.monitoring.health import WorkState


class QueueWaitSerializer(serializers.Serializer[QueueWait]):
    """How many wait for one thing, and for how long the oldest has and may."""

    count = serializers.IntegerField(help_text=f"{COUNTED_ROWS} where there are as many or more.")
    oldest_s = serializers.FloatField()
    limit_s = serializers.FloatField()
    alarm = serializers.BooleanField()


class LogCopySerializer(serializers.Serializer[object]):
    """A copy of the log off the platform's machine."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Entries that the checkpoint covers which it took last.")
    fault = serializers.CharField(help_text="Why it is behind; empty while it is not.")


class WitnessSerializer(serializers.Serializer[object]):
    """A witness of the log that the platform knows."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Entries of its last cosignature; 0 before the first.")
    age_s = serializers.FloatField(
        allow_null=True, help_text="Age of that cosignature; null before the first."
    )
    late_s = serializers.FloatField(
        help_text="For how long a checkpoint has stood that it has not cosigned; 0 while it has the last one."
    )
    fault = serializers.CharField(
        help_text="Why the last request to it failed; empty while none did, and where it comes by itself."
    )


class LogHealthSerializer(serializers.Serializer[object]):
    """Whether the log still says what it has said, and how long ago it was signed."""

    broken = serializers.BooleanField()
    outdated = serializers.BooleanField(
        help_text="The platform was restored from a backup; it signs and receives nothing until its log is resumed."
    )
    size = serializers.IntegerField(allow_null=True, help_text="Leaves that are signed; null before any is.")
    checkpoint_age_s = serializers.FloatField(allow_null=True, help_text="Null before the first checkpoint.")
    copies = LogCopySerializer(many=True, help_text="Copies off the platform's machine.")
    witnesses = WitnessSerializer(many=True, help_text="Witnesses whose cosignatures the platform takes.")


class RunSerializer(serializers.Serializer[object]):
    """When a periodic work ended well the last time, and within how long it must again."""

    age_s = serializers.FloatField(allow_null=True, help_text="Null where it never has.")
    limit_s = serializers.FloatField()
    alarm = serializers.BooleanField()


class MessagesSerializer(serializers.Serializer[object]):
    """How many messages wait in a queue, and since when the oldest does."""

    count = serializers.IntegerField()
    oldest_s = serializers.FloatField(allow_null=True, help_text="Null without a message.")


class AttemptsSerializer(serializers.Serializer[object]):
    """Results that have cost a process that judged them and have no verdict since; the most that one has cost."""

    count = serializers.IntegerField()
    most = serializers.IntegerField()


class HealthSerializer(serializers.Serializer[object]):
    """What a monitor reads. Of the work nothing is known, and its fields are null, while the database is away.

    `ok` is false while a check fails. What waits for a person raises an alarm and leaves `ok` as it is. `given_up`
    names results whose judging killed its process.
    """

    ok = serializers.BooleanField()
    checks = serializers.DictField(child=serializers.CharField(), help_text='"ok", or what is amiss.')
    alarms = serializers.ListField(child=serializers.CharField(), help_text="Names of the runbook.")
    waiting = serializers.DictField(child=QueueWaitSerializer(), allow_null=True)
    log = LogHealthSerializer(allow_null=True)
    periodic = serializers.DictField(child=RunSerializer(), allow_null=True)
    queues = serializers.DictField(child=MessagesSerializer())
    attempts = AttemptsSerializer(allow_null=True)
    refusals_today = serializers.DictField(child=serializers.IntegerField(), allow_null=True)
    given_up = serializers.ListField(child=serializers.CharField(), allow_null=True)


class HealthView(APIView):
    """Whether the platform does what it must, for monitoring."""

    @extend_schema(
        responses={200: HealthSerializer, 503: HealthSerializer}, operation_id="health", tags=["health"]
    )
    def get(self, request: Request) -> Response:
        """Answer 200, or 503 when a check fails; the same numbers either way, within two seconds."""
        health = read_health()
        body = {
            "ok": health.is_well,
            "checks": {condition.name: condition.problem or "ok" for condition in health.conditions},
            "alarms": [alarm.name for alarm in ALARMS if alarm.read(health).is_raised],
            "queues": {
                queue.name: {"count": queue.length, "oldest_s": queue.oldest_s}
                for queue in health.readiness.queues
            },
            **(_of_work(health.work) if health.work is not None else dict.fromkeys(OF_WORK)),
        }
        return Response(body, status=200 if health.is_well else 503, headers={"Cache-Control": "no-store"})


OF_WORK = ("waiting", "log", "periodic", "attempts", "refusals_today", "given_up")


def _of_work(work: WorkState) -> dict[str, object]:
    last = work.checkpoint
    return {
        "waiting": {wait.what: _plain(wait) for wait in work.waiting},
        "log": {
            "broken": work.is_log_broken,
            "outdated": work.is_log_outdated,
            "size": last.size if last else None,
            "checkpoint_age_s": last.age_s if last else None,
            "copies": LogCopySerializer(work.copies, many=True).data,
            "witnesses": WitnessSerializer(work.witnesses, many=True).data,
        },
        "periodic": {
            run.name: {"age_s": run.age_s, "limit_s": run.limit_s, "alarm": run.is_late} for run in work.runs
        },
        "attempts": {"count": work.attempts.n_results, "most": work.attempts.most},
        "refusals_today": work.refusals_today,
        "given_up": work.given_up,
    }


def _plain(wait: QueueWait) -> dict[str, object]:
    return {"count": wait.count, "oldest_s": wait.oldest_s, "limit_s": wait.limit_s, "alarm": wait.is_alarm}
