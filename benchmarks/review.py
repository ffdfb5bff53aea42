"""Verdicts a second on one core: rules, numbers, verdicts, log entries, states: `make bench-review`.

Signed results lie in PostgreSQL, which syncs every commit, and one process judges them as a worker does, 64 in a
transaction. Beside it, in the same rounds, the rules alone over the same decoded cases: what the database costs is the
difference. Two kinds of result: a CPU estimate of 20 KB, and a session of a simulated A100 with all of its gauges.

BENCH_ROUNDS and BENCH_RESULTS (a round, of each kind) change how long it takes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / place) for place in ("", "agent", "platform", "simulation")]

from msgspec.structs import replace

from benchmarks import report
from joulemark.record import keys
from joulemark.record import statement as s
from joulemark.record import trace as t
from joulemark.record.codec import encode
from joulemark_simulation import noisy_bundles, records
from joulemark_simulation.honest_cases import honest, measuring
from joulemark_simulation.services import services
from joulemark_simulation.statements import Packed, nonce, signed

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
RESULTS = int(os.environ.get("BENCH_RESULTS", "320"))
TICKS = 2900
CLIENTS = 8
ESTIMATE, A100 = "CPU estimate", "A100 session"
OURS, RULES = "joulemark", "rules alone"
UNLIMITED = "enrolment=100000000/h,result=100000000/h"
PACKAGES = ("Django", "celery", "psycopg", "numpy", "msgspec")
Found = dict[tuple[str, str], list[float]]


def main() -> None:
    """Measure, print the table and write build/bench/review.json."""
    with services(durable=True) as running, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            **running.environment(),
            "DJANGO_SETTINGS_MODULE": "joulemark_site.settings",
            "JOULEMARK_DATA_DIR": folder,
            "JOULEMARK_ORIGIN": records.ORIGIN,
            "JOULEMARK_LOG_LEVEL": "WARNING",
            "JOULEMARK_RATES": UNLIMITED,
            "PYTHONPATH": os.pathsep.join(str(ROOT / place) for place in ("agent", "platform", "")),
        }
        prepare = [sys.executable, "manage.py", "prepare"]
        subprocess.run(prepare, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        found = measured()
    report.publish("review", list(rows(found)), packages=PACKAGES)


def measured() -> Found:
    """Every round of both kinds, after one that warms up."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from joulemark_site.celery import keep_what_is_loaded

    session = honest()["a100"]
    suite = session.context.suite
    settings.SUITES = (suite,)
    call_command("load_catalog", verbosity=0)
    from measurements.intake.key_services import accept_enrolment

    for client in range(CLIENTS):
        accept_enrolment(data=encode(records.enrolment(key=records.signing_key(client))))
    makers: dict[str, Callable[[int], bytes]] = {
        ESTIMATE: lambda n: noisy_bundles.signed_bundle(n, ticks=TICKS, clients=CLIENTS),
        A100: lambda n: _again(session, n),
    }
    found: Found = defaultdict(list)
    keep_what_is_loaded()  # as in a worker
    for number in range(ROUNDS + 1):
        for kind, make in makers.items():
            ids = _received([make(number * RESULTS + n) for n in range(RESULTS)])
            ours, rules = _rates(ids)
            if number:
                found[kind, OURS].append(ours)
                found[kind, RULES].append(rules)
    return found


def _received(bodies: Sequence[bytes]) -> list[str]:
    """Store results as the batch door does, without asking for verdicts; their ids."""
    from django.db import transaction

    from measurements.intake.batches import accept_results
    from measurements.intake.models import Submission

    ids: list[str] = []
    for start in range(0, len(bodies), 64):
        with transaction.atomic():
            for outcome in accept_results(bodies=bodies[start : start + 64]):
                assert isinstance(outcome, tuple), outcome
                assert isinstance(outcome[0], Submission)
                ids.append(outcome[0].pk)
            transaction.get_connection().run_on_commit.clear()
    return ids


