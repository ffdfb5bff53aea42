"""One whole run: start, storm, calm, verification, table."""

from __future__ import annotations

import json
import os
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING

import httpx

from joulemark.record.codec import decode
from joulemark.record.messages import PlatformKey
from tests.faults import kinds, quiescence, storm, verification
from tests.faults.agents import Agents
from tests.faults.extra_processes import ExtraProcesses
from tests.faults.kinds import Stage
from tests.faults.monitor import Monitor
from tests.faults.polling import TooLate, poll
from tests.faults.production import ORIGIN, WEB, Production
from tests.faults.table import printed_table
from tests.faults.uploads import Parcel, enrolments, make_uploads, parcelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.kinds import Kind
    from tests.faults.uploads import Upload

START_LIMIT_S, CALM_LIMIT_S = 300.0, 600.0
AGENTS = 16


def run(
    folder: Path,
    *,
    uploads: int,
    rounds: int,
    seed: int,
    short: bool,
    only: str | None,
    report: Path,
    tell: Callable[[str], None],
) -> bool:
    """Whether nothing was amiss."""
    chance = Random(seed)  # noqa: S311 - a seeded order
    chosen = [kind for kind in kinds.ALL if (not short or kind.is_quick) and (only or "") in kind.name]
    drawn = storm.order(chosen, rounds=rounds, chance=chance)
    count_of_poison = drawn.count(kinds.POISON)
    keys = max(8, min(300, uploads // 12))
    made = make_uploads(uploads + count_of_poison, keys=keys, origin=ORIGIN, seed=seed)
    poisons = made[uploads:]
    tell(f"{len(made)} uploads of {keys} keys are signed; seed {seed}")
    production = Production(folder, poison=[upload.trace_sha256 for upload in poisons])
    try:
        production.start()
        client = _client(production)
        poll(lambda: _is_ready(client), what="the platform is ready", limit_s=START_LIMIT_S)
        tell("serving")
        key = decode(client.get("/api/v1/platform").content, PlatformKey, what="key")
        _enrol(client, enrolments(keys=keys, origin=ORIGIN))
        tell("keys are enrolled")
        return _verified_storm(
            production,
            key,
            drawn,
            made[:uploads],
            poisons,
            chance=chance,
            report=report,
            tell=tell,
        )
    finally:
        production.close()


def _verified_storm(
    production: Production,
    key: PlatformKey,
    drawn: list[Kind],
    made: list[Upload],
    poisons: list[Upload],
    *,
    chance: Random,
    report: Path,
    tell: Callable[[str], None],
) -> bool:
    cafile = production.environment["SSL_CERT_FILE"]
    os.environ["SSL_CERT_FILE"] = cafile  # where the agent's own client finds whom to trust
    agents = Agents(ORIGIN, key, count=AGENTS, cafile=cafile)
    monitor = Monitor(ORIGIN, f"http://127.0.0.1:{WEB}", key, cafile=cafile)
    injections = storm.rage(
        drawn,
        parcelled(made, chance),
        [Parcel((upload,), is_batch=False) for upload in poisons],
        stage=Stage(production, ExtraProcesses(production), chance),
        agents=agents,
        monitor=monitor,
        tell=tell,
    )
    agents.close()
    tell(f"all is sent; {agents.busy_answers} attempts were repeated")
    faults = [f"{injection.kind.name}: {fault}" for injection in injections for fault in injection.faults]
    faults += [f"an agent gave up: {error}" for error in agents.errors]
    try:
        calm_s = poll(lambda: not quiescence.waiting(production), what="nothing waits", limit_s=CALM_LIMIT_S)
        tell(f"nothing waits any more, {calm_s:.1f} s after the last answer")
    except TooLate as error:
        faults.append(f"{error}: {quiescence.waiting(production)}")
    calm_since_s = time.monotonic()
    try:
        poll(lambda: monitor.is_well_since(calm_since_s), what="health is well in the end", limit_s=60)
    except TooLate as error:
        faults.append(f"{error}: {monitor.looks[-1].words}")
    poll(lambda: bool(monitor.notes), what="the monitor has seen a checkpoint", limit_s=30)
    monitor.close()
    everything = [*made, *poisons]
    evidence = verification.read_evidence(production)
    faults += monitor.faults
    faults += verification.upload_faults(everything, {upload.result_id for upload in poisons}, evidence)
    faults += verification.log_faults(production, monitor.notes, everything, evidence, key)
    tell(f"{len(monitor.notes)} checkpoints were seen; states {dict(evidence.states)}")
    tell(f"findings {dict(evidence.codes)}")
    faults += verification.command_faults(production)
    tell("check_log, rebuild_boards --check and joulemark audit have run")
    restarts = {name: service.restarts for name, service in production.services.items()}
    tell(f"restarts: {restarts}")
    rows = printed_table(injections, everything, evidence)
    for fault in faults:
        print(f"FAULT: {fault}", flush=True)
    print(f"{len(faults)} faults.", flush=True)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps({"rows": rows, "faults": faults, "restarts": restarts}, indent=1))
    return not faults


def _client(production: Production) -> httpx.Client:
    context = ssl.create_default_context(cafile=production.environment["SSL_CERT_FILE"])
    return httpx.Client(base_url=ORIGIN, verify=context, timeout=20, trust_env=False)


def _is_ready(client: httpx.Client) -> bool:
    try:
        inside = httpx.get(f"http://127.0.0.1:{WEB}/readyz", timeout=5, trust_env=False)
        return inside.status_code == 200 and client.get("/api/v1/platform").status_code == 200
    except httpx.HTTPError:
        return False


def _enrol(client: httpx.Client, requests: list[bytes]) -> None:
    def enrol(request: bytes) -> int:
        return client.post("/api/v1/enrolments", content=request).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = set(pool.map(enrol, requests))
    assert statuses == {201}, statuses
