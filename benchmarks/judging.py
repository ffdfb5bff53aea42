"""A flood of results for one cell, judged by a real worker: `make bench-judging`.

PostgreSQL, Redis and a Celery worker of one process with its beat, as an operator starts them. BENCH_RESULTS results of
one cell (20,000) lie in the database, and their messages in the queue. While the worker drains them, somebody else
sends a result of another cell every few seconds. Printed: results drained a second, the time until each of the others
has its verdict, the length of all queues at its most, the time until the cell is compared and computed for the last
time, and the memory of the worker. Then 64 of the largest bundles that the door takes, in one message, to a fresh
worker: its memory again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

from benchmarks import report
from joulemark.record.codec import encode
from joulemark.record.messages import Ticket
from joulemark.suite import load_suite
from joulemark_simulation import noisy_bundles, records
from joulemark_simulation.largest_bundles import largest_bundle
from joulemark_simulation.services import services

RESULTS = int(os.environ.get("BENCH_RESULTS", "20000"))
LARGEST = int(os.environ.get("BENCH_LARGEST", "64"))
CLIENTS = 40
TICKS = 300
TOGETHER = 64
OTHERS_EVERY_S = 5.0
LOOK_EVERY_S = 0.25
LIMIT_S = 3600.0
PACKAGES = ("Django", "celery", "redis", "psycopg", "numpy")
OURS = "joulemark"
UNLIMITED = "enrolment=100000000/h,result=100000000/h"


def main() -> None:
    """Measure, print the table and write build/bench/judging.json."""
    with services(durable=True) as running, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {
            **running.environment(),
            "DJANGO_SETTINGS_MODULE": "joulemark_site.settings",
            "JOULEMARK_DATA_DIR": name,
            "JOULEMARK_ORIGIN": records.ORIGIN,
            "JOULEMARK_RATES": UNLIMITED,
            "PYTHONPATH": os.pathsep.join(str(ROOT / place) for place in ("agent", "platform", "")),
        }
        prepare = [sys.executable, "manage.py", "prepare"]
        subprocess.run(prepare, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        import django

        django.setup()
        enrol()
        report.publish("judging", [*drained(folder), *judged_largest(folder)], packages=PACKAGES)


def enrol() -> None:
    """Let the platform know all keys: the flood's, and that of the one beside it."""
    from measurements.intake.key_services import accept_enrolment

    for client in range(CLIENTS + 2):
        accept_enrolment(data=encode(records.enrolment(key=records.signing_key(client))))


def drained(folder: Path) -> list[report.Row]:
    """The flood, from the worker's first verdict until nobody waits and the cell is as its results are."""
    from measurements.boards.models import DueRefresh
    from measurements.review.due_cells import DueComparison

    with ProcessPoolExecutor(2) as pool:
        make = partial(noisy_bundles.signed_bundle, ticks=TICKS, clients=CLIENTS)
        ids = store(pool.map(make, range(RESULTS), chunksize=50))
    queue_all(ids)
    others = Others()
    longest = 0
    with worker(folder) as pid:
        began = time.monotonic()
        while unjudged(ids) == RESULTS:
            wait(began, "there is no first verdict")
        began, cpu_began_s, before = time.monotonic(), cpu_s(pid), unjudged(ids)
        while (left := unjudged(ids)) or others.are_waiting:
            others.look()
            longest = max(longest, queued())
            wait(began, f"{left} results wait")
        drained_s, worked_s = time.monotonic() - began, cpu_s(pid) - cpu_began_s
        while DueComparison.objects.exists() or DueRefresh.objects.exists():
            wait(began, "the cell is not derived for the last time")
        fresh_s = time.monotonic() - began - drained_s
        peak_mb = memory_mb(pid)
    require_derived(len(ids))
    case = f"{RESULTS:,} results of one cell"
    return [
        report.row(case, OURS, "drained", "results/s", [before / drained_s]),
        report.row(case, OURS, "drained", "results a CPU second of the worker", [before / worked_s]),
        report.row(case, OURS, "verdict on another cell's result", "s", others.took_s),
        report.row(case, OURS, "messages in all queues at most", "", [float(longest)]),
        report.row(case, OURS, "cell derived after the last verdict", "s", [fresh_s]),
        report.row(case, OURS, "memory of the worker's process at most", "MB", [peak_mb]),
    ]


def judged_largest(folder: Path) -> list[report.Row]:
    """As many of the largest bundles, in one message."""
    from measurements.review.tasks import judge

    with ProcessPoolExecutor(2) as pool:
        ids = store(pool.map(partial(largest_bundle, clients=CLIENTS), range(LARGEST)))
    with worker(folder) as pid:
        began = time.monotonic()
        judge.delay(ids)
        while left := unjudged(ids):
            wait(began, f"{left} of the largest wait")
        peak_mb, took_s = memory_mb(pid), time.monotonic() - began
    case = f"{LARGEST} of the largest bundles"
    return [
        report.row(case, OURS, "memory of the worker's process at most", "MB", [peak_mb]),
        report.row(case, OURS, "judged", "s", [took_s]),
    ]


