"""Entries of the log, and what a receipt and a proof say of one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from joulemark.log import leaf as leaves
from joulemark.log.checkpoints import Checkpoint
from joulemark.log.leaf import LogLeaf
from joulemark.log.merkle import leaf_hash
from joulemark.log.notes import sign, verifier_key
from joulemark.log.proofs import check_leaf, verified_proof
from joulemark.log.tiles import Tile, grow, inclusion_proof, tree_root
from joulemark.record.codec import decode, encode
from joulemark.record.errors import Malformed, RecordError, TooLarge, Unverified
from joulemark.record.messages import LogProof, Receipt
from joulemark_simulation import records
from tests.laws import law

AT = datetime(2026, 11, 24, 12, 0, 0, 5, tzinfo=UTC)
LOG = records.signing_key(40)
NAME = "127.0.0.1:8000/log"
KEY = verifier_key(LOG, name=NAME)
RESULT = "ab" * 32

facts = st.dictionaries(
    st.text(max_size=20),
    st.text(max_size=50) | st.integers(-(2**53), 2**53) | st.lists(st.text(max_size=20), max_size=4),
    max_size=5,
)


@given(facts)
def test_an_entry_has_one_encoding_that_any_language_can_make(said: dict[str, Any]) -> None:
    entry = LogLeaf(kind="verdict", subject=RESULT, at=AT, facts=said)
    data = entry.encode()
    assert leaves.decode(data) == entry
    plain = {
        "version": 2,
        "kind": "verdict",
        "subject": RESULT,
        "at": "2026-11-24T12:00:00.000005Z",
        "facts": said,
    }
    assert json.loads(data) == plain
    assert json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == data


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b'"version":2', b'"version": 2'),
        lambda data: data.replace(b'"version":2', b'"version":2,"index":1'),
        lambda data: data.replace(b',"version":2', b""),
        lambda data: data.replace(b'"version":2', b'"version":3'),
        lambda data: data.replace(b'"a":1,"b":"x"', b'"b":"x","a":1'),
        lambda data: data.replace(b'"a":1', b'"a":1.5'),
        lambda data: data.replace(b'"a":1', b'"a":true'),
        lambda data: data.replace(b"000005Z", b"000005+00:00"),
        lambda data: data.replace(b"verdict", b"Verdict"),
        lambda data: data + b"\n",
    ],
)
def test_no_other_encoding_is_an_entry(spoil: Callable[[bytes], bytes]) -> None:
    data = LogLeaf(kind="verdict", subject=RESULT, at=AT, facts={"b": "x", "a": 1}).encode()
    assert leaves.decode(data).facts == {"a": 1, "b": "x"}
    with pytest.raises(Malformed) as refusal:
        leaves.decode(spoil(data))
    assert refusal.value.code in {"JM-SCHEMA", "JM-CANONICAL"}


def test_entries_of_version_1_are_read_as_they_were_written() -> None:
    data = (
        b'{"at":"2026-11-24T12:00:00Z","facts":{"contributor":"c-1"},"index":0,"kind":"key-enrolled",'
        b'"subject":"cd","version":1}'
    )
    entry = leaves.decode(data)
    assert (entry.version, entry.index, entry.facts) == (1, 0, {"contributor": "c-1"})
    with pytest.raises(Malformed):
        leaves.decode(data.replace(b'"index":0,', b""))
    assert LogLeaf(kind="verdict", subject="a", at=AT, facts={}).index is UNSET


def test_an_entry_that_no_bundle_can_hold_is_refused() -> None:
    with pytest.raises(TooLarge):
        LogLeaf(kind="verdict", subject="a", at=AT, facts={"a": ["x" * 1000] * 66}).encode()


def entry_of(result_id: str, kind: str = "result-received", ticket: str = "") -> bytes:
    return LogLeaf(kind=kind, subject=result_id, at=AT, facts={"ticket": ticket}).encode()


def receipt_for(entry: bytes, **changes: object) -> Receipt:
    receipt = Receipt(
        audience=records.ORIGIN,
        public_key="cd" * 32,
        result_id=RESULT,
        leaf_index=None,
        leaf_hash=leaf_hash(entry).hex(),
        received_at=AT,
        leaf=entry,
    )
    return replace(receipt, **changes)


def logged(entry: bytes, *, index: int = 2, size: int = 300, name: str = NAME) -> LogProof:
    """The proof that `entry` is entry `index` of a log of `size`."""
    hashes = [leaf_hash(b"entry %d" % number) for number in range(size)]
    hashes[index] = leaf_hash(entry)
    none: dict[Tile, bytes] = {}
    tiles = grow(0, hashes, none.__getitem__)
    checkpoint = Checkpoint(origin=name, size=size, root=tree_root(size, tiles.__getitem__))
    return LogProof(
        index=index,
        proof=tuple(inclusion_proof(index, size, tiles.__getitem__)),
        checkpoint=sign(checkpoint.text(), name=name, key=LOG),
    )


def test_a_receipt_is_a_promise_and_a_proof_shows_that_it_was_kept() -> None:
    entry = entry_of(RESULT)
    proof = logged(entry)
    assert decode(encode(proof), LogProof, what="proof") == proof
    for receipt in (receipt_for(entry), receipt_for(entry, leaf_index=2), receipt_for(entry, leaf=UNSET)):
        checkpoint = verified_proof(proof, receipt=receipt, key=KEY)
        assert (checkpoint.origin, checkpoint.size) == (NAME, 300)
    assert verified_proof(proof, receipt=receipt_for(entry), key=None).size == 300


@pytest.mark.parametrize(("index", "size"), [(0, 1), (1, 2), (255, 256), (256, 257), (299, 300)])
def test_the_first_and_the_last_entry_are_proved_too(index: int, size: int) -> None:
    entry = entry_of(RESULT)
    proof = logged(entry, index=index, size=size)
    for receipt in (receipt_for(entry), receipt_for(entry, leaf_index=index)):
        assert verified_proof(proof, receipt=receipt, key=KEY).size == size


@pytest.mark.parametrize(
    ("receipt", "proof", "code"),
    [
        (receipt_for(entry_of(RESULT)), logged(entry_of("cd" * 32)), "JM-PROOF-INCLUSION"),
        *[
            (receipt_for(entry_of(RESULT), leaf_index=index), logged(entry_of(RESULT)), "JM-PROOF-OTHER")
            for index in (0, 1, 3, 299)
        ],
        (receipt_for(entry_of("cd" * 32)), logged(entry_of("cd" * 32)), "JM-RECEIPT-LEAF"),
        (receipt_for(entry_of(RESULT, "verdict")), logged(entry_of(RESULT, "verdict")), "JM-RECEIPT-LEAF"),
        (
            receipt_for(entry_of(RESULT), leaf=entry_of("cd" * 32)),
            logged(entry_of(RESULT)),
            "JM-RECEIPT-LEAF",
        ),
        (
            receipt_for(entry_of(RESULT), leaf=entry_of(RESULT, ticket="1")),
            logged(entry_of(RESULT)),
            "JM-RECEIPT-LEAF",
        ),
        (receipt_for(b"no entry"), logged(b"no entry"), "JM-RECEIPT-LEAF"),
        (receipt_for(entry_of(RESULT)), logged(entry_of(RESULT), name="other/log"), "JM-NOTE-SIGNATURE"),
        (
            receipt_for(entry_of(RESULT)),
            replace(
                logged(entry_of(RESULT)),
                checkpoint=sign(
                    Checkpoint(origin=NAME, size=300, root=leaf_hash(b"")).text(),
                    name=NAME,
                    key=records.signing_key(9),
                ),
            ),
            "JM-NOTE-SIGNATURE",
        ),
        *[
            (
                receipt_for(entry_of(RESULT)),
                replace(logged(entry_of(RESULT)), index=index),
                "JM-PROOF-INCLUSION",
            )
            for index in (0, 1, 3, 299, 300, 302)
        ],
    ],
)
def test_a_proof_of_anything_else_proves_nothing(receipt: Receipt, proof: LogProof, code: str) -> None:
    with pytest.raises(Unverified) as refusal:
        verified_proof(proof, receipt=receipt, key=KEY)
    assert refusal.value.code == code


def test_without_a_key_another_platforms_log_still_does_not_fit() -> None:
    entry = entry_of(RESULT)
    with pytest.raises(Unverified) as refusal:
        verified_proof(logged(entry, name="other/log"), receipt=receipt_for(entry), key=None)
    assert refusal.value.code == "JM-LOG-ORIGIN"


def test_an_old_receipt_without_its_entry_is_still_one() -> None:
    receipt = receipt_for(entry_of(RESULT), leaf=UNSET, leaf_index=4)
    data = encode(receipt)
    assert b'"leaf"' not in data
    assert decode(data, Receipt, what="receipt") == receipt
    check_leaf(receipt)


def test_a_proof_has_hashes_of_32_bytes() -> None:
    proof = logged(entry_of(RESULT))
    for broken in (replace(proof, proof=(b"x" * 31,)), replace(proof, proof=(bytes(32),) * 65)):
        with pytest.raises(RecordError):
            decode(encode(broken), LogProof, what="proof")


zones = st.integers(-24 * 3600 + 1, 24 * 3600 - 1).map(lambda s: timezone(timedelta(seconds=s)))
moments = st.integers(0, 10**16).map(lambda us: AT + timedelta(microseconds=us))


@pytest.mark.laws
@law()
@given(moments, zones, zones)
def test_one_moment_in_two_zones_is_one_fact(at: datetime, one: timezone, other: timezone) -> None:
    assert leaves.is_same_fact(at.astimezone(one).isoformat(), at.astimezone(other).isoformat())
    assert leaves.is_same_fact(at.isoformat().replace("+00:00", "Z"), at.astimezone(other).isoformat())


@pytest.mark.laws
@law()
@given(moments, moments, zones)
def test_two_moments_are_two_facts(one: datetime, other: datetime, zone: timezone) -> None:
    same = leaves.is_same_fact(one.isoformat(), other.astimezone(zone).isoformat())
    assert same == (one == other)


@pytest.mark.laws
@law()
@given(st.text() | st.integers() | st.lists(st.text()), st.text() | st.integers() | st.lists(st.text()))
def test_what_is_no_moment_is_the_same_only_when_equal(one: leaves.Fact, other: leaves.Fact) -> None:
    assert leaves.is_same_fact(one, other) == (one == other)


@pytest.mark.parametrize(
    "text", ["2026-13-01T00:00:00Z", "2026-11-28T12:00:00", "2026-11-28", "", "9999-99-99T99:99:99+99:99"]
)
def test_what_no_calendar_has_is_no_moment(text: str) -> None:
    assert leaves.is_same_fact(text, text)
    assert not leaves.is_same_fact(text, "2026-11-28T12:00:00Z")
