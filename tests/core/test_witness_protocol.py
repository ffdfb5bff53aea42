"""Cosigning: the protocol's bytes, published vectors, and the law that no two cosignatures contradict each other."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from joulemark import durable
from joulemark.errors import UsageError
from joulemark.log import notes
from joulemark.log.add_checkpoint import (
    MAX_REQUEST_BYTES,
    SIZE_TYPE,
    AddCheckpoint,
    own_line,
    parse_request,
    parse_size,
)
from joulemark.log.checkpoints import Checkpoint
from joulemark.log.merkle import NotInLog, leaf_hash, root_of, verify_consistency
from joulemark.log.notes import COSIGNATURE, VerifierKey, verifier_key
from joulemark.log.tiles import Tile, consistency_proof, grow
from joulemark.record.errors import Malformed, RecordError, TooLarge
from joulemark.witness import state
from joulemark.witness.cosigner import Cosigner, NotCosigned
from joulemark.witness.state import WitnessStore
from joulemark_simulation import records
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOG, WITNESS = records.signing_key(60), records.signing_key(61)
ORIGIN = "log.example/log"
SEEN = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)

# C2SP tlog-witness, the example of a request; its keys are not published.
SPEC_REQUEST = (
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— example.com/behind-the-sofa "
    "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
)

# Keys, checkpoints and proof of the tests of github.com/transparency-dev/witness (witness_test.go).
MONKEYS = "monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT"
MONKEYS_5 = (
    "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n"
    "— monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n"
)
MONKEYS_8 = (
    "monkeys\n8\nV8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo=\n\n"
    "— monkeys 202ffoUEboiQYpHzICeaFmoy3RNviHTpAxYrq/eO4QQVQMvu9UebKBMX2MJC76NLthZaKsnKbCA8GxrjePZhvDCH7Ag=\n"
)
MONKEYS_PROOF = tuple(
    bytes.fromhex(node)
    for node in (
        "b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2",
        "aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d",
        "89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e",
        "29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833",
    )
)
THEIR_WITNESS = Ed25519PrivateKey.from_private_bytes(
    base64.b64decode("AaLa/dfyBhyo/m0Z7WCi98ENVZWtrP8pxgRNrx7tIWiA")[1:]
)


class Tree:
    """A log in memory: `fork` changes every entry from that index on."""

    def __init__(self, size: int, *, fork: int | None = None) -> None:
        self.leaves = [
            leaf_hash(b"%d %d" % (number, fork is not None and number >= fork)) for number in range(size)
        ]

    def note(self, size: int) -> str:
        text = Checkpoint(origin=ORIGIN, size=size, root=root_of(self.leaves[:size])).text()
        return notes.sign(text, name=ORIGIN, key=LOG)

    def proof(self, old: int, size: int) -> tuple[bytes, ...]:
        none: dict[Tile, bytes] = {}
        tiles = grow(0, self.leaves[:size], none.__getitem__)
        return tuple(consistency_proof(old, size, tiles.__getitem__)) if old <= size else ()

    def request(self, old: int, size: int) -> AddCheckpoint:
        return AddCheckpoint(old_size=old, proof=self.proof(old, size), note=self.note(size))


def cosigner(folder: Path, now: Callable[[], datetime] = lambda: SEEN) -> Cosigner:
    return Cosigner(
        name="witness.example/w",
        key=WITNESS,
        store=WitnessStore(folder),
        logs={ORIGIN: verifier_key(LOG, name=ORIGIN)},
        now=now,
    )


def refusal(witness: Cosigner, request: AddCheckpoint) -> NotCosigned:
    with pytest.raises(NotCosigned) as refused:
        witness.add_checkpoint(request)
    return refused.value


def test_the_request_of_the_specification_is_read_and_written() -> None:
    request = parse_request(SPEC_REQUEST.encode())
    assert (request.old_size, len(request.proof)) == (20852014, 4)
    assert request.note.startswith("example.com/behind-the-sofa\n20852163\n")
    assert request.encode() == SPEC_REQUEST.encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"old 1\n",
        SPEC_REQUEST.replace("old 20852014", "old 020852014").encode(),
        SPEC_REQUEST.replace("old 20852014", "old -1").encode(),
        SPEC_REQUEST.replace("old ", "new ").encode(),
        SPEC_REQUEST.replace("PlRN", "PlR").encode(),
        SPEC_REQUEST.replace("Dpkaw=", "Dpkaw").encode(),
        SPEC_REQUEST.replace("old 20852014\n", "old 20852014\n" + 60 * f"{'A' * 43}=\n").encode(),
        SPEC_REQUEST.removesuffix("\n").encode(),
    ],
)
def test_what_is_no_request(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_request(body)


def test_a_huge_request_is_not_read() -> None:
    with pytest.raises(TooLarge):
        parse_request(b"old 0\n" + b"A" * MAX_REQUEST_BYTES)


def test_sizes_of_a_conflict() -> None:
    assert [parse_size(data) for data in (b"0\n", b"20852014\n")] == [0, 20852014]
    assert [parse_size(data) for data in (b"", b"7", b"07\n", b"-1\n", b"7\n7\n", "\u0667\n".encode())] == [
        None
    ] * 6


def test_the_vectors_of_another_witness(tmp_path: Path) -> None:
    key = VerifierKey.parse(MONKEYS)
    witness = Cosigner(
        name="witness",
        key=THEIR_WITNESS,
        store=WitnessStore(tmp_path),
        logs={"monkeys": key},
        now=lambda: SEEN,
    )
    first = witness.add_checkpoint(AddCheckpoint(old_size=0, proof=(), note=MONKEYS_5))
    assert witness.verifier_key.public_key.hex() == THEIR_WITNESS.public_key().public_bytes_raw().hex()
    assert own_line(MONKEYS_5, first, key=witness.verifier_key)[1].at == SEEN
    bad = AddCheckpoint(old_size=5, proof=MONKEYS_PROOF[::-1], note=MONKEYS_8)
    assert refusal(witness, bad).status == 422
    line = witness.add_checkpoint(AddCheckpoint(old_size=5, proof=MONKEYS_PROOF, note=MONKEYS_8))
    opened = notes.open_note(f"{MONKEYS_8}{line}", keys=[key, witness.verifier_key])
    assert [signer.key.name for signer in opened.signers] == ["monkeys", "witness"]
    late = refusal(witness, AddCheckpoint(old_size=0, proof=(), note=MONKEYS_5))
    assert (late.status, late.body, late.content_type) == (409, "8\n", SIZE_TYPE)


def test_every_refusal_of_the_specification(tmp_path: Path) -> None:
    witness, tree, other = cosigner(tmp_path), Tree(9), Tree(9, fork=2)
    stranger = notes.sign(
        Checkpoint(origin=ORIGIN, size=3, root=root_of(tree.leaves[:3])).text(), name=ORIGIN, key=WITNESS
    )
    unknown = notes.sign(
        Checkpoint(origin="other", size=3, root=root_of(tree.leaves[:3])).text(), name="other", key=LOG
    )
    assert refusal(witness, AddCheckpoint(old_size=0, proof=(), note=unknown)).status == 404
    assert refusal(witness, AddCheckpoint(old_size=0, proof=(), note=stranger)).status == 403
    assert refusal(witness, AddCheckpoint(old_size=4, proof=(), note=tree.note(3))).status == 400
    assert refusal(witness, tree.request(2, 3)).body == "0\n"
    assert refusal(witness, AddCheckpoint(old_size=0, proof=(b"0" * 32,), note=tree.note(3))).status == 422
    witness.add_checkpoint(tree.request(0, 5))
    assert refusal(witness, tree.request(0, 9)).body == "5\n"
    fork = refusal(witness, other.request(5, 5))
    assert (fork.status, fork.code) == (409, "JM-LOG-FORK")
    assert fork.content_type != SIZE_TYPE
    unproven = refusal(witness, other.request(5, 9))
    assert (unproven.status, unproven.code) == (422, "JM-PROOF-CONSISTENCY")
    assert witness.add_checkpoint(tree.request(5, 5))  # once more, for one whose answer was lost
    witness.add_checkpoint(tree.request(5, 9))


def test_a_fork_leaves_evidence_that_anybody_can_check(tmp_path: Path) -> None:
    witness, tree, other = cosigner(tmp_path), Tree(5), Tree(5, fork=0)
    witness.add_checkpoint(tree.request(0, 5))
    paths = {refusal(witness, other.request(5, 5)).evidence for _again in range(3)}
    (path,) = paths
    assert path is not None
    from joulemark.audit.store import Evidence
    from joulemark.record.codec import decode

    evidence = decode(path.read_bytes(), Evidence, what="evidence")
    key = VerifierKey.parse(evidence.log_key)
    assert evidence.kept_checkpoint is not None
    both = [
        notes.open_note(note, keys=[key]).text
        for note in (evidence.kept_checkpoint, evidence.shown_checkpoint)
    ]
    assert both[0] != both[1]
    assert [text.split("\n")[1] for text in both] == ["5", "5"]


def evidence_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.evidence.json"))


def test_a_genuine_checkpoint_with_a_rubbish_proof_is_no_evidence_and_takes_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can send the log's next checkpoint so; the real fork after it must still leave its evidence."""
    monkeypatch.setattr(state, "MAX_EVIDENCE_FILES", 2)
    witness, tree, other = cosigner(tmp_path), Tree(9), Tree(5, fork=0)
    witness.add_checkpoint(tree.request(0, 5))
    for size in (6, 7, 8):
        answer = refusal(witness, AddCheckpoint(old_size=5, proof=(b"0" * 32,), note=tree.note(size)))
        assert (answer.status, answer.evidence) == (422, None)
    assert not evidence_files(tmp_path)
    (tmp_path / "another-log-0.1.evidence.json").touch()
    (tmp_path / "another-log-0.2.evidence.json").touch()
    assert refusal(witness, other.request(5, 5)).evidence in evidence_files(tmp_path)