class Others:
    """Results of somebody else, one at a time, each sent when the one before has its verdict and some time is over."""

    def __init__(self) -> None:
        self.took_s: list[float] = []
        self._waiting: list[str] = []
        self._sent = 0
        self._sent_at = time.monotonic()

    @property
    def are_waiting(self) -> bool:
        """Whether one of them has no verdict yet."""
        return bool(self._waiting)

    def look(self) -> None:
        """Note a verdict that has come; send the next."""
        now = time.monotonic()
        if self._waiting:
            if unjudged(self._waiting):
                return
            self.took_s.append(now - self._sent_at)
            self._waiting = []
        if self._sent and now - self._sent_at < OTHERS_EVERY_S:
            return
        self._waiting, self._sent_at, self._sent = (
            store([_announced(self._sent)], nudge=True),
            now,
            self._sent + 1,
        )


def _announced(number: int) -> bytes:
    """A bundle of another job than the flood's, under a ticket."""
    from measurements.intake.services import issue_ticket

    suite, key = load_suite("demo"), records.signing_key(CLIENTS + 1)
    job = suite.jobs[-1]
    issued = issue_ticket(data=encode(records.ticket_request(key=key, job=job)))
    ticket = Ticket(
        id=issued.id,
        nonce=issued.nonce,
        sample_seed=issued.sample_seed,
        issued_at=issued.issued_at,
        expires_at=issued.expires_at,
    )
    of = records.trace(queries=suite.queries_per_window(job.dataset), salt=10_000 + number)
    return records.bundle(key=key, of=of, job=job, ticket=ticket).to_bytes()


def store(bodies: Iterator[bytes] | Sequence[bytes], *, nudge: bool = False) -> list[str]:
    """Store results as the batch door does; their ids. Verdicts are asked for only where `nudge`."""
    from django.db import transaction

    from measurements.intake.batches import accept_results
    from measurements.intake.models import Submission

    ids: list[str] = []
    waiting = list(bodies) if nudge else bodies
    batch: list[bytes] = []

    def flush() -> None:
        with transaction.atomic():
            for outcome in accept_results(bodies=batch):
                assert isinstance(outcome, tuple), outcome
                assert isinstance(outcome[0], Submission)
                ids.append(outcome[0].pk)
            if not nudge:
                transaction.get_connection().run_on_commit.clear()
        batch.clear()

    for body in waiting:
        batch.append(body)
        if len(batch) == TOGETHER:
            flush()
    if batch:
        flush()
    return ids


def queue_all(ids: Sequence[str]) -> None:
    """The messages that the doors would have sent."""
    from measurements.review.judge_queue import send
    from measurements.review.tasks import judge

    for start in range(0, len(ids), TOGETHER):
        send(judge, ids[start : start + TOGETHER])


def unjudged(ids: Sequence[str]) -> int:
    """How many of these wait for a verdict."""
    from measurements.intake.models import UNJUDGED, Submission

    waiting = Submission.objects.filter(state__in=UNJUDGED)
    return (waiting.filter(pk__in=ids) if len(ids) < TOGETHER else waiting).count()


def queued() -> int:
    """Messages in all queues."""
    import redis
    from django.conf import settings

    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return sum(client.llen(name) for name in settings.QUEUES)


def require_derived(count: int) -> None:
    """Raises SystemExit unless the flood was accepted, and its cell is as its results are."""
    from measurements.boards.models import Cell
    from measurements.review.models import Agreement

    largest = max(Cell.objects.values_list("n_results", flat=True), default=0)
    if largest != count or Agreement.objects.count() < count:
        raise SystemExit(
            f"{largest} results of {count} are in the cell, {Agreement.objects.count()} compared"
        )


@contextmanager
def worker(folder: Path) -> Iterator[int]:
    """The process id of a worker with one process that judges, and its beat; its output goes to a file."""
    command = ["-m", "celery", "-A", "joulemark_site", "worker", "--concurrency", "1", "--loglevel", "INFO"]
    beat = ["--beat", "--schedule", str(folder / "beat")]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, *command, *beat], cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(LIMIT_S)


def memory_mb(pid: int) -> float:
    """The largest resident set that a child of the worker had, in MB of a million bytes."""
    statuses = [Path(f"/proc/{child}/status").read_text().splitlines() for child in _children(pid)]
    peaks = [line.split()[1] for status in statuses for line in status if line.startswith("VmHWM")]
    return max(map(int, peaks)) * 1024 / 1e6


def cpu_s(pid: int) -> float:
    """Seconds of processor time that the worker and its children have used."""
    stats = [
        Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in (pid, *_children(pid))
    ]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait(began: float, what: str) -> None:
    """Look again a little later. Raises SystemExit after LIMIT_S."""
    if time.monotonic() - began > LIMIT_S:
        raise SystemExit(f"after {LIMIT_S:.0f} s: {what}")
    time.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    main()
