"""A new key takes over: made once, closed and locked as the old one; nothing that only the old one may do is lost."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from joulemark import config as configs
from joulemark import identity, passphrases
from joulemark.errors import UsageError
from joulemark.record import envelope as envelopes
from joulemark.record import keys, messages
from joulemark.record.codec import decode
from joulemark.record.requests import ROTATION_TYPE, Rotation
from tests.agent.fake_platform import RunningPlatform

if TYPE_CHECKING:
    from joulemark.config import Folders
    from joulemark.record.codec import Record
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

LOCKED_WITH = "correct horse battery"


class Rotations:
    """Answers rotations as a platform does; `answered_for` is the key that it names instead of the one sent."""

    def __init__(self, platform: FakePlatform) -> None:
        self.platform, self.before = platform, platform.answer
        self.taken: list[str] = []
        self.answered_for: str | None = None

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, Record | bytes]:
        if path != "rotations":
            return self.before(method, path, body)
        outer = envelopes.parse(body)
        assert outer.payload_type == ROTATION_TYPE
        inner = decode(outer.payload, Rotation, what="rotation").new_key
        new = decode(inner.payload, messages.Enrolment, what="enrolment").public_key
        envelopes.verify(inner, public_key=new, payload_type=messages.ENROLMENT_TYPE)
        self.taken.append(keys.key_id(new))
        return 200, messages.Enrolled(
            contributor="c-1",
            key_id=self.answered_for or keys.key_id(new),
            platform=self.platform.public,
        )


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No passphrase of the environment or of another test."""
    monkeypatch.delenv(passphrases.VARIABLE, raising=False)
    monkeypatch.setattr(passphrases, "_typed", {})


@pytest.fixture
def rotations(platform: FakePlatform) -> Rotations:
    made = Rotations(platform)
    platform.override("answer", made)
    return made


def contents(folders: Folders) -> dict[str, bytes]:
    """The key files by name."""
    return {path.name: path.read_bytes() for path in folders.config.glob("key*.pem")}


def mode(folders: Folders, name: str) -> int:
    return stat.S_IMODE((folders.config / name).stat().st_mode)


def test_the_next_key_is_moved_and_the_old_one_kept_under_its_id(
    enrolled: Agent, rotations: Rotations
) -> None:
    folders = enrolled.folders
    old, old_pem = identity.load(folders), folders.key.read_bytes()
    assert old is not None
    next_id = identity.next_key(folders).key_id
    next_pem = folders.next_key.read_bytes()
    answer = enrolled.json("rotate")
    assert enrolled.code == 0
    assert rotations.taken == [answer["key_id"]] == [next_id]
    kept = f"key-{old.key_id[:16]}.pem"
    assert contents(folders) == {"key.pem": next_pem, kept: old_pem}
    assert mode(folders, "key.pem") == mode(folders, kept) == 0o600
    enrolment = identity.enrolment(folders, configs.load().origin)
    assert enrolment is not None
    assert enrolment.key_id == answer["key_id"]


def test_an_answer_for_another_key_changes_nothing(enrolled: Agent, rotations: Rotations) -> None:
    old = enrolled.folders.key.read_bytes()
    rotations.answered_for = "ab" * 32
    answer = enrolled.json("rotate")
    assert enrolled.code == 3
    assert answer["error"]["code"] == "platform-key-changed"
    assert "answered for another key" in answer["error"]["sentence"]
    assert enrolled.folders.key.read_bytes() == old
    assert sorted(contents(enrolled.folders)) == ["key-next.pem", "key.pem"]
    enrolment = identity.enrolment(enrolled.folders, configs.load().origin)
    me = identity.load(enrolled.folders)
    assert enrolment is not None
    assert me is not None
    assert enrolment.key_id == me.key_id


def test_the_next_key_is_made_once_and_closed_to_others(home: Folders) -> None:
    old = identity.load_or_create(home)
    first, second = identity.next_key(home), identity.next_key(home)
    assert first.key_id == second.key_id != old.key_id
    assert mode(home, "key-next.pem") == 0o600
    assert not keys.is_locked(home.next_key.read_bytes())


