"""A large platform for benchmarks/scale.py: results by the million in some thousand cells, and what lies beside them.

Cells are the jobs of the 2024 study's suite on eight graphics cards in two strata, by tasks in turn. Results are copies
of one real result; each has an energy, a contributor, a device, a submission and a leaf of its own, a verdict, and an
agreement; every fifth a ticket, every fiftieth was rejected, every two-hundredth is withdrawn, and as many have been in
quarantine for an hour. There is one contributor to 500 results. What the platform derives it derives itself: the log's
places and tiles, cells, values of devices, and whatever its periodic tasks write. Left out are bundles (but for one),
the moves of states, and the leaves of tickets and verdicts, because a disk has an end; no page reads them by number.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from benchmarks.bulk_rows import copy_rows, indexed_afterwards
from benchmarks.scale_cells import refresh_all
from joulemark_simulation import result_rows
from measurements.boards.models import BoardVersion, CellRevision
from measurements.boards.services import refresh_cells_of, refresh_stale_cells
from measurements.catalog.models import HardwareClass, Job, NameState
from measurements.display.choices import ModelKind
from measurements.intake.models import State, Submission, Ticket
from measurements.ledger.sequencer import sequence
from measurements.review.cell_key import CellKey
from measurements.review.models import Result, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from joulemark.suite import Suite

CARDS = (
    "NVIDIA A100-SXM4-80GB", "NVIDIA A100-PCIE-40GB", "NVIDIA H100 80GB HBM3", "NVIDIA L4",
    "NVIDIA RTX A6000", "Tesla V100-SXM2-32GB", "Tesla T4", "NVIDIA GeForce RTX 4090",
)  # fmt: skip
STRATA = ("float32.b1.power-default", "float16.b8.power-default")
GENERAL_TIMES = 12.0
"""What a general-purpose model needs beside a task-specific one."""

RESULTS_TO_A_CONTRIBUTOR = 500
RESULTS_TO_A_DEVICE = 3.3
"""In one cell."""
RESULTS_TO_A_REVISION = 20
RESULTS_TO_AN_OPEN_TICKET = 1000
RESULTS_TO_A_DECISION = 2000
EVERY_S = 5
WITHOUT = ("releases.publish",)
"""A release holds the bundles and the leaves that are left out here."""
VIEWED_DAYS = 30
BYTES_A_RESULT = 4500
"""On disk, indexes and write-ahead log included."""

LARGE = (
    "review_result", "intake_submission", "review_verdict", "review_agreement", "intake_ticket", "ledger_leaf",
    "boards_cellrevision", "boards_devicevalue",
)  # fmt: skip
BY_PREFIX = ("intake_submission",)
NAME = "rpad(lpad(to_hex(i), 16, '0'), 64, '5')"
SHORT = "rpad(lpad(to_hex(i), 16, '0'), 32, '5')"
KTH = "(i / {cells})"
STATE = (
    f"CASE WHEN {KTH} % 50 = 38 THEN 'rejected' WHEN {KTH} % 200 = 37 THEN 'quarantined' "
    f"WHEN {KTH} % 200 = 39 THEN 'withdrawn' ELSE 'accepted' END"
)
LEAF_BODY = (
    """'{"at":"2026-01-01T00:00:00Z","facts":{"trace_sha256":"' || """
    f"""{NAME} || '"}},"kind":"result-received","subject":"' || {NAME} || '","version":2}}'"""
)


@dataclass
class LargePlatform:
    """The platform, `total` results large; `result_id` is a real result in the first cell."""

    suite: Suite
    n_cells: int
    largest: int
    total: int = 0
    result_id: str = ""
    cells: list[dict[str, Any]] = field(default_factory=list)
    since: datetime = field(default_factory=timezone.now)

    def begin(self) -> None:
        """One real result in each state, the templates of all others, and the keys of cells."""
        self.since = timezone.now() - timedelta(seconds=EVERY_S * self.largest, days=1)
        run = result_rows.Run(
            by="ada", device="of ada", grade="measured", scope="gpu", hardware=CARDS[0], announced=True
        )
        made = result_rows.make_result(run)
        for state in (State.REJECTED, State.QUARANTINED):
            result_rows.make_result(result_rows.Run(by="mallory", device="of mallory", state=state))
        Submission.objects.filter(state=State.QUARANTINED).update(received_at=timezone.now())
        self.result_id = made.pk
        with connection.cursor() as cursor:
            for table in ("review_result", "intake_submission", "review_verdict", "intake_ticket"):
                cursor.execute(
                    f"CREATE TABLE template_{table} AS SELECT * FROM {table} WHERE "  # noqa: S608 - names of our own
                    + ("id = %s" if table == "intake_ticket" else f"{_names_result(table)} = %s"),
                    [made.ticket_id if table == "intake_ticket" else made.pk],
                )
        self._make_cells()
        first = self.cells[0]
        names = ("suite_id", "dataset_id", "task_id", "model_id", "hardware_class_id", "stratum")
        Result.objects.filter(pk=made.pk).update(
            **{name: first[name] for name in names}, energy_per_query_j=first["energy_j"]
        )

    def _make_cells(self) -> None:
        cards = [
            HardwareClass.objects.get_or_create(
                slug="gpu-" + title.lower().replace(" ", "-"),
                defaults={"title": title, "kind": "gpu", "name_state": NameState.CONFIRMED},
            )[0]
            for title in CARDS
        ]
        turns = self.suite.task_turns()
        rows = {
            f"{job.dataset.task.slug}/{job.dataset.slug}/{job.model.slug}": job
            for job in Job.objects.filter(suite__digest=self.suite.digest).select_related(
                "dataset__task", "model"
            )
        }
        runnable = [job for job in self.suite.jobs if self.suite.obstacle(job) is None]
        jobs = [rows[job.key] for job in sorted(runnable, key=lambda job: turns[job.key])]
        chance = random.Random(1)  # noqa: S311 - made-up energies
        energies = {
            job.pk: chance.lognormvariate(-1, 1)
            * (GENERAL_TIMES if job.model.kind == ModelKind.GENERAL_PURPOSE else 1)
            for job in jobs
        }
        scores = {job.pk: _scores(self.suite, job, chance) for job in jobs}
        every = product(STRATA, enumerate(cards), jobs)
        self.cells = [
            {
                "n": n, "suite_id": job.suite_id, "dataset_id": job.dataset_id, "task_id": job.dataset.task_id,
                "model_id": job.model_id, "hardware_class_id": card.pk, "card": place, "stratum": stratum,
                "job_id": job.pk, "energy_j": energies[job.pk] * (1 + 0.3 * place) * chance.uniform(0.9, 1.1),
                "quality": json.dumps(scores[job.pk]),
            }
            for n, (stratum, (place, card), job) in enumerate(islice(every, self.n_cells))
        ]  # fmt: skip
        self.n_cells = len(self.cells)
        columns = list(self.cells[0])
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE made_cell (n int PRIMARY KEY, suite_id bigint, dataset_id bigint, task_id bigint, "
                "model_id bigint, hardware_class_id bigint, card int, stratum text, job_id bigint, energy_j float8, "
                "quality jsonb)"
            )
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(
                f"INSERT INTO made_cell ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - names of our own
                [[cell[name] for name in columns] for cell in self.cells],
            )
            cursor.execute(
                "CREATE TABLE made_person (n int PRIMARY KEY, card int, place int, contributor_id bigint, "
                "key_id text, device_id bigint, bias float8)"
            )

    def grow(self, total: int) -> None:
        """Have `total` results, and all that follows from them."""
        first, self.total = self.total, total
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")  # rows are consistent as they are made
            cursor.execute("SELECT setseed(0.5)")
            self._add_people(cursor)
            with indexed_afterwards(cursor, LARGE, prefixes_of=BY_PREFIX):
                self._add_results(cursor, first)
            self._add_decisions(cursor)
            cursor.execute("SET session_replication_role = origin")
            for table in LARGE:
                cursor.execute(f"VACUUM (ANALYZE) {table}")
        sequence()
        if not first:
            versions = self.largest // RESULTS_TO_A_REVISION
            BoardVersion.objects.create(
                suite_id=self.cells[0]["suite_id"],
                grade="measured",
                version=versions,
                changed_at=timezone.now(),
            )
        # No mark says that they have changed, and a sweep looks at few in turn.
        refresh_all(self._cell_keys())
        refresh_stale_cells()
        self.run_periodic_tasks()
        with connection.cursor() as cursor:
            self._add_revisions(cursor, first)
            for table in (*LARGE, "boards_cell"):
                cursor.execute(f"VACUUM (ANALYZE) {table}")
            cursor.execute("CHECKPOINT")

    def _cell_keys(self) -> list[CellKey]:
        """Where the made results lie: measured on a graphics card, as the real one that they are copies of."""
        names = ("suite_id", "dataset_id", "model_id", "hardware_class_id", "stratum")
        return [
            CellKey(**{name: cell[name] for name in names}, grade="measured", scope="gpu")
            for cell in self.cells
        ]

    def run_periodic_tasks(self) -> None:
        """What beat would have workers do, once, here."""
        from joulemark_site.celery import app

        for entry in app.conf.beat_schedule.values():
            if entry["task"] not in WITHOUT:
                app.tasks[entry["task"]].apply(throw=True)

    @property
    def middle_of_history(self) -> datetime:
        """When about half of the earlier contents of cells had been written."""
        each = self.total // RESULTS_TO_A_REVISION // self.n_cells
        return self.since + timedelta(hours=max(2, each))

    def change(self) -> None:
        """Give the results of one contributor in the first cell another energy, as verdicts would that come in now.

        All of one device: of a single one the device's median may be as before, and so the board. Raises RuntimeError
        where the board says the same nevertheless.
        """
        first = Result.objects.get(pk=f"{0:016x}".ljust(64, "5"))
        of_device = Result.objects.of_cell(CellKey.of(first)).filter(device=first.device)
        of_device.update(energy_per_query_j=F("energy_per_query_j") * 1.0001)
        if not refresh_cells_of(result_ids=[first.pk]):
            raise RuntimeError("No cell has changed: what is measured as cold is warm.")

    def _add_people(self, cursor: Any) -> None:
        cards = len({cell["card"] for cell in self.cells})
        people = max(self.total // RESULTS_TO_A_CONTRIBUTOR, 64 * cards)
        cursor.execute("SELECT count(*) FROM made_person")
        numbers = f"generate_series({cursor.fetchone()[0]}, {people - 1}) AS i"
        cursor.execute(
            "INSERT INTO contributors_contributor (pseudonym, display_name, name_key, created_at) "  # noqa: S608
            "SELECT 'made-' || i, CASE WHEN i % 3 = 0 THEN 'Person ' || i END, "
            f"CASE WHEN i % 3 = 0 THEN 'person' || i END, now() FROM {numbers}"
        )
        cursor.execute(
            "INSERT INTO contributors_key (key_id, public_key, contributor_id, state, enrolled_at) "  # noqa: S608
            f"SELECT encode(sha256(('key ' || i)::bytea), 'hex'), encode(sha256(('public ' || i)::bytea), 'hex'), "
            f"c.id, 'active', now() FROM {numbers} JOIN contributors_contributor c ON c.pseudonym = 'made-' || i"
        )
        cursor.execute(
            "INSERT INTO contributors_device (contributor_id, tag, hardware_class_id, first_seen_at) "  # noqa: S608
            f"SELECT c.id, encode(sha256(('device ' || i)::bytea), 'hex'), cell.hardware_class_id, now() "
            f"FROM {numbers} JOIN contributors_contributor c ON c.pseudonym = 'made-' || i "
            f"JOIN (SELECT DISTINCT card, hardware_class_id FROM made_cell) cell ON cell.card = i % {cards}"
        )
        cursor.execute(
            f"INSERT INTO made_person SELECT i, i % {cards}, i / {cards}, c.id, "  # noqa: S608 - our own numbers
            f"encode(sha256(('key ' || i)::bytea), 'hex'), d.id, {_normal(0.03)} FROM {numbers} "
            "JOIN contributors_contributor c ON c.pseudonym = 'made-' || i "
            "JOIN contributors_device d ON d.contributor_id = c.id"
        )
        cursor.execute(
            "INSERT INTO review_standing (contributor_id, in_a_row, agreed, disagreed) "
            "SELECT contributor_id, 20, 200, 3 FROM made_person ON CONFLICT DO NOTHING"
        )
        cursor.execute("ANALYZE made_person")
        cursor.execute("ANALYZE made_cell")

    def _add_results(self, cursor: Any, first: int) -> None:
        """Each k-th result of a cell is of another person of those with its card, in turn."""
        numbers = f"generate_series({first}::bigint, {self.total - 1}::bigint) AS i"
        cursor.execute("SELECT count(*) FROM made_person WHERE card = 0")
        people = cursor.fetchone()[0]
        devices = max(1, min(people, round(self.total / self.n_cells / RESULTS_TO_A_DEVICE)))
        kth = KTH.format(cells=self.n_cells)
        state = STATE.format(cells=self.n_cells)
        join = (
            f"JOIN made_cell cell ON cell.n = i % {self.n_cells} JOIN made_person person ON person.card = cell.card "
            f"AND person.place = (cell.n * 31 + {kth} % {devices}) % {people}"
        )
        at = f"'{self.since.isoformat()}'::timestamptz + i * interval '{EVERY_S} seconds'"
        cursor.execute(
            "SELECT coalesce(max(id), 0) + 1 FROM ledger_leaf"
            if not first
            else "SELECT leaf_id FROM intake_submission WHERE result_id = rpad(lpad(to_hex(0), 16, '0'), 64, '5')"
        )
        leaf = f"({cursor.fetchone()[0]} + i)"
        cursor.execute(
            "INSERT INTO ledger_leaf (id, kind, subject, body, leaf_hash, logged_at) SELECT id, 'result-received', "  # noqa: S608
            "subject, body, encode(sha256('\\x00'::bytea || convert_to(body, 'UTF8')), 'hex'), at FROM "
            f"(SELECT {leaf} AS id, {NAME} AS subject, {LEAF_BODY} AS body, {at} AS at FROM {numbers}) made"
        )
        cursor.execute("SELECT setval(pg_get_serial_sequence('ledger_leaf', 'id'), max(id)) FROM ledger_leaf")
        no_leaf = "(-1 - i)"
        now = timezone.now().isoformat()
        received_at = (
            f"CASE WHEN {kth} % 200 = 37 THEN '{now}'::timestamptz - interval '1 hour' ELSE {at} END"
        )
        copy_rows(cursor, Ticket, "template_intake_ticket", {
            "id": SHORT, "nonce": SHORT, "request_sha256": NAME, "key_id": "person.key_id", "job_id": "cell.job_id",
            "device_tag": NAME, "issued_at": at, "expires_at": f"{at} + interval '7 days'", "leaf_id": no_leaf,
        }, numbers, f"{join} AND {kth} % 5 = 0")  # fmt: skip
        copy_rows(cursor, Submission, "template_intake_submission", {
            "result_id": NAME, "bundle": "''::bytea", "receipt": "''::bytea", "trace_sha256": NAME,
            "key_id": "person.key_id", "ticket_id": f"CASE WHEN {kth} % 5 = 0 THEN {SHORT} END",
            "received_at": received_at,
            "state": state, "leaf_id": leaf,
        }, numbers, join)  # fmt: skip
        energy = f"cell.energy_j * person.bias * {_normal(0.01)}"
        copy_rows(cursor, Result, "template_review_result", {
            "submission_id": NAME, "contributor_id": "person.contributor_id", "device_id": "person.device_id",
            **{name: f"cell.{name}" for name in (
                "suite_id", "dataset_id", "task_id", "model_id", "hardware_class_id", "stratum", "quality"
            )},
            "started_at": at, "received_at": received_at,
            "energy_per_query_j": energy, "energy_gross_j": f"{energy} * t.queries",
            "method_u": "0.005", "window_u": "0.002", "relative_u": "0.02", "session": SHORT,
            "output_tokens": "t.queries * 20", "input_tokens": "t.queries * 120",
            "sample_sha256": "rpad(md5(cell.dataset_id::text), 64, '5')", "times_sha256": NAME,
        }, numbers, f"{join} AND {kth} % 50 <> 38")  # fmt: skip
        copy_rows(cursor, Verdict, "template_review_verdict", {
            "id": "(SELECT coalesce(max(id), 0) FROM review_verdict) + 1 + i",
            "submission_id": NAME, "state": f"CASE WHEN {state} IN ('rejected', 'quarantined') THEN "
            f"{state} ELSE 'accepted' END",
            "findings": f"CASE WHEN {kth} % 50 = 38 OR {kth} % 200 = 37 THEN '[{{\"code\": \"JM-NOISE\", "
            '"severity": "quarantine", "sentence": "A made-up finding.", "evidence": {}}]\' ELSE t.findings END',
            "judged_at": at, "leaf_id": no_leaf,
        }, numbers)  # fmt: skip
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('review_verdict', 'id'), max(id)) FROM review_verdict"
        )
        cursor.execute(
            "INSERT INTO review_agreement (result_id, contributor_id, agrees, relative, tolerance, n_others, "  # noqa: S608
            f"wants_replication) SELECT {NAME}, person.contributor_id, true, 0.01, 0.1, {devices - 1}, "
            f"{kth} % 50 = 7 FROM {numbers} {join} AND {state} = 'accepted'"
        )
        copy_rows(cursor, Ticket, "template_intake_ticket", {
            "id": "'open' || lpad(i::text, 28, '0')", "nonce": "lpad(i::text, 32, '0')",
            "request_sha256": "'open' || lpad(i::text, 60, '0')", "job_id": "cell.job_id",
            "issued_at": f"'{now}'::timestamptz", "expires_at": f"'{now}'::timestamptz + interval '30 days'",
            "leaf_id": "(-2000000000 - i)",
        }, f"generate_series({first // RESULTS_TO_AN_OPEN_TICKET}, {self.total // RESULTS_TO_AN_OPEN_TICKET - 1}) AS i",
            f"JOIN made_cell cell ON cell.n = i * 7 % {self.n_cells}")  # fmt: skip

    def _add_decisions(self, cursor: Any) -> None:
        """Two moderators' rejections, and how often jobs were looked at."""
        cursor.execute(
            "INSERT INTO auth_user (id, username, password, is_superuser, is_staff, is_active, first_name, last_name, "
            "email, date_joined) SELECT i, 'moderator ' || i, '', false, true, true, '', '', '', now() "
            "FROM generate_series(1, 2) AS i ON CONFLICT DO NOTHING"
        )
        cursor.execute(
            "INSERT INTO review_moderation (submission_id, moderator_id, proposed_by_id, state, reason, decided_at, "  # noqa: S608
            "leaf_id) SELECT result_id, 1, 2, 'rejected', 'evidence-fails', received_at, leaf_id "
            "FROM intake_submission WHERE state = 'rejected' AND bundle = '' ORDER BY result_id DESC "
            f"LIMIT {self.total // RESULTS_TO_A_DECISION} ON CONFLICT DO NOTHING"
        )
        cursor.execute(
            "INSERT INTO boards_jobviews (day, task, dataset, model, views) SELECT current_date - i, task.slug, "  # noqa: S608
            "dataset.slug, model.slug, 1 + i FROM "
            f"generate_series(0, {VIEWED_DAYS}) AS i "
            "CROSS JOIN (SELECT DISTINCT dataset_id, model_id FROM made_cell) cell "
            "JOIN catalog_dataset dataset ON dataset.id = dataset_id JOIN catalog_task task ON task.id = task_id "
            "JOIN catalog_aimodel model ON model.id = model_id ON CONFLICT DO NOTHING"
        )

    def _add_revisions(self, cursor: Any, first: int) -> None:
        """Earlier contents of every cell, one to twenty results, under versions from before those of now."""
        each = self.total // RESULTS_TO_A_REVISION // self.n_cells
        before = first // RESULTS_TO_A_REVISION // self.n_cells
        own = {
            "version": f"1 + i * {self.n_cells} + t.n",
            "updated_at": f"'{self.since.isoformat()}'::timestamptz + i * interval '2 hours' + t.n * interval '1 s'",
            "gone": "false",
        }
        names = [str(name.column) for name in CellRevision._meta.concrete_fields if not name.primary_key]
        chosen = ", ".join(own.get(name, f"t.{name}") for name in names)
        cursor.execute(
            f"INSERT INTO boards_cellrevision ({', '.join(names)}) SELECT {chosen} FROM "  # noqa: S608 - our own names
            f"generate_series({before}, {each - 1}) AS i "
            "CROSS JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS n, * FROM boards_cell) t"
        )


def _names_result(table: str) -> str:
    return "result_id" if table == "intake_submission" else "submission_id"


def _normal(sigma: float) -> str:
    """SQL for a factor around 1 with this relative standard deviation."""
    return f"exp({sigma} * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))"


def _scores(suite: Suite, job: Job, chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"metric": metric, "value": round(chance.uniform(0.5, 0.95), 4), "n": 1000, "higher_is_better": True}
        for metric in suite.quality_metrics(job.dataset.slug)
    ]
