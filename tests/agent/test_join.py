"""`joulemark join`: one command to a key, a platform that is remembered, and the next command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from joulemark import config
from joulemark.joined import Joined, read_joined, write_joined
from joulemark.record import keys
from tests.agent import fake_suite
from tests.agent.fake_platform import RunningPlatform

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


@pytest.fixture
def stranger(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent on a machine without a GPU that has never heard of a platform."""
    monkeypatch.delenv("JOULEMARK_PLATFORM")
    return agent


def test_one_command_enrols_remembers_and_ends_with_the_next(stranger: Agent, platform: FakePlatform) -> None:
    assert stranger("join", platform.origin) == 0, stranger.err
    assert stranger.out.splitlines()[-1] == "Next: joulemark run"
    assert stranger.out.count("Next: ") == 1
    assert "enrolled as c-" in stranger.out
    assert "suite     tiny 1: Tiny" in stranger.out
    assert "fits      3 of 3 jobs run on this processor" in stranger.out
    assert platform.asked["POST enrolments"] == 1
    assert stranger("run") == 0, stranger.err
    assert f"Results go to {platform.origin} (by `joulemark join`)." in stranger.err
    assert len(platform.results) == 3
    assert stranger.json("join", platform.origin)["next"] == "joulemark results"
    assert "Nothing is left to measure in this session." in stranger.err


@pytest.mark.parametrize("named", [True, False])
def test_without_a_key_the_command_that_makes_one_names_the_platform_where_one_is_known(
    stranger: Agent, monkeypatch: pytest.MonkeyPatch, *, named: bool
) -> None:
    if named:
        monkeypatch.setenv("JOULEMARK_PLATFORM", "https://example.org")
    assert stranger("run") == 6
    known = "https://example.org" if named else "ORIGIN"
    assert f"There is no key yet. Run `joulemark join {known}` first" in stranger.err


def test_joining_again_sends_nothing_new_and_says_the_same(stranger: Agent, platform: FakePlatform) -> None:
    first = stranger.json("join", platform.origin, "--name", "A volunteer")
    kept = {path: path.read_bytes() for path in stranger.folders.config.rglob("*") if path.is_file()}
    again = stranger.json("join", platform.origin)
    assert (stranger.code, again["ok"], again["next"]) == (0, True, "joulemark run")
    assert platform.names == ["A volunteer"], "the name that was given stays"
    assert {path: path.read_bytes() for path in kept} == kept
    for same in ("origin", "contributor", "public_key", "key_file", "suite"):
        assert again[same] == first[same]
    assert platform.asked["POST enrolments"] == 1


def test_the_answer_says_what_is_measured_and_what_is_not(stranger: Agent, platform: FakePlatform) -> None:
    answer = stranger.json("join", platform.origin)
    found = {finding["what"]: finding["state"] for finding in answer["findings"]}
    assert (found["nvml"], found["rapl"], found["estimate"]) == (
        "not available",
        "not available",
        "estimated",
    )
    plan = answer["plan"]
    assert [cell["job"] for cell in plan["cells"]] == [job.key for job in fake_suite.JOBS]
    assert (plan["download_bytes"], plan["downloads_of_unknown_size"], plan["gpu"]) == (0, [], None)
    assert (answer["suite"]["is_standard"], answer["hours"]) == (False, None)
    stranger("run", "--limit", "1")
    after = stranger.json("join", platform.origin)["plan"]
    assert (len(after["cells"]), after["finished"]) == (2, [fake_suite.JOBS[0].key])


