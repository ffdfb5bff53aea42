"""Lists as files over HTTP: the values of the API, headers, who may have one now, and files in parts."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.test import Client, RequestFactory
from pyarrow import parquet

from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, demo_catalog, make_result
from measurements.downloads.bulk import BUSY_WAIT_S, TimedStream
from measurements.intake.models import State
from measurements.streams.columns import StreamColumn
from measurements.streams.formula_guard import unguarded
from measurements.streams.row_stream import BYTE_ORDER_MARK, RowStream
from measurements.streams.slots import SLOTS
from measurements.web.file_parts import file_answer

RESULTS = "/api/v1/results"
FROM_API = (
    "result_id", "state", "contributor", "suite", "task", "dataset", "model", "hardware", "grade", "scope", "stratum",
    "queries", "energy_per_query_j", "bundle_url", "page_url", "short_url",
)  # fmt: skip


def body_of(answer: Any) -> bytes:
    """What was streamed; to have read it closes it."""
    return b"".join(answer.streaming_content)


@pytest.fixture
def results(committed: None) -> None:
    """Three results in three states, one of a name like a formula."""
    demo_catalog()
    make_result(Run(by="ada", energy_per_query_j=0.1))
    make_result(Run(by="lin", model=GENERAL, tokens=(400, 120), peak_memory_bytes=2**33))
    make_result(
        Run(
            by="grace",
            model=SPECIFIC,
            state=State.REJECTED,
            findings=(("JM-B", "reject", "B."), ("JM-A", "reject", "A."), ("JM-B", "reject", "B.")),
        )
    )


@pytest.mark.usefixtures("results")
def test_every_form_has_the_values_of_the_api(client: Client) -> None:
    answer = client.get(f"{RESULTS}/").json()
    api = {row["result_id"]: row for row in answer["results"]}
    csv_rows = list(csv.DictReader(io.StringIO(body_of(client.get(f"{RESULTS}.csv")).decode(), newline="")))
    lines = [json.loads(line) for line in body_of(client.get(f"{RESULTS}.jsonl")).splitlines()]
    file = parquet.read_table(pa.BufferReader(body_of(client.get(f"{RESULTS}.parquet"))))
    assert len(csv_rows) == len(lines) == file.num_rows == len(api) == 3
    assert file.schema.metadata[b"licence"] == b"CC-BY-4.0"
    for cells, line, row in zip(csv_rows, lines, file.to_pylist(), strict=True):
        expected = api[line["result_id"]]
        assert list(cells) == list(line) == list(row)
        for name in FROM_API:
            assert line[name] == row[name] == expected[name], name
            cell = unguarded(cells[name])
            number = isinstance(expected[name], int | float)
            assert (float(cell) if number else cell) == ("" if expected[name] is None else expected[name]), (
                name
            )
        assert line["codes"] == row["codes"] == expected["codes"]
        assert cells["codes"] == ";".join(expected["codes"])
        assert datetime.fromisoformat(line["received_at"]) == datetime.fromisoformat(expected["received_at"])
        assert (cells["simulated"], line["simulated"], row["simulated"]) == ("false", False, False)
    assert sum(line["energy_per_query_j"] is None for line in lines) == 1


@pytest.mark.usefixtures("results")
def test_every_list_has_the_same_rows_in_every_form(client: Client) -> None:
    """Lists whose columns Python converts, and those that are in no database, too."""
    for name in (
        "evidence",
        "verdicts",
        "rules",
        "contributors",
        "models",
        "log/entries",
        "cells",
        "datasets",
    ):
        pages = client.get(f"/api/v1/{name}/?limit=1000").json()["rows"]
        lines = [json.loads(line) for line in body_of(client.get(f"/api/v1/{name}.jsonl")).splitlines()]
        assert [without_moments(line) for line in lines] == [without_moments(row) for row in pages], name
        file = parquet.read_table(pa.BufferReader(body_of(client.get(f"/api/v1/{name}.parquet"))))
        cells = list(csv.reader(io.StringIO(body_of(client.get(f"/api/v1/{name}.csv")).decode(), newline="")))
        assert file.num_rows == len(cells) - 1 == len(pages), name


def without_moments(row: dict[str, Any]) -> dict[str, Any]:
    """Moments as such: their text may have more or fewer digits."""
    row.pop("simulated", None)
    return {name: moment_or(value) for name, value in row.items()}


def moment_or(value: Any) -> Any:
    if isinstance(value, str) and value[4:5] == "-" and value.endswith("Z"):
        return datetime.fromisoformat(value)
    return value


@pytest.mark.usefixtures("results")
def test_filters_fields_and_what_is_refused(client: Client) -> None:
    few = body_of(client.get(f"{RESULTS}.csv?state=rejected&fields=state,codes")).decode()
    assert few == "state,codes,simulated\nrejected,JM-B;JM-A,false\n"
    nothing = body_of(client.get(f"{RESULTS}.csv?model=nobody&fields=state")).decode()
    assert nothing == "state,simulated\n"
    marked = body_of(client.get(f"{RESULTS}.csv?fields=state&bom=1"))
    assert marked.startswith(BYTE_ORDER_MARK + b"state,")
    for query in ("limit=5", "cursor=x", "colour=red", "bom=2", "fields=nothing", "state=odd"):
        refused = client.get(f"{RESULTS}.csv?{query}")
        assert (refused.status_code, refused["Content-Type"]) == (400, "application/problem+json"), query
    assert client.get(f"{RESULTS}.jsonl?bom=1").status_code == 400
    assert SLOTS.n_taken == 0


@pytest.mark.usefixtures("results")
def test_headers_say_what_it_is_and_of_when(client: Client) -> None:
    answer = client.get(f"{RESULTS}.csv", headers={"accept-encoding": "gzip"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer["Content-Encoding"] == "gzip"
    assert 'filename="joulemark-results-' in answer["Content-Disposition"]
    assert "Accept-Encoding" in answer["Vary"]
    assert answer["Cache-Control"] == "no-cache"
    assert datetime.fromisoformat(answer["Joulemark-As-Of"]).tzinfo is not None
    assert 'rel="license"' in answer["Link"]
    assert gzip.decompress(body_of(answer)) == body_of(client.get(f"{RESULTS}.csv"))
    again = client.get(f"{RESULTS}.csv", headers={"accept-encoding": "gzip", "if-none-match": answer["ETag"]})
    assert again.status_code == 304
    other = client.get(f"{RESULTS}.csv", headers={"if-none-match": answer["ETag"]})
    assert (other.status_code, bool(body_of(other))) == (200, True)
    head = client.head(f"{RESULTS}.csv")
    assert (head.status_code, head["Content-Type"]) == (200, answer["Content-Type"])
    assert client.get(f"{RESULTS}.csv", headers={"accept-encoding": "identity;q=0"}).status_code == 406
    make_result(Run(by="ada", energy_per_query_j=0.2))
    changed = client.get(
        f"{RESULTS}.csv", headers={"accept-encoding": "gzip", "if-none-match": answer["ETag"]}
    )
    assert changed.status_code == 200
    changed.close()


@pytest.mark.usefixtures("results")
def test_so_many_at_once_and_one_to_a_network(settings: Any) -> None:
    settings.STREAMS = 2
    client = Client()  # which does not read on
    here: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.5"}
    there: dict[str, Any] = {"REMOTE_ADDR": "198.51.100.7"}
    first = client.get(f"{RESULTS}.csv", **here)
    own = client.get(f"{RESULTS}.csv", **here)
    second = client.get(f"{RESULTS}.csv", **there)
    full = client.get(f"{RESULTS}.csv", REMOTE_ADDR="192.0.2.9")
    assert (own.status_code, own.json()["code"]) == (429, "JM-STREAM-OWN")
    assert (full.status_code, full.json()["code"]) == (503, "JM-STREAM-BUSY")
    assert own["Retry-After"] == full["Retry-After"] == str(BUSY_WAIT_S)
    first.close()
    second.close()
    assert SLOTS.n_taken == 0
    assert body_of(client.get(f"{RESULTS}.csv", **here))


def test_who_has_the_last_piece_may_ask_for_the_next_list() -> None:
    """The server sends the end of the chunks later, and closes the answer later still."""
    given_back: list[bool] = []
    rows = RowStream([(1,), (2,)], [StreamColumn(name="a", kind="int64", source="a")], "csv")
    pieces = TimedStream(rows, 60, lambda: given_back.append(True))
    assert b"".join(pieces) == b"a\n1\n2\n"
    assert given_back == [True]


@pytest.mark.django_db
def test_a_file_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(bytes(range(100)))

    def ask(**headers: str) -> Any:
        request = RequestFactory().get(
            "/a", headers={name.replace("_", "-"): v for name, v in headers.items()}
        )
        return file_answer(
            request,
            lambda: file.open("rb"),
            size=100,
            etag='"t"',
            content_type="text/plain",
            name="a.parquet",
        )

    whole = ask()
    assert (whole.status_code, whole["Content-Length"], body_of(whole)) == (200, "100", file.read_bytes())
    rest = ask(range="bytes=40-", if_range='"t"')
    assert (rest.status_code, rest["Content-Range"], rest["Content-Length"]) == (206, "bytes 40-99/100", "60")
    assert body_of(rest) == bytes(range(40, 100))
    part = ask(range="bytes=10-19")
    assert (part["Content-Length"], body_of(part)) == ("10", bytes(range(10, 20)))
    assert ask(range="bytes=40-", if_range='"old"').status_code == 200
    beyond = ask(range="bytes=100-")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, "bytes */100")
    assert ask(if_none_match='"t"').status_code == 304
