"""A small release written without a platform: real bundles, a real log, verdicts by the rules, and all tables.

It is a second writer of files, and no second derivation: numbers, verdicts and values come from the functions that a
replay calls. `make release-check` is independent of them: there the platform writes what a replay reads.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from joulemark.leaderboard.cell_content import aggregate_results
from joulemark.leaderboard.comparison_numbers import compare_rows
from joulemark.leaderboard.contexts import MOST_PEERS, Peer, of_others
from joulemark.leaderboard.parts import meeting_rows, places_in_part
from joulemark.log.challenge import challenge_digest
from joulemark.log.leaf import LogLeaf
from joulemark.record import keys, messages
from joulemark.record.bundle import verified
from joulemark.record.statement import Predicate
from joulemark.record.trace import ANSWER_BYTES, sha256
from joulemark.record.trace import parse as parse_trace
from joulemark.replay.board_step import DerivedCell, comparison_columns, model_values
from joulemark.replay.evidence_step import CELL_NAMES, PART_NAMES
from joulemark.replay.own_facts import Arrival
from joulemark.replay.reading import ReadResult, derive_numbers, row_values
from joulemark.rules.case import AnnouncedRuns, Case, Context, TicketFacts
from joulemark.rules.findings_digest import findings_digest
from joulemark.rules.judge import RULES, RULES_VERSION
from joulemark.rules.verdicts import judgement, plain_findings
from joulemark.suite import Job, load_suite
from joulemark_simulation.records import ORIGIN, bundle, signing_key, trace
from joulemark_simulation.release_files import LICENCE, START, write

SUITE = load_suite("demo")
KINDS = {model.id: model.kind for model in SUITE.models}


@dataclass(frozen=True)
class Run:
    """One session: by whom (the number of a key), of which job of the suite, on how many busy cores.

    Before it, `n_abandoned` runs were announced and never reported, each for a device of its own, from the same network
    prefix and by the same contributor; or, `by_others`, by another one.
    """

    by: int
    job: Job
    busy: float
    n_abandoned: int = 0
    by_others: bool = False


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
    """Entries in their order; each gets its index at once."""

    entries: list[LogLeaf] = field(default_factory=list)

    def append(self, kind: str, subject: str, when: datetime, **facts: Any) -> int:
        """The index of a new entry."""
        self.entries.append(LogLeaf(kind=kind, subject=subject, at=when, facts=facts))
        return len(self.entries) - 1


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
    root: Path,
    runs: Iterable[Run] | None = None,
    *,
    edit: Callable[[Crowd], None] = lambda _: None,
    width: int | None = None,
) -> Path:
    """Write a release of these runs below `root`, in ranges of `width` leaves.

    `edit` changes the tables before they are written.
    """
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
    return write(root, crowd.log.entries, crowd.tables, crowd.bundles, width=width)


def _measure(crowd: Crowd, number: int, run: Run) -> None:
    at, key, log = START + timedelta(hours=number), signing_key(run.by), crowd.log
    key_id = _enrol(crowd, run.by, at)
    public, contributor = keys.public_hex(key), f"v-{key_id[:12]}"
    tag = f"{run.by:02x}" * 32
    ticket = messages.Ticket(
        id=f"{number:032x}", nonce=f"{number + 1000:032x}", sample_seed=7, issued_at=at,
        expires_at=at + timedelta(days=7),
    )  # fmt: skip
    workload = f"{run.job.task}/{run.job.dataset}/{run.job.model}"
    started = _announce(crowd, key_id, ticket, workload, tag)
    for place in range(run.n_abandoned):
        _announce(
            crowd, _enrol(crowd, run.by + 100, at) if run.by_others else key_id,
            replace(ticket, id=f"{number:016x}{place + 1:016x}"), workload, f"{place:062x}{run.by:02x}",
        )  # fmt: skip
    received_at = at + timedelta(minutes=3)
    sealed = bundle(
        key=key, ticket=ticket, job=run.job, now=received_at - timedelta(seconds=10), tag=tag,
        of=_like_others(trace(queries=SUITE.queries_per_window(run.job.dataset), busy=run.busy, salt=number)),
        change=_one_token_each,
    )  # fmt: skip
    data = sealed.to_bytes()
    result_id = hashlib.sha256(data).hexdigest()
    statement, raw = verified(sealed)
    leaf = log.append(
        "result-received", result_id, received_at, key=key_id, ticket=ticket.id, trace_sha256=sha256(raw),
        at=received_at.isoformat(),
    )  # fmt: skip
    arrival = Arrival(
        result_id=result_id, written=leaf, leaf=leaf, key_id=key_id, contributor=contributor, public_key=public,
        received_at=received_at, trace_sha256=sha256(raw), ticket=ticket.id,
    )  # fmt: skip
    case = _case(Case(statement, parse_trace(raw), _context(arrival, ticket, run, tag)), crowd, workload)
    runs = AnnouncedRuns(unreported=run.n_abandoned, announced=run.n_abandoned + 1)
    if run.n_abandoned:
        case = case.knowing(
            runs_of_contributor=AnnouncedRuns(0, 1) if run.by_others else runs, runs_of_network=runs
        )
    _judge(crowd, case, arrival, workload)
    crowd.bundles.append((result_id, data))
    crowd.tables["tickets"].append(
        {"leaf_index": leaf, "result_id": result_id, "ticket": ticket.id, "started_leaf_index": started,
         "key_id": key_id, "nonce": ticket.nonce, "sample_seed": ticket.sample_seed}
    )  # fmt: skip


def _enrol(crowd: Crowd, by: int, at: datetime) -> str:
    """The id of a contributor's key, which is made known once."""
    public = keys.public_hex(signing_key(by))
    key_id = keys.key_id(public)
    contributor = f"v-{key_id[:12]}"
    if not any(row["key_id"] == key_id for row in crowd.tables["keys"]):
        crowd.log.append("key-enrolled", key_id, at, contributor=contributor, public_key=public)
        crowd.tables["keys"].append({"key_id": key_id, "public_key": public, "contributor": contributor})
    return key_id


def _announce(crowd: Crowd, key_id: str, ticket: messages.Ticket, workload: str, tag: str) -> int:
    at = ticket.issued_at
    return crowd.log.append(
        "run-started", key_id, at, ticket=ticket.id, suite=SUITE.digest, workload=workload, device_tag=tag,
        challenge_sha256=challenge_digest(ticket.nonce, ticket.sample_seed), request_sha256="0" * 64,
        at=at.isoformat(), expires_at=ticket.expires_at.isoformat(), network=f"{int(at.timestamp()):032x}",
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
    others = of_others(case, crowd.peers[job][:MOST_PEERS], me=me, suite=SUITE)
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
