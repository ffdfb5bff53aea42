"""A log in memory as a platform would publish it, with what it shows beside it, and room for every lie."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from joulemark.log.checkpoints import Checkpoint, log_name
from joulemark.log.leaf import Fact, LogLeaf, decode
from joulemark.log.merkle import leaf_hash
from joulemark.log.notes import VerifierKey, cosign, sign, verifier_key
from joulemark.log.tiles import Tile, encode_entries, entry_bundles, grow, inclusion_proof, tree_root
from joulemark.record import keys, messages
from joulemark.record.codec import encode
from joulemark.record.errors import RecordError
from joulemark.record.messages import LogProof

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class FakeLog:
    """Entries, and what is shown beside them; `publish` writes the files that the entries make.

    `rows` replaces what is shown of an entry (None: its row is gone); `asked` are the paths of all requests, and
    `cosigned` the notes that witnesses have handed over. A path
    that begins with one in `too_often` is answered with 429 and the next of its pauses, in seconds, until none is left.
    """

    origin: str = "http://127.0.0.1:8000"
    platform_key: Ed25519PrivateKey = field(default_factory=keys.generate)
    key: Ed25519PrivateKey = field(default_factory=keys.generate)
    entries: list[bytes] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    rows: dict[int, dict[str, object] | None] = field(default_factory=dict)
    bundles: dict[str, bytes] = field(default_factory=dict)
    states: dict[str, messages.ResultState] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    witnesses: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    shows_log_key: bool = True
    asked: list[str] = field(default_factory=list)
    cosigned: list[str] = field(default_factory=list)
    too_often: dict[str, list[int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return log_name(self.origin)

    @property
    def log_key(self) -> VerifierKey:
        return verifier_key(self.key, name=self.name)

    @property
    def public(self) -> messages.PlatformKey:
        public = keys.public_hex(self.platform_key)
        shown = {"log_key": self.log_key.encode()} if self.shows_log_key else {}
        return messages.PlatformKey(
            origin=self.origin, key_id=keys.key_id(public), public_key=public, **shown
        )

    def override(self, step: str, otherwise: Callable[..., Any]) -> None:
        """Have a step of it done otherwise: `answer`, `publish`."""
        setattr(self, step, otherwise)

    def add(self, kind: str, subject: str, **facts: Fact) -> int:
        """Add an entry; its index."""
        at = START + timedelta(seconds=len(self.entries))
        self.entries.append(LogLeaf(kind=kind, subject=subject, at=at, facts=facts).encode())
        return len(self.entries) - 1

    def receive(self, what: str, state: messages.ResultState | None = "accepted") -> str:
        """A result with its entries: received and, with a state, judged. Its id."""
        bundle = f"the bundle of {what}\n".encode()
        result_id = hashlib.sha256(bundle).hexdigest()
        self.bundles[result_id] = bundle
        self.add("result-received", result_id, key="ab" * 32, ticket="")
        self.states[result_id] = "received"
        if state is not None:
            self.judge(result_id, state)
        return result_id

    def judge(self, result_id: str, state: messages.ResultState, kind: str = "verdict") -> int:
        """An entry that gives a result a state, and the platform shows it."""
        self.states[result_id] = state
        return self.add(kind, result_id, state=state, codes=["JM-TICKET-NONE"])

    def fill(self, size: int) -> None:
        """Add entries of runs that were started until there are `size`."""
        while len(self.entries) < size:
            self.add("run-started", f"{len(self.entries):064x}", ticket=f"{len(self.entries):032x}")

    def publish(self) -> None:
        """Write every file for the entries that there are, beside the older ones."""
        size = len(self.entries)
        none: dict[Tile, bytes] = {}
        self.tiles = grow(0, [leaf_hash(entry) for entry in self.entries], none.__getitem__)
        self.files |= {tile.path: data for tile, data in self.tiles.items()}
        for bundle in entry_bundles(0, size):
            first = bundle.index * 256
            self.files[bundle.path] = encode_entries(self.entries[first : first + bundle.width])
        self.files["checkpoint"] = self.note().encode()

    def note(self) -> str:
        """The signed checkpoint of what is published."""
        size = len(self.entries)
        root = tree_root(size, self.tiles.__getitem__)
        note = sign(Checkpoint(origin=self.name, size=size, root=root).text(), name=self.name, key=self.key)
        for name, key in self.witnesses.items():
            note = cosign(note, name=name, key=key, at=START)
        return note

    def proof(self, index: int) -> LogProof:
        """That entry `index` is in what is published."""
        path = inclusion_proof(index, len(self.entries), self.tiles.__getitem__)
        return LogProof(index=index, proof=tuple(path), checkpoint=self.files["checkpoint"].decode())

    def answer(self, target: str) -> tuple[int, bytes]:
        """Status and body for a GET."""
        parts = urlsplit(target)
        query = {name: int(values[0]) for name, values in parse_qs(parts.query).items()}
        self.asked.append(parts.path)
        match parts.path.strip("/").split("/"):
            case ["log", *path]:
                data = self.files.get("/".join(path))
                return (200, data) if data is not None else (404, b"Not here.")
            case ["api", "v1", "platform"]:
                return 200, encode(self.public)
            case ["api", "v1", "log", "rows"]:
                assert 0 < query["end"] - query["start"] <= 1000
                rows = [self._row(index) for index in range(query["start"], query["end"])]
                return 200, json.dumps({"rows": [row for row in rows if row]}).encode()
            case ["api", "v1", "results"]:
                return 200, self._listing(query["page"], query["page_size"])
            case ["api", "v1", "results", result_id]:
                return self._status(result_id)
            case ["api", "v1", "results", result_id, "bundle"]:
                data = self.bundles.get(result_id)
                return (200, data) if data is not None else (404, b"Not here.")
        return 404, b"Not here."

    def pause_s(self, target: str) -> int | None:
        """How long a request must wait that came too often; None when it is answered."""
        waits = next((waits for path, waits in self.too_often.items() if target.startswith(path)), [])
        return waits.pop(0) if waits else None

    def _row(self, index: int) -> dict[str, object] | None:
        try:
            leaf = decode(self.entries[index])
        except RecordError:
            return {"index": index, "kind": "verdict", "subject": "00", "facts": None}
        row = {"index": index, "kind": leaf.kind, "subject": leaf.subject, "facts": leaf.facts}
        if index not in self.rows:
            return row
        change = self.rows[index]
        return {**row, "facts": None} if change is None else {**row, **change}

    def _listing(self, page: int, size: int) -> bytes:
        ids = [one for one in self.states if one not in self.hidden]
        more = len(ids) > page * size
        shown = [
            {"result_id": one, "state": self.states[one]} for one in ids[(page - 1) * size : page * size]
        ]
        return json.dumps(
            {"count": len(ids), "next": "another page" if more else None, "previous": None, "results": shown}
        ).encode()

    def _status(self, result_id: str) -> tuple[int, bytes]:
        if result_id not in self.states:
            return 404, b"Not here."
        status = messages.ResultStatus(
            result_id=result_id,
            state=self.states[result_id],
            received_at=START,
            judged_at=None,
            rules_version=None,
            findings=(),
            url=f"{self.origin}/results/{result_id}",
        )
        return 200, encode(status)


class RunningLog:
    """`with RunningLog() as log:` serves until the block ends."""

    def __enter__(self) -> FakeLog:
        log = FakeLog()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pause_s = log.pause_s(self.path)
                status, data = log.answer(self.path) if pause_s is None else (429, b"")
                self.send_response(status)
                if pause_s is not None:
                    self.send_header("Retry-After", str(pause_s))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self) -> None:
                assert self.path == "/api/v1/log/cosignatures"
                note = self.rfile.read(int(self.headers["Content-Length"])).decode()
                log.cosigned.append(note)
                data = json.dumps(
                    {"size": len(log.entries), "witnesses": [note.splitlines()[-1].split(" ")[1]]}
                ).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *words: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        log.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return log

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