@pytest.mark.parametrize("left", ["*.checkpoint", "*.evidence.json"])
def test_a_lost_state_is_not_taken_for_none(tmp_path: Path, left: str) -> None:
    witness, tree, other = cosigner(tmp_path), Tree(5), Tree(5, fork=0)
    witness.add_checkpoint(tree.request(0, 5))
    refusal(witness, other.request(5, 5))
    for path in set(tmp_path.iterdir()) - set(tmp_path.glob(left)):
        path.unlink()
    with pytest.raises(UsageError, match="another key"):
        witness.add_checkpoint(other.request(0, 5))


def test_no_cosignature_is_dated_before_an_earlier_one(tmp_path: Path) -> None:
    clock = [SEEN]
    witness, tree = cosigner(tmp_path, now=lambda: clock[-1]), Tree(5)
    witness.add_checkpoint(tree.request(0, 3))
    clock.append(SEEN - timedelta(seconds=1))
    with pytest.raises(UsageError, match="NTP"):
        witness.add_checkpoint(tree.request(3, 5))
    clock.append(SEEN)
    witness.add_checkpoint(tree.request(3, 5))


def test_a_damaged_state_is_not_taken_for_none(tmp_path: Path) -> None:
    witness, tree = cosigner(tmp_path), Tree(5)
    witness.add_checkpoint(tree.request(0, 3))
    (path,) = tmp_path.glob("*.json")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="another key"):
        witness.add_checkpoint(tree.request(0, 5))


