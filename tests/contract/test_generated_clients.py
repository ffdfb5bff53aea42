"""Clients generated out of the committed description, on a real server: each GET, and an upload at each signed door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from joulemark.leaderboard.hardware_names import hardware_code
from joulemark.log import notes
from joulemark.record import bundle as bundles
from joulemark.record import keys, requests
from joulemark.record.codec import decode, encode
from joulemark.record.envelope import Envelope
from joulemark.record.messages import ResultStatus
from joulemark.suite import load_suite, read_archive
from joulemark_simulation import records
from tests.contract.generated_clients import (
    DESCRIPTION,
    GeneratedClient,
    JavaGeneratorsClient,
    PythonGeneratorsClient,
)
from tests.processes import Platform, embedded_platform, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(300)]

PATHS = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))["paths"]
OPERATIONS = {
    operation["operationId"]: (path, method, operation)
    for path, operations in PATHS.items()
    for method, operation in operations.items()
}
BOARD = {"series": "study-2024", "task": "text_classification"}
WITNESS_KEY = records.signing_key(90)
WITNESS = notes.verifier_key(WITNESS_KEY, name="witness.example/w1", kind=notes.COSIGNATURE)
VALUE = {
    "series": "demo-1-estimated",
    "task": "text_classification",
    "dataset": "demo-topics",
    "model": "minilm-l6-v2",
    "hardware": hardware_code("cpu", "cpu-testor-9000"),
    "scope": "cpu",
    "stratum": "float32.b1.power-default",
}
"""The value that the sent result makes."""
LISTS: dict[str, dict[str, Any]] = {
    "cell_history": {"cell_id": None},
    "cells": {"sort": "energy"},
    "claims_parities": {},
    "claims_ratios": {},
    "claims_reported": {},
    "claims_size_controlled": {},
    "claims_study": {},
    "comparisons": {},
    "contributors": {},
    "datasets": {"fields": "task,dataset"},
    "evidence": {"state": "accepted"},
    "hardware": {},
    "intensities_years": {},
    "log_entries": {"kind": "verdict"},
    "models": {},
    "results": {},
    "rules": {},
    "suite_needs": {"digest": load_suite("demo").digest},
    "suites_versions": {},
    "tasks": {},
    "verdicts": {},
}
"""Every list that is there as a file in each form."""
FILES = {
    f"download_{name}_{form}": parameters
    for name, parameters in LISTS.items()
    for form in ("csv", "jsonl", "parquet")
}
GETS: dict[str, dict[str, Any]] = FILES | {
    "download_board_csv": BOARD,
    "download_board_json": BOARD,
    "download_bundle": {"result_id": None},
    "download_comparison_csv": {"task": BOARD["task"]},
    "download_comparison_json": {"task": BOARD["task"]},
    "download_intensities_csv": {},
    "download_table_csv": {"task": BOARD["task"]},
    "download_table_json": {"task": BOARD["task"], "kind": "general-purpose"},
    "download_suite": {"digest": load_suite("demo").digest},
    "export_model": {"export_form": "cyclonedx", "model": VALUE["model"]},
    "export_result": {"export_form": "cyclonedx", "result_id": None},
    "export_value": {"export_form": "cyclonedx", **VALUE},
    "health": {},
    "list_boards": {},
    "list_cell_history": {"cell_id": None},
    "list_cells": {"sort": "energy"},
    "list_claims": {},
    "list_claims_parities": {},
    "list_claims_ratios": {},
    "list_claims_reported": {},
    "list_claims_size_controlled": {},
    "list_claims_study": {},
    "list_comparisons": {},
    "list_contributors": {},
    "list_datasets": {"fields": "task,dataset"},
    "list_decisions": {},
    "list_evidence": {"state": "accepted"},
    "list_hardware": {},
    "list_intensities": {},
    "list_intensities_years": {},
    "list_log_entries": {"kind": "verdict"},
    "list_models": {"kind": "general-purpose"},
    "list_needed": {"suite": load_suite("demo").digest},
    "list_releases": {},
    "list_results": {},
    "list_rules": {},
    "list_suite_needs": {"digest": load_suite("demo").digest},
    "list_suites": {},
    "list_suites_versions": {},
    "list_tasks": {},
    "list_verdicts": {},
    "log_gaps": {},
    "log_rows": {"start": 0, "end": 3},
    "platform_key": {},
    "read_board": BOARD,
    "read_cell": {"cell_id": None},
    "read_comparison": {"task": BOARD["task"]},
    "read_contributor": {"pseudonym": None},
    "read_dataset": {"task": BOARD["task"], "dataset": "demo-topics"},
    "read_hardware_class": {"hardware": None},
    "read_log_entry": {"leaf_index": "0"},
    "read_model": {"model": "minilm-l6-v2"},
    "read_result_evidence": {"result_id": None},
    "read_rule": {"code": "JM-ABSENT"},
    "read_suite": {"digest": load_suite("demo").digest},
    "read_verdict": {"leaf_index": None},
    "read_table": {"task": BOARD["task"], "unit": "j", "sort": "-energy"},
    "read_impact": {"query": BOARD["task"], "queries_per_day": 10.0, "users": 3, "gco2e_per_kwh": 480.0},
    "result_proof": {"result_id": None},
    "result_standing": {"result_id": None},
    "result_status": {"result_id": None},
}
"""Every GET with what it needs; None stands for what there is of a result that was sent."""
EMPTY = {"download_comparisons_jsonl"}
"""Lines of a list without a row, on a platform with one result: nothing is compared yet."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder, witness = tmp_path_factory.mktemp("platform"), WITNESS.encode()
    with embedded_platform(folder=folder, JOULEMARK_LOG_WITNESSES=witness) as platform:
        platform.start_web()
        yield platform


