"""What a sender reads of a document that does not fit: exact sentences of ours, at the right place, for every class."""

from __future__ import annotations

import base64
import json
import math
import re
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from joulemark.record.codec import decode, decode_toml
from joulemark.record.errors import Malformed
from joulemark.record.faults import json_fault, syntax_fault
from joulemark.record.schema import PUBLISHED, document
from joulemark.record.statement import Statement
from joulemark.record.trace import Trace
from joulemark.suite.schemas import PUBLISHED as SUITE_FILES
from joulemark_simulation import records
from tests.laws import law

KINDS = {**PUBLISHED, **SUITE_FILES}
STATEMENT = json.loads(records.bundle().envelope.payload)


def values(node: inspect.Type) -> st.SearchStrategy[Any]:
    """JSON values that fit a type, as our own reading of it, without what a class says across its fields."""
    match node:
        case inspect.Metadata(type=inner):
            return values(inner)
        case inspect.UnionType(types=types):
            return st.one_of(*map(values, types))
        case inspect.LiteralType(values=choices):
            return st.sampled_from(choices)
        case inspect.StructType():
            required = {field.encode_name: values(field.type) for field in node.fields if field.required}
            optional = {field.encode_name: values(field.type) for field in node.fields if not field.required}
            return st.fixed_dictionaries(required, optional=optional)
        case inspect.DictType():
            return st.dictionaries(values(node.key_type), values(node.value_type), max_size=3)
        case inspect.TupleType(item_types=types):
            return st.tuples(*map(values, types)).map(list)
        case inspect.VarTupleType() | inspect.ListType():
            least = node.min_length or 0
            return st.lists(
                values(node.item_type), min_size=least, max_size=min(least + 2, node.max_length or 99)
            )
    return scalars(node)


def scalars(node: inspect.Type) -> st.SearchStrategy[Any]:
    match node:
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            low = node.ge if node.ge is not None else (0 if node.gt is None else node.gt + 1)
            high = node.le if node.le is not None else (2**53 if node.lt is None else node.lt - 1)
            return st.integers(math.ceil(low), math.floor(high))
        case inspect.FloatType():
            least = node.ge if node.ge is not None else node.gt
            most = node.le if node.le is not None else node.lt
            return st.floats(
                -1e9 if least is None else least,
                1e9 if most is None else most,
                exclude_min=node.gt is not None,
                exclude_max=node.lt is not None,
            )
        case inspect.StrType(pattern=None):
            return st.text(
                st.characters(exclude_categories=["Cs"]), min_size=node.min_length or 0, max_size=9
            )
        case inspect.StrType():
            matches = st.from_regex(str(node.pattern))
            return matches.filter(
                lambda text: (node.min_length or 0) <= len(text) <= (node.max_length or len(text))
            )
        case inspect.BytesType():
            size = node.min_length or 0
            return st.binary(min_size=size, max_size=max(size, 3)).map(
                lambda data: base64.b64encode(data).decode()
            )
        case inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
        case inspect.DateType():
            return st.dates().map(lambda day: day.isoformat())
    raise AssertionError(node)


STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(
        ["2026-01-01T00:00:00", "2026-13-01", "////", "a\n", "x" * 300, [], {}, [1], {"": 0}, 1e15, 0.0]
    ),
)


def parts(document: Any) -> list[tuple[Any, Any, str]]:
    """(container, key, place) of each part of a document, as `a.b[2].c`."""
    found = []

    def walk(part: Any, place: str) -> None:
        for key in list(part) if isinstance(part, dict) else range(len(part)):
            below = f"{place}[{key}]" if isinstance(part, list) else f"{place}.{key}".lstrip(".")
            found.append((part, key, below))
            if isinstance(part[key], dict | list):
                walk(part[key], below)

    walk(document, "")
    return found


@cache
def documents(name: str) -> st.SearchStrategy[Any]:
    return values(inspect.type_info(KINDS[name]))


@st.composite
def altered(draw: st.DrawFn) -> tuple[str, Any, str]:
    """(class name, document with one part replaced, left out or added, its place)."""
    name = draw(st.sampled_from(sorted(KINDS)))
    document = draw(documents(name))
    container, key, place = draw(st.sampled_from(parts(document)))
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            container[key] = draw(STRANGE)
        case "remove":
            del container[key]
        case "add" if isinstance(container, dict):
            container[draw(st.text("abc_", min_size=1, max_size=4))] = draw(STRANGE)
    return name, document, place


@pytest.mark.laws
@law()
@given(altered())
def test_a_fault_is_found_where_msgspec_refuses_and_nowhere_else(case: tuple[str, Any, str]) -> None:
    name, content, _place = case
    data = json.dumps(content).encode()
    try:
        msgspec.json.decode(data, type=KINDS[name])
        fits = True
    except msgspec.ValidationError:
        fits = False
    assert (json_fault(data, KINDS[name]) == "") == fits


