"""The law of signed doors: no disturbance behind them makes a contributor's request fail for good, or wait.

Real processes: gunicorn with eight threads, a worker, PostgreSQL, and a Redis of this test's own that can be stopped.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from subprocess import Popen
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from redis import Redis

from joulemark.record import keys, requests
from joulemark.record.codec import encode
from joulemark_simulation import records
from joulemark_simulation.services import services
from tests.processes import Platform, platform, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(580)]

AT_ONCE = 8
"""As many as the web server has threads: each has a connection of its own to the database."""
NAME = "doors_test"
numbers = count(5000)


@dataclass
class Doors:
    """A running platform, and fresh requests for each of its doors."""

    platform: Platform
    redis: Redis
    worker: Popen[bytes]
    columns: Iterator[int] = field(default_factory=count)

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        return self.platform.post(f"/api/v1/{path}", body)

    def _key(self) -> int:
        number = next(numbers)
        status, body = self.post("enrolments", self._enrolment(number))
        assert status == 201, body
        return number

    def _enrolment(self, number: int) -> bytes:
        return encode(records.enrolment(key=records.signing_key(number), audience=self.platform.origin))

    def _ask(self, kind: type, payload_type: str, number: int, **said: Any) -> bytes:
        said = {"audience": self.platform.origin, **said}
        return encode(records.request(kind, payload_type, key=records.signing_key(number), **said))

    def _bundle(self, number: int, *, flags: tuple[str, ...] = ()) -> bytes:
        change = lambda said: replace(said, audience=self.platform.origin, flags=flags)  # noqa: E731
        of = records.trace(queries=15, salt=next(numbers))
        return records.bundle(key=records.signing_key(number), of=of, change=change).to_bytes()

    def _judged(self, number: int, **changes: Any) -> str:
        status, body = self.post("results", self._bundle(number, **changes))
        assert status == 202, body
        result_id = json.loads(self._payload(body))["result_id"]
        wait_until(
            lambda: self.state(result_id) not in ("received", "checking"),
            beside=self.worker,
            what="there is a verdict",
        )
        return str(result_id)

    @staticmethod
    def _payload(envelope: bytes) -> bytes:
        from joulemark.record.envelope import parse

        return parse(envelope).payload

    def state(self, result_id: str) -> str:
        return str(json.loads(self.platform.get(f"/api/v1/results/{result_id}")[1])["state"])

    # one fresh request of each door: its address and its bytes

    def enrol(self) -> tuple[str, bytes]:
        return "enrolments", self._enrolment(next(numbers))

    def rotate(self) -> tuple[str, bytes]:
        number, new = self._key(), next(numbers)
        enrolment = records.enrolment(key=records.signing_key(new), audience=self.platform.origin)
        return "rotations", self._ask(requests.Rotation, requests.ROTATION_TYPE, number, new_key=enrolment)

    def revoke(self) -> tuple[str, bytes]:
        number = self._key()
        self._judged(number)  # so that something is to be judged again
        key_id = keys.key_id(keys.public_hex(records.signing_key(number)))
        said = {"key_id": key_id, "reason": "lost", "since": datetime(2021, 1, 1, tzinfo=UTC)}
        return "revocations", self._ask(requests.Revocation, requests.REVOCATION_TYPE, number, **said)

    def ticket(self) -> tuple[str, bytes]:
        key = records.signing_key(self._key())
        return "tickets", encode(records.ticket_request(key=key, audience=self.platform.origin))

    def result(self) -> tuple[str, bytes]:
        return "results", self._bundle(self._key())

    def batch(self) -> tuple[str, bytes]:
        number = self._key()
        return "results/batch", self._bundle(number) + self._bundle(number)

    def withdraw(self) -> tuple[str, bytes]:
        number = self._key()
        said = {"result_id": self._judged(number), "reason": "other"}
        return "withdrawals", self._ask(requests.Withdrawal, requests.WITHDRAWAL_TYPE, number, **said)

    def appeal(self) -> tuple[str, bytes]:
        number = self._key()
        said = {"result_id": self._judged(number, flags=("foreign-process",)), "words": "Look again."}
        return "appeals", self._ask(requests.Appeal, requests.APPEAL_TYPE, number, **said)

    def is_accepted(self, result_id: str) -> bool:
        return self.state(result_id) == "accepted"

    # what happens behind them

    @contextmanager
    def connections_closed(self) -> Iterator[None]:
        """The database ends every connection, as a restart or a fail-over does."""
        with psycopg.connect(self.platform.database_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        yield

    @contextmanager
    def redis_silent(self) -> Iterator[None]:
        """Redis takes what it is sent and answers nothing."""
        pid = int(self.redis.info("server")["process_id"])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def columns_added(self) -> Iterator[None]:
        """A migration adds a column to every table, as an additive one does under running servers."""
        name = f"added_{next(self.columns)}"
        with psycopg.connect(self.platform.database_url, autocommit=True) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            assert len(tables) > 25
            for (table,) in tables:
                connection.execute(f'ALTER TABLE "{table}" ADD COLUMN {name} integer')
        yield


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """The platform with its own Redis, where nobody is limited."""
    folder = tmp_path_factory.mktemp("doors")
    rates = ",".join(f"{scope}=1000000/h" for scope in ("prefix", "enrolment", "ticket", "result", "request"))
    with services(postgres=False) as own:
        assert own.redis_url is not None
        assert own.broker_url is not None
        with (
            platform(
                name=NAME,
                folder=folder,
                database_url=os.environ["DATABASE_URL"],
                redis_url=own.redis_url,
                CELERY_BROKER_URL=own.broker_url,
                JOULEMARK_RATES=rates,
            ) as running,
            pytest.MonkeyPatch.context() as patched,
            Redis.from_url(own.redis_url) as redis,
        ):
            patched.setattr(records, "ORIGIN", running.origin)
            running.start_web()
            yield Doors(platform=running, redis=redis, worker=running.start_worker())


def all_at_once(send: Callable[[], tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """(status, body) of the same request from as many clients as there are threads.

    What is disturbed stays so until all have their answer: who waited for it would get none.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: send(), range(AT_ONCE)))


