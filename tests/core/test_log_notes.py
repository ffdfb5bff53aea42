"""Signed notes and checkpoints: real ones of other logs verify here, ours verify with code that is not ours."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.log import checkpoints, notes
from joulemark.log.checkpoints import Checkpoint, log_name, open_checkpoint
from joulemark.log.merkle import EMPTY_ROOT, leaf_hash
from joulemark.log.notes import COSIGNATURE, VerifierKey, cosign, open_note, sign, verifier_key
from joulemark.log.tiles import Tile
from joulemark.record.errors import Malformed, RecordError, TooLarge, Unverified
from joulemark_simulation import records

LOG, WITNESS = records.signing_key(40), records.signing_key(41)
NAME = "127.0.0.1:8000/log"
SEEN = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of golang.org/x/mod/sumdb/note, whose format the specification writes down."""

SUM_DB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUM_DB_NOTE = (
    "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n"
    "— sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n"
)
REKOR = "log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO"
STAGEMOLE = "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv"
REKOR_NOTE = (
    "log2025-1.rekor.sigstore.dev\n139911860\nEliTHtnx44DhEBH+5qIXBtQsSpc54Avam7mIYEvxnTA=\n\n"
    "— log2025-1.rekor.sigstore.dev "
    "zxGZFcOra4Y7QpuiQen+CmnUvDZbxSXfBOXJzL+HKIeR9aC58QTfao58ABqkhVyBhQDseS+TZdDNpcnZhoRxkh7IbQ0=\n"
    "— witness.stagemole.eu "
    "Z/euoAAAAABqxF18wrJCADsJ1G5Lc2JaRjZqqBwjpNqH24yQse4iJ4rKS6b5MtvHP+IbKYXwaWuWokdGA+BubLFi+TrwK7xpKr6XBw==\n"
)
"""Checkpoints of Go's checksum database and of sigstore's Rekor v2, the latter with a witness's cosignature."""

SPEC_NOTES = [
    (
        "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
        "— quasimodo.example/salvatore "
        "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
    ),
    (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa "
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 "
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    ),
]
"""The examples of C2SP signed-note and tlog-cosignature, whose keys are not published."""


def checkpoint(size: int = 3) -> Checkpoint:
    return Checkpoint(origin=NAME, size=size, root=leaf_hash(b"root"))


def signed(of: Checkpoint | None = None) -> str:
    return sign((of or checkpoint()).text(), name=NAME, key=LOG)


def test_a_note_signed_by_others_opens() -> None:
    opened = open_note(PETERS_NOTE, keys=[VerifierKey.parse(PETER)])
    assert opened.text == PETERS_NOTE.partition("\n\n")[0] + "\n"
    assert [signer.key.name for signer in opened.signers] == ["PeterNeumann"]


def test_checkpoints_of_other_logs_open() -> None:
    of_go = open_checkpoint(SUM_DB_NOTE, key=VerifierKey.parse(SUM_DB), origin="go.sum database tree")
    assert of_go.size == 6476701
    rekor, note = checkpoints.opened(
        REKOR_NOTE,
        key=VerifierKey.parse(REKOR),
        origin="log2025-1.rekor.sigstore.dev",
        witnesses=[VerifierKey.parse(STAGEMOLE)],
    )
    assert rekor.size == 139911860
    assert [signer.at for signer in note.signers] == [None, datetime(2026, 10, 6, 2, 31, 24, tzinfo=UTC)]


@pytest.mark.parametrize("note", SPEC_NOTES)
def test_the_examples_of_the_specifications_are_read(note: str) -> None:
    text = notes.claimed_text(note)
    assert note.startswith(text + "\n— ")
    with pytest.raises(Unverified) as refusal:
        open_note(note, keys=[VerifierKey.parse(PETER)])
    assert refusal.value.code == "JM-NOTE-SIGNATURE"


