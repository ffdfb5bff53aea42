"""A suite by its name: asked of the platform, fetched once, checked, and used offline from then on."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import msgspec
import pytest
from msgspec.structs import replace

from joulemark import config as configs
from joulemark.errors import NotVerified, SuiteNotOffered, Unreachable, UsageError
from joulemark.record.suite_offers import OfferedSuite, SuiteOffers, UnpinnedSuite
from joulemark.session import suite_source, suite_store
from joulemark.suite import load_suite, read_archive
from joulemark.suite.archive import encode_archive
from tests.agent.agent_commands import Agent
from tests.pinned import MANIFEST, pinned_files, pinned_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from joulemark.config import Config, Folders

FIRST = encode_archive(pinned_files())
SECOND = encode_archive(pinned_files(version="1.20260202", commit="b" * 40))
ASKED_AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@dataclass
class Offering:
    """A platform that hands out archives: what it was asked, and how it is to misbehave."""

    archives: list[bytes] = field(default_factory=lambda: [FIRST])
    instead: bytes | None = None
    offers: bytes | None = None
    status: int = 200
    asked: Counter[str] = field(default_factory=Counter)
    origin: str = ""

    def listing(self) -> SuiteOffers:
        """What it hands out: the last archive of a name is current."""
        found = [read_archive(archive) for archive in self.archives]
        current = {suite.name: suite.digest for suite in found}
        return SuiteOffers(
            suites=tuple(
                OfferedSuite(
                    name=suite.name,
                    version=suite.version,
                    title=suite.title,
                    digest=suite.digest,
                    current=current[suite.name] == suite.digest,
                    cells=2,
                    runnable_cells=2,
                    archive_bytes=len(archive),
                    pinned_at=ASKED_AT,
                )
                for suite, archive in zip(found, self.archives, strict=True)
            ),
            unpinned=(UnpinnedSuite(name="a100-2024", version="1", title="The study", cells=312),),
        )

    def answer(self, path: str) -> tuple[int, bytes]:
        """Status and body."""
        if self.status != 200:
            return self.status, b'{"type": "a", "title": "b", "status": 1, "detail": "c", "code": "JM-X"}'
        if path == "/api/v1/suites/":
            return 200, msgspec.json.encode(self.listing()) if self.offers is None else self.offers
        wanted = path.removeprefix("/api/v1/suites/").removesuffix(".tar")
        found = next((archive for archive in self.archives if read_archive(archive).digest == wanted), b"")
        return 200, found if self.instead is None else self.instead


@pytest.fixture
def offering() -> Iterator[Offering]:
    """A platform on 127.0.0.1 that hands out the tiny suite."""
    offering = Offering()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            offering.asked["archive" if self.path.endswith(".tar") else "list"] += 1
            status, body = offering.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    offering.origin = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield offering
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(home: Folders, offering: Offering, monkeypatch: pytest.MonkeyPatch) -> Config:
    """An agent's settings, with that platform."""
    monkeypatch.setenv("JOULEMARK_PLATFORM", offering.origin)
    return configs.load()


@pytest.fixture
def command(config: Config, home: Folders, capsys: pytest.CaptureFixture[str]) -> Agent:
    """The command line with the suites that there really are."""
    return Agent(home, capsys)


def aged(config: Config, *, by: timedelta) -> None:
    """Make what is remembered of the platform older."""
    remembered = suite_store.remembered_offers(config.folders, config.origin)
    assert remembered is not None
    suite_store.remember_offers(
        config.folders, origin=config.origin, offers=remembered.offers, asked_at=datetime.now(UTC) - by
    )


def test_the_current_version_is_fetched_once(config: Config, offering: Offering) -> None:
    first = suite_source.obtain_suite("tiny", config=config)
    assert first.suite == read_archive(FIRST)
    assert (first.source, first.name, dict(first.files)) == ("platform", "tiny@1.20260131", pinned_files())
    assert first.sentence == (
        f"Suite tiny 1.20260131 (digest {first.suite.digest[:12]}), the current version of {config.origin}, "
        "checked now."
    )
    assert suite_source.obtain_suite("tiny", config=config).suite == first.suite
    assert offering.asked == {"list": 2, "archive": 1}
    offering.archives.append(SECOND)
    assert suite_source.obtain_suite("tiny", config=config).suite.version == "1.20260202"
    assert offering.asked["archive"] == 2


