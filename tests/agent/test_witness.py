"""`joulemark witness`: from cron and as a server, against a log that grows, shrinks and forks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from joulemark.errors import UsageError
from joulemark.log import notes
from joulemark.log.add_checkpoint import SIZE_TYPE, AddCheckpoint, own_line, parse_request
from joulemark.log.checkpoints import open_checkpoint
from joulemark.log.tiles import Tile, consistency_proof
from joulemark.record import keys
from joulemark.witness import pull
from joulemark.witness.cosigner import Cosigner
from joulemark.witness.server import WitnessServer
from joulemark.witness.state import WitnessStore
from tests.agent.fake_log import FakeLog, RunningLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.agent.agent_commands import Agent

NAME = "witness.example/w1"


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "PAUSES_S", (0.0,))


def grow(log: FakeLog, count: int) -> None:
    for number in range(count):
        log.add("run-started", f"{len(log.entries):064x}", ticket=f"{number:032x}")
    log.publish()


def test_each_run_cosigns_the_newest_checkpoint_and_hands_it_over(agent: Agent, log: FakeLog) -> None:
    assert agent("witness", log.origin) == 2
    assert "--name" in agent.err
    first = agent.json("witness", log.origin, "--name", NAME)
    assert agent.code == 0, agent.err
    assert (first["size"], first["old_size"], first["sent"]) == (600, None, True)
    key = notes.VerifierKey.parse(first["witness"])
    assert (key.name, key.kind) == (NAME, notes.COSIGNATURE)
    grow(log, 300)
    second = agent.json("witness", log.origin)
    assert (second["size"], second["old_size"]) == (900, 600)
    assert second["witness"] == first["witness"]
    for note, size in zip(log.cosigned, (600, 900), strict=True):
        assert open_checkpoint(note, key=log.log_key, origin=log.name, witnesses=[key]).size == size
    with open(second["file"], encoding="utf-8") as file:  # noqa: PTH123 - as cron's next step would
        assert file.read() == log.cosigned[-1]
    assert agent("witness", log.origin, "--keep") == 0
    assert len(log.cosigned) == 2
    assert "it continues the 900 entries cosigned before" in agent.out
    assert (agent.folders.witness_key.stat().st_mode & 0o777) == 0o600


def test_a_key_has_one_name(agent: Agent, log: FakeLog) -> None:
    agent("witness", log.origin, "--name", NAME)
    assert agent("witness", log.origin, "--name", "witness.example/other") == 2
    assert "must not have a second name" in agent.err
    for name in ("", "https://a.example", "a b", "a+b", "Ä", "x" * 200):
        assert agent("witness", log.origin, "--name", name) == 2


def test_a_log_that_shrank_or_forked_is_not_cosigned(agent: Agent, log: FakeLog, no_pauses: None) -> None:
    agent("witness", log.origin, "--name", NAME)
    former = log.entries[:]
    log.entries = former[:500]
    log.publish()
    assert agent.json("witness", log.origin)["error"]["code"] == "JM-LOG-SHRUNK"
    assert agent.code == 3
    log.entries = [former[1], *former[1:]]
    log.publish()
    answer = agent.json("witness", log.origin)
    assert (agent.code, answer["error"]["code"]) == (3, "JM-LOG-FORK")
    assert "Show it to others" in agent.err
    log.entries += former[:50]
    log.publish()
    assert agent.json("witness", log.origin)["error"]["code"] == "JM-PROOF-CONSISTENCY"
    assert len(list(agent.folders.witnessed.glob("*.evidence.json"))) == 2
    log.entries = [*former, former[0]]
    log.publish()
    assert agent.json("witness", log.origin)["size"] == 601
    assert len(log.cosigned) == 2


def test_a_lost_key_is_not_replaced_without_a_word(agent: Agent, log: FakeLog) -> None:
    first = agent.json("witness", log.origin, "--name", NAME)
    aside = agent.folders.witness_key.rename(agent.folders.witness_key.with_suffix(".aside"))
    assert agent("witness", log.origin) == 2
    assert "is missing. Restore it from a copy" in agent.err
    assert not agent.folders.witness_key.exists()
    aside.rename(agent.folders.witness_key)
    assert agent.json("witness", log.origin)["witness"] == first["witness"]


def witness_of(log: FakeLog, folder: Path) -> Cosigner:
    return Cosigner(name=NAME, key=keys.generate(), store=WitnessStore(folder), logs={log.name: log.log_key})


@pytest.mark.parametrize("n_faster", [1, pull.MAX_TRIES])
def test_another_process_of_the_witness_is_no_fault_of_the_log(
    log: FakeLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_faster: int
) -> None:
    """Between reading the state and cosigning, another process cosigns a later checkpoint, once or each time."""
    cosigner = witness_of(log, tmp_path)
    pull.witness_once(cosigner, log.origin, trust="", sends=False)
    faster = iter(range(n_faster))

    def overtaken(old: int, size: int, tile: Callable[[Tile], bytes]) -> list[bytes]:
        proof = consistency_proof(old, size, tile)
        if next(faster, None) is not None:
            grow(log, 10)
            cosigner.add_checkpoint(parse_request(request(log, old)))
        return proof

    monkeypatch.setattr(pull, "consistency_proof", overtaken)
    if n_faster == pull.MAX_TRIES:
        with pytest.raises(UsageError, match="Another process"):
            pull.witness_once(cosigner, log.origin, trust="", sends=True)
        assert not log.cosigned
        return
    report = pull.witness_once(cosigner, log.origin, trust="", sends=True)
    assert (report.checkpoint.size, report.old_size) == (610, 610)
    assert report.file.read_text() == log.cosigned[-1]


def test_the_file_has_the_latest_of_all_cosignatures(
    log: FakeLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run has cosigned and not yet come to the end when another cosigns a later checkpoint."""
    cosigner, add = witness_of(log, tmp_path), Cosigner.add_checkpoint

    def then_another(self: Cosigner, sent: AddCheckpoint) -> str:
        line = add(self, sent)
        grow(log, 10)
        add(self, parse_request(request(log, 600)))
        return line

    with monkeypatch.context() as patched:
        patched.setattr(Cosigner, "add_checkpoint", then_another)
        report = pull.witness_once(cosigner, log.origin, trust="", sends=False)
    note = report.file.read_text()
    key = cosigner.verifier_key
    assert open_checkpoint(note, key=log.log_key, origin=log.name, witnesses=[key]).size == 610


