"""A small release written without a platform: real bundles, a real log, verdicts by the rules, and all tables.

It is a second writer beside the platform's, so that a replay is tested against more than one of them.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec.structs import replace
from pyarrow import parquet

from joulemark.leaderboard.cell_content import aggregate_results
from joulemark.leaderboard.comparison_numbers import compare_rows
from joulemark.leaderboard.contexts import Peer, of_others
from joulemark.leaderboard.parts import meeting_rows, places_in_part
from joulemark.log.challenge import challenge_digest
from joulemark.log.checkpoints import Checkpoint, log_name
from joulemark.log.frontier import Frontier
from joulemark.log.leaf import LogLeaf
from joulemark.log.merkle import leaf_hash
from joulemark.log.notes import sign, verifier_key
from joulemark.log.tiles import TILE_WIDTH, encode_entries, entry_bundles, grow
from joulemark.record import keys, messages
from joulemark.record.bundle import verified
from joulemark.record.statement import Predicate
from joulemark.record.trace import ANSWER_BYTES, sha256
from joulemark.record.trace import parse as parse_trace
from joulemark.release.attestation import attest
from joulemark.release.columns import Column, Table
from joulemark.release.layout import (
    ATTESTATION,
    CHECKPOINT,
    MANIFEST,
    RELEASES,
    SUMS,
    LeafRange,
    bundle_member,
    bundles_path,
    own_path,
    part_path,
    snapshot_path,
)
from joulemark.release.manifest import (
    BundleFile,
    ListedRelease,
    Manifest,
    ReleaseList,
    StoredFile,
    TableFile,
    TableFiles,
    Versions,
    encode_document,
    sums,
)
from joulemark.release.tables import TABLES
from joulemark.replay.board_step import DerivedCell, comparison_columns, model_values
from joulemark.replay.evidence_step import CELL_NAMES, PART_NAMES
from joulemark.replay.own_facts import Arrival
from joulemark.replay.reading import ReadResult, derive_numbers, row_values
from joulemark.rules.case import Case, Context, TicketFacts
from joulemark.rules.findings_digest import findings_digest
from joulemark.rules.judge import RULES, RULES_VERSION
from joulemark.rules.verdicts import judgement, plain_findings
from joulemark.suite import Job, load_suite
from joulemark_simulation.records import ORIGIN, bundle, signing_key, trace

NAME = "2026-12-02"
START = datetime(2026, 11, 1, tzinfo=UTC)
LOG_KEY = signing_key(99)
LICENCE = "CC-BY-4.0"
SUITE = load_suite("demo")
KINDS = {model.id: model.kind for model in SUITE.models}


@dataclass(frozen=True)
class Run:
    """One session: by whom (the number of a key), of which job of the suite, on how many busy cores."""

    by: int
    job: Job
    busy: float


def usual_runs() -> list[Run]:
    """Three contributors who ran a task-specific and a general-purpose model on the same sentences."""
    jobs = [job for job in SUITE.jobs if job.dataset == "demo-topics"][:2]
    assert len({KINDS[job.model] for job in jobs}) == 2, "the demo suite compares both kinds"
    return [
        Run(by, job, (1.2 if KINDS[job.model] == "task-specific" else 1.9) + by / 100)
        for by in (1, 2, 3)
        for job in jobs
    ]


@dataclass
class Log:
    """Entries in their order; each is written and gets its index at once."""

    bodies: list[bytes] = field(default_factory=list)
    entries: list[LogLeaf] = field(default_factory=list)

    def append(self, kind: str, subject: str, when: datetime, **facts: Any) -> int:
        """The index of a new entry."""
        entry = LogLeaf(kind=kind, subject=subject, at=when, facts=facts)
        self.entries.append(entry)
        self.bodies.append(entry.encode())
        return len(self.bodies) - 1


@dataclass
class Crowd:
    """What a platform would have in its tables."""

    log: Log = field(default_factory=Log)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    bundles: list[tuple[str, bytes]] = field(default_factory=list)
    counting: list[tuple[ReadResult, Arrival]] = field(default_factory=list)
    peers: dict[str, list[Peer]] = field(default_factory=lambda: defaultdict(list))
    devices: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def build(
    root: Path, runs: Iterable[Run] | None = None, *, edit: Callable[[Crowd], None] = lambda _: None
) -> Path:
    """Write a release of these runs below `root`. `edit` changes the tables before they are written."""
    crowd = Crowd()
    for number, run in enumerate(usual_runs() if runs is None else runs):
        _measure(crowd, number, run)
    _board_rows(crowd)
    crowd.tables["models"] = [{"model": model, "kind": kind} for model, kind in sorted(KINDS.items())]
    crowd.tables["rules"] = [
        {
            "code": rule.code, "severity": rule.severity.value, "title": rule.title, "condition": rule.condition,
            "mend": rule.mend, "since_version": rule.version, "where": rule.where,
        }
        for rule in RULES
    ]  # fmt: skip
    edit(crowd)
    return write(root, crowd)


def _measure(crowd: Crowd, number: int, run: Run) -> None:
    at, key, log = START + timedelta(hours=number), signing_key(run.by), crowd.log
    public = keys.public_hex(key)
    key_id = keys.key_id(public)
    contributor = f"v-{key_id[:12]}"
    if not any(row["key_id"] == key_id for row in crowd.tables["keys"]):
        log.append("key-enrolled", key_id, at, contributor=contributor, public_key=public)
        crowd.tables["keys"].append({"key_id": key_id, "public_key": public, "contributor": contributor})
    tag = f"{run.by:02x}" * 32
    ticket = messages.Ticket(
        id=f"{number:032x}", nonce=f"{number + 1000:032x}", sample_seed=7, issued_at=at,
        expires_at=at + timedelta(days=7),
    )  # fmt: skip
    workload = f"{run.job.task}/{run.job.dataset}/{run.job.model}"
    started = log.append(
        "run-started", key_id, at, ticket=ticket.id, suite=SUITE.digest, workload=workload, device_tag=tag,
        challenge_sha256=challenge_digest(ticket.nonce, ticket.sample_seed), request_sha256="0" * 64,
        at=at.isoformat(), expires_at=ticket.expires_at.isoformat(),
    )  # fmt: skip
    received_at = at + timedelta(minutes=3)
    made = bundle(
        key=key, ticket=ticket, job=run.job, now=received_at - timedelta(seconds=10), tag=tag,
        of=_like_others(trace(queries=SUITE.queries_per_window(run.job.dataset), busy=run.busy, salt=number)),
        change=_one_token_each,
    )  # fmt: skip
    data = made.to_bytes()
    result_id = hashlib.sha256(data).hexdigest()
    statement, raw = verified(made)
    leaf = log.append(
        "result-received", result_id, received_at, key=key_id, ticket=ticket.id, trace_sha256=sha256(raw),
        at=received_at.isoformat(),
    )  # fmt: skip
    arrival = Arrival(
        result_id=result_id, written=leaf, leaf=leaf, key_id=key_id, contributor=contributor, public_key=public,
        received_at=received_at, trace_sha256=sha256(raw), ticket=ticket.id,
    )  # fmt: skip
    case = _case(Case(statement, parse_trace(raw), _context(arrival, ticket, run, tag)), crowd, workload)
    _judge(crowd, case, arrival, workload)
    crowd.bundles.append((result_id, data))
    crowd.tables["tickets"].append(
        {"leaf_index": leaf, "result_id": result_id, "ticket": ticket.id, "started_leaf_index": started,
         "nonce": ticket.nonce, "sample_seed": ticket.sample_seed}
    )  # fmt: skip


def _like_others(of: Any) -> Any:
    """The same trace with the answers that everybody's model gives."""
    n_answers = len(of.answers) // ANSWER_BYTES
    answers = (hashlib.sha256(b"answer %d" % place).digest()[:ANSWER_BYTES] for place in range(n_answers))
    return replace(of, answers=b"".join(answers))


