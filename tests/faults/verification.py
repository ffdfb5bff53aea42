"""After the storm: is everything there that was acknowledged, once, unchanged, in the log, and on the boards?"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.log import merkle, tiles
from joulemark.record.codec import decode
from joulemark.record.envelope import Envelope
from joulemark.session.delivery import checked_receipt
from tests.faults.monitor import opened
from tests.faults.production import ORIGIN

if TYPE_CHECKING:
    from joulemark.log.checkpoints import Checkpoint
    from joulemark.record.messages import PlatformKey
    from tests.faults.production import Production
    from tests.faults.uploads import Upload


@dataclass
class Evidence:
    """What the database and the log hold of the uploads, by result id."""

    rows: Counter[str] = field(default_factory=Counter)
    sha256: dict[str, str] = field(default_factory=dict)
    leaves: Counter[str] = field(default_factory=Counter)
    index: dict[str, int] = field(default_factory=dict)
    not_accepted: dict[str, str] = field(default_factory=dict)
    judge_failed: set[str] = field(default_factory=set)
    states: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    """Of all findings, by severity and code."""

    def is_found(self, upload: Upload) -> bool:
        """Once in the database with its bytes, and once in the log."""
        result_id = upload.result_id
        return (
            self.rows[result_id] == self.leaves[result_id] == 1
            and self.sha256[result_id] == hashlib.sha256(upload.body).hexdigest()
        )

    def is_twice(self, upload: Upload) -> bool:
        """More than once in either."""
        return max(self.rows[upload.result_id], self.leaves[upload.result_id]) > 1


def read_evidence(production: Production) -> Evidence:
    """All rows, one by one; a primary key is not trusted to be one."""
    evidence = Evidence()
    with production.connect() as connection:
        for result_id, sha256, state in connection.execute(
            "SELECT result_id, encode(sha256(bundle), 'hex'), state FROM intake_submission"
        ):
            evidence.rows[str(result_id)] += 1
            evidence.sha256[str(result_id)] = str(sha256)
            evidence.states[str(state)] += 1
            if state != "accepted":
                evidence.not_accepted[str(result_id)] = str(state)
        for subject, index in connection.execute(
            "SELECT subject, \"index\" FROM ledger_leaf WHERE kind = 'result-received'"
        ):
            evidence.leaves[str(subject)] += 1
            evidence.index[str(subject)] = int(str(index))
        failed = connection.execute(
            "SELECT DISTINCT submission_id FROM review_verdict WHERE findings::text LIKE '%JM-JUDGE-FAILED%'"
        )
        evidence.codes = Counter(
            {
                f"{severity} {code}": int(str(count))
                for severity, code, count in connection.execute(
                    "SELECT finding->>'severity', finding->>'code', count(*) FROM review_verdict, "
                    "jsonb_array_elements(findings::jsonb) AS finding GROUP BY 1, 2"
                )
            }
        )
        evidence.judge_failed = {str(result_id) for (result_id,) in failed}
    return evidence


def upload_faults(uploads: list[Upload], poisoned: set[str], evidence: Evidence) -> list[str]:
    """What is lost, doubled, refused or wrongly named, in sentences."""
    names = {upload.result_id for upload in uploads}
    faults = [
        f"acknowledged, and not there as it was sent: {upload.result_id}"
        for upload in uploads
        if upload.receipt and not evidence.is_found(upload)
    ]
    faults += [f"there twice: {upload.result_id}" for upload in uploads if evidence.is_twice(upload)]
    faults += [f"refused ({upload.refusal}): {upload.result_id}" for upload in uploads if upload.refusal]
    faults += [
        f"neither acknowledged nor refused: {upload.result_id}"
        for upload in uploads
        if not (upload.receipt or upload.refusal or upload.is_lost_on_the_way)
    ]
    faults += [f"nobody sent it: {result_id}" for result_id in evidence.rows.keys() - names]
    faults += [f"in the log without a row: {name}" for name in evidence.leaves.keys() - evidence.rows.keys()]
    faults += [f"poison, and not named so: {name}" for name in poisoned - evidence.judge_failed]
    faults += [f"JM-JUDGE-FAILED of an honest result: {name}" for name in evidence.judge_failed - poisoned]
    faults += [
        f"honest, and {state}: {result_id}"
        for result_id, state in evidence.not_accepted.items()
        if result_id not in poisoned
    ]
    return faults


def log_faults(
    production: Production, notes: list[str], uploads: list[Upload], evidence: Evidence, key: PlatformKey
) -> list[str]:
    """Each checkpoint that was seen is a beginning of the last one, and that one includes each receipt's leaf."""
    if not notes:
        return ["no checkpoint was ever seen"]
    read = _reader(production.log_disk.folder / "log")
    last, faults = opened(notes[-1], key), []
    for note in notes:
        faults += _inconsistency(opened(note, key), last, read)
    for upload in uploads:
        if upload.receipt is None:
            continue
        envelope = decode(upload.receipt, Envelope, what="receipt")
        receipt = checked_receipt(envelope, upload.result_id, key)
        index = evidence.index.get(upload.result_id, last.size)
        try:
            proof = tiles.inclusion_proof(index, last.size, read)
            merkle.verify_inclusion(
                leaf=bytes.fromhex(receipt.leaf_hash),
                index=index,
                size=last.size,
                proof=proof,
                root=last.root,
            )
        except Exception as error:  # noqa: BLE001 - whatever a proof that fails raises is the finding
            faults.append(f"the receipt of {upload.result_id} is not in the log: {error}")
    return faults


def command_faults(production: Production) -> list[str]:
    """What the operator's and the auditor's own commands object to."""
    faults = []
    for words in (["check_log"], ["rebuild_boards", "--check", "--processes", "2"]):
        done = production.manage(*words)
        if done.returncode:
            faults.append(f"{words[0]}: {(done.stdout + done.stderr)[-600:]}")
    folder = production.folder / "auditor"
    folder.mkdir()
    environment = {
        **os.environ,
        "SSL_CERT_FILE": production.environment["SSL_CERT_FILE"],
        **{f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
    }
    command = [str(Path(sys.executable).with_name("joulemark")), "audit", ORIGIN]
    audit = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    (production.folder / "audit.log").write_text(audit.stdout + audit.stderr)
    if audit.returncode:
        faults.append(f"joulemark audit ({audit.returncode}): {(audit.stdout + audit.stderr)[-600:]}")
    return faults


def _inconsistency(seen: Checkpoint, last: Checkpoint, read: tiles.ReadTile) -> list[str]:
    try:
        proof = tiles.consistency_proof(seen.size, last.size, read)
        merkle.verify_consistency(
            old_size=seen.size, old_root=seen.root, size=last.size, root=last.root, proof=proof
        )
    except Exception as error:  # noqa: BLE001 - whatever a proof that fails raises is the finding
        return [f"the checkpoint of {seen.size} leaves is no beginning of that of {last.size}: {error}"]
    return []


def _reader(folder: Path) -> tiles.ReadTile:
    tiles_read: dict[str, bytes] = {}

    def read(tile: tiles.Tile) -> bytes:
        if tile.path not in tiles_read:
            tiles_read[tile.path] = (folder / tile.path).read_bytes()
        return tiles_read[tile.path]

    return read