def test_another_log_key_is_not_taken_without_a_word(agent: Agent, log: FakeLog) -> None:
    agent("witness", log.origin, "--name", NAME)
    log.key = keys.generate()
    log.publish()
    assert agent.json("witness", log.origin)["error"]["code"] == "JM-LOG-KEY"
    grow(log, 1)
    assert agent("witness", log.origin, "--log-key", log.log_key.encode()) == 0


@pytest.mark.parametrize("place", ["8080", "host", ":8080", "host:", "host:99999", "host:x"])
def test_what_is_no_address_to_listen_on(agent: Agent, place: str) -> None:
    with pytest.raises(SystemExit):
        agent("witness", "http://127.0.0.1:9", "--serve", place)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[FakeLog, Cosigner, str]]:
    """A log of 40 entries in memory and a witness of it behind HTTP."""
    log = FakeLog()
    grow(log, 40)
    cosigner = Cosigner(
        name=NAME, key=keys.generate(), store=WitnessStore(tmp_path / "witness"), logs={log.name: log.log_key}
    )
    server = WitnessServer("127.0.0.1", 0, cosigner)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield log, cosigner, server.address
    server.shutdown()
    thread.join()
    server.server_close()


def history(count: int) -> list[FakeLog]:
    """The same log at each size, with tiles of its own: as many snapshots."""
    key, snapshots = keys.generate(), []
    for size in range(1, count + 1):
        log = FakeLog(key=key)
        grow(log, size)
        snapshots.append(log)
    return snapshots


def request(log: FakeLog, old_size: int) -> bytes:
    proof = consistency_proof(old_size, len(log.entries), log.tiles.__getitem__)
    return AddCheckpoint(old_size=old_size, proof=tuple(proof), note=log.note()).encode()


def test_the_server_answers_as_the_specification_has_it(served: tuple[FakeLog, Cosigner, str]) -> None:
    log, cosigner, address = served
    with httpx.Client(base_url=address) as client:
        conflict = client.post("/add-checkpoint", content=request(log, 7))
        assert (conflict.status_code, conflict.text) == (409, "0\n")
        assert conflict.headers["content-type"] == SIZE_TYPE
        answer = client.post("/add-checkpoint", content=request(log, 0))
        assert answer.status_code == 200
        own_line(log.note(), answer.text, key=cosigner.verifier_key)
        assert client.get("/").text.splitlines() == [cosigner.verifier_key.encode(), f"{log.name} 40"]
        statuses = {
            client.post("/add-checkpoint", content=b"new 1\n\n").status_code: 400,
            client.post("/other", content=b"").status_code: 404,
            client.post("/add-checkpoint", content=b"x" * 200_000).status_code: 413,
            client.get("/add-checkpoint").status_code: 404,
            client.put("/add-checkpoint", content=b"").status_code: 501,
        }
        assert all(status == wanted for status, wanted in statuses.items())
        chunks = client.post("/add-checkpoint", content=iter([b"old 0\n"]))
        assert chunks.status_code == 411


def test_of_requests_at_the_same_time_each_sees_what_the_others_did(tmp_path: Path) -> None:
    """The race that the specification warns of: no later cosignature is of a smaller tree."""
    snapshots = history(24)
    clock = iter(range(10**6))
    cosigner = Cosigner(
        name=NAME,
        key=keys.generate(),
        store=WitnessStore(tmp_path / "witness"),
        logs={snapshots[0].name: snapshots[0].log_key},
    )
    server = WitnessServer("127.0.0.1", 0, cosigner)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    cosigned: list[tuple[int, int]] = []
    save = cosigner.store.save

    def record_order(state: object) -> None:
        save(state)  # type: ignore[arg-type]
        cosigned.append((next(clock), state.latest().size))  # type: ignore[attr-defined]

    cosigner.store.save = record_order  # type: ignore[method-assign]

    def submit(log: FakeLog) -> int:
        size = len(log.entries)
        with httpx.Client(base_url=server.address) as client:
            old = 0
            for _attempt in range(40):
                if old > size:
                    return 409
                answer = client.post("/add-checkpoint", content=request(log, old))
                if answer.status_code == 200:
                    return 200
                old = int(answer.text)
        return 0

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(submit, snapshots))
    server.shutdown()
    thread.join()
    server.server_close()
    assert statuses <= {200, 409}
    sizes = [size for _order, size in sorted(cosigned)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 24


def test_another_process_that_was_killed_left_nothing_half_written(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was cosigned is on disk before it is handed over, and is handed over by the next run."""
    with RunningLog() as log:
        grow(log, 5)
        with monkeypatch.context() as patched:
            patched.setattr("joulemark.platform_client.PlatformClient.cosign", _cut)
            with pytest.raises(ConnectionAbortedError):
                agent("witness", log.origin, "--name", NAME)
        assert not log.cosigned
        assert agent.json("witness", log.origin)["old_size"] == 5
        assert len(log.cosigned) == 1


def _cut(*_arguments: object) -> None:
    raise ConnectionAbortedError