def test_offline_it_is_what_was_current_last_and_says_how_old_that_is(
    config: Config, offering: Offering
) -> None:
    with pytest.raises(
        SuiteNotOffered, match="is on this machine, and it cannot be fetched offline"
    ) as lacking:
        suite_source.obtain_suite("tiny", config=config, offline=True)
    assert (lacking.value.code, lacking.value.exit_code) == ("suite-not-here", 6)
    suite_source.obtain_suite("tiny", config=config)
    aged(config, by=timedelta(days=3, hours=1))
    offering.asked.clear()
    found = suite_source.obtain_suite("tiny", config=config, offline=True)
    assert found.suite == read_archive(FIRST)
    assert "the current version of" in found.sentence
    assert found.sentence.endswith("3 days ago.")
    assert not offering.asked


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=2, minutes=59), "2 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=-1), "just now"),
    ],
)
def test_ages_in_words(config: Config, age: timedelta, words: str) -> None:
    suite_source.obtain_suite("tiny", config=config)
    aged(config, by=age)
    assert f", {words}." in suite_source.obtain_suite("tiny", config=config, offline=True).sentence


def test_a_platform_that_is_away_leaves_the_last_current_version(config: Config, offering: Offering) -> None:
    offering.status = 503
    with pytest.raises(Unreachable, match="There is no installed suite 'tiny'"):
        suite_source.obtain_suite("tiny", config=config)
    with pytest.raises(Unreachable, match="The installed suite quick is not pinned"):
        suite_source.obtain_suite("quick", config=config)
    offering.status = 200
    suite_source.obtain_suite("tiny", config=config)
    offering.status = 503
    found = suite_source.obtain_suite("tiny", config=config)
    assert found.suite == read_archive(FIRST)
    assert "The platform does not answer now" in found.sentence
    assert "HTTP 503" in found.sentence


def test_one_version_is_meant_by_its_name_or_digest(config: Config, offering: Offering) -> None:
    offering.archives.append(SECOND)
    former = read_archive(FIRST)
    by_version = suite_source.obtain_suite("tiny@1.20260131", config=config)
    assert by_version.suite == former
    assert "a former version" in by_version.sentence
    offering.asked.clear()
    for typed in ("tiny@1.20260131", f"tiny@{former.digest[:8]}", f"tiny@{former.digest}", by_version.name):
        assert suite_source.obtain_suite(typed, config=config).suite == former
    assert not offering.asked, "a version never changes, so nothing is asked"
    with pytest.raises(UsageError, match=r"no version 9 of suite tiny, but: 1\.20260131, 1\.20260202\."):
        suite_source.obtain_suite("tiny@9", config=config)
    with pytest.raises(UsageError, match="no version"):
        suite_source.obtain_suite(f"tiny@{former.digest[:7]}", config=config)


def test_what_the_software_has_pinned_and_folders_need_no_platform(
    config: Config, offering: Offering, tmp_path: Path
) -> None:
    demo = suite_source.obtain_suite("demo", config=config)
    assert (demo.suite, demo.source, demo.sentence) == (load_suite("demo"), "software", "")
    assert suite_source.obtain_suite("demo@1", config=config).suite == demo.suite
    folder = str(pinned_folder(tmp_path / "tiny"))
    found = suite_source.obtain_suite(folder, config=config, offline=True)
    assert (found.suite, found.name, found.source) == (read_archive(FIRST), folder, "folder")
    assert not offering.asked


@pytest.mark.parametrize("name", ["a100-2024", "quick"])
def test_a_platform_without_a_pinned_version_says_what_its_operator_must_do(
    config: Config, name: str
) -> None:
    with pytest.raises(SuiteNotOffered, match=f"`manage.py pin_suite {name}`") as lacking:
        suite_source.obtain_suite(name, config=config)
    assert (lacking.value.code, lacking.value.exit_code) == ("suite-not-pinned", 6)
    assert str(lacking.value).endswith("It hands out: tiny.")


def test_a_name_that_nobody_has_and_a_platform_of_before(config: Config, offering: Offering) -> None:
    with pytest.raises(
        UsageError, match=r"no suite 'nonesuch', neither installed \(a100-2024.*It hands out: tiny"
    ):
        suite_source.obtain_suite("nonesuch", config=config)
    offering.status = 404
    with pytest.raises(SuiteNotOffered, match="older than this agent"):
        suite_source.obtain_suite("a100-2024", config=config)


def test_what_is_not_of_the_digest_is_refused_and_not_kept(config: Config, offering: Offering) -> None:
    for instead in (SECOND, FIRST[:-1], FIRST + b"x", b"", FIRST.replace(b"Tiny", b"Tidy")):
        offering.instead = instead
        with pytest.raises(NotVerified, match="Nothing was stored") as refused:
            suite_source.obtain_suite("tiny", config=config)
        assert (refused.value.code, refused.value.exit_code) == ("suite-digest", 3)
    assert list(config.folders.suites.glob("*.tar")) == []