def _one_token_each(honest: Predicate) -> Predicate:
    """A model that is asked for one word writes one token an answer."""
    return replace(
        honest,
        windows=tuple(
            window if window.output_tokens is None else replace(window, output_tokens=window.queries)
            for window in honest.windows
        ),
    )


def _context(arrival: Arrival, ticket: messages.Ticket, run: Run, tag: str) -> Context:
    return Context(
        received_at=arrival.received_at, audience=ORIGIN, public_key=arrival.public_key, key_revoked=False,
        ticket=TicketFacts(
            id=ticket.id, nonce=ticket.nonce, sample_seed=ticket.sample_seed, task=run.job.task,
            dataset=run.job.dataset, model=run.job.model, device_tag=tag, issued_at=ticket.issued_at,
            expires_at=ticket.expires_at,
        ),
        suite=None, same_trace_as=None,
    )  # fmt: skip


def _case(case: Case, crowd: Crowd, job: str) -> Case:
    me = f"v-{case.predicate.contributor.key_id[:12]}"
    others = of_others(case, crowd.peers[job], me=me, suite=SUITE)
    return case.knowing(**others, device_shared_with=len(crowd.devices[case.predicate.device.tag] - {me}))


def _judge(crowd: Crowd, case: Case, arrival: Arrival, job: str) -> None:
    given = judgement(case, name=arrival.result_id)
    findings, judged_at = plain_findings(given.findings), arrival.received_at + timedelta(seconds=5)
    codes = [finding.code for finding in given.findings]
    leaf = crowd.log.append(
        "verdict", arrival.result_id, judged_at, at=judged_at.isoformat(), state=given.state, rules=RULES_VERSION,
        cause="rules", codes=codes, findings_sha256=findings_digest(findings),
    )  # fmt: skip
    crowd.tables["verdicts"].append(
        {"leaf_index": leaf, "result_id": arrival.result_id, "state": given.state, "cause": "rules", "codes": codes,
         "occasion": "", "rules_version": RULES_VERSION, "findings": findings, "judged_at": judged_at}
    )  # fmt: skip
    crowd.tables["states"].append(
        {"result_id": arrival.result_id, "state": given.state, "codes": codes, "since": judged_at}
    )
    result = ReadResult(result_id=arrival.result_id)
    derive_numbers(case, arrival, result)
    crowd.tables["results"].append(
        {name: getattr(arrival, name) for name in ("result_id", "received_at", "key_id", "contributor", "ticket",
                                                   "trace_sha256")}
        | {"leaf_index": arrival.leaf} | result.names | result.numbers
    )  # fmt: skip
    crowd.tables["windows"] += [
        {"leaf_index": arrival.leaf, "result_id": arrival.result_id} | window for window in result.windows
    ]
    if given.state == "accepted":
        crowd.counting.append((result, arrival))
    crowd.devices[case.predicate.device.tag].add(str(arrival.contributor))
    numbers = result.numbers
    crowd.peers[job].insert(
        0,
        Peer(
            contributor=arrival.contributor, seed=result.names["seed"], sample=numbers["sample_sha256"],
            inputs=numbers["inputs_sha256"], answers=numbers["answers"],
            quality=tuple((score["metric"], score["value"], score["n"]) for score in numbers["quality"]),
        ),
    )  # fmt: skip