@pytest.fixture(scope="module", params=[JavaGeneratorsClient, PythonGeneratorsClient])
def client(
    request: pytest.FixtureRequest, running: Platform, tmp_path_factory: pytest.TempPathFactory
) -> GeneratedClient:
    return request.param(tmp_path_factory.mktemp("client"), running.origin)


class Contributor:
    """Signed bytes of one contributor, whose keys nobody else on the platform has."""

    def __init__(self, origin: str, number: int) -> None:
        self._origin, self.number = origin, number

    def bundle(self, *flags: str, salt: int) -> bytes:
        suite = load_suite("demo")
        queries = suite.queries_per_window(records.first_job(suite).dataset)
        return records.bundle(
            key=self._key(),
            of=records.trace(queries=queries, salt=salt),
            change=lambda said: replace(said, audience=self._origin, flags=flags),
        ).to_bytes()

    def enrolment(self) -> bytes:
        return encode(records.enrolment(key=self._key(), audience=self._origin))

    def ticket_request(self) -> bytes:
        return encode(records.ticket_request(key=self._key(), audience=self._origin))

    def request(self, kind: type[requests.Request], payload_type: str, **said: Any) -> bytes:
        message = records.request(kind, payload_type, key=self._key(), audience=self._origin, **said)
        return encode(message)

    def rotation(self, number: int) -> bytes:
        new = records.enrolment(key=records.signing_key(number), audience=self._origin)
        return self.request(requests.Rotation, requests.ROTATION_TYPE, new_key=new)

    def key_id(self) -> str:
        return keys.key_id(keys.public_hex(self._key()))

    def _key(self) -> Ed25519PrivateKey:
        return records.signing_key(self.number)


def judged(platform: Platform, result: str) -> str:
    """The state of a result, once it has one."""
    (web,) = platform.running

    def state() -> str:
        return decode(platform.get(f"/api/v1/results/{result}")[1], ResultStatus, what="status").state

    wait_until(lambda: state() not in {"received", "checking"}, beside=web, what="it is judged")
    wait_until(lambda: platform.answers(f"/api/v1/results/{result}/proof"), beside=web, what="it is logged")
    return state()


@pytest.fixture(scope="module")
def sent(running: Platform) -> str:
    """A result that is there, accepted and in the log."""
    who = Contributor(running.origin, 50)
    assert running.post("/api/v1/enrolments", who.enrolment())[0] == 201
    bundle = who.bundle(salt=50)
    assert running.post("/api/v1/results", bundle)[0] == 202
    result = digest(bundle)
    assert judged(running, result) == "accepted"
    (web,) = running.running
    board = f"/api/v1/boards/{VALUE['series']}/{VALUE['task']}/"
    wait_until(lambda: running.answers(board), beside=web, what="its value is on the board")
    return result


