"""A log of before keeps its leaves, their order and the rows that point to them; new leaves come behind."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from joulemark.log.merkle import leaf_hash
from tests.processes import ROOT, SOURCE_ROOTS

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

BODIES = [
    json.dumps(
        {
            "at": "2026-05-04T10:00:00Z",
            "facts": {},
            "index": index,
            "kind": "verdict",
            "subject": "ab",
            "version": 1,
        },
        separators=(",", ":"),
    )
    for index in range(3)
]
AFTER = (
    "from django.db import transaction; from measurements.ledger.models import *;"
    "from measurements.ledger.services import append_leaf; from measurements.ledger.sequencer import sequence\n"
    "with transaction.atomic(): append_leaf(kind=LeafKind.VERDICT, subject='cd', facts={})\n"
    "made = sequence(); print('FOUND', list(Leaf.objects.values_list('id', 'index', 'subject')), made.size)"
)
INSERT = (
    'INSERT INTO ledger_leaf ("index", kind, subject, body, leaf_hash, logged_at) '
    "VALUES ({0}, 'verdict', 'ab', {0}, {0}, '2026-05-04 10:00:00+00')"
)


@pytest.mark.parametrize("database", ["PostgreSQL", "SQLite"])
def test_the_leaves_of_before_keep_their_places(tmp_path: Path, database: str) -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {"JOULEMARK_DATA_DIR": str(tmp_path), "PYTHONPATH": SOURCE_ROOTS}
    url = ""
    if database == "PostgreSQL":
        server = os.environ["DATABASE_URL"]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS ledger_before WITH (FORCE)")
            connection.execute("CREATE DATABASE ledger_before")
        url = environment["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path="/ledger_before"))

    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    manage("migrate", "ledger", "0004", "--verbosity", "0")
    _insert(url, tmp_path / "joulemark.sqlite3")
    manage("migrate", "--verbosity", "0")
    found = manage("shell", "--verbosity", "0", "--command", AFTER)
    leaves = [(0, 0, "ab"), (1, 1, "ab"), (2, 2, "ab"), (3, 3, "cd")]
    assert found.strip() == f"FOUND {leaves} 4"
    faults = subprocess.run(
        [sys.executable, "manage.py", "check_log"], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=False,
    ).stderr.splitlines()  # fmt: skip
    gone = [f"Leaf {index} records a verdict, but that row is gone." for index in range(4)]
    assert faults == [
        *gone,
        (
            "CommandError: 4 faults. Where rows do not fit, the database was changed behind the log: restore it from "
            "a backup. Where only files do not, `manage.py sequence_log` makes them again."
        ),
    ]


def _insert(url: str, file: Path) -> None:
    rows = [(index, body, leaf_hash(body.encode()).hex()) for index, body in enumerate(BODIES)]
    if url:
        with psycopg.connect(url) as connection:
            for row in rows:
                connection.execute(INSERT.format("%s"), row)
            connection.execute("UPDATE ledger_loghead SET size = 3")
        return
    with contextlib.closing(sqlite3.connect(file)) as opened, opened:
        opened.executemany(INSERT.format("?"), rows)
        opened.execute("UPDATE ledger_loghead SET size = 3")
