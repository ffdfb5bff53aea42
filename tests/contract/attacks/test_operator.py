"""Attacks by whoever owns the database: found by `joulemark audit` from outside, row by row and table by table."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from joulemark.record.codec import encode
from joulemark.suite.archive import encode_archive
from joulemark_simulation import records
from tests.contract.attacks.book import Outcome, attack
from tests.pinned import pinned_files
from tests.processes import Platform, embedded_platform, kill, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]


HASTY = Path(__file__).with_name("hasty_auditor.py")
"""For what was complete before it was edited: nothing that is waited for will come."""


class Operator:
    """A platform with three judged results, an auditor who has seen it once, and a hand in its database."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.results = [self.send(number) for number in (1, 2, 3)]
        assert self.audit() == (0, set())

    def send(self, number: int) -> str:
        """Enrol, announce and send as contributor `number`; the result's id, once it is judged and logged."""
        key, origin = records.signing_key(number), self.platform.origin
        assert (
            self.platform.post("/api/v1/enrolments", encode(records.enrolment(key=key, audience=origin)))[0]
            == 201
        )
        status, answer = self.platform.post(
            "/api/v1/tickets", encode(records.ticket_request(key=key, audience=origin))
        )
        assert status == 201, answer
        bundle = records.bundle(
            key=key,
            of=records.trace(queries=15, salt=number),
            change=lambda said: replace(said, audience=origin),
        )
        assert self.platform.post("/api/v1/results", bundle.to_bytes())[0] == 202
        result = bundle.digest()
        proof = f"/api/v1/results/{result}/proof"
        wait_until(lambda: self.platform.answers(proof), beside=self.platform.running[0], what="it is logged")
        return result

    def audit(
        self, *words: str, of: str = "auditor", program: tuple[str, ...] = ("-m", "joulemark")
    ) -> tuple[int, set[str]]:
        """Exit code and codes of what was found, the whole log looked at again."""
        home = {f"XDG_{kind}_HOME": str(self.platform.folder / of) for kind in ("CONFIG", "STATE", "CACHE")}
        done = subprocess.run(
            [sys.executable, *program, "audit", self.platform.origin, "--json", "--all", *words],
            cwd=self.platform.folder,
            env={**self.platform.environment, **home},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        found = {one["code"] for one in answer.get("findings", [])}
        return done.returncode, found | ({answer["error"]["code"]} if "error" in answer else set())

    def edit(self, *statements: str) -> None:
        """Change tables as their owner can: the triggers that guard them are dropped first."""
        with (
            closing(sqlite3.connect(self.platform.folder / "data" / "joulemark.sqlite3")) as database,
            database,
        ):
            database.execute("PRAGMA foreign_keys = OFF")
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                database.execute(f'DROP TRIGGER "{name}"')
            for statement in statements:
                database.execute(statement)

    def after(self, *statements: str) -> Outcome:
        """What the auditor finds after these."""
        self.edit(*statements)
        code, found = self.audit(program=(str(HASTY),))
        return Outcome("found" if code == 3 else "harmless", frozenset(found))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Operator, Path]]:
    """One platform for all of these, and its folder as it was before anybody touched it."""
    folder = tmp_path_factory.mktemp("operator")
    with embedded_platform(folder=folder) as platform:
        platform.start_web()
        operator = Operator(platform)
        kill(platform.running.pop())
        before = tmp_path_factory.mktemp("before") / "copy"
        shutil.copytree(folder, before)
        yield operator, before


@pytest.fixture
def operator(prepared: tuple[Operator, Path]) -> Iterator[Operator]:
    """The same platform, as new, with its web server."""
    one, before = prepared
    used = one.platform.folder.rename(one.platform.folder.with_name("used"))
    shutil.rmtree(used, ignore_errors=True)  # what was killed may still be letting go of its files
    shutil.copytree(before, one.platform.folder)
    one.platform.start_web()
    yield one
    kill(one.platform.running.pop())


def test_an_untouched_platform_fits(operator: Operator) -> None:
    assert operator.audit() == (0, set())


@attack("Operator edits the bytes of a result", "found", "JM-LOG-BUNDLE", "JM-LOG-ROW-OTHER")
def test_edited_bundle(operator: Operator) -> Outcome:
    return operator.after(
        f"UPDATE intake_submission SET bundle = (SELECT bundle FROM intake_submission WHERE result_id = "
        f"'{operator.results[1]}') WHERE result_id = '{operator.results[0]}'"
    )


@attack("Operator changes the state of a result", "found", "JM-LOG-STATE", "JM-LOG-ROW-OTHER")
def test_edited_state(operator: Operator) -> Outcome:
    return operator.after(
        f"UPDATE intake_submission SET state = 'rejected' WHERE result_id = '{operator.results[0]}'"
    )


