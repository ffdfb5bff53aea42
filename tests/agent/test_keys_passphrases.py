"""Passphrases: the variable before the prompt, long enough, typed twice alike; and who must not be asked for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from joulemark import identity, passphrases
from joulemark.errors import UsageError
from joulemark.record import keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

LOCKED_WITH = "correct horse battery"
TYPED = "typed at a terminal"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No passphrase of the environment or of another test."""
    monkeypatch.delenv(passphrases.VARIABLE, raising=False)
    monkeypatch.setattr(passphrases, "_typed", {})


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`terminal("a", "b")`: somebody who types these in turn; what they were asked is in the list it returns."""

    def with_answers(*answers: str) -> list[str]:
        waiting, asked = list(answers), []

        def type_in(prompt: str) -> str:
            asked.append(prompt)
            return waiting.pop(0)

        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", type_in)
        return asked

    return with_answers


@pytest.fixture
def online(agent: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent that knows where the platform is and was never there."""
    monkeypatch.setenv("JOULEMARK_PLATFORM", platform.origin)
    return agent


@pytest.fixture
def locked_pem() -> bytes:
    return keys.to_pem(keys.generate(), passphrase=LOCKED_WITH)


def test_the_variable_is_believed_before_anybody_is_asked(
    tmp_path: Path,
    locked_pem: bytes,
    terminal: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    asked = terminal()
    passphrases.remember(tmp_path / "key.pem", TYPED)
    assert passphrases.known_for(tmp_path / "key.pem", locked_pem) == LOCKED_WITH
    assert passphrases.new() == LOCKED_WITH
    assert asked == []


def test_a_passphrase_is_asked_for_once_a_file(
    tmp_path: Path, locked_pem: bytes, terminal: Callable[..., list[str]]
) -> None:
    asked = terminal(TYPED)
    key_file = tmp_path / "key.pem"
    assert [passphrases.known_for(key_file, locked_pem) for _ in range(2)] == [TYPED, TYPED]
    assert asked == [f"Passphrase of {key_file}: "]


def test_a_file_that_is_not_locked_needs_none(
    tmp_path: Path, terminal: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    asked = terminal()
    assert passphrases.known_for(tmp_path / "key.pem", keys.to_pem(keys.generate())) is None
    assert asked == []


def test_two_typings_that_differ_make_nothing(
    online: Agent, platform: FakePlatform, terminal: Callable[..., list[str]]
) -> None:
    terminal(TYPED, TYPED + "!")
    assert online("enrol", "--passphrase") == 2
    assert "do not match" in online.err
    assert not online.folders.key.exists()
    assert not platform.asked


def test_two_typings_that_agree_lock_the_key_and_are_not_asked_for_again(
    online: Agent, terminal: Callable[..., list[str]]
) -> None:
    asked = terminal(TYPED, TYPED)
    assert online("enrol", "--passphrase") == 0
    assert len(asked) == 2
    keys.from_pem(online.folders.key.read_bytes(), passphrase=TYPED)  # raises where it is another


@pytest.mark.parametrize(("given", "code"), [("1234567", 2), ("12345678", 0)])
@pytest.mark.parametrize("how", ["variable", "terminal"])
def test_a_new_passphrase_has_eight_characters(
    online: Agent,
    terminal: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    given: str,
    code: int,
) -> None:
    if how == "variable":
        monkeypatch.setenv(passphrases.VARIABLE, given)
    else:
        terminal(given, given)
    assert online("enrol", "--passphrase") == code
    assert online.folders.key.exists() is (code == 0)


def test_nothing_is_said_to_be_sent_where_no_passphrase_can_be_typed(
    online: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert online("enrol", "--passphrase") == 2
    assert f"set {passphrases.VARIABLE}" in online.err
    assert "Sending" not in online.err
    assert not platform.asked


def test_a_key_that_is_not_locked_is_not_taken_for_a_locked_one(
    online: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.load_or_create(online.folders)
    before = online.folders.key.read_bytes()
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    answer = online.json("enrol", "--passphrase")
    assert online.code == 2
    assert answer["error"]["code"] == "usage"
    assert f"The key {online.folders.key} exists and has no passphrase" in answer["error"]["sentence"]
    assert "`joulemark rotate --passphrase`" in answer["error"]["sentence"]
    assert "move it away" in answer["error"]["sentence"]
    assert online.folders.key.read_bytes() == before
    assert not platform.asked


def test_a_locked_key_is_enrolled_again(
    online: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    first, second = (online.json("enrol", "--passphrase") for _ in range(2))
    assert first["key_id"] == second["key_id"]
    assert platform.asked["POST enrolments"] == 2


def test_status_needs_no_passphrase(online: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    assert online("enrol", "--passphrase") == 0
    assert online("run", "--meter", "estimate", "--only", "writing/*") == 0
    monkeypatch.delenv(passphrases.VARIABLE)
    monkeypatch.setattr(passphrases, "_typed", {})
    answer = online.json("status")
    assert online.code == 0, online.err
    assert [one["state"] for one in answer["results"]] == ["received"]


def test_submit_needs_no_passphrase(
    online: Agent, platform: FakePlatform, terminal: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    assert online("enrol", "--passphrase") == 0
    assert online("run", "--meter", "estimate", "--only", "writing/*", "--no-submit") == 0
    monkeypatch.delenv(passphrases.VARIABLE)
    monkeypatch.setattr(passphrases, "_typed", {})
    asked = terminal()
    assert online("submit") == 0, online.err
    assert asked == []
    assert platform.asked["POST results"] == 1


def test_a_key_without_its_passphrase_says_how_to_go_on(
    online: Agent, locked_pem: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    online.folders.key.parent.mkdir(parents=True)
    online.folders.key.write_bytes(locked_pem)
    online.folders.key.chmod(0o600)
    monkeypatch.setenv(passphrases.VARIABLE, "another one")
    with pytest.raises(UsageError, match=f"Set {passphrases.VARIABLE} .* move .* away and enrol a new key"):
        identity.load(online.folders)
