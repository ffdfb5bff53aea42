"""Words out of a statement are quotations of their contributor or appear nowhere: at every address, in every field."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Annotated, Any

import msgspec
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from joulemark.record import statement as s
from joulemark.record.codec import encode
from joulemark.suite import load_suite
from joulemark_simulation import records
from joulemark_simulation.addresses import filled, routes
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import HardwareClass, NameState
from measurements.catalog.services import published_hardware
from measurements.contributors.models import Contributor, Device
from measurements.intake.models import State, Submission
from measurements.ledger.log_facts import read_rows
from measurements.ledger.models import Leaf, LeafKind
from measurements.review import services as review
from measurements.review.hardware_names import decide_name
from measurements.review.result_row import hardware_class_of
from tests.client_response import Post, body_of
from tests.laws import VARIABLE

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
"""It is drawn anew for every form, and may have any word in it by chance."""
MARKER = "spam"
WORD = "Cheap GPUs at https://spam.example/?a=1 <b>spam</b>"
SLUG = "www.spam.example"
VOID = {"meta", "link", "br", "input", "img", "hr"}


def free_text_fields() -> Iterator[tuple[str, str]]:
    """(path, a stranger's text that fits) of every text in a statement that its type does not close: no digest, no
    choice out of a list.
    """
    yield from _of_struct(s.Predicate, "")


def _of_struct(kind: type[msgspec.Struct], path: str) -> Iterator[tuple[str, str]]:
    struct = msgspec.inspect.type_info(kind)
    assert isinstance(struct, msgspec.inspect.StructType)
    for field in struct.fields:
        yield from _of_type(field.type, f"{path}.{field.name}" if path else field.name)


def _of_type(kind: Any, path: str) -> Iterator[tuple[str, str]]:
    inspect = msgspec.inspect
    if isinstance(kind, inspect.Metadata):
        yield from _of_type(kind.type, path)
    elif isinstance(kind, inspect.UnionType):
        for option in kind.types:
            yield from _of_type(option, path)
    elif isinstance(kind, inspect.StructType):
        yield from _of_struct(kind.cls, path)
    elif isinstance(kind, inspect.VarTupleType):
        yield from _of_type(kind.item_type, f"{path}[]")
    elif isinstance(kind, inspect.DictType):
        yield from ((f"{place}{{key}}", text) for place, text in _of_type(kind.key_type, path))
        yield from ((f"{place}{{value}}", text) for place, text in _of_type(kind.value_type, path))
    elif isinstance(kind, inspect.StrType):
        fitting = [text for text in (WORD, SLUG) if kind.pattern is None or _fits(text, kind.pattern)]
        if fitting:
            yield path, fitting[0]


def _fits(text: str, pattern: str) -> bool:
    try:
        msgspec.convert(text, Annotated[str, msgspec.Meta(pattern=pattern)])
    except msgspec.ValidationError:
        return False
    return True


def with_words(said: s.Predicate, path: str, text: str) -> s.Predicate:
    """The same statement with a stranger's text at one place."""
    plain = msgspec.to_builtins(said)
    plain.setdefault(
        "parallelism", {"intra_op_threads": 4, "inter_op_threads": 1, "cpu_quota": 2.0, "settings": {}}
    )
    plain.setdefault("comparisons", [{"estimator": "power", "windows": 2, "relative": 0.0, "joint": 0.1}])
    _put(plain, path.replace("{key}", "").replace("{value}", ""), text, path)
    _explain_nulls(plain, path)
    return msgspec.convert(plain, s.Predicate)


def _put(place: dict[str, Any], names: str, text: str, path: str) -> None:
    *before, last = names.split(".")
    for name in before:
        place = place[name[:-2]][0] if name.endswith("[]") else place[name]
    if last.endswith("[]"):
        place[last[:-2]] = [text]
    elif path.endswith("{key}"):
        current = place.setdefault(last, {})
        current[text] = next(iter(current.values()), "x" if last != "estimates" else 1.0)
    elif path.endswith("{value}"):
        current = place.setdefault(last, {})
        current[next(iter(current), "x")] = text
    else:
        place[last] = text


def _explain_nulls(plain: dict[str, Any], path: str) -> None:
    """What is not null any more has no reason to be absent."""
    plain["absent"].pop(path, None)


class Texts(HTMLParser):
    """A page's texts and attributes, each with the elements around it."""

    def __init__(self) -> None:
        super().__init__()
        self.around: list[str] = []
        self.found: list[tuple[str, tuple[str, ...], str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(f"{tag} {name}", tuple(self.around), value or "") for name, value in attrs]
        if tag not in VOID:
            self.around.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.around and self.around.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.found.append(("text", tuple(self.around), data))


TITLES = {"title", "h1", "h2", "h3", "h4", "a", "th", "caption", "summary", "desc"}


def faults_of_page(html: str) -> list[str]:
    """Where a stranger's words stand otherwise than as a quotation in running text."""
    parser = Texts()
    parser.feed(html)
    return [
        f"{what} in {'/'.join(around)}: {text.strip()[:100]}"
        for what, around, text in parser.found
        if MARKER in text.lower() and (what != "text" or "q" not in around or TITLES & set(around))
    ]


def faults_of_json(value: object, path: str = "") -> list[str]:
    """The same of an answer of the API: a field of words has one beside it that names whose they are."""
    if isinstance(value, dict):
        found = [f"{path}: a name {name}" for name in value if MARKER in name.lower()]
        for name, item in value.items():
            if name == "hardware_words" and value.get("hardware_words_of", "").startswith("v-"):
                continue
            found += faults_of_json(item, f"{path}.{name}")
        return found
    if isinstance(value, list):
        return [fault for item in value for fault in faults_of_json(item, f"{path}[]")]
    if not isinstance(value, str) or MARKER not in value.lower():
        return []
    outside = "".join(value.split('"')[::2])
    return [f"{path}: {value[:120]}"] if MARKER in outside.lower() else []


def faults_of_csv(text: str) -> list[str]:
    """The same of a table."""
    return [fault for row in csv.DictReader(io.StringIO(text)) for fault in faults_of_json(dict(row))]


def faults_everywhere(client: Client, submission: Submission) -> list[str]:
    """Look at every address that shows anything of this result."""
    values = {
        "form": ["svg"],
        "number": ["1"],
        "result_id": [submission.pk],
        "group": ["log"],
        "schema_group": ["log"],
        "short_id": [submission.pk[:16]],
        "series": ["demo-1-estimated"],
        "task": [records.first_job(load_suite("demo")).task],
        "path": ["0/000.p/1"],
        "digest": [load_suite("demo").digest],
        "part": [
            "pages",
            "boards",
            f"cells.demo-1-estimated.{records.first_job(load_suite('demo')).task}",
            "results.",
        ],
        "pseudonym": [submission.key.contributor.pseudonym],
        "tag": [(Device.objects.values_list("tag", flat=True).first() or "0" * 16)[:16]],
        "model": [records.first_job(load_suite("demo")).model],
        "hardware": [(HardwareClass.objects.values_list("code", flat=True).first() or "none")],
        "dataset": [records.first_job(load_suite("demo")).dataset],
        "suite": ["demo-1"],
        "cell_id": ["~".join(map(str, cell.key.values)) for cell in Cell.objects.all()[:1]],
        "code": ["JM-ABSENT"],
        "leaf_index": ["1"],
        "export_form": ["boamps", "model-index"],
        "release_path": ["2026-05-05/manifest.json"],
    }
    found = []
    for route in routes():
        if "get" not in route.methods or route.text.endswith("/bundle"):
            continue  # a bundle is the signed bytes themselves
        for address in filled(route, values):
            found += [f"{address} {fault}" for fault in faults_at(client, address)]
    return found


def faults_at(client: Client, address: str) -> list[str]:
    """Every way in which a page, a document or a table may show what it should not."""
    answer = client.get(address, follow=True)
    kind = answer.headers.get("Content-Type", "")
    text = TOKEN.sub("", body_of(answer).decode(errors="replace"))
    if "jsonl" in kind:
        return [fault for line in text.split("\n")[:-1] for fault in faults_of_json(json.loads(line))]
    if "json" in kind:
        return faults_of_json(json.loads(text))
    if "csv" in kind:
        return faults_of_csv(text)
    return faults_of_page(text) if "html" in kind else [text[:100]] if MARKER in text.lower() else []


FIELDS = list(free_text_fields())


def receive(post: Callable[..., Any], change: Callable[[s.Predicate], s.Predicate], *, key: int = 1, salt: int = 0,
            tag: str = "ab" * 32) -> Submission:  # fmt: skip
    """A result through the real door, judged, with its cell."""
    suite = load_suite("demo")
    of = records.trace(queries=suite.queries_per_window(records.first_job(suite).dataset), salt=salt)
    bundle = records.bundle(key=records.signing_key(key), of=of, change=change, tag=tag)
    answer = post("results", bundle.to_bytes())
    assert answer.status_code == 202, answer.content
    review.judge_waiting(result_ids=[bundle.digest()])
    refresh_stale_cells()
    return Submission.objects.get(pk=bundle.digest())


def test_the_fields_of_a_stranger_are_found() -> None:
    found = {path for path, _ in FIELDS}
    assert {"device.name", "host.cpu", "software.packages{key}", "software.packages{value}", "flags[]",
            "sensor.stated_watts_source", "quality[].metric", "workload.dtype", "absent{key}"} <= found  # fmt: skip
    assert not {path for path in found if path.endswith("sha256") or "nonce" in path}
    assert len(found) > 30


def groups() -> dict[str, list[tuple[str, str]]]:
    """Fields that one statement is filled in: under `make laws` each alone, else all of one part of the statement.

    Not the audience: the door refuses what is meant for another platform.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for path, text in FIELDS:
        part = path if VARIABLE in os.environ else re.split(r"[.\[{]", path)[0]
        found.setdefault(part, []).append((path, text))
    del found["audience"]
    return found


@pytest.mark.laws
@pytest.mark.parametrize("fields", groups().values(), ids=groups())
def test_a_strangers_words_are_a_quotation_or_nowhere(
    enrolled: Post, client: Client, fields: list[tuple[str, str]]
) -> None:
    def filled_in(said: s.Predicate) -> s.Predicate:
        for path, text in fields:
            said = with_words(said, path, text)
        return said

    submission = receive(enrolled, filled_in)
    assert faults_everywhere(client, submission) == []


def hostile_name(said: s.Predicate) -> s.Predicate:
    """A processor whose name advertises."""
    return msgspec.structs.replace(said, device=msgspec.structs.replace(said.device, name=WORD))


def renamed(name: str) -> Callable[[s.Predicate], s.Predicate]:
    """A processor of this name."""
    return lambda said: msgspec.structs.replace(said, device=msgspec.structs.replace(said.device, name=name))


def board(client: Client) -> str:
    """The board of the first job."""
    task = records.first_job(load_suite("demo")).task
    return client.get(f"/boards/demo-1-estimated/{task}/").content.decode()


def test_hardware_is_a_code_with_its_contributors_words_until_somebody_else_uses_the_name(
    enrolled: Post, client: Client
) -> None:
    first = receive(enrolled, renamed("Testor 9000"))
    assert first.state == State.ACCEPTED
    hardware = HardwareClass.objects.get(slug="cpu-testor-9000")
    assert (hardware.name_state, hardware.reported_by) == (
        NameState.REPORTED,
        first.key.contributor.pseudonym,
    )
    assert f"{hardware.code.upper().replace('-', ' ')}" in board(client)
    assert "<q><bdi>Testor 9000</bdi></q>" in board(client)
    row = json.loads(client.get("/api/v1/results/").content)["results"][0]
    assert row["hardware"] == hardware.code
    enrolled("enrolments", encode(records.enrolment(key=records.signing_key(2))))
    receive(enrolled, renamed("Testor 9000"), key=2, salt=7, tag="cd" * 32)
    hardware.refresh_from_db()
    assert hardware.name_state == NameState.CONFIRMED
    assert "<bdi>Testor 9000</bdi>" in board(client)
    assert "<q>" not in board(client)
    by_slug, by_code = (
        json.loads(client.get(f"/api/v1/results/?hardware={name}").content)["count"]
        for name in ("cpu-testor-9000", hardware.code)
    )
    assert (by_slug, by_code) == (2, 2)


@pytest.mark.parametrize(
    ("key", "tag", "name"),
    [(1, "cd" * 32, "Testor 9000"), (2, "ab" * 32, "Testor 9000"), (2, "cd" * 32, "Testor at spam.example")],
    ids=["the same contributor", "the same device", "a name with an address"],
)
def test_not_everything_confirms_a_name(
    enrolled: Post, client: Client, key: int, tag: str, name: str
) -> None:
    receive(enrolled, renamed(name))
    enrolled("enrolments", encode(records.enrolment(key=records.signing_key(2))))
    receive(enrolled, renamed(name), key=key, salt=7, tag=tag)
    assert set(HardwareClass.objects.filter(title=name).values_list("name_state", flat=True)) == {"reported"}


def test_a_moderator_confirms_or_refuses_a_name_and_the_log_has_it(enrolled: Post, client: Client) -> None:
    receive(enrolled, hostile_name)
    hardware = HardwareClass.objects.get(title=WORD)
    root = User.objects.create_superuser("root")
    client.force_login(root)
    listed = client.get("/admin/catalog/hardwareclass/")
    assert listed.status_code == 200
    asked = {"action": "refuse_name", "_selected_action": [hardware.pk]}
    assert client.post("/admin/catalog/hardwareclass/", asked, follow=True).status_code == 200
    hardware.refresh_from_db()
    assert hardware.name_state == NameState.REFUSED
    assert MARKER not in board(client).lower()
    with pytest.raises(ValidationError, match="already"):
        decide_name(hardware=hardware, moderator=root, state=NameState.REFUSED)
    decide_name(hardware=hardware, moderator=root, state=NameState.CONFIRMED)
    assert "<q>" not in board(client)
    leaves = list(Leaf.objects.filter(kind=LeafKind.NAME_DECISION))
    rows = read_rows(leaves)
    said = [json.loads(leaf.body)["facts"] for leaf in leaves]
    assert [rows[leaf.pk].facts for leaf in leaves] == said
    assert [one["state"] for one in said] == ["refused", "confirmed"]
    assert MARKER not in str([leaf.body for leaf in leaves])
    HardwareClass.objects.filter(pk=hardware.pk).update(name_state=NameState.REFUSED)
    assert read_rows(leaves)[leaves[1].pk].facts["stands"] == "refused", "an edit behind the log is seen"


def test_a_publisher_confirms_a_name_but_undoes_no_refusal(enrolled: Post) -> None:
    receive(enrolled, renamed("Testor 9000"))
    hardware = HardwareClass.objects.get(slug="cpu-testor-9000")
    published = {"slug": hardware.slug, "title": "TESTOR 9000", "kind": "cpu"}
    assert published_hardware(**published).name_state == NameState.CONFIRMED
    decide_name(hardware=hardware, moderator=User.objects.create_superuser("root"), state=NameState.REFUSED)
    again = published_hardware(**published)
    assert (again.name_state, again.title) == (NameState.REFUSED, "Testor 9000")
    leaves = Leaf.objects.filter(kind=LeafKind.NAME_DECISION)
    assert [dict(row.facts) for row in read_rows(leaves).values()] == [
        json.loads(leaf.body)["facts"] for leaf in leaves
    ]


def test_nobody_without_the_permission_decides_a_name(enrolled: Post, client: Client) -> None:
    receive(enrolled, hostile_name)
    hardware = HardwareClass.objects.get(title=WORD)
    client.force_login(User.objects.create_user("looker", is_staff=True))
    asked = {"action": "confirm_name", "_selected_action": [hardware.pk]}
    assert client.post("/admin/catalog/hardwareclass/", asked).status_code in {302, 403}
    hardware.refresh_from_db()
    assert hardware.name_state == NameState.REPORTED


@pytest.mark.parametrize(
    ("name", "state"), [("NVIDIA A100-SXM4-80GB", "confirmed"), ("NVIDIA A100 spam", "reported")]
)
def test_a_gpu_that_the_rules_know_needs_nobody(enrolled: Post, name: str, state: str) -> None:
    device = records.predicate(key=records.signing_key(), of=records.trace(), suite=load_suite("demo"),
                            job=records.first_job(load_suite("demo"))).device  # fmt: skip
    gpu = msgspec.structs.replace(device, kind="gpu", name=name)
    made_class = hardware_class_of(gpu, reported_by=Contributor.objects.get())
    assert (made_class.title, made_class.name_state) == (name, state)
