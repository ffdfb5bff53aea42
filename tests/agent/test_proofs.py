"""Proofs of the log in kept results: fetched, checked before they are kept, and verified offline by anybody."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from joulemark import config, identity
from joulemark.record import bundle as bundles
from joulemark.record import keys
from joulemark.record.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


@pytest.fixture
def sent(enrolled: Agent) -> Agent:
    """One result, sent."""
    assert enrolled("run", "--meter", "estimate", "--only", "writing/*") == 0
    return enrolled


def kept_file(agent: Agent) -> Path:
    (kept,) = agent.outbox.results()
    return kept.path


def test_status_completes_a_result_with_its_proof(sent: Agent, platform: FakePlatform) -> None:
    (before,) = sent.outbox.results()
    platform.log.fill(300)
    answer = sent.json("status")
    assert sent.code == 0
    assert answer["results"][0]["leaf_index"] == 0
    (after,) = sent.outbox.results()
    assert after.bundle.proof is not None
    assert after.bundle.receipt == before.bundle.receipt
    assert (after.digest, after.bundle.as_sent()) == (before.digest, platform.results[before.digest])
    sent("status")
    assert platform.asked["GET results"] == 3  # the proof was asked for once
    assert "in the log as entry 0; the proof is in its file" in sent.out


def test_a_result_that_has_no_place_yet_waits_for_its_proof(sent: Agent, platform: FakePlatform) -> None:
    platform.sequenced = False
    assert sent.json("status")["results"][0]["leaf_index"] is None
    assert sent.code == 0
    sent("status")
    assert "but not yet included" in sent.out
    assert b'"proof"' not in kept_file(sent).read_bytes()
    platform.sequenced = True
    assert sent.json("status")["results"][0]["leaf_index"] == 0


def test_a_proof_of_another_entry_is_not_kept(sent: Agent, platform: FakePlatform) -> None:
    platform.log.fill(5)
    platform.proof_of = 3
    before = kept_file(sent).read_bytes()
    answer = sent.json("status")
    assert (sent.code, answer["error"]["code"]) == (3, "JM-PROOF-INCLUSION")
    assert kept_file(sent).read_bytes() == before


def test_a_log_that_changed_its_key_is_not_believed(sent: Agent, platform: FakePlatform) -> None:
    platform.log.key = keys.generate()
    answer = sent.json("status")
    assert (sent.code, answer["error"]["code"]) == (3, "platform-key-changed")
    assert "a different log than others" in answer["error"]["sentence"]


def test_a_platform_that_hides_its_log_key_is_not_believed_either(
    sent: Agent, platform: FakePlatform
) -> None:
    platform.log.shows_log_key = False
    assert sent("status") == 3


def test_a_checkpoint_by_another_key_is_not_kept(sent: Agent, platform: FakePlatform) -> None:
    honest, publish = platform.log.key, platform.log.publish

    def published() -> None:
        platform.log.key = keys.generate()
        publish()
        platform.log.key = honest  # what it shows is the old key

    platform.log.override("publish", published)
    assert sent.json("status")["error"]["code"] == "JM-NOTE-SIGNATURE"
    assert sent.code == 3
    assert b'"proof"' not in kept_file(sent).read_bytes()


def test_a_receipt_for_another_entry_is_not_believed(enrolled: Agent, platform: FakePlatform) -> None:
    platform.entry_of = "ab" * 32
    (row,) = enrolled.json("run", "--meter", "estimate", "--only", "writing/*")["results"]
    assert (row["state"], row["code"], enrolled.code) == ("waiting", "bad-receipt", 3)


def test_who_enrolled_before_there_was_a_log_learns_its_key_once(sent: Agent, platform: FakePlatform) -> None:
    from msgspec import UNSET

    enrolled = identity.enrolment(sent.folders, platform.origin)
    assert enrolled is not None
    platform.log.shows_log_key = False
    old = replace(enrolled, platform=replace(enrolled.platform, log_key=UNSET))
    path = identity._enrolment_file(sent.folders, platform.origin)
    from joulemark.record.codec import encode

    path.write_bytes(encode(old) + b"\n")
    assert sent.json("status")["results"][0]["leaf_index"] is None
    platform.log.shows_log_key = True
    assert sent.json("status")["results"][0]["leaf_index"] == 0
    assert identity.enrolment(sent.folders, platform.origin) == enrolled


def test_verify_says_what_the_proof_proves(sent: Agent, platform: FakePlatform) -> None:
    promised = sent.json("verify", str(kept_file(sent)))
    assert promised["log"] is None
    assert any("`joulemark status` fetches the proof" in sentence for sentence in promised["not_proved"])
    platform.log.fill(700)
    sent("status")
    answer = sent.json("verify", str(kept_file(sent)))
    assert sent.code == 0
    assert answer["log"] == {
        "name": platform.log.name,
        "index": 0,
        "size": 700,
        "key": platform.log.log_key.encode(),
    }
    assert (
        f"proved: the log whose key is trusted for {platform.log.name} includes it as entry 0 of 700"
        in (answer["proved"])
    )
    assert any("others are shown the same log" in sentence for sentence in answer["not_proved"])


def test_verify_on_another_machine_trusts_no_log_key_unless_it_is_given(
    sent: Agent, platform: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent("status")
    file = kept_file(sent)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    answer = sent.json("verify", str(file))
    assert sent.code == 0
    assert answer["log"]["key"] is None
    assert any("No key of the log" in sentence for sentence in answer["not_proved"])
    assert not any("whose key is trusted" in sentence for sentence in answer["proved"])
    given = sent.json("verify", str(file), "--log-key", platform.log.log_key.encode())
    assert given["log"]["key"] == platform.log.log_key.encode()
    platform.log.key = keys.generate()
    other = sent.json("verify", str(file), "--log-key", platform.log.log_key.encode())
    assert (sent.code, other["error"]["code"]) == (3, "JM-NOTE-SIGNATURE")
    assert sent("verify", str(file), "--log-key", "no key") == 2


def test_any_flipped_byte_of_a_proof_fails(sent: Agent, platform: FakePlatform) -> None:
    platform.log.fill(3)
    sent("status")
    file = kept_file(sent)
    data = file.read_bytes()
    for place in range(data.index(b'"proof":'), len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << (place % 7)
        file.write_bytes(bytes(broken))
        assert sent("verify", str(file)) == 3, (place, data[place], broken[place])


def test_a_proof_without_a_receipt_is_no_bundle(sent: Agent) -> None:
    sent("status")
    data = json.loads(kept_file(sent).read_bytes())
    del data["receipt"]
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    with pytest.raises(Malformed):
        bundles.parse(text)


def test_the_outbox_shows_a_result_with_a_proof_as_sent(sent: Agent) -> None:
    sent("status")
    assert sent.json("show")["results"][0]["state"] == "sent"
    assert config.load().origin
    assert sent("submit") == 0


OUTSIDER = """
import base64, hashlib, json, sys
from types import SimpleNamespace
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint

