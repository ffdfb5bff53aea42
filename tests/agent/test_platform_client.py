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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fake_platform import FakePlatform


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[PlatformClient]:
    """A client of a server with one answer to everything; its pauses are in `client.pauses`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    pauses: list[float] = []
    try:
        with PlatformClient(f"http://127.0.0.1:{server.server_address[1]}", sleep=pauses.append) as client:
            client.pauses = pauses
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
        pytest.raises(BadAnswer, match="does not answer as a Joulemark"),
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
        assert client.pauses == [0.5, 1.0, 2.0]


def test_the_platform_may_ask_for_a_longer_pause_within_reason() -> None:
    with answering(503, Retry_After="7") as client:
        with pytest.raises(ServerFailed):
            client.platform_key()
        assert client.pauses == [7.0] * 3
    with answering(503, Retry_After="86400") as client:
        with pytest.raises(ServerFailed):
            client.platform_key()
        assert client.pauses == [platform_client.LONGEST_PAUSE_S] * 3


def test_only_who_has_the_patience_waits_long_for_a_turn() -> None:
    with answering(429, Retry_After="700") as client:
        with pytest.raises(ServerFailed, match="HTTP 429"):
            client.platform_key()
        assert client.pauses == [platform_client.LONGEST_PAUSE_S] * 3


def test_nobody_there_is_tried_four_times() -> None:
    pauses: list[float] = []
    with (
        PlatformClient("http://127.0.0.1:9", sleep=pauses.append) as client,
        pytest.raises(NoConnection, match="--offline"),
    ):
        client.platform_key()
    assert pauses == [0.5, 1.0, 2.0]


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
        pytest.raises(BadAnswer, match="does not answer as"),
    ):
        client.needed(SUITE.digest)


def test_needed_work_of_another_suite_is_no_answer_of_ours() -> None:
    with (
        answering(200, needed_json()) as client,
        pytest.raises(BadAnswer, match="answers about suite cdcdcdcd"),
    ):
        client.needed("ab" * 32)
