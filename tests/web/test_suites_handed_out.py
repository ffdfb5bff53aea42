"""A platform pins a suite, writes it to its log and hands it out: the same commits are one digest, for ever."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from msgspec.structs import replace

from joulemark.log.leaf import decode
from joulemark.patience import Pauses
from joulemark.record.codec import decode as decode_record
from joulemark.record.codec import encode
from joulemark.record.messages import Ticket
from joulemark.record.statement import SuiteRef
from joulemark.record.suite_offers import SuiteOffers
from joulemark.suite import Suite, load_suite, read_archive
from joulemark.suite.archive import decode_archive, encode_archive
from joulemark.suite.loader import digest_of, files_of, folder_of
from joulemark_simulation import records
from measurements.catalog import suites
from measurements.catalog.models import Suite as SuiteRow
from measurements.intake.suite_services import NotHandedOut, hand_out_suite
from measurements.ledger import sequencer
from measurements.ledger.models import Leaf, LeafKind
from measurements.review.audit import faults
from measurements.review.services import judge_waiting
from tests.both_databases import undone
from tests.fake_hub import RunningHub, commit_of
from tests.pinned import VERSE_IS_GONE, pinned_files, pinned_folder
from tests.small_suite import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.test import Client
    from pytest_django import Settings

    from tests.client_response import Post
    from tests.fake_hub import FakeHub

pytestmark = pytest.mark.django_db

TINY = encode_archive(pinned_files())
NEXT = encode_archive(pinned_files(version="1.20260202", commit="b" * 40))


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub with what the small suite names."""
    with RunningHub() as running:
        fill(running)
        yield running


def fill(hub: FakeHub) -> None:
    hub.model("someone/writer", large={"model.safetensors": 42}, small=("README.md", "config.json"))
    hub.dataset("someone/prose", large={"en/train-00000-of-00001.parquet": 9})


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with the small suite, as its author writes it."""
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "suite.toml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path / "small"


def pin(*words: str) -> str:
    """What the command says."""
    said = io.StringIO()
    call_command("pin_suite", *words, stdout=said, stderr=io.StringIO())
    return said.getvalue()


def listed(client: Client) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/suites/")
    assert answer.status_code == 200
    return answer.json()["suites"]


def pinned_leaves() -> list[Leaf]:
    return list(Leaf.objects.filter(kind=LeafKind.SUITE_PINNED))


def test_a_pinned_suite_is_listed_served_and_in_the_log(client: Client, hub: FakeHub, small: Path) -> None:
    said = pin(str(small), "--hub", hub.origin)
    (row,) = listed(client)
    assert f"digest {row['digest']}" in said
    assert "1 of 1 jobs can run" in said
    assert "joulemark run --suite small" in said
    assert {name: row[name] for name in ("name", "title", "current", "cells", "runnable_cells")} == {
        "name": "small", "title": "Small", "current": True, "cells": 1, "runnable_cells": 1,
    }  # fmt: skip
    assert (row["weights_bytes"], row["data_bytes"]) == (42, None)
    assert "hub is not asked" in str(row["data_bytes_reason"])
    assert row["log"] == {"index": None, "url": None}
    sequencer.sequence()
    (row,) = listed(client)
    assert row["log"]["index"] == 0
    shown = client.get(row["log"]["url"].removeprefix("http://127.0.0.1:8000")).json()["rows"]
    (leaf,) = pinned_leaves()
    entry = decode(leaf.body.encode())
    assert (shown[0]["kind"], shown[0]["subject"], shown[0]["facts"]) == (
        "suite-pinned",
        row["digest"],
        entry.facts,
    )
    archive = client.get(row["archive_url"].removeprefix("http://127.0.0.1:8000"))
    suite = read_archive(archive.content, digest=row["digest"])
    assert len(archive.content) == row["archive_bytes"] == entry.facts["archive_bytes"]
    assert hashlib.sha256(archive.content).hexdigest() == entry.facts["archive_sha256"]
    assert suite.model_revision("writer") == commit_of("someone/writer", "main")
    assert list(faults()) == []


def test_an_archive_may_be_kept_for_ever_and_is_not_sent_twice(client: Client) -> None:
    row, _created = hand_out_suite(archive=TINY)
    address = f"/api/v1/suites/{row.suite.digest}.tar"
    answer = client.get(address)
    assert answer.content == TINY
    assert answer.headers["Content-Type"] == "application/x-tar"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (answer.headers["Vary"], answer.headers.get("Content-Language")) == ("Accept", None)
    assert answer.headers["ETag"] == f'"{row.suite.digest}"'
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tiny-1.20260131.tar"'
    sha256 = base64.b64encode(hashlib.sha256(TINY).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{sha256}:"
    again = client.get(address, headers={"if-none-match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
    plain = client.get(address, headers={"accept": "application/octet-stream"})
    assert (plain.content, plain.headers["Content-Type"]) == (TINY, "application/octet-stream")
    absent = client.get(f"/api/v1/suites/{'0' * 64}.tar")
    assert (absent.status_code, absent.headers["Cache-Control"]) == (404, "no-store")
    assert (
        client.get(f"/api/v1/suites/{'0' * 64}.tar", headers={"if-none-match": f'"{"0" * 64}"'}).status_code
        == 404
    )


def test_two_operators_get_one_digest(
    client: Client, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On different days, through different addresses of the hub, with and without a token, out of other folders."""
    outcomes = []
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "suite.toml").write_bytes((small / "suite.toml").read_bytes())
    for day, folder, token in ((1, small, None), (28, tmp_path / "elsewhere", "hf_of_the_second")):
        with RunningHub() as hub, undone(), monkeypatch.context() as patched:
            fill(hub)
            now = datetime(2026, 3, day, 11, day, tzinfo=UTC)
            patched.setattr("django.utils.timezone.now", lambda now=now: now)
            if token is not None:
                patched.setenv("HF_TOKEN", token)
            pin(str(folder), "--hub", hub.origin)
            (row,) = listed(client)
            archive = client.get(f"/api/v1/suites/{row['digest']}.tar").content
            outcomes.append((row["name"], row["version"], row["digest"], archive))
            assert row["pinned_at"] == f"2026-03-{day:02}T11:{day:02}:00Z"
            assert {None if token is None else f"Bearer {token}"} == set(hub.tokens)
    assert outcomes[0] == outcomes[1]