file = json.load(open(sys.argv[1]))
sent = json.dumps({name: file[name] for name in ("format", "envelope", "trace")}, separators=(",", ":")).encode()
statement, receipt = (Envelope.from_dict(file[name]) for name in ("envelope", "receipt"))
for envelope, keys in ((statement, json.loads(statement.payload)["predicate"]["contributor"]),
                       (receipt, json.loads(receipt.payload))):
    (keyid,) = envelope.signatures
    envelope.verify([SSlibKey(keyid, "ed25519", "ed25519", {"public": keys["public_key"]})], threshold=1)
said = json.loads(receipt.payload)
assert hashlib.sha256(sent + b"\\n").hexdigest() == said["result_id"]
leaf = base64.b64decode(said["leaf"])
assert json.loads(leaf)["subject"] == said["result_id"]
head = SignedCheckpoint.from_text(file["proof"]["checkpoint"])
proof = SimpleNamespace(
    log_index=file["proof"]["index"],
    tree_size=head.checkpoint.log_size,
    hashes=[base64.b64decode(one) for one in file["proof"].get("proof", [])],
    root_hash=bytes.fromhex(head.checkpoint.log_hash),
)
verify_merkle_inclusion(SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=leaf)))
assert not [name for name in sys.modules if name.startswith("joulemark")]
print(head.checkpoint.origin)
"""


def test_a_completed_file_is_verified_by_code_that_is_not_ours(
    sent: Agent, platform: FakePlatform, tmp_path: Path
) -> None:
    """securesystemslib the envelopes, sigstore the tree; in an interpreter that cannot see our code."""
    platform.log.fill(300)
    sent("status")
    program = tmp_path / "outsider.py"
    program.write_text(OUTSIDER)

    def outsider(file: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(program), str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    done = outsider(kept_file(sent))
    assert (done.returncode, done.stdout.strip()) == (0, platform.log.name), done.stderr
    spoilt = json.loads(kept_file(sent).read_bytes())
    spoilt["proof"]["index"] = 1
    (tmp_path / "spoilt.json").write_text(json.dumps(spoilt))
    assert outsider(tmp_path / "spoilt.json").returncode != 0