def test_the_next_key_is_locked_with_the_passphrase_of_a_locked_one(home: Folders) -> None:
    identity.load_or_create(home, passphrase=LOCKED_WITH)
    made = identity.next_key(home)
    pem = home.next_key.read_bytes()
    assert keys.is_locked(pem)
    assert keys.public_hex(keys.from_pem(pem, passphrase=LOCKED_WITH)) == made.public_key


def test_a_damaged_next_key_says_which_file_it_is(home: Folders) -> None:
    identity.load_or_create(home)
    home.next_key.write_bytes(b"not a key")
    with pytest.raises(UsageError, match=r"key-next\.pem is damaged.*run `joulemark rotate` again"):
        identity.next_key(home)


def test_a_plain_key_can_give_way_to_a_locked_one(
    enrolled: Agent, rotations: Rotations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    assert enrolled("rotate", "--passphrase") == 0
    made = keys.from_pem(enrolled.folders.key.read_bytes(), passphrase=LOCKED_WITH)
    assert keys.is_locked(enrolled.folders.key.read_bytes())
    assert rotations.taken == [keys.key_id(keys.public_hex(made))]


def test_a_plain_key_of_a_rotation_that_was_cut_off_is_not_taken_for_a_locked_one(
    enrolled: Agent, rotations: Rotations, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.next_key(enrolled.folders)
    monkeypatch.setenv(passphrases.VARIABLE, LOCKED_WITH)
    assert enrolled("rotate", "--passphrase") == 2
    assert "Complete it with `joulemark rotate`" in enrolled.err
    assert rotations.taken == []


def test_results_that_wait_are_sent_before_their_key_goes(enrolled: Agent, rotations: Rotations) -> None:
    assert enrolled("run", "--meter", "estimate", "--offline", "--only", "writing/*") == 0
    answer = enrolled.json("rotate")
    assert enrolled.code == 2
    assert "Run `joulemark submit` first" in answer["error"]["sentence"]
    assert rotations.taken == []
    assert list(contents(enrolled.folders)) == ["key.pem"]
    assert enrolled("submit") == 0
    assert enrolled("rotate") == 0
    assert len(rotations.taken) == 1


def test_results_that_wait_can_be_given_up_and_hold_no_later_key(
    enrolled: Agent, rotations: Rotations
) -> None:
    assert enrolled("run", "--meter", "estimate", "--offline", "--only", "writing/*") == 0
    assert enrolled("rotate", "--anyway") == 0
    assert [kept.state for kept in enrolled.outbox.results()] == ["waiting"]
    assert enrolled("rotate") == 0
    assert len(rotations.taken) == 2


def test_a_key_of_two_platforms_is_not_rotated_at_one(
    enrolled: Agent, rotations: Rotations, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = configs.load().origin
    with RunningPlatform() as other:
        monkeypatch.setenv("JOULEMARK_PLATFORM", other.origin)
        assert enrolled("enrol") == 0
    monkeypatch.setenv("JOULEMARK_PLATFORM", here)
    assert enrolled("rotate") == 2
    assert f"also enrolled at {other.origin}" in enrolled.err
    assert "`joulemark rotate --anyway`" in enrolled.err
    assert rotations.taken == []
    assert enrolled("rotate", "--anyway") == 0
    assert len(rotations.taken) == 1


def test_a_platform_that_knows_another_key_does_not_hold_a_rotation(
    enrolled: Agent, rotations: Rotations
) -> None:
    here = identity.enrolment(enrolled.folders, configs.load().origin)
    assert here is not None
    elsewhere = replace(here.platform, origin="https://b.example")
    identity.store_enrolment(
        enrolled.folders, "https://b.example", replace(here, key_id="cd" * 32, platform=elsewhere)
    )
    assert enrolled("rotate") == 0
    assert len(rotations.taken) == 1