def test_pinning_the_same_commits_again_changes_nothing(client: Client, hub: FakeHub, small: Path) -> None:
    pin(str(small), "--hub", hub.origin)
    before, leaves = listed(client), pinned_leaves()
    said = pin(str(small), "--hub", hub.origin)
    assert "nothing was changed" in said
    assert (listed(client), pinned_leaves()) == (before, leaves)


def test_other_commits_are_the_current_version_and_the_former_stays(client: Client) -> None:
    former, _ = hand_out_suite(archive=TINY)
    current, created = hand_out_suite(archive=NEXT)
    assert created
    assert [(row["version"], row["current"]) for row in listed(client)] == [
        ("1.20260131", False),
        ("1.20260202", True),
    ]
    for row, archive in ((former, TINY), (current, NEXT)):
        assert client.get(f"/api/v1/suites/{row.suite.digest}.tar").content == archive
    assert suites.current_digests()["tiny"] == current.suite.digest
    hand_out_suite(archive=TINY)
    assert suites.current_digests()["tiny"] == current.suite.digest, "nothing was pinned"


def test_a_dry_run_stores_nothing(client: Client, hub: FakeHub, small: Path) -> None:
    said = pin(str(small), "--hub", hub.origin, "--dry-run")
    assert "Nothing was stored." in said
    assert (listed(client), pinned_leaves()) == ([], [])
    assert not SuiteRow.objects.filter(name="small").exists()


def test_a_folder_that_is_pinned_is_taken_without_a_hub(client: Client, tmp_path: Path) -> None:
    said = pin("--folder", str(pinned_folder(tmp_path / "tiny", unavailable=(VERSE_IS_GONE,))))
    assert "1 of 2 jobs can run" in said
    assert VERSE_IS_GONE.sentence in said
    (row,) = listed(client)
    assert (row["cells"], row["runnable_cells"], row["version"]) == (2, 1, "1.20260131")