def test_other_witnesses_lines_are_ignored_and_not_kept(tmp_path: Path) -> None:
    witness, tree = cosigner(tmp_path), Tree(3)
    note = tree.note(3)
    for number in range(5):
        note = notes.cosign(note, name=f"w{number}", key=WITNESS, at=SEEN)
    line = witness.add_checkpoint(AddCheckpoint(old_size=0, proof=(), note=note))
    signed, signer = own_line(note, f"— stranger {line.split(' ')[2]}{line}", key=witness.verifier_key)
    assert (signed, signer.at) == (line, SEEN)
    witnessed = witness.store.load(ORIGIN)
    assert witnessed is not None
    assert witnessed.checkpoint == tree.note(3)


def test_an_answer_without_the_witnesss_signature_is_none() -> None:
    note = Tree(3).note(3)
    key = verifier_key(WITNESS, name="witness.example/w", kind=COSIGNATURE)
    wrong = notes.cosign(Tree(3, fork=0).note(3), name=key.name, key=WITNESS, at=SEEN).splitlines(
        keepends=True
    )[-1]
    for lines in ("", "ok\n", wrong, note.splitlines(keepends=True)[-1]):
        with pytest.raises(RecordError):
            own_line(note, lines, key=key)


@pytest.mark.laws
@law()
@given(st.integers(0, 700), st.integers(0, 700), st.integers(0, 700))
def test_any_two_sizes_of_one_tree_are_consistent_and_no_fork_is(first: int, second: int, fork: int) -> None:
    """Any tree, any pair of sizes: the proof leads there, and to no tree with another entry below the old size."""
    old, size = sorted((first, second))
    tree, other = Tree(size), Tree(size, fork=fork)
    roots = root_of(tree.leaves[:old]), root_of(tree.leaves)
    verify_consistency(old_size=old, old_root=roots[0], size=size, root=roots[1], proof=tree.proof(old, size))
    if fork < old:
        with pytest.raises(NotInLog):
            verify_consistency(
                old_size=old,
                old_root=roots[0],
                size=size,
                root=root_of(other.leaves),
                proof=other.proof(old, size),
            )


