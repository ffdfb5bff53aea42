"""The border to the platform: every strange answer becomes one of our errors."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from joulemark import platform_client
from joulemark.errors import BadAnswer, NoConnection, Refused, ServerFailed
from joulemark.platform_client import PlatformClient
from joulemark.record.messages import Needed, NeededJob, NeededSuite
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agent.fake_platform import FakePlatform


class HastyClient(PlatformClient):
    """Writes its pauses down instead of waiting."""

    def __init__(self, origin: str) -> None:
        self.pauses: list[float] = []
        super().__init__(origin, waiting=Waiting(origin, pause=self.pauses.append, seed=1))


@contextmanager
def answering(
    status: int, body: bytes = b"", *, only_these: bool = False, **headers: str
) -> Iterator[HastyClient]:
    """A client of a server with one answer to everything; its pauses are in `client.pauses`.

    `only_these`: no headers but those that are named.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (self.send_response_only if only_these else self.send_response)(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        origin = f"http://127.0.0.1:{server.server_address[1]}"
        with HastyClient(origin) as client:
            yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_html_is_no_answer_of_ours() -> None:
    with (
        answering(200, b"<html>") as client,
        pytest.raises(BadAnswer, match="does not answer like a Joulemark"),
    ):
        client.platform_key()


def test_a_redirect_is_told_and_not_followed() -> None:
    with (
        answering(301, Location="https://new.example") as client,
        pytest.raises(BadAnswer, match=r"redirects to https://new\.example"),
    ):
        client.platform_key()


def test_an_endless_answer_is_cut_off() -> None:
    body = b" " * (platform_client.LARGEST_ANSWER_BYTES + 1)
    with answering(200, body) as client, pytest.raises(BadAnswer, match="more than 1048576 bytes"):
        client.platform_key()


def test_a_refusal_without_a_problem_document_keeps_its_status() -> None:
    with answering(413, b"too big") as client, pytest.raises(Refused) as refused:
        client.platform_key()
    assert (refused.value.code, refused.value.status) == ("HTTP-413", 413)


def test_pauses_grow_and_end() -> None:
    with answering(500) as client:
        with pytest.raises(ServerFailed, match="HTTP 500"):
            client.platform_key()
        for pause_s, envelope_s in zip(client.pauses, (0.5, 1.0, 2.0), strict=True):
            assert envelope_s / 2 <= pause_s <= envelope_s


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_what_says_nothing_of_the_request_is_asked_again(status: int) -> None:
    with answering(status) as client:
        with pytest.raises(ServerFailed, match=f"HTTP {status}"):
            client.platform_key()
        assert len(client.pauses) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 411, 413, 422])
def test_a_refusal_is_not_asked_again(status: int) -> None:
    with answering(status) as client:
        with pytest.raises(Refused):
            client.platform_key()
        assert client.pauses == []


def test_the_platform_may_ask_for_a_longer_pause_within_reason() -> None:
    with answering(503, Retry_After="7") as client:
        with pytest.raises(ServerFailed):
            client.platform_key()
        assert [7 <= pause_s <= 8 for pause_s in client.pauses] == [True] * 3
    with answering(503, Retry_After="86400") as client:
        with pytest.raises(ServerFailed):
            client.platform_key()
        assert client.pauses == [], "who waits in front of a command does not wait for a day"


def test_a_date_to_come_again_is_one_of_the_platforms_own_clock() -> None:
    """The answer's Date is the platform's now, however wrong this machine's clock is."""
    dates = {"Date": "Mon, 30 Nov 2015 20:00:00 GMT", "Retry_After": "Mon, 30 Nov 2015 20:00:09 GMT"}
    with answering(503, body=b"", only_these=True, **dates) as client:
        with pytest.raises(ServerFailed):
            client.platform_key()
        assert [9 <= pause_s <= 10 for pause_s in client.pauses] == [True] * 3


def test_only_who_has_the_patience_waits_long_for_a_turn() -> None:
    with answering(429, Retry_After="700") as client:
        with pytest.raises(ServerFailed, match="HTTP 429"):
            client.platform_key()
        assert client.pauses == []
        client.waiting = Waiting(client.origin, limit_s=3600.0, pause=client.pauses.append)
        with pytest.raises(ServerFailed, match="HTTP 429"):
            client.platform_key()
        assert len(client.pauses) == 3
        assert min(client.pauses) >= 700


def test_nobody_there_is_tried_four_times() -> None:
    pauses: list[float] = []
    origin = "http://127.0.0.1:9"
    with (
        PlatformClient(origin, waiting=Waiting(origin, pause=pauses.append)) as client,
        pytest.raises(NoConnection, match="--offline"),
    ):
        client.platform_key()
    assert len(pauses) == 3


SUITE = NeededSuite(name="tiny", version="1", digest="cd" * 32)
JOB = NeededJob(
    task="sorting",
    dataset="numbers",
    model="small",
    accepted=3,
    contributors=2,
    devices=2,
    open_tickets=1,
    label="several sources",
    relative_range=0.25,
)
JOB_JSON = {"task": "sorting", "dataset": "numbers", "model": "small", "accepted": 3, "contributors": 2,
            "devices": 2, "open_tickets": 1, "label": None, "relative_range": None}  # fmt: skip


def needed_json(**changes: object) -> bytes:
    """An answer about needed work with one job, some of its fields changed."""
    suite = {"name": "tiny", "version": "1", "digest": SUITE.digest}
    return json.dumps({"suite": suite, "jobs": [{**JOB_JSON, **changes}]}).encode()


def test_needed_work_comes_in_the_platforms_order(platform: FakePlatform) -> None:
    platform.needed[SUITE.digest] = Needed(suite=SUITE, jobs=(JOB, JOB))
    with PlatformClient(platform.origin) as client:
        assert client.needed(SUITE.digest) == (JOB, JOB)
    assert JOB.key == "sorting/numbers/small"


def test_needed_work_of_a_suite_that_the_platform_lacks_is_refused(platform: FakePlatform) -> None:
    with PlatformClient(platform.origin) as client, pytest.raises(Refused, match="no suite") as refused:
        client.needed("ab" * 32)
    assert (refused.value.code, refused.value.status) == ("JM-HTTP-404", 404)


def test_a_field_that_came_later_is_no_fault_of_needed_work() -> None:
    with answering(200, needed_json(tier="A")) as client:
        (job,) = client.needed(SUITE.digest)
    assert (job.key, job.label, job.relative_range) == ("sorting/numbers/small", None, None)


@pytest.mark.parametrize(
    "changes",
    [{"contributors": -1}, {"devices": "2"}, {"model": "../x"}, {"relative_range": -0.5}, {"accepted": None}],
)
def test_needed_work_of_another_form_is_no_answer_of_ours(changes: dict[str, object]) -> None:
    with (
        answering(200, needed_json(**changes)) as client,
        pytest.raises(BadAnswer, match="does not answer like"),
    ):
        client.needed(SUITE.digest)


def test_needed_work_of_another_suite_is_no_answer_of_ours() -> None:
    with (
        answering(200, needed_json()) as client,
        pytest.raises(BadAnswer, match="answers about suite cdcdcdcd"),
    ):
        client.needed("ab" * 32)
