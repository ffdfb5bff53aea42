"""Keys and platforms: one key, made once, closed to others; a platform trusted on first use."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from joulemark import identity
from joulemark.config import parse_origin
from joulemark.errors import UsageError
from joulemark.record.codec import Record

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


class Hello(Record, frozen=True):
    """Valid JSON, and no answer of ours."""


@pytest.fixture
def online(agent: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent that knows where the platform is and was never there."""
    monkeypatch.setenv("JOULEMARK_PLATFORM", platform.origin)
    return agent


def test_enrolling_makes_a_key_that_only_the_owner_reads(online: Agent, platform: FakePlatform) -> None:
    answer = online.json("enrol", "--name", "Ada L.")
    assert online.code == 0
    assert stat.S_IMODE(online.folders.key.stat().st_mode) == 0o600
    me = identity.load(online.folders)
    assert me is not None
    assert answer["key_id"] == me.key_id
    assert answer["platform_public_key"] == platform.public.public_key
    assert platform.names == ["Ada L."]


def test_enrolling_again_keeps_the_key(online: Agent, platform: FakePlatform) -> None:
    first = online.json("enrol")
    second = online.json("enrol")
    assert first["public_key"] == second["public_key"]
    assert platform.names == [None, None]


@pytest.mark.parametrize(
    "name", ["", "x" * 61, "tab\tinside", "v-3f2a9c01bd77", "Joulemark team", "simulated-1"]
)
def test_a_senseless_name_is_refused_before_anything_is_sent(
    online: Agent, platform: FakePlatform, name: str
) -> None:
    assert online("enrol", "--name", name) == 2
    assert not platform.asked
    assert "Sending" not in online.err
    assert not online.folders.key.exists()


@pytest.mark.parametrize(
    ("words", "sends"),
    [([], "your public key"), (["--name", "Demo"], 'your public key and the name "Demo"')],
    ids=["without a name", "with a name"],
)
def test_what_is_sent_is_said_before(
    online: Agent, platform: FakePlatform, words: list[str], sends: str
) -> None:
    online("enrol", *words)
    assert online.err == f"Sending {sends} to {platform.origin} (set by JOULEMARK_PLATFORM).\n"


def test_a_key_that_others_can_read_is_refused(online: Agent) -> None:
    online("enrol")
    online.folders.key.chmod(0o644)
    assert online("enrol") == 2
    assert f"chmod 600 {online.folders.key}" in online.err


def test_a_damaged_key_is_never_replaced(online: Agent) -> None:
    online("enrol")
    online.folders.key.write_bytes(b"not a key")
    assert online("enrol") == 2
    assert online.folders.key.read_bytes() == b"not a key"
    assert f"The key file {online.folders.key} is damaged" in online.err
    assert "Restore it from a copy" in online.err
    assert "http" not in online.err


def test_a_revoked_key_says_what_it_may_still_do_and_how_to_get_a_new_one(
    online: Agent, platform: FakePlatform
) -> None:
    platform.refuse["enrolments"] = "JM-KEY-REVOKED"
    answer = online.json("enrol")
    assert online.code == 4
    assert answer["error"]["code"] == "JM-KEY-REVOKED"
    sentence = answer["error"]["sentence"]
    assert "It can still sign appeals" in sentence
    assert f"move {online.folders.key} away and run `joulemark enrol` again" in sentence


def test_another_refusal_is_told_in_the_platforms_words(online: Agent, platform: FakePlatform) -> None:
    platform.refuse["enrolments"] = "JM-NAME"
    answer = online.json("enrol")
    assert answer["error"] == {
        "code": "JM-NAME",
        "sentence": "JM-NAME: The platform does not want this.",
        "exit_code": 4,
    }


def test_a_platform_that_calls_itself_otherwise_is_refused(
    online: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = platform.origin.rsplit(":", 1)[1]
    monkeypatch.setenv("JOULEMARK_PLATFORM", f"http://localhost:{port}")
    assert online("enrol") == 3
    assert f"set JOULEMARK_PLATFORM={platform.origin}" in online.err


def test_running_without_enrolment_says_how(online: Agent) -> None:
    answer = online.json("run", "--meter", "estimate")
    assert online.code == 6
    assert answer["error"]["code"] == "not-enrolled"
    assert "Run `joulemark join http://127.0.0.1:" in online.err, "the platform that the environment names"


def test_something_that_is_no_platform_is_told_apart(online: Agent, platform: FakePlatform) -> None:
    platform.override("answer", lambda *_: (200, Hello()))
    answer = online.json("enrol")
    assert online.code == 5
    assert answer["error"]["code"] == "bad-answer"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Example.org", "https://example.org"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_are_written_one_way(text: str, origin: str) -> None:
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text", ["example.org", "ftp://x", "http://x/path", "http://u@x", "http://x:y", "http://"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_origin(text)


def test_device_tags_differ_by_platform_and_hide_the_device() -> None:
    tags = {identity.device_tag("GPU-1234", origin) for origin in ("https://a.example", "https://b.example")}
    assert len(tags) == 2
    assert all(len(tag) == 64 and "1234" not in tag for tag in tags)


def test_a_machine_without_an_id_gets_a_random_one_that_stays(agent: Agent) -> None:
    absent = agent.folders.state / "absent"
    first = identity.machine_identity(agent.folders, absent)
    assert len(first) == 32
    assert identity.machine_identity(agent.folders, absent) == first