def test_the_environment_and_settings_win_over_what_was_joined(
    stranger: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger("join", platform.origin)
    assert config.load().origin_in_words == f"{platform.origin} (by `joulemark join`)"
    stranger.folders.settings.write_text('platform = "http://127.0.0.1:8"\n', encoding="utf-8")
    assert config.load().origin_in_words == "http://127.0.0.1:8 (set in settings.toml)"
    monkeypatch.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:7")
    assert config.load().origin_in_words == "http://127.0.0.1:7 (set by JOULEMARK_PLATFORM)"


@pytest.mark.parametrize("where", ["environment", "settings"])
def test_a_platform_that_later_commands_would_not_use_is_not_joined(
    stranger: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "environment":
        monkeypatch.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:7")
    else:
        stranger.folders.settings.parent.mkdir(parents=True)
        stranger.folders.settings.write_text('platform = "http://127.0.0.1:7"\n', encoding="utf-8")
    assert stranger("join", platform.origin) == 2
    assert "sets the platform http://127.0.0.1:7, which takes precedence over" in stranger.err
    assert not platform.asked
    assert not stranger.folders.key.exists()
    monkeypatch.setenv("JOULEMARK_PLATFORM", platform.origin.upper().replace("HTTP", "http"))
    stranger.folders.settings.unlink(missing_ok=True)
    assert stranger("join", platform.origin) == 0, "the same platform is no other"


def test_a_machine_that_cannot_measure_is_joined_and_told_what_to_mend(
    stranger: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_suite, "MISSING", {job.key: "Install it." for job in fake_suite.JOBS})
    answer = stranger.json("join", platform.origin)
    assert (stranger.code, answer["ok"], answer["next"]) == (7, False, f"joulemark join {platform.origin}")
    assert "Install it." in answer["passed_over"][0]["sentence"]
    assert platform.asked["POST enrolments"] == 1
    monkeypatch.setattr(fake_suite, "MISSING", {})
    assert stranger("join", platform.origin) == 0
    assert platform.asked["POST enrolments"] == 1, "what was reached stays reached"


@pytest.mark.parametrize(
    ("origin", "code"), [("not an origin", 2), ("ftp://example.org", 2), ("http://127.0.0.1:9", 5)]
)
def test_what_is_no_platform_is_not_remembered(stranger: Agent, origin: str, code: int) -> None:
    assert stranger("join", origin) == code
    assert read_joined(stranger.folders.joined) is None


def test_another_platform_takes_the_place_of_the_first(stranger: Agent, platform: FakePlatform) -> None:
    stranger("join", platform.origin)
    write_joined(stranger.folders.joined, Joined(origin=platform.origin, suite="x", gpu="y", hours=2.0))
    with RunningPlatform() as other:
        assert stranger("join", other.origin) == 0
        assert read_joined(stranger.folders.joined) == Joined(origin=other.origin)
        assert other.asked["POST enrolments"] == 1


def test_a_platform_that_shows_another_key_than_before_is_not_joined_again(
    stranger: Agent, platform: FakePlatform
) -> None:
    stranger("join", platform.origin)
    platform.key = keys.generate()
    assert stranger("join", platform.origin) == 3
    assert " has changed since you enrolled" in stranger.err


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"suite": "x"}', b'{"origin": 1}', b'{"origin": "x", "hours": -1}',
     b'{"origin": "x", "hours": true}', b'{"origin": "x", "colour": 1}', b"[" * 5000, b"\xff"],
)  # fmt: skip
def test_a_damaged_note_is_named_and_written_anew(
    stranger: Agent, platform: FakePlatform, content: bytes
) -> None:
    stranger.folders.joined.parent.mkdir(parents=True)
    stranger.folders.joined.write_bytes(content)
    assert stranger("status") == 2
    assert f"{stranger.folders.joined} cannot be read" in stranger.err
    assert "joulemark join ORIGIN" in stranger.err
    assert stranger("join", platform.origin) == 0
    assert json.loads(stranger.folders.joined.read_bytes())["origin"] == platform.origin


def test_a_passphrase_locks_the_new_key(
    stranger: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOULEMARK_PASSPHRASE", "long enough")
    assert stranger("join", platform.origin, "--passphrase") == 0
    assert b"ENCRYPTED" in stranger.folders.key.read_bytes()
    assert stranger("run", "--limit", "1") == 0


def test_a_run_without_a_key_names_the_command_that_makes_one(stranger: Agent) -> None:
    assert stranger("run") == 6
    assert "Run `joulemark join ORIGIN` first" in stranger.err
    assert "the default; change it with `joulemark join ORIGIN` or JOULEMARK_PLATFORM" not in stranger.out


def test_joined_survives_a_write(tmp_path: Path) -> None:
    joined = Joined(origin="https://example.org", suite="a", gpu="b", hours=3.0)
    write_joined(tmp_path / "joined.json", joined)
    assert read_joined(tmp_path / "joined.json") == joined
    assert read_joined(tmp_path / "none.json") is None
