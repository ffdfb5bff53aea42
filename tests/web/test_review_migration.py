"""Verdicts of before keep their findings to the digit and get occasions; what was given twice is not in the way."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.processes import ROOT, SOURCE_ROOTS

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]

AT = "2026-05-04 10:00:00+00:00"
FINDINGS = (
    '[{"code": "JM-X", "severity": "flag", "sentence": "\u00e9", "evidence": {"energy_j": 1.5, "n": 3}}]'
)
CAUSES = ["rules", "new-rules", "new-rules", "new-rules", "key-revoked", "key-revoked"]
VERSIONS = ["5", "6", "6", "7", "7", "7"]
INSERTS: list[tuple[str, list[tuple[Any, ...]]]] = [
    (
        "INSERT INTO contributors_contributor (id, pseudonym, created_at) VALUES (1, 'v-1', '{at}')",
        [()],
    ),
    (
        (
            "INSERT INTO contributors_key (key_id, public_key, contributor_id, state, enrolled_at, ended_at, "
            "untrusted_since) VALUES ('k', 'p', 1, 'revoked', '{at}', '{at}', '{at}')"
        ),
        [()],
    ),
    (
        (
            "INSERT INTO ledger_leaf (id, kind, subject, body, leaf_hash, logged_at) "
            "VALUES ({0}, 'verdict', 'r', {0}, {0}, '{at}')"
        ),
        [(number, str(number), str(number)) for number in range(1, 8)],
    ),
    (
        (
            "INSERT INTO intake_submission (result_id, bundle, trace_sha256, key_id, received_at, state, receipt, "
            "leaf_id) VALUES ('r', {0}, 't', 'k', '{at}', 'rejected', {0}, 7)"
        ),
        [(b"", b"")],
    ),
    (
        (
            "INSERT INTO review_verdict (id, submission_id, rules_version, state, cause, findings, judged_at, leaf_id) "
            "VALUES ({0}, 'r', {0}, 'rejected', {0}, {0}, '{at}', {0})"
        ),
        [
            (number, version, cause, FINDINGS, number)
            for number, (version, cause) in enumerate(zip(VERSIONS, CAUSES, strict=True), start=1)
        ],
    ),
]
AFTER = (
    "from measurements.review.models import Verdict\n"
    "rows = list(Verdict.objects.values_list('cause', 'occasion', 'findings'))\n"
    "assert all(findings == [{'code': 'JM-X', 'severity': 'flag', 'sentence': chr(0xe9), "
    "'evidence': {'energy_j': 1.5, 'n': 3}}] for *_, findings in rows), rows\n"
    "print('FOUND', [(cause, occasion) for cause, occasion, _ in rows])"
)


@pytest.mark.parametrize("database", ["PostgreSQL", "SQLite"])
def test_verdicts_of_before_get_occasions(tmp_path: Path, database: str) -> None:
    hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    environment |= {"JOULEMARK_DATA_DIR": str(tmp_path), "PYTHONPATH": SOURCE_ROOTS}
    url = ""
    if database == "PostgreSQL":
        server = os.environ["DATABASE_URL"]
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS review_before WITH (FORCE)")
            connection.execute("CREATE DATABASE review_before")
        url = environment["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path="/review_before"))

    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    manage("migrate", "review", "0007", "--verbosity", "0")
    _insert(url, tmp_path / "joulemark.sqlite3")
    manage("migrate", "--verbosity", "0")
    found = manage("shell", "--verbosity", "0", "--command", AFTER)
    since = "2026-05-04T10:00:00+00:00"
    occasions = [
        ("rules", ""),
        ("new-rules", "6"),
        ("new-rules", "6#3"),
        ("new-rules", "7"),
        ("key-revoked", since),
        ("key-revoked", "2026-05-04T10:00:00+#6"),
    ]
    assert found.strip() == f"FOUND {occasions}"


def _insert(url: str, file: Path) -> None:
    if url:
        with psycopg.connect(url) as connection:
            for statement, rows in INSERTS:
                for row in rows:
                    connection.execute(statement.format("%s", at=AT), row)
        return
    with contextlib.closing(sqlite3.connect(file)) as opened, opened:
        for statement, rows in INSERTS:
            opened.executemany(statement.format("?", at=AT), rows)