@attack("Operator edits a verdict", "found", "JM-LOG-ROW-OTHER")
def test_edited_verdict(operator: Operator) -> Outcome:
    return operator.after(
        f"UPDATE review_verdict SET findings = '[]' WHERE submission_id = '{operator.results[0]}'"
    )


@attack("Operator replaces the files of a pinned suite", "found", "JM-LOG-ROW-OTHER", "JM-LOG-SUITE")
def test_exchanged_suite(operator: Operator) -> Outcome:
    other = encode_archive(pinned_files())
    columns = f"archive = X'{other.hex()}', archive_sha256 = '{hashlib.sha256(other).hexdigest()}'"
    return operator.after(f"UPDATE catalog_pinnedsuite SET {columns}, archive_bytes = {len(other)}")


@attack("Operator edits a ticket", "found", "JM-LOG-ROW-OTHER")
def test_edited_ticket_row(operator: Operator) -> Outcome:
    return operator.after("UPDATE intake_ticket SET sample_seed = sample_seed + 1")


@attack("Operator revokes a key without a leaf", "found", "JM-LOG-ROW-OTHER")
def test_edited_key(operator: Operator) -> Outcome:
    return operator.after(
        "UPDATE contributors_key SET state = 'revoked', ended_at = '2026-01-01', untrusted_since = '2026-01-01'"
    )


@attack(
    "Operator deletes a result and everything that belongs to it",
    "found",
    "JM-LOG-ROW-GONE",
    "JM-LOG-STATE",
    "JM-LOG-BUNDLE",
)
def test_deleted_result(operator: Operator) -> Outcome:
    mine = f"submission_id = '{operator.results[0]}'"
    return operator.after(
        f"DELETE FROM review_agreement WHERE result_id = '{operator.results[0]}'",
        f"DELETE FROM review_result WHERE {mine}",
        f"DELETE FROM review_transition WHERE {mine}",
        f"DELETE FROM review_verdict WHERE {mine}",
        f"DELETE FROM intake_submission WHERE result_id = '{operator.results[0]}'",
    )


@attack("Operator swaps two verdicts", "found", "JM-LOG-ROW-OTHER")
def test_swapped_verdicts(operator: Operator) -> Outcome:
    first, second, _ = operator.results
    return operator.after(
        f"UPDATE review_verdict SET submission_id = 'x' WHERE submission_id = '{first}'",
        f"UPDATE review_verdict SET submission_id = '{first}' WHERE submission_id = '{second}'",
        f"UPDATE review_verdict SET submission_id = '{second}' WHERE submission_id = 'x'",
    )


@attack(
    "Operator edits a leaf of the log and its entries",
    "found",
    how="the root signed before no longer follows from the entries",
)
def test_edited_leaf(operator: Operator) -> Outcome:
    operator.edit(
        "UPDATE ledger_leaf SET body = replace(body, 'verdict', 'verdicT') WHERE kind = 'verdict'",
    )
    for tile in (operator.platform.folder / "data" / "log" / "tile").rglob("*"):
        if tile.is_file() and "entries" in tile.parts:
            tile.chmod(0o644)
            tile.write_bytes(tile.read_bytes().replace(b"verdict", b"verdicT"))
    code, found = operator.audit()
    assert found
    return Outcome("found" if code == 3 else "harmless")


@attack(
    "Split view: another log shown to someone who has seen this one",
    "found",
    how="the stored checkpoint does not fit, and both are kept as evidence",
)
def test_split_view(operator: Operator) -> Outcome:
    log = operator.platform.folder / "data" / "log"
    kill(operator.platform.running.pop())
    database = operator.platform.folder / "data" / "joulemark.sqlite3"
    for file in operator.platform.folder.joinpath("data").glob("joulemark.sqlite3*"):
        file.unlink()
    shutil.rmtree(log)
    operator.platform.manage("prepare")
    operator.platform.start_web()
    assert database.exists()
    for number in (4, 5, 6):
        operator.send(number)
    code, found = operator.audit()
    assert found
    return Outcome("found" if code == 3 else "harmless")


@attack(
    "Operator damages the published checkpoint",
    "harmless",
    how="it is not served, and is rewritten from the database",
)
def test_damaged_checkpoint(operator: Operator) -> Outcome:
    file = operator.platform.folder / "data" / "log" / "checkpoint"
    good = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(good.replace(b"/log", b"/gol", 1))
    wait_until(lambda: file.read_bytes() == good, beside=operator.platform.running[0], what="it is mended")
    code, found = operator.audit()
    return Outcome("harmless" if code == 0 else "found", frozenset(found))