def test_a_running_process_gives_tickets_for_what_was_pinned_since(client: Client, enrolled: Post) -> None:
    suite = read_archive(TINY)
    ref = SuiteRef(name=suite.name, version=suite.version, digest=suite.digest)

    def request(nonce: str) -> bytes:
        return encode(records.ticket_request(job=suite.jobs[0], suite=ref, nonce=nonce))

    suites._stored.clear()
    refused = enrolled("tickets", request("1" * 32))
    assert (refused.status_code, refused.json()["code"]) == (400, "JM-SUITE-UNKNOWN")
    hand_out_suite(archive=TINY)
    assert enrolled("tickets", request("2" * 32)).status_code == 201
    assert suite.digest in suites.known_suites()


def test_a_result_of_a_suite_that_was_handed_out_is_judged_by_it(client: Client, enrolled: Post) -> None:
    files = files_of(folder_of("demo"))
    files["suite.toml"] = files["suite.toml"].replace(b'version = "1"', b'version = "2"', 1)
    copy = read_archive(encode_archive(files))
    hand_out_suite(archive=encode_archive(files))
    ref = SuiteRef(name=copy.name, version=copy.version, digest=copy.digest)
    ticket = decode_record(
        enrolled("tickets", encode(records.ticket_request(suite=ref))).content, Ticket, what="ticket"
    )
    bundle = records.bundle(ticket=ticket, change=lambda said: replace(said, suite=ref))
    assert enrolled("results", bundle.to_bytes()).status_code == 202
    judge_waiting(result_ids=[bundle.digest()])
    assert client.get(f"/api/v1/results/{bundle.digest()}").json()["state"] == "accepted"


def test_what_the_software_holds_pinned_is_handed_out_when_the_platform_is_prepared(
    client: Client, prepared: None
) -> None:
    demo = load_suite("demo")
    (row,) = listed(client)
    assert (row["name"], row["digest"], row["cells"], row["data_bytes"]) == ("demo", demo.digest, 8, 0)
    content = decode_archive(client.get(f"/api/v1/suites/{demo.digest}.tar").content)
    assert digest_of(content) == demo.digest
    leaves = pinned_leaves()
    call_command("load_catalog", verbosity=0)
    assert (listed(client), pinned_leaves()) == ([row], leaves)