@pytest.fixture(scope="module")
def there(running: Platform, sent: str) -> dict[str, str]:
    """What is named by something of the result that was sent: its cell, its contributor, its verdict."""
    (web,) = running.running

    def rows(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(running.get(f"/api/v1/{path}")[1])["rows"]
        return found

    wait_until(lambda: bool(rows("cells/")), beside=web, what="it is in its cell")
    evidence = json.loads(running.get(f"/api/v1/evidence/{sent}/")[1])["row"]
    return {
        "result_id": sent,
        "cell_id": rows("cells/")[0]["cell_id"],
        "pseudonym": evidence["contributor"],
        "hardware": evidence["hardware_code"],
        "leaf_index": str(rows(f"verdicts/?result_id={sent}")[0]["leaf_index"]),
    }


def parameters_of(operation: str, there: dict[str, str]) -> dict[str, Any]:
    """What an operation is asked with."""
    return {name: there[name] if value is None else value for name, value in GETS[operation].items()}


def digest(bundle: bytes) -> str:
    return bundles.parse(bundle).digest()


def test_every_operation_is_called() -> None:
    doors = {name for name, (_, method, _) in OPERATIONS.items() if method == "post"}
    assert set(GETS) | doors == set(OPERATIONS)
    assert doors == set(DOORS)


@pytest.mark.parametrize("operation", sorted(GETS))
def test_a_generated_client_reads(operation: str, client: GeneratedClient, there: dict[str, str]) -> None:
    parameters = parameters_of(operation, there)
    answer = client.call(operation, **parameters)
    assert answer.status == 200
    assert answer.content or operation in EMPTY
    if operation in {"download_bundle", "download_suite"}:
        taken = (
            answer.parsed if isinstance(answer.parsed, bytes | bytearray) else answer.parsed.payload.read()
        )
        whose = digest(bytes(taken)) if operation == "download_bundle" else read_archive(bytes(taken)).digest
        assert whose in parameters.values()
    elif answer.content[:1] == b"{" and operation not in FILES:
        parsed = answer.parsed if isinstance(answer.parsed, dict) else answer.parsed.to_dict()
        assert set(parsed) >= set(json.loads(answer.content))


DOORS: dict[str, int] = {
    "add_cosignature": 200,
    "enrol": 201,
    "request_ticket": 201,
    "submit_result": 202,
    "submit_results": 200,
    "submit_receipted_result": 200,
    "appeal": 201,
    "withdraw_result": 201,
    "rotate_key": 201,
    "revoke_key": 201,
}
"""Every signed door with the status of what is accepted there."""


def test_a_generated_client_passes_every_signed_door(client: GeneratedClient, running: Platform) -> None:
    """The bytes arrive as they were signed: anything else would be refused."""
    who = Contributor(running.origin, 60 if isinstance(client, JavaGeneratorsClient) else 70)
    disturbed = who.bundle("foreign-process", salt=who.number)
    passed: dict[str, int] = {}

    def send(operation: str, body: bytes) -> bytes:
        answer = client.call(operation, body=body)
        passed[operation] = answer.status
        return answer.content

    send("enrol", who.enrolment())
    send("request_ticket", who.ticket_request())
    receipt = decode(send("submit_result", disturbed), Envelope, what="receipt")
    send("submit_receipted_result", replace(bundles.parse(disturbed), receipt=receipt).to_bytes())
    batch = json.loads(
        send("submit_results", who.bundle(salt=who.number + 1) + who.bundle(salt=who.number + 2))
    )
    assert [item["status"] for item in batch["items"]] == [202, 202]
    assert judged(running, digest(disturbed)) == "quarantined"
    words = {"result_id": digest(disturbed), "words": "My fan is loud, that is all."}
    send("appeal", who.request(requests.Appeal, requests.APPEAL_TYPE, **words))
    withdrawn = {"result_id": batch["items"][0]["result_id"], "reason": "measured-wrongly"}
    send("withdraw_result", who.request(requests.Withdrawal, requests.WITHDRAWAL_TYPE, **withdrawn))
    send("rotate_key", who.rotation(who.number + 1))
    who = Contributor(running.origin, who.number + 1)
    lost = {"key_id": who.key_id(), "reason": "lost", "since": None}
    send("revoke_key", who.request(requests.Revocation, requests.REVOCATION_TYPE, **lost))
    note = running.get("/log/checkpoint")[1].decode()
    send(
        "add_cosignature",
        notes.cosign(note, name=WITNESS.name, key=WITNESS_KEY, at=datetime.now(UTC)).encode(),
    )
    assert passed == DOORS


KINDS_OF_MEDIA = sorted(
    {kind for _, _, operation in OPERATIONS.values() for answer in operation["responses"].values()
     for kind in answer.get("content", {})}
)  # fmt: skip


def kinds_given(running: Platform, path: str, parameters: dict[str, Any]) -> dict[str, str]:
    """The media type of the answer to each `Accept`."""
    address = running.origin + path.format(**parameters)
    query = "&".join(f"{name}={value}" for name, value in parameters.items() if f"{{{name}}}" not in path)
    given = {}
    for accept in (*KINDS_OF_MEDIA, "*/*", "text/html", "application/xml"):
        with urlopen(Request(f"{address}?{query}", headers={"Accept": accept})) as answer:  # noqa: S310
            answer.read()
            given[accept] = answer.headers.get_content_type()
    return given


@pytest.mark.parametrize("operation", sorted(GETS))
def test_every_media_type_that_is_given_is_described_and_the_other_way_round(
    operation: str, running: Platform, there: dict[str, str]
) -> None:
    path, _, described = OPERATIONS[operation]
    parameters = parameters_of(operation, there)
    content = described["responses"]["200"]["content"]
    if "export_form" in parameters:  # the form decides, whatever is accepted
        forms = [parameters | {"export_form": form} for form in ("cyclonedx", "model-index")]
        assert {kind for form in forms for kind in kinds_given(running, path, form).values()} == set(content)
        return
    kinds = kinds_given(running, path, parameters)
    assert set(kinds.values()) == set(content)
    assert {kind: kinds[kind] for kind in content} == {kind: kind for kind in content}
