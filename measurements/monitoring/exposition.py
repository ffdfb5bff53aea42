"""The platform's health and figures in the text format of Prometheus. What is not known has no sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from measurements.monitoring import result_times
from measurements.monitoring.health import read_health
from measurements.monitoring.request_times import exposition_of_requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from measurements.monitoring.conditions import Readiness
    from measurements.monitoring.health import Health, WorkState


def exposition() -> bytes:
    """Everything, for one scrape."""
    health = read_health()
    registry = CollectorRegistry()
    counted = _of_watch() if health.work is not None else ()  # a silent database is not asked a second time
    registry.register(_Snapshot([*_of_health(health), *counted]))
    return generate_latest(registry) + exposition_of_requests()


class _Snapshot(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """The metrics, whenever they are asked for."""
        return self._metrics


def _of_health(health: Health) -> Iterator[Metric]:
    holds = _gauge("joulemark_condition_holds", "1 where the condition holds, 0 where not", "condition")
    for condition in health.conditions:
        if not condition.is_unknown:
            holds.add_metric([condition.name], float(condition.holds))
    yield holds
    yield from _of_readiness(health.readiness)
    if health.work is not None:
        yield from _of_work(health.work)


def _of_readiness(readiness: Readiness) -> Iterator[Metric]:
    length = _gauge("joulemark_queue_messages", "Messages that wait for a worker", "queue")
    oldest = _gauge("joulemark_queue_oldest_seconds", "Age of the message that waits longest", "queue")
    for queue in readiness.queues:
        length.add_metric([queue.name], queue.length)
        if queue.length == 0:
            oldest.add_metric([queue.name], 0.0)
        elif queue.oldest_s is not None:
            oldest.add_metric([queue.name], queue.oldest_s)
    limit = _gauge("joulemark_queue_limit_seconds", "How long a message may wait", "queue")
    for name, limit_s in settings.MESSAGE_ALARMS_S.items():
        limit.add_metric([name], limit_s)
    free = _gauge("joulemark_disk_free_bytes", "Bytes that are free for the platform", "folder")
    size = _gauge("joulemark_disk_size_bytes", "Size of the disk", "folder")
    for disk in readiness.disks:
        free.add_metric([disk.folder], disk.free)
        size.add_metric([disk.folder], disk.size)
    yield from (length, oldest, limit, free, size)
    yield GaugeMetricFamily(
        "joulemark_clock_step_seconds", "Jump of the clock lately", readiness.clock_step_s
    )
    if readiness.database is not None and readiness.database.clock_offset_s is not None:
        offset_s = readiness.database.clock_offset_s
        yield GaugeMetricFamily("joulemark_clock_offset_seconds", "The database's clock minus ours", offset_s)


def _of_work(work: WorkState) -> Iterator[Metric]:
    count = _gauge("joulemark_waiting", "How many wait, up to 10,000", "what")
    oldest = _gauge("joulemark_waiting_oldest_seconds", "How long the oldest has waited", "what")
    limit = _gauge("joulemark_waiting_limit_seconds", "How long it may wait", "what")
    for wait in work.waiting:
        count.add_metric([wait.what], wait.count)
        oldest.add_metric([wait.what], wait.oldest_s)
        limit.add_metric([wait.what], wait.limit_s)
    run_age = _gauge(
        "joulemark_periodic_age_seconds", "Since periodic work ended well, or was expected", "name"
    )
    run_limit = _gauge("joulemark_periodic_limit_seconds", "How long it may take to end well again", "name")
    for run in work.runs:
        run_age.add_metric([run.name], run.waited_s)
        run_limit.add_metric([run.name], run.limit_s)
    refusals = CounterMetricFamily(
        "joulemark_refusals", "Requests refused today, by code; begins anew every day (UTC)", labels=["code"]
    )
    for code, number in work.refusals_today.items():
        refusals.add_metric([code], number)
    yield from (count, oldest, limit, run_age, run_limit, refusals)
    if work.checkpoint is not None:
        yield GaugeMetricFamily(
            "joulemark_checkpoint_age_seconds", "Age of the last checkpoint", work.checkpoint.age_s
        )
        yield GaugeMetricFamily("joulemark_checkpoint_leaves", "Leaves that are signed", work.checkpoint.size)
    behind = _gauge(
        "joulemark_log_copy_behind", "1 where a copy of the log lacks what was signed, 0 where not", "copy"
    )
    for copy in work.copies:
        behind.add_metric([copy.name], float(bool(copy.fault)))
    yield behind
    yield from _of_witnesses(work)
    yield GaugeMetricFamily("joulemark_given_up", "Results that were given up, up to 20", len(work.given_up))
    yield GaugeMetricFamily(
        "joulemark_judging_lost_results",
        "Results that cost a process and are not judged since",
        work.attempts.n_results,
    )
    yield GaugeMetricFamily(
        "joulemark_judging_lost_most", "Processes that one such result has cost", work.attempts.most
    )
    if work.board_lag_s is not None:
        yield GaugeMetricFamily(
            "joulemark_board_lag_seconds", "Since a changed cell waits for its value", work.board_lag_s
        )
        yield GaugeMetricFamily(
            "joulemark_board_limit_seconds", "How long it may wait", settings.BOARD_ALARM_S
        )


def _of_witnesses(work: WorkState) -> Iterator[Metric]:
    age = _gauge("joulemark_witness_age_seconds", "Age of a witness's last cosignature", "witness")
    late = _gauge(
        "joulemark_witness_late_seconds",
        "Since a checkpoint stands that the witness has not cosigned",
        "witness",
    )
    for witness in work.witnesses:
        if witness.age_s is not None:
            age.add_metric([witness.name], witness.age_s)
        late.add_metric([witness.name], witness.late_s)
    yield from (age, late)
    yield GaugeMetricFamily(
        "joulemark_witness_limit_seconds", "How long a checkpoint may stand so", settings.WITNESS_ALARM_S
    )


def _of_watch() -> Iterator[Metric]:
    try:
        figures = result_times.counted()
    except DatabaseError:
        return
    verdicts = CounterMetricFamily("joulemark_verdicts", "Verdicts given, by state", labels=["state"])
    for (name, label), value in figures.items():
        if name == result_times.VERDICTS:
            verdicts.add_metric([label], value)
    yield verdicts
    for name in (result_times.VERDICT_TIMES, result_times.BOARD_TIMES):
        yield _histogram(f"joulemark_{name}_seconds", figures, name)


def _histogram(title: str, figures: Mapping[tuple[str, str], float], name: str) -> HistogramMetricFamily:
    cumulated, buckets = 0.0, []
    for bound in (*map(str, result_times.BUCKETS_S), "+Inf"):
        cumulated += figures.get((name, bound), 0.0)
        buckets.append((bound, cumulated))
    return HistogramMetricFamily(
        title, "Seconds from upload", buckets=buckets, sum_value=figures.get((name, "sum"), 0.0)
    )


def _gauge(name: str, title: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, title, labels=[label])