def _board_rows(crowd: Crowd) -> None:
    groups: dict[tuple[str, ...], list[Any]] = defaultdict(list)
    names_of: dict[tuple[str, ...], dict[str, Any]] = {}
    for result, arrival in crowd.counting:
        names = result.names | result.numbers
        key = tuple(names[name] for name in CELL_NAMES)
        names_of[key] = names
        groups[key].append(((arrival.contributor, names["device"]), *row_values(result, arrival)))
    cells = []
    for key in sorted(groups):
        content, devices = aggregate_results(groups[key])
        names = names_of[key]
        cells.append((key, names, DerivedCell(
            key=json.dumps(key), model=names["model"], stratum=names["stratum"], kind=KINDS[names["model"]],
            content=content, device_values=[(*device, energy) for device, (energy, _) in devices.items()],
        )))  # fmt: skip
    place_of = places_in_part((cell, key) for key, _, cell in cells)
    version = {"version": 1, "updated_at": START, "licence": LICENCE}
    for key, names, cell in cells:
        named = {name: names[name] for name in (*CELL_NAMES, "suite", "suite_version")}
        named |= {"series": "demo-1-estimated", "hardware": names["hardware_code"]}
        crowd.tables["cells"].append(named | cell.content | version)
        crowd.tables["ranks"].append(named | asdict(place_of[key]) | {"kind": cell.kind} | version)
    meeting = meeting_rows((cell.kind, cell) for _, _, cell in cells)
    numbers = compare_rows(meeting, model_values(meeting)) if meeting else None
    if numbers is not None:
        names = cells[0][1]
        crowd.tables["comparisons"].append(
            {name: names[name] for name in (*PART_NAMES, "suite", "suite_version")}
            | comparison_columns(numbers) | version
        )  # fmt: skip