def test_the_example_of_a_checkpoint_is_read_and_written() -> None:
    text = notes.claimed_text(SPEC_NOTES[1])
    read = checkpoints.parse(text)
    assert (read.origin, read.size, read.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert read.text() == text


def test_sigstore_reads_and_verifies_our_checkpoint() -> None:
    """The client of another transparency log: its own parser, its own keyring, its own Merkle check."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from sigstore._internal.rekor.checkpoint import SignedCheckpoint
    from sigstore._internal.trust import Keyring, RekorKeyring
    from sigstore._utils import KeyID
    from sigstore.errors import VerificationError
    from sigstore_models.common.v1 import PublicKey, PublicKeyDetails

    note = cosign(signed(), name="witness.example/w", key=WITNESS, at=SEEN)
    theirs = SignedCheckpoint.from_text(note)
    assert (theirs.checkpoint.origin, theirs.checkpoint.log_size) == (NAME, 3)
    assert theirs.checkpoint.log_hash == checkpoint().root.hex()
    der = LOG.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = PublicKey(raw_bytes=base64.b64encode(der), key_details=PublicKeyDetails.PKIX_ED25519)
    key_id = KeyID(verifier_key(LOG, name=NAME).key_id)
    theirs.signed_note.verify(RekorKeyring(Keyring([public])), key_id)
    edited = SignedCheckpoint.from_text(note.replace("\n3\n", "\n4\n"))
    with pytest.raises(VerificationError):
        edited.signed_note.verify(RekorKeyring(Keyring([public])), key_id)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 600), st.data())
def test_sigstore_believes_our_inclusion_proofs(size: int, data: st.DataObject) -> None:
    from types import SimpleNamespace

    from sigstore._internal.merkle import verify_merkle_inclusion

    from joulemark.log.tiles import grow, inclusion_proof, tree_root

    index = data.draw(st.integers(0, size - 1))
    entries = [b"entry %d" % number for number in range(size)]
    none: dict[Tile, bytes] = {}
    tiles = grow(0, [leaf_hash(entry) for entry in entries], none.__getitem__)
    proof = SimpleNamespace(
        log_index=index,
        tree_size=size,
        hashes=inclusion_proof(index, size, tiles.__getitem__),
        root_hash=tree_root(size, tiles.__getitem__),
    )
    inner = SimpleNamespace(inclusion_proof=proof, canonicalized_body=entries[index])
    entry: Any = SimpleNamespace(_inner=inner)  # what it reads of an entry
    verify_merkle_inclusion(entry)


def test_a_verifier_key_survives_its_text() -> None:
    for text in (PETER, SUM_DB, REKOR, STAGEMOLE):
        assert VerifierKey.parse(text).encode() == text
    assert VerifierKey.parse(STAGEMOLE).kind == COSIGNATURE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("PeterNeumann", "PeterNewmann"),
        PETER.upper(),
        PETER + "=",
        PETER + "\n",
        "a b" + PETER[12:],
        PETER[:-4],
    ],
)
def test_what_is_no_verifier_key(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        VerifierKey.parse(text)
    assert refusal.value.code == "JM-LOG-KEY"


def test_a_witness_signs_text_and_time() -> None:
    note = cosign(signed(), name="witness.example/w", key=WITNESS, at=SEEN)
    log, witness = (
        verifier_key(LOG, name=NAME),
        verifier_key(WITNESS, name="witness.example/w", kind=COSIGNATURE),
    )
    opened = open_note(note, keys=[log, witness])
    assert [(signer.key, signer.at) for signer in opened.signers] == [(log, None), (witness, SEEN)]
    assert open_note(note, keys=[log]).unverified == ("witness.example/w",)
    assert open_checkpoint(note, key=log, origin=NAME, witnesses=[witness]) == checkpoint()

    with pytest.raises(Unverified) as refusal:
        open_checkpoint(signed(), key=log, origin=NAME, witnesses=[witness])
    assert refusal.value.code == "JM-WITNESS"
    line = note.splitlines()[-1]
    stamped = bytearray(base64.b64decode(line.split(" ")[2]))
    stamped[11] ^= 1  # a second earlier or later
    other = note.replace(line, f"— witness.example/w {base64.b64encode(stamped).decode()}")
    with pytest.raises(Unverified) as refusal:
        open_note(other, keys=[log, witness])
    assert refusal.value.code == "JM-NOTE-SIGNATURE"


def test_a_witness_cannot_stand_for_the_log() -> None:
    log = verifier_key(LOG, name=NAME)
    both = cosign(signed(), name="w", key=WITNESS, at=SEEN).splitlines(keepends=True)
    alone = "".join([*both[:-2], both[-1]])
    witness = verifier_key(WITNESS, name="w", kind=COSIGNATURE)
    assert open_note(alone, keys=[witness]).signers[0].at == SEEN
    with pytest.raises(Unverified) as refusal:
        open_checkpoint(alone, key=log, origin=NAME, witnesses=[witness])
    assert refusal.value.code == "JM-NOTE-SIGNATURE"
    with pytest.raises(Malformed) as mixed_up:
        open_checkpoint(alone, key=witness, origin=NAME)
    assert mixed_up.value.code == "JM-LOG-KEY"
    as_log = verifier_key(WITNESS, name="w")  # the same key, but signing as a log does
    with pytest.raises(Unverified):
        open_note(alone, keys=[as_log])


def test_a_time_that_no_calendar_has_is_refused() -> None:
    key = verifier_key(WITNESS, name="w", kind=COSIGNATURE)
    text, seconds = checkpoint().text(), 2**64 - 1
    signature = WITNESS.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    data = base64.b64encode(key.key_id + seconds.to_bytes(8, "big") + signature).decode()
    with pytest.raises(Unverified):
        open_note(f"{text}\n— w {data}\n", keys=[key])


def test_any_change_to_a_signed_checkpoint_is_seen() -> None:
    key, note = verifier_key(LOG, name=NAME), signed()
    for place in range(len(note)):
        for other in ("x", "\n", " ", "0", ""):
            changed = note[:place] + other + note[place + 1 :]
            if changed == note:
                continue
            with pytest.raises(RecordError):
                open_checkpoint(changed, key=key, origin=NAME)


def test_a_second_signature_of_a_known_key_must_fit_too() -> None:
    key, note = verifier_key(LOG, name=NAME), signed()
    other = signed(checkpoint(4)).splitlines()[-1]
    with pytest.raises(Unverified):
        open_note(f"{note}{other}\n", keys=[key])
    again = open_note(note + note.splitlines()[-1] + "\n", keys=[key])
    assert len(again.signers) == 1


def test_a_checkpoint_of_another_log_does_not_fit() -> None:
    other = sign(Checkpoint(origin="other/log", size=0, root=EMPTY_ROOT).text(), name=NAME, key=LOG)
    with pytest.raises(Unverified) as refusal:
        open_checkpoint(other, key=verifier_key(LOG, name=NAME), origin=NAME)
    assert refusal.value.code == "JM-LOG-ORIGIN"


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        "a\n1\nAAAA\n",
        "a\n01\n" + "A" * 43 + "=\n",
        "a\n-1\n" + "A" * 43 + "=\n",
        "a\n1\n" + "A" * 42 + "B=\n",
        "a\n1\n" + "A" * 43 + "=",
        "a\n1\n" + "A" * 43 + "=\n\n",
        "\n1\n" + "A" * 43 + "=\n",
        "a\n99999999999999999\n" + "A" * 43 + "=\n",
        "a\n0\n" + "A" * 43 + "=\n",
        "a\n\u0661\n" + "A" * 43 + "=\n",
    ],
)
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        checkpoints.parse(text)
    assert refusal.value.code == "JM-CHECKPOINT"


def test_a_checkpoint_keeps_its_extensions() -> None:
    of = Checkpoint(origin=NAME, size=0, root=EMPTY_ROOT, extensions=("one", "two three"))
    assert checkpoints.parse(of.text()) == of


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n— name AAAAAAA=",
        "text\n\n- name AAAAAAA=\n",
        "text\n\n— na+me AAAAAAA=\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name AAAAAAB=\n",
        "te\txt\n\n— name AAAAAAA=\n",
        "text\r\n\n— name AAAAAAA=\n",
        "\ud800\n\n— name AAAAAAA=\n",
        "text\n\n" + "— name AAAAAAA=\n" * 65,
    ],
)
def test_what_is_no_note(note: str) -> None:
    with pytest.raises(Malformed) as refusal:
        open_note(note, keys=[VerifierKey.parse(PETER)])
    assert refusal.value.code == "JM-NOTE"


def test_sixteen_signatures_are_read_and_a_huge_note_is_not() -> None:
    note = signed()
    for number in range(15):
        note = cosign(note, name=f"w{number}", key=WITNESS, at=SEEN)
    assert len(open_note(note, keys=[verifier_key(LOG, name=NAME)]).unverified) == 15
    with pytest.raises(TooLarge):
        open_note("a" * 70_000, keys=[])


def test_only_a_text_that_can_be_opened_is_signed() -> None:
    for text in ("no end", "a\x00b\n", "a\rb\n"):
        with pytest.raises(Malformed):
            sign(text, name=NAME, key=LOG)
    for name in ("", "a b", "a+b", "a\u00a0b"):
        with pytest.raises(Malformed):
            sign("text\n", name=name, key=LOG)


def test_the_name_of_a_log_is_its_address_without_the_scheme() -> None:
    assert log_name("http://127.0.0.1:8000") == NAME
    assert log_name("https://example.org") == "example.org/log"