DOORS = [
    Doors.enrol,
    Doors.rotate,
    Doors.revoke,
    Doors.ticket,
    Doors.result,
    Doors.batch,
    Doors.withdraw,
    Doors.appeal,
]
DISTURBANCES = [Doors.connections_closed, Doors.redis_silent, Doors.columns_added]


@pytest.mark.laws
@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=lambda disturbance: disturbance.__name__)
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_door_fails_or_waits_for_what_is_disturbed_behind_it(
    doors: Doors,
    door: Callable[[Doors], tuple[str, bytes]],
    disturbance: Callable[[Doors], AbstractContextManager[None]],
) -> None:
    path, known = door(doors)
    for _ in range(6):  # each thread's connection has prepared its statements by then
        all_at_once(lambda: doors.post(path, known))
    _, fresh = door(doors)
    with disturbance(doors):
        answers = [answer for _ in range(2) for answer in all_at_once(lambda: doors.post(path, fresh))]
    statuses = [status for status, _ in answers]
    assert set(statuses) <= {200, 201, 202, 503}, [body for status, body in answers if status >= 400]
    assert statuses[-1] != 503, "it is over with the first answer"
    for status, body in answers:
        if status == 503:
            assert json.loads(body)["code"] == "JM-DATABASE-AWAY"
    settled, body = doors.post(path, fresh)
    assert settled in (200, 201, 202), body


def is_same_for_all(doors: Doors, path: str) -> bool:
    """Whether readers who ask at once get the same bytes."""
    return len({body for _, body in all_at_once(partial(doors.platform.get, path))}) == 1


PAGES = ["/", "/results/", "/api/v1/boards/", "/api/v1/results/", "/about/"]


@pytest.mark.laws
@pytest.mark.parametrize("disturbance", DISTURBANCES, ids=lambda disturbance: disturbance.__name__)
def test_no_page_fails_or_waits_for_what_is_disturbed_behind_it(
    doors: Doors, disturbance: Callable[[Doors], AbstractContextManager[None]]
) -> None:
    """Kept pages are sent, and those that must be computed anew are: contributors have changed."""
    for path in PAGES:
        for _ in range(6):  # each thread's connection has prepared its statements by then
            assert {status for status, _ in all_at_once(partial(doors.platform.get, path))} == {200}
    with disturbance(doors):
        for path in PAGES:
            doors._key()
            answers = [answer for _ in range(2) for answer in all_at_once(partial(doors.platform.get, path))]
            statuses = [status for status, _ in answers]
            assert set(statuses) <= {200, 503}, path
            assert statuses[-1] == 200, path
            for body in {body for status, body in answers if status == 200}:
                assert body.rstrip().endswith((b"</html>", b"}")), "an answer is whole"
            # a sweep may just have derived what this page shows: then it has two states, and soon one
            wait_until(
                partial(is_same_for_all, doors, path),
                beside=doors.platform.running[0],
                what=f"all readers get the same {path}",
            )


def test_a_worker_goes_on_after_each_of_them(doors: Doors) -> None:
    for disturbance in DISTURBANCES:
        number = doors._key()
        with disturbance(doors):
            status, body = doors.post("results", doors._bundle(number))
            assert status == 202, body
        result_id = json.loads(doors._payload(body))["result_id"]
        nudge = "from measurements.review.tasks import judge; judge.delay(['{}'])"
        doors.platform.manage("shell", "--command", nudge.format(result_id))  # as the sweep would
        wait_until(
            partial(doors.is_accepted, result_id),
            beside=doors.worker,
            what=f"it is judged after {disturbance.__name__}",
        )
