"""The wire format: what is signed stays signed, and there is one encoding."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.log.leaf import LogLeaf
from joulemark.log.merkle import leaf_hash
from joulemark.record import bundle as bundles
from joulemark.record import envelope as envelopes
from joulemark.record import keys
from joulemark.record.codec import decode, encode
from joulemark.record.errors import Malformed, RecordError, TooLarge, Unverified
from joulemark.record.limits import MAX_BUNDLE_BYTES, MAX_TRACE_BYTES
from joulemark.record.messages import RECEIPT_TYPE, LogProof, Receipt, Ticket
from joulemark.record.receipts import verified_receipt
from joulemark.record.schema import PUBLISHED, schema_of
from joulemark.record.statement import Statement
from joulemark.record.trace import from_deltas, pack, parse, to_deltas, unpack
from joulemark.suite import schemas as suite_schemas
from joulemark_simulation import records

DOCS = Path(__file__).parents[2] / "docs"


def test_an_honest_bundle_survives_its_file() -> None:
    data = records.bundle().to_bytes()
    bundle = bundles.parse(data)
    statement = bundles.verified_statement(bundle, public_key=keys.public_hex(records.signing_key()))
    assert bundle.to_bytes() == data
    assert statement.predicate.totals.queries == sum(window.queries for window in statement.predicate.windows)


def test_any_flipped_byte_fails() -> None:
    data = records.bundle(of=records.trace(windows=1, queries=1)).to_bytes()
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << (place % 8)
        with pytest.raises(RecordError):
            bundles.verified_statement(bundles.parse(bytes(broken)))


def with_receipt(bundle: bundles.Bundle) -> bundles.Bundle:
    """The bundle as the agent keeps it once it was received."""
    platform, at = records.signing_key(99), datetime(2026, 11, 24, tzinfo=UTC)
    entry = LogLeaf(kind="result-received", subject=bundle.digest(), at=at, facts={}).encode()
    receipt = Receipt(
        audience=records.ORIGIN,
        public_key=keys.public_hex(platform),
        result_id=bundle.digest(),
        leaf_index=None,
        leaf_hash=leaf_hash(entry).hex(),
        received_at=at,
        leaf=entry,
    )
    return replace(bundle, receipt=envelopes.seal(encode(receipt), payload_type=RECEIPT_TYPE, key=platform))


def test_any_flipped_byte_of_a_receipt_in_its_bundle_fails(tmp_path: Path) -> None:
    from joulemark.cli import main

    data = with_receipt(records.bundle(of=records.trace(windows=1, queries=1))).to_bytes()
    file = tmp_path / "kept.joulemark.json"
    file.write_bytes(data)
    assert main(["verify", str(file)]) == 0
    for place in range(data.index(b'"receipt"'), len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << (place % 8)
        file.write_bytes(bytes(broken))
        assert main(["verify", str(file)]) == 3, place


def test_a_receipt_leaves_the_result_id_as_it_was() -> None:
    bundle = records.bundle()
    kept = with_receipt(bundle)
    assert (kept.digest(), kept.as_sent()) == (bundle.digest(), bundle.to_bytes())


def test_a_proof_leaves_the_result_id_as_it_was_and_stands_beside_a_receipt() -> None:
    bundle, proof = records.bundle(), LogProof(index=0, proof=(), checkpoint="a note")
    kept = replace(with_receipt(bundle), proof=proof)
    assert bundles.parse(kept.to_bytes()) == kept
    assert (kept.digest(), kept.as_sent()) == (bundle.digest(), bundle.to_bytes())
    alone = bundle.to_bytes()[:-2] + b',"proof":' + encode(proof) + b"}\n"
    with pytest.raises(Malformed) as refusal:
        bundles.parse(alone)
    assert refusal.value.code == "JM-SCHEMA"


def test_a_receipt_of_another_result_does_not_fit() -> None:
    kept = with_receipt(records.bundle())
    assert kept.receipt is not None
    with pytest.raises(Unverified) as refusal:
        verified_receipt(kept.receipt, result_id="0" * 64)
    assert refusal.value.code == "JM-RECEIPT-OTHER"


def test_securesystemslib_and_our_verification_agree() -> None:
    from securesystemslib.dsse import Envelope as DsseEnvelope

    mine = records.enrolment()
    theirs = DsseEnvelope.from_dict(json.loads(encode(mine)))
    key = keys.verifying_key(keys.public_hex(records.signing_key()))
    assert set(theirs.verify([key], 1)) == {mine.key_id}
    assert theirs.pae() == envelopes._signed_bytes(mine)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: b" " + data,
        lambda data: data.replace(b'"format":', b'"format": ', 1),
        lambda data: json.dumps(json.loads(data), indent=1).encode(),
        lambda data: (
            json.dumps(dict(reversed(json.loads(data).items())), separators=(",", ":")).encode() + b"\n"
        ),
        lambda data: data.replace(b'"format"', b'"extra":1,"format"', 1),
    ],
)
def test_a_second_encoding_of_the_same_bundle_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Malformed):
        bundles.parse(spoil(records.bundle().to_bytes()))


def test_another_key_does_not_verify() -> None:
    bundle = records.bundle()
    with pytest.raises(Unverified) as refusal:
        bundles.verified_statement(bundle, public_key=keys.public_hex(records.signing_key(2)))
    assert refusal.value.code == "JM-SIGNATURE"


def test_the_trace_of_another_run_does_not_fit() -> None:
    mine, other = records.bundle(), records.bundle(of=records.trace(queries=5, salt=7))
    with pytest.raises(Unverified) as refusal:
        bundles.verified_statement(replace(mine, trace=other.trace))
    assert refusal.value.code == "JM-TRACE-DIGEST"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", "JM-JSON"),
        (b"", "JM-JSON"),
        (b'{"id": NaN}', "JM-JSON"),
        (b"[" * 200_000, "JM-SCHEMA"),
        (b'{"id": "\xff"}', "JM-UTF8"),
        (b'{"id": 1}', "JM-SCHEMA"),
        (b'{"unknown": 1}', "JM-SCHEMA"),
    ],
)
def test_malformed_json_has_a_code(text: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        decode(text, Ticket, what="ticket")
    assert refusal.value.code == code


@pytest.mark.parametrize("number", [b"1e999", b"-1", b"1e16", b'"1"', b"null", b"true", b"9" * 400])
def test_impossible_numbers_are_refused(number: bytes) -> None:
    statement = records.bundle().envelope.payload
    at = statement.index(b'"energy_gross_j":') + len(b'"energy_gross_j":')
    end = min(statement.index(mark, at) for mark in (b",", b"}"))
    with pytest.raises(Malformed) as refusal:
        decode(statement[:at] + number + statement[end:], Statement, what="statement")
    assert refusal.value.code == "JM-SCHEMA"


def test_a_bomb_is_not_inflated() -> None:
    import zlib

    with pytest.raises(TooLarge) as refusal:
        unpack(zlib.compress(b"0" * (MAX_TRACE_BYTES + 1)))
    assert refusal.value.code == "JM-TRACE-SIZE"


def test_bytes_behind_the_trace_are_refused() -> None:
    _raw, packed = pack(records.trace())
    for broken in (packed + b"x", packed[:-1], b"no zlib"):
        with pytest.raises(Malformed) as refusal:
            unpack(broken)
        assert refusal.value.code == "JM-TRACE-ENCODING"


def test_a_bundle_over_the_limit_is_not_decoded() -> None:
    with pytest.raises(TooLarge) as refusal:
        bundles.parse(b" " * (MAX_BUNDLE_BYTES + 1))
    assert refusal.value.code == "JM-BODY-SIZE"


def test_an_envelope_of_another_type_is_refused() -> None:
    envelope = records.enrolment()
    with pytest.raises(Unverified) as refusal:
        envelopes.verify(
            envelope,
            public_key=keys.public_hex(records.signing_key()),
            payload_type="application/vnd.in-toto+json",
        )
    assert refusal.value.code == "JM-PAYLOAD-TYPE"


@given(st.lists(st.integers(min_value=0, max_value=2**50)))
def test_differences_are_undone(values: list[int]) -> None:
    assert from_deltas(to_deltas(values)) == tuple(values)


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(1, 20), st.floats(0.01, 2))
def test_a_trace_survives_packing(windows: int, queries: int, busy: float) -> None:
    trace = records.trace(windows=windows, queries=queries, busy=busy)
    raw, packed = pack(trace)
    assert parse(unpack(packed)) == trace
    assert unpack(packed) == raw


def test_a_key_survives_its_file() -> None:
    key = records.signing_key()
    assert keys.public_hex(keys.from_pem(keys.to_pem(key))) == keys.public_hex(key)


def test_a_key_of_another_kind_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in (pem, b"not a key"):
        with pytest.raises(Malformed) as refusal:
            keys.from_pem(text)
        assert refusal.value.code == "JM-KEY-FILE"


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_committed_schema_is_that_of_the_class(name: str) -> None:
    assert (DOCS / "schema" / f"{name}.json").read_bytes() == schema_of(name), "run `make schema`"


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in (DOCS / "schema").glob("*.json")} == {*PUBLISHED, *suite_schemas.PUBLISHED}
