"""`joulemark audit` against a real platform: what it logs fits what it shows, until somebody edits its tables."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from joulemark.record.codec import decode, encode
from joulemark.record.messages import LogProof, ResultStatus
from joulemark.suite import load_suite
from joulemark_simulation import records
from tests.processes import Platform, embedded_platform, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Platform]:
    """An embedded platform that has received and judged two results."""
    with embedded_platform(folder=tmp_path) as platform:
        platform.environment |= {
            f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")
        }
        platform.start_web()
        yield platform


def send(platform: Platform, number: int) -> str:
    """Enrol a key and send a result of it; the result's id, once it is judged and logged."""
    key = records.signing_key(number)
    status, answer = platform.post(
        "/api/v1/enrolments", encode(records.enrolment(key=key, audience=platform.origin))
    )
    assert status == 201, answer
    suite = load_suite("demo")
    queries = suite.queries_per_window(records.first_job(suite).dataset)
    bundle = records.bundle(
        key=key,
        of=records.trace(queries=queries, salt=number),
        change=lambda said: replace(said, audience=platform.origin),
    )
    status, answer = platform.post("/api/v1/results", bundle.to_bytes())
    assert status == 202, answer
    result = bundle.digest()
    (web,) = platform.running
    wait_until(
        lambda: state(platform, result) not in {"received", "checking"}, beside=web, what="it is judged"
    )
    wait_until(lambda: platform.answers(f"/api/v1/results/{result}/proof"), beside=web, what="it is logged")
    return result


def state(platform: Platform, result_id: str) -> str:
    body = platform.get(f"/api/v1/results/{result_id}")[1]
    return decode(body, ResultStatus, what="status").state


def audit(platform: Platform, *words: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "joulemark", "audit", platform.origin, "--json", *words]
    done = subprocess.run(
        command, cwd=platform.folder, env=platform.environment, capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_an_honest_platform_fits_and_an_edited_one_does_not(running: Platform) -> None:
    results = [send(running, number) for number in (1, 2)]
    code, answer = audit(running)
    assert (code, answer.get("findings")) == (0, []), answer
    assert answer["kinds"]["result-received"] == 2
    assert answer["kinds"]["key-enrolled"] == 2
    assert answer["states"] == answer["bundles"] == answer["listed"] == 2

    proof = decode(running.get(f"/api/v1/results/{results[0]}/proof")[1], LogProof, what="proof")
    assert proof.index < answer["size"]

    results.append(send(running, 3))
    code, answer = audit(running)
    assert (code, answer["findings"]) == (0, [])
    assert answer["kinds"]["result-received"] == 1

    shown = state(running, results[0])
    lie = "rejected" if shown != "rejected" else "accepted"
    with sqlite3.connect(running.folder / "data" / "joulemark.sqlite3") as database:
        database.execute("UPDATE intake_submission SET state = ? WHERE result_id = ?", (lie, results[0]))
        database.execute(
            "UPDATE review_verdict SET rules_version = '0' WHERE submission_id = ?", (results[1],)
        )
        edited = database.execute(
            "UPDATE review_result SET energy_per_query_j = 2 * energy_per_query_j WHERE submission_id = ?",
            (results[2],),
        )
        assert edited.rowcount == 1
    code, answer = audit(running, "--all")
    assert code == 3
    assert {(one["code"], one["result_id"]) for one in answer["findings"]} == {
        ("JM-LOG-STATE", results[0]),
        ("JM-LOG-ROW-OTHER", None),
        ("JM-LOG-NUMBERS", results[2]),
    }