def write(root: Path, crowd: Crowd) -> Path:
    """Write the folder of releases; the list of them comes last."""
    files: list[StoredFile] = []
    size = len(crowd.log.bodies)
    frontier = Frontier()
    for body in crowd.log.bodies:
        frontier.add(leaf_hash(body))
    tiles = [
        _store(root, tile.path, data)
        for tile, data in grow(0, [leaf_hash(body) for body in crowd.log.bodies], lambda _: b"").items()
    ]
    for entries in entry_bundles(0, size):
        first = entries.index * TILE_WIDTH
        tiles.append(
            _store(root, entries.path, encode_entries(crowd.log.bodies[first : first + entries.width]))
        )
    crowd.tables["events"] = [
        {"leaf_index": index, "kind": entry.kind, "subject": entry.subject, "at": entry.at, "written": index,
         "statement": body.decode(), "leaf_hash": leaf_hash(body).hex(), "licence": LICENCE}
        for index, (entry, body) in enumerate(zip(crowd.log.entries, crowd.log.bodies, strict=True))
    ]  # fmt: skip
    leaves = LeafRange(0, size)
    tables = {table.name: _table_files(root, table, crowd.tables[table.name], leaves) for table in TABLES}
    archive = _archive(crowd.bundles)
    path = bundles_path(leaves, hashlib.sha256(archive).hexdigest())
    stored = _store(root, path, archive)
    bundles = BundleFile(
        path=path, bytes=stored.bytes, sha256=stored.sha256, leaves=(0, size), count=len(crowd.bundles)
    )
    manifest = Manifest(
        format="joulemark-release/1", name=NAME, made_at=START, origin=ORIGIN, previous=None, tree_size=size,
        log_key=verifier_key(LOG_KEY, name=log_name(ORIGIN)).encode(), root_hash=frontier.root().hex(),
        versions=Versions(software="0.1.0", tables=1, rules=RULES_VERSION, derivation="1"), tables=tables,
        bundles=(bundles,), tiles=tuple(tiles), suites=(), licence=LICENCE,
    )  # fmt: skip
    checkpoint = Checkpoint(origin=log_name(ORIGIN), size=size, root=frontier.root())
    note = sign(checkpoint.text(), name=log_name(ORIGIN), key=LOG_KEY)
    own = _store(root, own_path(NAME, CHECKPOINT), note.encode())
    files = [*manifest.files, own]
    publish(root, manifest, files)
    return root


def publish(root: Path, manifest: Manifest, files: Iterable[StoredFile], *, is_attested: bool = True) -> None:
    """Write the manifest, the sums and, last, the list."""
    data = encode_document(manifest)
    own = _store(root, own_path(manifest.name, MANIFEST), data)
    listed_sums = _store(root, own_path(manifest.name, SUMS), sums([*files, own]).encode())
    if is_attested:
        _store(
            root, own_path(manifest.name, ATTESTATION), attest(manifest, [*files, own, listed_sums], LOG_KEY)
        )
    listed = ListedRelease(
        name=manifest.name, made_at=manifest.made_at, tree_size=manifest.tree_size,
        manifest=own_path(manifest.name, MANIFEST), sha256=own.sha256,
    )  # fmt: skip
    (root / RELEASES).write_bytes(
        encode_document(ReleaseList(format="joulemark-releases/1", releases=(listed,)))
    )


def _store(root: Path, path: str, data: bytes) -> StoredFile:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return StoredFile(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _archive(bundles: Iterable[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for result_id, data in bundles:
            member = tarfile.TarInfo(bundle_member(result_id))
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def _table_files(root: Path, table: Table, rows: list[dict[str, Any]], leaves: LeafRange) -> TableFiles:
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in table.key))
    data = parquet_bytes(table, ordered)
    digest = hashlib.sha256(data).hexdigest()
    is_leaf = table.partition == "leaf"
    path = (
        part_path(table.name, leaves, digest, "parquet")
        if is_leaf
        else snapshot_path(table.name, digest, "parquet")
    )
    stored = _store(root, path, data)
    file = TableFile(
        path=path, bytes=stored.bytes, sha256=digest, form="parquet", rows=len(rows),
        leaves=(leaves.start, leaves.end) if is_leaf else None,
    )  # fmt: skip
    return TableFiles(partition=table.partition, rows=len(rows), files=(file,))


def parquet_bytes(table: Table, rows: list[dict[str, Any]], *, rows_per_group: int = 4) -> bytes:
    """The rows of a table as a Parquet file of small row groups; what a row does not have is null."""
    schema = pa.schema([pa.field(column.name, _type(column)) for column in table.columns])
    columns = [[_value(column, row.get(column.name)) for row in rows] for column in table.columns]
    arrow = pa.table(
        [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)],
        schema=schema,
    )
    out = io.BytesIO()
    parquet.write_table(arrow, out, row_group_size=rows_per_group)
    return out.getvalue()


def _type(column: Column) -> Any:
    return {
        "string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"), "date": pa.date32(), "binary": pa.binary(), "json": pa.string(),
        "list<string>": pa.list_(pa.string()), "list<int64>": pa.list_(pa.int64()),
    }[column.kind]  # fmt: skip


def _value(column: Column, value: Any) -> Any:
    return json.dumps(value) if column.kind == "json" and value is not None else value