def _rates(ids: Sequence[str]) -> tuple[float, float]:
    """Results a second of the whole review, and of the rules alone over the same cases."""
    from joulemark.rules.case import Case
    from joulemark.rules.judge import judge
    from measurements.intake.models import State, Submission
    from measurements.review.cases import cases_of
    from measurements.review.services import judge_waiting

    rows = Submission.objects.select_related(
        "key__contributor", "ticket__job__dataset__task", "ticket__job__model"
    ).filter(pk__in=ids)
    cases = [case for case in cases_of(list(rows)).values() if isinstance(case, Case)]
    began = time.perf_counter()
    for case in cases:
        judge(case)
    rules = len(cases) / (time.perf_counter() - began)
    began = time.perf_counter()
    assert judge_waiting(result_ids=ids) == len(ids)
    ours = len(ids) / (time.perf_counter() - began)
    judged = Submission.objects.filter(pk__in=ids)
    assert set(judged.values_list("state", flat=True)) == {State.ACCEPTED}, "an honest result was not taken"
    return ours, rules


def _again(session: Any, number: int) -> bytes:
    """The session once more, as another run would have it, by the clients in turn.

    It begins a little later, its sample is another, and its queries take their times in another order.
    """
    key, own_nonce = records.signing_key(number % CLIENTS), nonce("review", number)
    public = keys.public_hex(key)
    session = measuring(session, partial(_another, number=number))
    packed = Packed.of(session.trace)
    now = session.predicate.issued_at.now(session.predicate.issued_at.tzinfo)
    suite, work = session.context.suite, session.predicate.workload
    sample = suite.sample(
        work.dataset, seed=s.offline_seed(own_nonce), count=suite.queries_per_window(work.dataset)
    )
    said = replace(
        session.predicate,
        nonce=own_nonce,
        workload=replace(work, sample_sha256=sample.sha256, inputs_sha256=t.sha256(sample.sha256.encode())),
        device=replace(session.predicate.device, tag=t.sha256(public.encode())),
        issued_at=now,
        ended_at=now - timedelta(seconds=1),
        started_at=now - (session.predicate.issued_at - session.predicate.started_at),
        ticket=None,
        absent={**session.predicate.absent, "ticket": "offline"},
        contributor=s.Contributor(key_id=keys.key_id(public), public_key=public),
        trace=packed.info,
    )
    outputs = session.statement.digest_of("outputs")
    return signed(said, packed, outputs_sha256=outputs, key=key).to_bytes()


def _another(of: t.Trace, *, number: int) -> t.Trace:
    """All times `number` microseconds later, and the queries of each window in an order of this number's own."""
    chance = Random(number)  # noqa: S311 - noise, not a secret

    def later(column: Any) -> Any:
        return replace(column, t_us=(column.t_us[0] + number, *column.t_us[1:]))

    def otherwise(queries: t.Queries) -> t.Queries:
        took = list(zip(queries.duration_us, queries.gap_us, strict=True))
        chance.shuffle(took)
        durations, gaps = zip(*took, strict=True)
        return replace(queries, duration_us=durations, gap_us=gaps)

    return replace(
        of,
        streams=tuple(map(later, of.streams)),
        gauges=tuple(map(later, of.gauges)),
        spans=tuple(
            replace(span, start_us=span.start_us + number, end_us=span.end_us + number) for span in of.spans
        ),
        queries=tuple(map(otherwise, of.queries)),
    )


def rows(found: Found) -> Iterator[report.Row]:
    """Rates of every case, and ours as a share of the rules alone."""
    for (case, tool), rates in found.items():
        yield report.row(case, tool, "rate", "results/s", rates)
    for case in (ESTIMATE, A100):
        pairs = zip(found[case, OURS], found[case, RULES], strict=True)
        yield report.row(case, f"{OURS} / {RULES}", "ratio", "x", [ours / rules for ours, rules in pairs])


if __name__ == "__main__":
    main()