class Power(Exception):
    """The machine stopped."""


class WitnessAndCrashes(RuleBasedStateMachine):
    """Requests of an honest history and of forks, in any order, with crashes before and after the state is on disk."""

    SIZE = 20

    def __init__(self) -> None:
        super().__init__()
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.trees = [Tree(self.SIZE), *(Tree(self.SIZE, fork=fork) for fork in (0, 3, 9))]
        self.at = SEEN
        self.witness = cosigner(Path(self.folder.name), now=lambda: self.at)
        self.cosigned: list[tuple[int, int]] = []

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(
        tree=st.integers(0, 3),
        old=st.none() | st.integers(0, SIZE),
        size=st.integers(0, SIZE),
        crash=st.sampled_from(["no", "before", "after"]),
        proof=st.sampled_from(["right", "none", "of another"]),
    )
    def add(self, tree: int, old: int | None, size: int, crash: str, proof: str) -> None:
        known = self.witness.store.load(ORIGIN)
        if old is None:
            old = known.latest().size if known else 0
        source = self.trees[tree]
        path = {
            "right": source.proof(old, size),
            "none": (),
            "of another": self.trees[(tree + 1) % 4].proof(old, size),
        }[proof]
        self.at += timedelta(seconds=1)
        write = durable.write

        def stop(target: Path, data: bytes, *, mode: int = 0o644, replace: bool = True) -> None:
            if crash == "after":
                write(target, data, mode=mode, replace=replace)
            raise Power

        request = AddCheckpoint(old_size=old, proof=path, note=source.note(size))
        try:
            with patch.object(durable, "write", write if crash == "no" else stop):
                line = self.witness.add_checkpoint(request)
        except (NotCosigned, Power):
            return
        own_line(source.note(size), line, key=self.witness.verifier_key)
        self.cosigned.append((tree, size))

    @invariant()
    def all_cosignatures_are_of_one_history(self) -> None:
        sizes = [size for _tree, size in self.cosigned]
        assert sizes == sorted(sizes)
        tree = self.trees[self.cosigned[-1][0]] if self.cosigned else self.trees[0]
        for index, size in self.cosigned:
            assert self.trees[index].leaves[:size] == tree.leaves[:size]


TestWitnessAndCrashes = pytest.mark.laws(WitnessAndCrashes.TestCase)
TestWitnessAndCrashes.settings = law(share=0.5)
