"""A small platform: a real HTTP server on 127.0.0.1 that verifies and signs through `joulemark.record`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from joulemark.log.leaf import decode as decode_leaf
from joulemark.log.merkle import leaf_hash
from joulemark.record import bundle as bundles
from joulemark.record import envelope as envelopes
from joulemark.record import keys, messages
from joulemark.record.codec import Record, decode, encode
from joulemark.record.errors import RecordError
from tests.agent.fake_log import FakeLog

SEED = 42


@dataclass
class FakePlatform:
    """What it was asked, what it keeps, and how it is to misbehave."""

    origin: str = ""
    key: Ed25519PrivateKey = field(default_factory=keys.generate)
    asked: Counter[str] = field(default_factory=Counter)
    results: dict[str, bytes] = field(default_factory=dict)
    tickets: list[messages.TicketRequest] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    states: dict[str, messages.ResultState] = field(default_factory=dict)
    standings: dict[str, dict[str, Any]] = field(default_factory=dict)
    verdict: messages.ResultState = "accepted"
    findings: tuple[messages.StandingFinding, ...] = ()
    unjudged_looks: int = 0
    needed: dict[str, messages.Needed] = field(default_factory=dict)
    clock_ahead_s: float = 0.0
    receipt_key: Ed25519PrivateKey | None = None
    receipt_for: str | None = None
    log: FakeLog = field(default_factory=FakeLog)
    sequenced: bool = True
    proof_of: int | None = None
    entry_of: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    """What is answered as it is, by path below the API."""

    @property
    def public(self) -> messages.PlatformKey:
        self.log.origin, self.log.platform_key = self.origin, self.key
        return self.log.public

    def override(self, step: str, otherwise: Callable[..., Any]) -> None:
        """Have a step answered otherwise: `answer`, `receive`, `ticket`, `standing`."""
        setattr(self, step, otherwise)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Record | bytes]:
        what = "standing" if path.endswith("/standing") else path.split("/", 1)[0]
        self.asked[f"{method} {what}"] += 1
        if self.failures:
            status = self.failures.pop(0)
            if status:
                return status, _problem(status, "JM-BROKEN", "Something broke here.")
        if path in self.refuse:
            return 422, _problem(422, self.refuse[path], "The platform does not want this.")
        return self.answer_itself(method, path, body)

    def answer_itself(self, method: str, path: str, body: bytes) -> tuple[int, Record | bytes]:
        match method, path.split("/"):
            case "GET", _ if path in self.files:
                return 200, self.files[path]
            case "GET", ["platform"]:
                return 200, self.public
            case "GET", ["needed", question]:
                return self.what_is_needed(question.removeprefix("?suite="))
            case "GET", ["results", asked, *part]:
                return self.results_asked(asked, part)
            case "POST", ["enrolments"]:
                return self.enrol(body)
            case "POST", ["tickets"]:
                return self.ticket(body)
            case "POST", ["results"]:
                return self.receive(body)
            case "POST", ["results", "receipted"]:
                return self.receive_again(body)
        return 404, _problem(404, "JM-NOT-FOUND", "There is nothing here.")

    def results_asked(self, asked: str, part: list[str]) -> tuple[int, Record]:
        if asked.startswith("?"):
            return self.listed(asked)
        if part == ["standing"]:
            return self.standing(asked)
        return self.proof(asked) if part == ["proof"] else self.status(asked)

    def enrol(self, body: bytes) -> tuple[int, Record]:
        envelope = envelopes.parse(body)
        message = decode(envelope.payload, messages.Enrolment, what="enrolment")
        envelopes.verify(envelope, public_key=message.public_key, payload_type=messages.ENROLMENT_TYPE)
        assert message.audience == self.origin
        self.names.append(message.display_name)
        key_id = keys.key_id(message.public_key)
        return 201, messages.Enrolled(contributor=f"c-{key_id[:8]}", key_id=key_id, platform=self.public)

    def ticket(self, body: bytes) -> tuple[int, Record]:
        request = decode(envelopes.parse(body).payload, messages.TicketRequest, what="ticket request")
        assert request.audience == self.origin
        self.tickets.append(request)
        now = datetime.now(UTC)
        name = f"{len(self.tickets):032x}"
        return 201, messages.Ticket(
            id=name, nonce=name, sample_seed=SEED, issued_at=now, expires_at=now + timedelta(days=1)
        )

    def receive(self, body: bytes) -> tuple[int, Record]:
        try:
            sent = bundles.parse(body)
            bundles.verified_statement(sent)
        except RecordError as error:
            return 422, _problem(422, error.code, str(error))
        known = sent.digest() in self.results
        self.results.setdefault(sent.digest(), body)
        entry = self.log.entries[self._logged(self.entry_of or sent.digest())]
        receipt = messages.Receipt(
            public_key=keys.public_hex(self.receipt_key or self.key),
            audience=self.origin,
            result_id=self.receipt_for or sent.digest(),
            leaf_index=None,
            leaf_hash=leaf_hash(entry).hex(),
            received_at=datetime.now(UTC),
            leaf=entry,
        )
        key = self.receipt_key or self.key
        return 200 if known else 202, envelopes.seal(
            encode(receipt), payload_type=messages.RECEIPT_TYPE, key=key
        )

    def receive_again(self, body: bytes) -> tuple[int, Record]:
        """A bundle with the receipt that was given for it: the same receipt is given again."""
        bundle = bundles.parse(body)
        assert bundle.receipt is not None
        envelopes.verify(
            bundle.receipt, public_key=keys.public_hex(self.key), payload_type=messages.RECEIPT_TYPE
        )
        known = bundle.digest() in self.results
        self.results.setdefault(bundle.digest(), bundle.as_sent())
        return 200 if known else 202, bundle.receipt

    def _logged(self, result_id: str) -> int:
        """The index of the entry that says that a result was received; added where there is none."""
        for index, entry in enumerate(self.log.entries):
            if decode_leaf(entry).subject == result_id:
                return index
        return self.log.add("result-received", result_id)

    def proof(self, result_id: str) -> tuple[int, Record]:
        if not self.sequenced:
            return 404, _problem(404, "JM-NOT-SEQUENCED", "It has no place yet.")
        index = self._logged(result_id)
        self.log.publish()
        return 200, self.log.proof(index if self.proof_of is None else self.proof_of)

    def what_is_needed(self, digest: str) -> tuple[int, Record]:
        if digest not in self.needed:
            return 404, _problem(
                404, "JM-HTTP-404", f"This platform has no suite with the digest {digest[:12]}."
            )
        return 200, self.needed[digest]

    def state_of(self, result_id: str) -> messages.ResultState:
        return self.states.get(result_id, self.verdict)

    def standing(self, result_id: str) -> tuple[int, Record]:
        """Where a result stands; the first `unjudged_looks` looks find no verdict."""
        if result_id not in self.results:
            return 404, _problem(404, "JM-HTTP-404", "This platform has no such result.")
        state = self.state_of(result_id)
        if self.unjudged_looks > 0:
            self.unjudged_looks -= 1
            state = "received"
        value = messages.StandingValue(energy_wh_per_1000=2.31, expanded_u=None, grade="estimated")
        cell = messages.StandingCell(
            energy_wh_per_1000=2.31,
            interval="",
            label="single source",
            tier="single source",
            n_contributors=1,
            n_own_results=1,
            is_current=True,
            page_url=f"{self.origin}/boards/cell/",
        )
        counts = state == "accepted"
        answer = messages.ResultStanding(
            result_id=result_id,
            state=state,
            findings=self.findings if state in {"quarantined", "rejected"} else (),
            short_url=f"{self.origin}/r/{result_id[:16]}",
            page_url=f"{self.origin}/results/{result_id}/",
            value=value if state in {"accepted", "quarantined"} else None,
            cell=cell if counts else None,
            others=None,
            comparison="alone" if counts else None,
        )
        return 200, replace(answer, **self.standings.get(result_id, {}))

    def listed(self, question: str) -> tuple[int, Record]:
        """The list of results, two a page, latest first."""
        asked = dict(part.split("=") for part in question.removeprefix("?").split("&"))
        page, ids = int(asked["page"]), list(reversed(self.results))
        codes = tuple(finding.code for finding in self.findings)
        rows = tuple(
            messages.ListedResult(
                page_url=f"{self.origin}/results/{one}/",
                short_url=f"{self.origin}/r/{one[:16]}",
                result_id=one,
                state=self.state_of(one),
                codes=codes if self.state_of(one) in {"quarantined", "rejected"} else (),
            )
            for one in ids[2 * page - 2 : 2 * page]
        )
        more = f"{self.origin}/api/v1/results/?page={page + 1}" if ids[2 * page :] else None
        return 200, messages.ListedResults(next=more, results=rows)

    def status(self, result_id: str) -> tuple[int, Record]:
        if result_id not in self.results:
            return 404, _problem(404, "JM-UNKNOWN-RESULT", "No such result was received.")
        state = self.states.get(result_id, "received")
        found = (("JM-POWER-LOW", "reject", "The power is below idle."),) if state == "rejected" else ()
        return 200, messages.ResultStatus(
            result_id=result_id,
            state=state,
            received_at=datetime.now(UTC),
            judged_at=None,
            rules_version=None,
            findings=found,
            url=f"{self.origin}/results/{result_id}",
        )


def _problem(status: int, code: str, sentence: str) -> messages.Problem:
    return messages.Problem(type="about:blank", title="Refused", status=status, detail=sentence, code=code)


class RunningPlatform:
    """`with RunningPlatform() as platform:` serves until the block ends."""

    def __enter__(self) -> FakePlatform:
        platform = FakePlatform()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply("GET", b"")

            def do_POST(self) -> None:
                self._reply("POST", self.rfile.read(int(self.headers["Content-Length"])))

            def _reply(self, method: str, body: bytes) -> None:
                status, record = platform.answer(method, self.path.removeprefix("/api/v1/"), body)
                data = record if isinstance(record, bytes) else encode(record)
                self.send_response(status)
                kind = "application/problem+json" if status >= 400 else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def date_time_string(self, _timestamp: float | None = None) -> str:
                now = datetime.now(UTC) + timedelta(seconds=platform.clock_ahead_s)
                return format_datetime(now, usegmt=True)

            def log_message(self, *words: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        platform.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return platform

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def needed_job(key: str, contributors: int = 0) -> messages.NeededJob:
    """A job that so many contributors have measured."""
    task, dataset, model = key.split("/")
    return messages.NeededJob(
        task=task,
        dataset=dataset,
        model=model,
        accepted=contributors,
        contributors=contributors,
        devices=contributors,
        open_tickets=0,
        label=None,
        relative_range=None,
    )