def test_a_suite_under_another_name_or_without_revisions_is_refused(
    config: Config, offering: Offering
) -> None:
    listing = offering.listing()
    offering.offers = msgspec.json.encode(
        replace(listing, suites=(replace(listing.suites[0], name="a100-2024", version="1"),))
    )
    with pytest.raises(NotVerified, match=r"offered as a100-2024 1 is tiny 1\.20260131"):
        suite_source.obtain_suite("a100-2024", config=config)
    unpinned = encode_archive({"suite.toml": MANIFEST.encode()})
    offering.archives, offering.offers = [unpinned], None
    with pytest.raises(NotVerified, match="and not pinned"):
        suite_source.obtain_suite("tiny", config=config)
    assert list(config.folders.suites.glob("*.tar")) == []


def test_more_than_an_archive_may_have_is_not_read(
    config: Config, offering: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite_source, "MAX_ARCHIVE_BYTES", len(FIRST) - 1)
    with pytest.raises(Unreachable, match=f"more than {len(FIRST) - 1} bytes"):
        suite_source.obtain_suite("tiny", config=config)


def test_a_copy_that_was_damaged_here_is_fetched_again(config: Config, offering: Offering) -> None:
    digest = suite_source.obtain_suite("tiny", config=config).suite.digest
    path = config.folders.suites / f"{digest}.tar"
    for damaged in (b"", FIRST[:-1], SECOND):
        path.write_bytes(damaged)
        with pytest.raises(SuiteNotOffered):
            suite_source.obtain_suite("tiny", config=config, offline=True)
        assert suite_source.obtain_suite("tiny", config=config).suite == read_archive(FIRST)
        assert path.read_bytes() == FIRST
    next(config.folders.suites.glob("offers-*.json")).write_bytes(b"{")
    assert suite_store.remembered_offers(config.folders, config.origin) is None
    assert suite_source.obtain_suite("tiny", config=config).suite == read_archive(FIRST)


def test_fields_that_are_new_are_ignored(config: Config, offering: Offering) -> None:
    listing = msgspec.to_builtins(offering.listing())
    listing["suites"][0]["licence"] = listing["next"] = {"page": 2}
    listing["unpinned"][0]["since"] = 1
    offering.offers = msgspec.json.encode(listing)
    assert suite_source.obtain_suite("tiny", config=config).suite == read_archive(FIRST)
    assert suite_source.obtain_suite("tiny", config=config, offline=True).suite == read_archive(FIRST)


def test_two_platforms_are_not_confused(config: Config, offering: Offering) -> None:
    suite_source.obtain_suite("tiny", config=config)
    other = replace_origin(config, "http://127.0.0.1:9")
    with pytest.raises(SuiteNotOffered):
        suite_source.obtain_suite("tiny", config=other, offline=True)


def replace_origin(config: Config, origin: str) -> Config:
    return configs.Config(folders=config.folders, origin=origin, cpu_watts=None)


def test_show_and_estimate_know_what_was_fetched_and_ask_nothing_then(
    command: Agent, offering: Offering
) -> None:
    shown = command.json("suite", "show", "tiny")
    assert (command.code, shown["version"], offering.asked["archive"]) == (0, "1.20260131", 1)
    offering.asked.clear()
    offering.status = 503
    assert command.json("suite", "show", "tiny")["pinned"] is True
    assert "last checked" in command.err
    estimated = command.json("suite", "estimate", "tiny")
    assert estimated["cells"][0]["disk_bytes"] == 30
    assert not offering.asked


def test_show_of_a_suite_that_is_here_unpinned_asks_nothing(command: Agent, offering: Offering) -> None:
    assert command.json("suite", "show", "quick")["pinned"] is False
    assert not offering.asked


def test_the_list_has_what_was_fetched(command: Agent, offering: Offering) -> None:
    names = [row["name"] for row in command.json("suite", "list")["suites"]]
    assert "tiny" not in names
    command("suite", "show", "tiny")
    (row,) = [row for row in command.json("suite", "list")["suites"] if row["name"] == "tiny"]
    assert (row["version"], row["pinned"], row["from"]) == ("1.20260131", True, offering.origin)
    assert command("suite", "list") == 0
    assert "tiny" in command.out
    assert offering.asked["list"] == 1


def test_the_list_asks_when_told_to(command: Agent, offering: Offering) -> None:
    offering.archives.append(SECOND)
    answer = command.json("suite", "list", "--ask")
    assert [(row["version"], row["current"], row["fetched"]) for row in answer["offered"]] == [
        ("1.20260131", False, False),
        ("1.20260202", True, False),
    ]
    assert [row["name"] for row in answer["unpinned"]] == ["a100-2024"]
    assert offering.asked == {"list": 1}
    assert command("suite", "list", "--ask") == 0
    assert "manage.py pin_suite a100-2024" in command.out


def test_run_says_what_the_operator_must_do(command: Agent) -> None:
    answer = command.json("run", "--suite", "a100-2024")
    assert command.code == 6
    assert answer["error"]["code"] == "suite-not-pinned"
    assert "pin_suite a100-2024" in answer["error"]["sentence"]
