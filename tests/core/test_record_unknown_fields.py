"""Readers pass over fields that they do not know in what a platform answers unsigned, and in nothing that is signed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import joulemark.audit.client as audit
from joulemark.record import keys, messages, requests
from joulemark.record.codec import Answer, Record, decode, encode
from joulemark.record.envelope import Envelope, seal
from joulemark.record.errors import Malformed
from joulemark.record.statement import Statement
from joulemark_simulation.records import bundle
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ID, NONCE = "ab" * 32, "cd" * 16
ORIGIN = "https://platform.example"
KEY = keys.generate()
PLATFORM = messages.PlatformKey(origin=ORIGIN, key_id=ID, public_key=ID, log_key="platform.example/log+1+AA")
RECEIPT = messages.Receipt(
    audience=ORIGIN,
    public_key=keys.public_hex(KEY),
    result_id=ID,
    leaf_index=None,
    leaf_hash=ID,
    received_at=NOW,
    leaf=b"{}",
)
SEALED = seal(encode(RECEIPT), payload_type=messages.RECEIPT_TYPE, key=KEY)
PROBLEM = messages.Problem(type="about:blank", title="No", status=422, detail="No.", code="JM-NO")
STATEMENT = bundle().statement()
NEEDED_JOB = messages.NeededJob(
    task="a", dataset="b", model="c", accepted=1, contributors=1, devices=1, open_tickets=0, label=None,
    relative_range=0.5, gpu_minutes=2.5,
)  # fmt: skip
NEEDED_SUITE = messages.NeededSuite(name="demo", version="1", digest=ID)
BATCH_ITEM = requests.BatchItem(status=202, result_id=ID, receipt=SEALED, problem=PROBLEM)
LOG_ROW = audit.LogRow(index=3, kind="verdict", subject=ID, facts={"state": "accepted"})
LISTED = audit.PublicResult(result_id=ID, state="accepted", energy_per_query_j=1.5)
RELEASES = messages.ReleasesHolding(count=2, first="2026-05-05", last="2026-05-06")
ANSWERS: tuple[Answer, ...] = (
    messages.Ticket(id=NONCE, nonce=NONCE, sample_seed=7, issued_at=NOW, expires_at=NOW),
    messages.LogProof(index=2, proof=(bytes(32), bytes(32)), checkpoint="a note"),
    PLATFORM,
    messages.Enrolled(contributor="v-1", key_id=ID, platform=PLATFORM),
    PROBLEM,
    NEEDED_JOB,
    NEEDED_SUITE,
    messages.Needed(suite=NEEDED_SUITE, jobs=(NEEDED_JOB, NEEDED_JOB)),
    messages.ResultStatus(
        result_id=ID, state="accepted", received_at=NOW, judged_at=NOW, rules_version="7",
        findings=(("JM-A", "flag", "A sentence."),), url=ORIGIN, releases=RELEASES,
    ),
    RELEASES,
    requests.Revoked(key_id=ID, revoked_at=NOW, judged_again=2),
    messages.Cosigned(size=3, witnesses=("a witness",)),
    requests.Appealed(result_id=ID, filed_at=NOW, decide_by=NOW),
    BATCH_ITEM,
    requests.BatchAnswer(items=(BATCH_ITEM, BATCH_ITEM)),
    LOG_ROW,
    audit.LogRows(rows=(LOG_ROW,)),
    LISTED,
    audit.Listing(results=(LISTED, LISTED), next=None),
)  # fmt: skip
ENROLMENT = messages.Enrolment(
    audience=ORIGIN, issued_at=NOW, nonce=NONCE, public_key=ID, display_name="A name"
)
SIGNED: tuple[Record, ...] = (
    RECEIPT,
    SEALED,
    ENROLMENT,
    messages.TicketRequest(
        audience=ORIGIN, issued_at=NOW, nonce=NONCE, suite=STATEMENT.predicate.suite, task="a",
        dataset="b", model="c", device_tag=ID,
    ),
    requests.Rotation(audience=ORIGIN, issued_at=NOW, nonce=NONCE, new_key=SEALED),
    requests.Revocation(
        audience=ORIGIN, issued_at=NOW, nonce=NONCE, key_id=ID, reason="lost", since=None
    ),
    requests.Withdrawal(audience=ORIGIN, issued_at=NOW, nonce=NONCE, result_id=ID, reason="other"),
    requests.Appeal(audience=ORIGIN, issued_at=NOW, nonce=NONCE, result_id=ID, words="Because."),
    STATEMENT,
)  # fmt: skip

KNOWN_NAMES = {
    field.encode_name for record in (*ANSWERS, *SIGNED) for field in msgspec.structs.fields(type(record))
}
NAMES = st.text(max_size=12).filter(lambda name: name not in KNOWN_NAMES)
CONTENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def objects(value: object, document: Any) -> Iterator[tuple[msgspec.Struct, dict[str, Any]]]:
    """Each record within `value` and the JSON object that it is in `document`, the outermost first."""
    if isinstance(value, msgspec.Struct):
        yield value, document
        for field in msgspec.structs.fields(type(value)):
            if field.encode_name in document:
                yield from objects(getattr(value, field.name), document[field.encode_name])
    elif isinstance(value, tuple):
        for item, part in zip(value, document, strict=True):
            yield from objects(item, part)


def parted(record: Record) -> tuple[Any, list[dict[str, Any]], list[dict[str, Any]]]:
    """The JSON document of `record`, its objects that are unsigned answers, and those that are signed."""
    document = json.loads(encode(record))
    found = list(objects(record, document))
    unsigned = [part for value, part in found if isinstance(value, Answer)]
    return document, unsigned, [part for value, part in found if not isinstance(value, Answer)]


def subclasses(kind: type) -> set[type]:
    parts: list[type] = kind.__subclasses__()
    return {kind}.union(*(subclasses(part) for part in parts))


def test_every_answer_has_an_example() -> None:
    rooms = (messages.__name__, requests.__name__, audit.__name__)
    assert {kind for kind in subclasses(Answer) if kind.__module__ in rooms} == {type(a) for a in ANSWERS}


@pytest.mark.laws
@law(in_every_run=40)
@given(st.sampled_from(ANSWERS), st.data())
def test_unknown_fields_anywhere_in_an_answer_leave_its_value_the_same(
    answer: Answer, data: st.DataObject
) -> None:
    document, unsigned, _ = parted(answer)
    for part in unsigned:
        part.update(data.draw(st.dictionaries(NAMES, CONTENTS, max_size=3)))
    raw = json.dumps(document).encode()
    assert decode(raw, type(answer), what="answer") == answer


@pytest.mark.laws
@law(in_every_run=40)
@given(st.sampled_from((*SIGNED, BATCH_ITEM)), NAMES, CONTENTS, st.data())
def test_an_unknown_field_anywhere_in_a_signed_record_is_refused(
    record: Record, name: str, content: Any, data: st.DataObject
) -> None:
    document, _, signed = parted(record)
    data.draw(st.sampled_from(signed))[name] = content
    with pytest.raises(Malformed) as raised:
        decode(json.dumps(document).encode(), type(record), what="record")
    assert raised.value.code == "JM-SCHEMA"


def test_what_is_signed_is_no_answer() -> None:
    assert not [record for record in SIGNED if isinstance(record, Answer)]
    assert {type(record) for record in SIGNED} >= {Statement, Envelope, messages.Receipt}
