"""Lines name the request that they come from, from the door to the verdict, and have no secret."""

from __future__ import annotations

import json
import logging
import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from joulemark_simulation import records
from joulemark_simulation.records import bundle
from joulemark_site.celery import stamp_message
from joulemark_site.log_lines import HIDDEN, JsonLines, Redaction, TextLines
from measurements.concurrency.message_headers import (
    REQUEST_IDS,
    SENT_AT,
    current_request_id,
    current_request_ids,
    working_for,
)
from measurements.intake import batches
from measurements.intake.models import Submission
from tests.client_response import Post

pytestmark = pytest.mark.django_db
Settings = Any
MADE = re.compile(r"[0-9a-f]{32}")
OURS = "f" * 32


def lines(caplog: pytest.LogCaptureFixture, logger: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == logger]


@pytest.fixture(autouse=True)
def everything_is_read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def test_a_request_has_one_line_with_the_pattern_of_its_address(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.get(f"/api/v1/results/{'a' * 64}?token=s3cret-in-the-question", REMOTE_ADDR="203.0.113.77")
    (line,) = lines(caplog, "joulemark_site.request_log")
    fields = vars(line)
    assert (fields["method"], fields["status"]) == ("GET", 404)
    assert fields["route"] == "/api/v1/results/<result_id:result_id>"
    assert fields["ms"] > 0
    assert fields["bytes"] > 0
    assert "aaaa" not in caplog.text.replace("a" * 12, "")
    assert "s3cret" not in caplog.text
    assert "203.0.113" not in caplog.text


def test_an_address_that_is_none_of_ours_is_in_no_line(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/s3cret-path/", REMOTE_ADDR="203.0.113.77")
    (line,) = lines(caplog, "joulemark_site.request_log")
    assert vars(line)["route"] == "-"
    assert "s3cret" not in line.getMessage()


def test_probes_write_no_line_at_the_usual_level(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/livez")
    assert [line.levelno for line in lines(caplog, "joulemark_site.request_log")] == [logging.DEBUG]


@pytest.mark.parametrize(
    ("proxies", "given", "expected"),
    [
        (1, "0123456789abcdef", "0123456789abcdef"),
        (1, "4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"),
        (0, "0123456789abcdef", None),
        (1, "short", None),
        (1, "x" * 65, None),
        (1, "with space and slash/", None),
        (1, "", None),
    ],
)
def test_only_our_own_proxy_names_a_request(
    client: Client, settings: Settings, proxies: int, given: str, expected: str | None
) -> None:
    settings.PROXIES = proxies
    answer = client.post(
        "/api/v1/results", data=b"", content_type="application/json", headers={"X-Request-ID": given}
    )
    if expected is not None:
        assert answer["X-Request-ID"] == expected
    else:
        assert MADE.fullmatch(answer["X-Request-ID"])
        assert answer["X-Request-ID"] != given


def test_an_answer_that_is_the_same_for_everybody_names_no_request(client: Client) -> None:
    assert "X-Request-ID" not in client.get("/about/")


def test_the_id_goes_from_the_door_to_the_upload_and_to_the_verdicts_line(
    enrolled: Post, client: Client, settings: Settings, caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    settings.PROXIES = 1
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            "/api/v1/results", data=bundle().to_bytes(), content_type="application/octet-stream",
            headers={"X-Request-ID": OURS},
        )  # fmt: skip
    assert (answer.status_code, answer["X-Request-ID"]) == (202, OURS)
    row = Submission.objects.get()
    assert row.request_id == OURS
    (accepted,) = lines(caplog, "measurements.intake.services")
    assert vars(accepted)["request_ids"] == [OURS]
    assert vars(accepted)["result_id"] == row.pk
    assert vars(accepted)["bytes"] == len(row.bundle)
    (verdict,) = lines(caplog, "measurements.review.services")
    fields = vars(verdict)
    assert (fields["request_ids"], fields["result_id"]) == ([OURS], row.pk)
    assert (fields["state"], fields["codes"]) == ("accepted", ["JM-TICKET-NONE"])
    assert fields["seconds_since_upload"] >= 0


def test_bundles_that_several_requests_bring_at_once_have_each_its_own(enrolled: Post) -> None:
    sent = [bundle(of=records.trace(queries=4, salt=salt)).to_bytes() for salt in (1, 2)]
    batches._together([(sent[0], "1" * 32), (sent[1], "2" * 32)])
    assert sorted(Submission.objects.values_list("request_id", flat=True)) == ["1" * 32, "2" * 32]


def test_what_a_batch_brings_has_the_id_of_its_request(enrolled: Post) -> None:
    sent = [bundle(of=records.trace(queries=4, salt=salt)).to_bytes() for salt in (1, 2)]
    answer = enrolled("results/batch", b"".join(sent))
    assert answer.status_code == 200
    assert set(Submission.objects.values_list("request_id", flat=True)) == {answer["X-Request-ID"]}


def test_a_message_says_when_it_was_sent_and_for_whom() -> None:
    headers: dict[str, Any] = {}
    with working_for([OURS, "", OURS]):
        assert (current_request_id(), current_request_ids()) == (OURS, (OURS,))
        stamp_message(headers=headers)
    assert headers[REQUEST_IDS] == [OURS]
    assert headers[SENT_AT] > 1.7e9
    assert current_request_ids() == ()
    named: dict[str, Any] = {REQUEST_IDS: ["1" * 32, "2" * 32]}
    with working_for([OURS]):
        stamp_message(headers=named)
    assert named[REQUEST_IDS] == ["1" * 32, "2" * 32]
    alone: dict[str, Any] = {}
    stamp_message(headers=alone)
    assert REQUEST_IDS not in alone


def test_threads_work_for_their_own_requests() -> None:
    seen: dict[str, tuple[str, ...]] = {}

    def work(name: str) -> None:
        seen[name] = current_request_ids()

    with working_for([OURS]):
        thread = threading.Thread(target=work, args=("thread",))
        thread.start()
        thread.join()
        work("here")
    assert seen == {"thread": (), "here": (OURS,)}


def record(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("joulemark.test", logging.ERROR, "file.py", 1, message, arguments, None)
    vars(made).update(fields)
    return made


def test_a_line_of_json_is_one_line_and_has_every_field() -> None:
    with working_for([OURS]):
        text = JsonLines().format(record("two\nlines %s", "é", status=200, codes=["JM-RATE"], other={1, 2}))
    assert "\n" not in text
    fields = json.loads(text)
    assert fields["message"] == "two\nlines é"
    assert (fields["level"], fields["logger"], fields["status"]) == ("ERROR", "joulemark.test", 200)
    assert (fields["request_ids"], fields["codes"], fields["other"]) == ([OURS], ["JM-RATE"], "{1, 2}")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", fields["time"])


def test_a_line_of_text_names_its_request() -> None:
    with working_for([OURS]):
        assert TextLines().format(record("hello")).endswith(f"ERROR joulemark.test: hello [{OURS}]")
    assert TextLines().format(record("hello")).endswith("ERROR joulemark.test: hello")


PLANTED = 'p@ss/word "with" all + of it'
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIE\n-----END PRIVATE KEY-----"


def int_of(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize("kind", [TextLines, JsonLines])
def test_a_secret_is_in_no_line_however_it_is_written(kind: Any) -> None:
    formatter = kind([PLANTED, ""])
    made = record(
        "%s and %r; %s",
        PLANTED,
        PLANTED,
        "p%40ss%2Fword%20%22with%22%20all%20%2B%20of%20it",
        extra_field=PLANTED,
    )
    with pytest.raises(ValueError, match="p@ss") as raised:
        int_of(PLANTED)
    made.exc_info = (raised.type, raised.value, raised.tb)
    text = formatter.format(made)
    for form in ("p@ss", "p%40ss"):
        assert form not in text
    assert text.count(HIDDEN) >= 4
    assert "Traceback" in text
    if kind is JsonLines:
        assert json.loads(text)["extra_field"] == HIDDEN


def test_keys_and_passwords_in_addresses_are_hidden_without_being_known() -> None:
    clean = Redaction([]).clean
    assert PEM.splitlines()[1] not in clean(f"the key is\n{PEM}\nand no more")
    assert clean("postgresql://joe:hunter2@db/x failed") == f"postgresql://joe:{HIDDEN}@db/x failed"
    assert clean("redis://:hunter2@queue:6379/0") == f"redis://:{HIDDEN}@queue:6379/0"
    assert clean("https://joulemark.example/a?b=c@d") == "https://joulemark.example/a?b=c@d"


def test_the_column_is_there_for_rows_from_before() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_default, is_nullable FROM information_schema.columns"
            " WHERE table_name = 'intake_submission' AND column_name = 'request_id'"
        )
        assert cursor.fetchone() == ("''::character varying", "NO")