@pytest.mark.laws
@law(share=2)
@given(st.data())
def test_the_place_is_that_of_the_alteration(data: st.DataObject) -> None:
    content = json.loads(json.dumps(STATEMENT))
    container, key, place = data.draw(st.sampled_from(parts(content)))
    if data.draw(st.booleans()):
        container[key] = {"no": "list"} if isinstance(container[key], list) else ["no list"]
        fault = json_fault(json.dumps(content).encode(), Statement)
        assert re.fullmatch(rf"`{re.escape(place)}` must be .*, not (a list|an object)", fault)
    elif isinstance(container, dict) and not place.startswith(
        ("predicate.absent.", "predicate.software.packages.")
    ):
        del container[key]
        if fault := json_fault(json.dumps(content).encode(), Statement):  # else the field has a default
            assert fault == f"`{place}` is missing"


@pytest.mark.laws
@law()
@given(altered())
def test_whatever_a_class_accepts_its_published_schema_accepts(case: tuple[str, Any, str]) -> None:
    name, content, _place = case
    validator = jsonschema.Draft202012Validator(json.loads(document(name, KINDS[name])))
    try:
        msgspec.convert(content, KINDS[name])
    except msgspec.ValidationError:
        return
    assert list(validator.iter_errors(content)) == []


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_published_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(document(name, KINDS[name])))


def with_part(place: str, value: object) -> bytes:
    """A statement in JSON with another value at a place such as `predicate.windows[0].queries`."""
    content = json.loads(json.dumps(STATEMENT))
    *above, last = [int(name[:-1]) if name.endswith("]") else name for name in re.split(r"[.\[]", place)]
    part = content
    for step in above:
        part = part[step]
    part[last] = value
    return json.dumps(content).encode()


WINDOW = "predicate.windows[0]"
PATTERN = "must be a text that matches"


@pytest.mark.parametrize(
    ("place", "value", "need"),
    [
        (f"{WINDOW}.queries", "9", "must be a whole number from 1 to 1000000000, not a text"),
        (f"{WINDOW}.queries", 1.5, "must be a whole number from 1 to 1000000000"),
        (f"{WINDOW}.energy_gross_j", -1, "must be a number from 0 to 1e+15"),
        ("predicate.totals.duration_s", 0, "must be a number above 0 and of at most 1e+15"),
        ("predicate.totals.energy_net_j", True, "must be a number or null, not true or false"),
        ("predicate.windows", [], "must be a list of 1 to 10000 items"),
        ("predicate.issued_at", "2026-01-01T00:00:00", "must be a time with a zone"),
        ("predicate.nonce", "f" * 33, "must be 128 random bits in lower-case hex"),
        ("predicate.workload.task", "a b", f"{PATTERN} ^[a-z0-9][a-z0-9._-]{{0,99}}$"),
        ("predicate.sensor.scope", "all", "must be one of `cpu`, `cpu+dram`, `gpu`, `gpu+cpu+dram`"),
        ("predicate.trace.encoding", None, "must be `zlib`, not null"),
    ],
)
def test_the_sentence_names_the_place_and_what_must_be_there(place: str, value: object, need: str) -> None:
    with pytest.raises(Malformed) as refusal:
        decode(with_part(place, value), Statement, what="statement")
    assert str(refusal.value) == f"The statement does not fit its schema: `{place}` {need}."
    assert refusal.value.code == "JM-SCHEMA"


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (
            "predicate.absent",
            {"A": "b"},
            "`predicate.absent` has a field whose name must be a text that matches",
        ),
        ("predicate.\x1b[31m" + "y" * 70, 1, "`predicate` has the unknown field `?[31m" + "y" * 55 + "...`"),
        (
            "subject",
            STATEMENT["subject"][:1] * 2,
            "it does not fit together: `subject` must name `trace` and",
        ),
        (
            "predicate.issued_at",
            "1999-01-01T00:00:00Z",
            "`predicate` does not fit together: the year 1999 is not",
        ),
    ],
)
def test_names_are_quoted_safely_and_classes_speak_for_themselves(
    place: str, value: object, sentence: str
) -> None:
    content = json.loads(json.dumps(STATEMENT))
    part, name = (content["predicate"], place[10:]) if place.startswith("predicate.") else (content, place)
    part[name] = value
    with pytest.raises(Malformed) as refusal:
        decode(json.dumps(content).encode(), Statement, what="statement")
    assert str(refusal.value).startswith(f"The statement does not fit its schema: {sentence}")


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (b"", "JM-JSON", "The trace is not valid JSON: it is empty."),
        (b'{"version":', "JM-JSON", "The trace is not valid JSON: it ends too early."),
        (b'{"version": 01}', "JM-JSON", "The trace is not valid JSON: it breaks at byte 13."),
        (b'{"version":NaN}', "JM-JSON", "The trace is not valid JSON: it has NaN or Infinity, which JSON does"),
        (b'{"mode":"\\ud800"}', "JM-JSON", "The trace is not valid JSON: a text in it has half of a surrogate pair."),
        (b'{"version":\xff}', "JM-UTF8", "The trace is not in UTF-8 (byte 11)."),
        (b"\xff", "JM-UTF8", "The trace is not in UTF-8 (byte 0)."),
        (b'{"unknown":"\xff"}', "JM-UTF8", "The trace is not in UTF-8 (byte 12)."),
        (b"[" * 100_000, "JM-SCHEMA", "The trace does not fit its schema: it is nested too deeply."),
        (b"[]", "JM-SCHEMA", "The trace does not fit its schema: it must be an object, not a list."),
        (b'{"version":2,"version":1}', "JM-SCHEMA", "The trace does not fit its schema: `streams` is missing."),
        (b'{"version":1e999}', "JM-SCHEMA", "The trace does not fit its schema: `version` is too large for a number."),
    ],
)  # fmt: skip
def test_what_is_no_json_is_named(text: bytes, code: str, sentence: str) -> None:
    with pytest.raises(Malformed) as refusal:
        decode(text, Trace, what="trace")
    assert refusal.value.code == code
    assert str(refusal.value).startswith(sentence)