def test_a_folder_of_the_operator_is_handed_out_too(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.SUITE_FOLDERS = (pinned_folder(tmp_path / "tiny"),)
    settings.SUITES = (read_archive(TINY),)
    call_command("load_catalog", verbosity=0)
    assert [row["name"] for row in listed(client)] == ["demo", "tiny"]
    settings.SUITE_FOLDERS = settings.SUITES = ()
    assert "tiny" in {suite.name for suite in suites.known_suites().values()}, "it outlives its folder"


def test_a_folder_that_cannot_be_an_archive_is_said_and_not_handed_out(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    folder = pinned_folder(tmp_path / "tiny")
    (folder / ".editor").write_bytes(b"")
    content = {**pinned_files(), ".editor": b""}
    settings.SUITE_FOLDERS, settings.SUITES = (folder,), (suite_with(content),)
    said = io.StringIO()
    call_command("load_catalog", stderr=said, stdout=io.StringIO())
    assert "JM-SUITE-NOT-HANDED-OUT tiny 1.20260131" in said.getvalue()
    assert "'.editor' cannot be handed out" in said.getvalue()
    assert [row["name"] for row in listed(client)] == ["demo"]


def suite_with(content: dict[str, bytes]) -> Suite:
    from joulemark.suite.loader import suite_of_files

    return suite_of_files(content, folder="tiny")


@pytest.mark.parametrize("name", ["a100-2024", "a100-2024-open", "quick", "tasks-2026"])
def test_suites_that_wait_for_the_operator_are_listed_with_what_to_do(client: Client, name: str) -> None:
    waiting = {row["name"]: row for row in client.get("/api/v1/suites/").json()["unpinned"]}
    assert sorted(waiting) == [
        "a100-2024",
        "a100-2024-lean",
        "a100-2024-open",
        "quick",
        "quick-2026",
        "tasks-2026",
    ]
    assert f"`manage.py pin_suite {name}`" in waiting[name]["sentence"]
    assert waiting[name]["cells"] == len(load_suite(name).jobs)


def test_the_agent_reads_the_list(client: Client) -> None:
    hand_out_suite(archive=TINY)
    hand_out_suite(archive=NEXT)
    offers = decode_record(client.get("/api/v1/suites/").content, SuiteOffers, what="offers")
    current, older = offers.current("tiny"), offers.version("tiny", "1.20260131")
    assert current is not None
    assert current.version == "1.20260202"
    assert older is not None
    assert older.current is False


def test_what_cannot_be_handed_out_changes_nothing(
    client: Client, hub: FakeHub, small: Path, tmp_path: Path
) -> None:
    unpinned = encode_archive({"suite.toml": MANIFEST.encode()})
    gone = pinned_files(unavailable=(VERSE_IS_GONE,))
    nothing_runs = {
        name: data.replace(b'datasets = ["prose", "verse"]', b'datasets = ["verse"]')
        for name, data in gone.items()
    }

    def named(line: str) -> dict[str, bytes]:
        files = pinned_files()
        return {**files, "suite.toml": files["suite.toml"].replace(b'title = "Tiny"', line.encode(), 1)}

    shouting = {
        name: data.replace(b'version = "1.20260131"', b'version = "1.A/B"')
        for name, data in pinned_files().items()
    }
    for archive, sentence in (
        (TINY[:-1], "ends|encoding"),
        (unpinned, "not which revision"),
        (encode_archive(nothing_runs), "None of the 1 jobs"),
        (encode_archive(shouting), "cannot stand in an address"),
        (encode_archive({"lock.toml": b""}), "no suite.toml"),
        (encode_archive(named('title = ""')), "a line of 1 to 200 characters"),
        (encode_archive(named(f'title = "{"T" * 201}"')), "a line of 1 to 200 characters"),
        (encode_archive(named('title = "two\\nlines"')), "a line of 1 to 200 characters"),
    ):
        with pytest.raises(NotHandedOut, match=sentence):
            hand_out_suite(archive=archive)
    hand_out_suite(archive=TINY)
    changed = encode_archive(pinned_files(commit="c" * 40))
    with pytest.raises(NotHandedOut, match="a suite is never edited"):
        hand_out_suite(archive=changed)
    assert [row["digest"] for row in listed(client)] == [read_archive(TINY).digest]
    assert len(pinned_leaves()) == 1


def test_the_command_says_what_is_wrong(
    hub: FakeHub, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = pinned_folder(tmp_path / "tiny")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr("joulemark.waiting.SHORT", Pauses(first_s=0.0, longest_s=0.0, count=1))
    for words, sentence, code in (
        (["nonesuch"], "There is no suite 'nonesuch'", 2),
        (["--folder", str(tmp_path / "gone")], "There is no folder", 2),
        (["--folder", str(empty)], f"The folder {empty} has no suite.toml", 2),
        (
            ["--folder", str(small)],
            rf"Let this platform pin it with `manage\.py pin_suite {small}`",
            2,
        ),
        (
            ["--folder", str(pinned / "suite.toml")],
            f"is a file: name the folder that holds it, --folder {pinned}",
            2,
        ),
        (["--folder", str(pinned), "--hub", hub.origin], "leave one of them out", 2),
        ([str(pinned)], "is already pinned", 2),
        (["demo"], "needs no pinning", 2),
        ([str(small), "--hub", "http://127.0.0.1:9"], "cannot be reached", 5),
    ):
        with pytest.raises(CommandError, match=sentence) as refused:
            pin(*words)
        assert refused.value.returncode == code, sentence
    assert pinned_leaves() == []