def test_a_name_that_stands_twice_is_named_where_the_last_one_fits() -> None:
    data = records.bundle().envelope.payload.replace(
        b'"predicateType":', b'"predicateType":1,"predicateType":', 1
    )
    with pytest.raises(Malformed, match=r"schema: it gives a name twice in one object\.$"):
        decode(data, Statement, what="statement")


def test_a_number_in_a_long_column_is_found() -> None:
    trace = json.loads(msgspec.json.encode(records.trace()))
    trace["streams"][0]["value"][-1] = "1"
    at = len(trace["streams"][0]["value"]) - 1
    with pytest.raises(
        Malformed, match=rf"`streams\[0\]\.value\[{at}\]` must be a whole number from -9007199254740992 "
    ):
        decode(json.dumps(trace).encode(), Trace, what="trace")


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (b"a = [", "JM-TOML", "The lock is not valid TOML"),
        (b'x = 1\ny = "', "JM-TOML", "The lock is not valid TOML"),
        (b"\xff", "JM-UTF8", "The lock is not in UTF-8 (byte 0)."),
        (b"a = " + b"[" * 5000, "JM-TOML", "The lock is nested too deeply."),
        (b"format = 1", "JM-SCHEMA", "The lock does not fit its schema: `format` must be one of `joulemark-lock/1`, `"),
        (b'pinned_on = "2026-01-01"', "JM-SCHEMA", "The lock does not fit its schema: `pinned_on` must be a date"),
        (b"pinned_on = 12:00:00", "JM-SCHEMA", "The lock does not fit its schema: `pinned_on` must be a date or"),
    ],
)  # fmt: skip
def test_what_is_no_toml_is_named(text: bytes, code: str, sentence: str) -> None:
    with pytest.raises(Malformed) as refusal:
        decode_toml(text, SUITE_FILES["suite-lock-4"], what="lock")
    assert refusal.value.code == code
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize("text", [b"a = 1\nb = = 2\n", b"a = 1\n[a]\n"])
def test_the_line_where_toml_breaks_is_named(text: bytes) -> None:
    with pytest.raises(Malformed, match=r"^The lock is not valid TOML in line 2\.$"):
        decode_toml(text, SUITE_FILES["suite-lock-4"], what="lock")


@pytest.mark.laws
@law(share=5)
@given(st.text('{}[]",:0123eE+-.tfn\\ u\n', max_size=12).map(str.encode))
def test_what_msgspec_reads_as_json_is_never_called_broken(data: bytes) -> None:
    try:
        msgspec.json.decode(data)
    except msgspec.ValidationError:
        return  # a number out of range
    except msgspec.DecodeError:
        assert syntax_fault(data)
    else:
        assert syntax_fault(data) == ""


def test_the_library_is_quoted_nowhere() -> None:
    """No module puts the words of a decoder into a sentence: they change between releases."""
    source = Path(__file__).parents[2]
    for file in (*source.glob("agent/joulemark/**/*.py"), *source.glob("measurements/**/*.py")):
        text = file.read_text(encoding="utf-8")
        if "msgspec.ValidationError as error" in text or "msgspec.DecodeError as error" in text:
            assert file.relative_to(source).as_posix() in {
                "agent/joulemark/record/codec.py",
                "agent/joulemark/record/faults.py",
            }
