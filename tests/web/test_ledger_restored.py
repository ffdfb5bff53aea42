"""A database that is restored older than the log: nothing is signed or received, and the log goes on as one log."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from joulemark.log import merkle
from joulemark.log.checkpoints import open_checkpoint
from joulemark.log.tiles import decode_entries, entry_bundles
from measurements.intake import log_gate
from measurements.ledger import copies, sequencer, tile_store
from measurements.ledger.audit import log_faults
from measurements.ledger.errors import CannotResume, LogBroken, LogOutdated
from measurements.ledger.guard import RESTORED
from measurements.ledger.log_key import log_name, verifier_key
from measurements.ledger.models import Checkpoint, Leaf, LeafKind, LogGap, LogHead
from measurements.ledger.recovery import resume
from measurements.ledger.services import append_leaf
from tests.laws import law
from tests.ledger_snapshots import LedgerSnapshot, restore_snapshot, take_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]


@pytest.fixture(autouse=True)
def new_process() -> None:
    """A process that has asked no place yet."""
    copies.forget_outages()
    log_gate.look_again()


@pytest.fixture
def copy(settings: Settings, tmp_path: Path) -> Path:
    """A folder that the log is copied to."""
    folder = tmp_path / "copy"
    folder.mkdir()
    settings.LOG_COPIES = [str(folder)]
    return folder


def write(count: int) -> None:
    """So many leaves; of what does not matter."""
    start = Leaf.objects.count()
    with transaction.atomic():
        for number in range(start, start + count):
            append_leaf(kind=LeafKind.APPEAL, subject=f"{number:064x}", facts={})


def lose_folder() -> None:
    shutil.rmtree(tile_store.place(""))


def published() -> tuple[int, bytes]:
    note = (tile_store.published_bytes() or b"").decode()
    seen = open_checkpoint(note, key=verifier_key(), origin=log_name())
    return seen.size, seen.root


def tree_hash(entries: list[bytes]) -> bytes:
    """RFC 6962, 2.1, as it is written there."""
    if len(entries) == 1:
        return merkle.leaf_hash(entries[0])
    middle = 1 << (len(entries) - 1).bit_length() - 1
    return merkle.node_hash(tree_hash(entries[:middle]), tree_hash(entries[middle:]))


def served_entries(size: int) -> list[bytes]:
    entries: list[bytes] = []
    for bundle in entry_bundles(0, size):
        entries += decode_entries(tile_store.place(bundle.path).read_bytes())[: bundle.width]
    return entries


def test_a_copy_has_the_log_before_the_world_sees_it(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(300)
    at_publication = []

    def publish(checkpoint: Checkpoint, *, note: str) -> None:
        at_publication.append((copy / "checkpoint").read_text() == note)

    monkeypatch.setattr(sequencer, "publish", publish)
    sequencer.sequence()
    assert at_publication == [True]
    assert (copy / "entries-size").read_text() == "300"
    assert len(decode_entries((copy / "tile/entries/000").read_bytes())) == 256
    assert len(decode_entries((copy / "tile/entries/001.p/44").read_bytes())) == 44


def test_a_copy_that_is_away_holds_nothing_up_and_is_named(client: Client, copy: Path) -> None:
    write(2)
    sequencer.sequence()
    copy.rename(copy.with_name("away"))
    write(2)
    checkpoint = sequencer.sequence()
    assert checkpoint is not None
    assert checkpoint.size == 4
    (state,) = client.get("/api/v1/health").json()["log"]["copies"]
    assert (state["name"], state["size"]) == ("copy 1", 2)
    assert "mounted" in state["fault"]
    copy.with_name("away").rename(copy)
    copies.forget_outages()
    sequencer.sequence()
    assert client.get("/api/v1/health").json()["log"]["copies"] == [
        {"name": "copy 1", "size": 4, "fault": ""}
    ]


@pytest.mark.parametrize("survivor", ["folder", "copy"])
def test_a_restored_database_signs_nothing_until_it_is_resumed_and_then_the_same_log(
    client: Client, copy: Path, survivor: str
) -> None:
    write(5)
    sequencer.sequence()
    backup = take_snapshot()
    write(300)
    sequencer.sequence()
    seen = published()
    entries = served_entries(seen[0])
    restore_snapshot(backup)
    if survivor == "copy":
        lose_folder()
    else:
        shutil.rmtree(copy)
        copy.mkdir()
    write(1)
    for _again in range(2):
        with pytest.raises(LogOutdated, match="JM-LOG-OUTDATED"):
            sequencer.sequence()
    assert LogHead.objects.get().size == 5, "no leaf has a place that another one has"
    assert Checkpoint.objects.count() == 1
    assert client.get("/api/v1/health").json()["log"]["outdated"] is True
    log_gate.look_again()
    answer = client.post("/api/v1/results", data=b"{}", content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["code"]) == (503, "JM-LOG-OUTDATED")
    assert int(answer["Retry-After"]) > 0

    call_command("resume_log", stdout=(output := StringIO()))
    assert "Entries 5 to 304 came back" in output.getvalue()
    size, root = published()
    assert size == 307, "what was there, the leaf that waited, and the one that publishes the gap"
    served = served_entries(size)
    assert served[: seen[0]] == entries
    assert (tree_hash(served), tree_hash(served[: seen[0]])) == (root, seen[1])
    assert list(log_faults()) == []
    assert client.get("/api/v1/health").json()["log"]["outdated"] is False
    (gap,) = client.get("/api/v1/log/gaps/").json()
    assert (gap["start"], gap["end"], gap["end_root"], gap["index"]) == (5, 305, seen[1].hex(), 306)
    (entry,) = [line for line in served if b"log-resumed" in line]
    assert json.loads(entry)["facts"]["start"] == 5
    assert (copy / "checkpoint").read_bytes() == tile_store.published_bytes()


def test_a_leaf_that_waited_in_the_backup_gets_its_old_place(copy: Path) -> None:
    write(3)
    backup = take_snapshot()
    sequencer.sequence()
    seen = published()
    restore_snapshot(backup)
    resume()
    assert served_entries(3) == served_entries(published()[0])[:3]
    assert Leaf.objects.count() == 4, "three, and the one that publishes the gap"
    assert tree_hash(served_entries(3)) == seen[1]


def test_without_its_entries_a_log_does_not_go_on(copy: Path) -> None:
    write(3)
    sequencer.sequence()
    backup = take_snapshot()
    write(3)
    sequencer.sequence()
    mirror = copy.with_name("mirror")
    shutil.copytree(copy, mirror)
    restore_snapshot(backup)
    lose_folder()
    shutil.rmtree(copy / "tile")
    with pytest.raises(LogOutdated):
        sequencer.sequence()
    with pytest.raises(CommandError, match="Entries 3 to 5 of the log are nowhere.*--from.*another origin"):
        call_command("resume_log")
    assert (LogHead.objects.get().outdated, Leaf.objects.count()) == (True, 3)
    call_command("resume_log", "--from", str(mirror), stdout=StringIO())
    assert published()[0] == 7


def test_where_no_place_tells_the_operator_must_vouch(settings: Settings, copy: Path) -> None:
    write(3)
    sequencer.sequence()
    (tile_store.place(RESTORED)).touch()
    LogHead.objects.update(outdated=True, fault="restored")
    settings.LOG_COPIES = []
    with pytest.raises(CommandError, match="No place shows what was signed last"):
        call_command("resume_log")
    call_command("resume_log", "--nothing-newer", stdout=(output := StringIO()))
    assert "No entry was lost" in output.getvalue()
    assert not LogGap.objects.exists()
    write(1)
    assert sequencer.sequence() is not None
    assert not tile_store.place(RESTORED).exists()


def test_another_history_is_not_gone_on_with(copy: Path) -> None:
    backup = take_snapshot()
    write(3)
    sequencer.sequence()
    restore_snapshot(backup)
    lose_folder()
    kept = copy.with_name("kept")
    copy.rename(kept)
    copy.mkdir()
    write(4)
    sequencer.sequence()  # nobody remembers: two logs
    shutil.rmtree(copy)
    kept.rename(copy)
    write(1)
    copies.forget_outages()
    with pytest.raises(LogBroken, match="another root"):
        sequencer.sequence()
    with pytest.raises(CannotResume, match="two histories"):
        resume()


class Histories(RuleBasedStateMachine):
    """Uploads, checkpoints, backups, restores, and places that are lost, away and back, in any order.

    The newest checkpoint stays in one place at least, as docs/trust.md demands; which one, and whether it answers, is
    anybody's guess. A monitor remembers every checkpoint that it ever saw.
    """

    root: Path
    settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.folder = Path(self.root / f"{id(self)}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.settings.LOG_DIR = self.folder / "log"
        self.copies = [self.folder / name for name in ("one", "two")]
        for place in (self.settings.LOG_DIR, *self.copies):
            place.mkdir(parents=True)
        self.settings.LOG_COPIES = [str(place) for place in self.copies]
        self.backups: list[tuple[LedgerSnapshot, Path]] = []
        self.seen: dict[int, bytes] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    @initialize(count=st.integers(1, 3))
    def begin(self, count: int) -> None:
        write(count)
        sequencer.sequence()

    @rule(count=st.integers(1, 4))
    def upload(self, count: int) -> None:
        if not LogHead.objects.get().outdated:  # else the doors are closed
            write(count)

    @rule()
    def sign(self) -> None:
        copies.forget_outages()
        self.attempt(sequencer.sequence)

    @rule()
    def back_up(self) -> None:
        folder = self.folder / f"backup-{len(self.backups)}"
        shutil.copytree(self.settings.LOG_DIR, folder)
        self.backups.append((take_snapshot(), folder))

    @precondition(lambda self: self.backups)
    @rule(data=st.data(), fate=st.sampled_from(["stays", "is lost", "is restored"]))
    def restore(self, data: st.DataObject, fate: str) -> None:
        snapshot, folder = data.draw(st.sampled_from(self.backups))
        if fate != "stays" and not self.is_elsewhere():
            return
        restore_snapshot(snapshot)
        if fate != "stays":
            shutil.rmtree(self.settings.LOG_DIR)
            if fate == "is restored":
                shutil.copytree(folder, self.settings.LOG_DIR)
                (self.settings.LOG_DIR / RESTORED).touch()
            else:
                self.settings.LOG_DIR.mkdir()

    @rule()
    def resume(self) -> None:
        self.attempt(resume)

    def attempt(self, step: Callable[[], object]) -> None:
        """Whatever a step refuses, it is not for two histories: there is one."""
        refusal = ""
        try:
            step()
        except (LogBroken, CannotResume) as error:
            refusal = str(error)
        assert "another root" not in refusal
        assert "two histories" not in refusal

    @rule(number=st.integers(0, 1))
    def copy_goes_or_comes(self, number: int) -> None:
        here, away = self.copies[number], self.copies[number].with_suffix(".away")
        if here.exists():
            here.rename(away)
        else:
            away.rename(here)

    @invariant()
    def monitor(self) -> None:
        if not (self.settings.LOG_DIR / "checkpoint").exists() or (self.settings.LOG_DIR / RESTORED).exists():
            return
        size, root = published()
        entries = served_entries(size)
        assert tree_hash(entries) == root
        for earlier, earlier_root in self.seen.items():
            if earlier <= size:
                assert tree_hash(entries[:earlier]) == earlier_root, f"{earlier} were signed otherwise"
        assert self.seen.setdefault(size, root) == root

    def is_elsewhere(self) -> bool:
        """Whether a copy, reachable or not, has the newest checkpoint that the monitor has seen."""
        newest = max(self.seen, default=0)
        places = [*self.copies, *(copy.with_suffix(".away") for copy in self.copies)]
        notes = [place / "checkpoint" for place in places if (place / "checkpoint").exists()]
        return any(int(note.read_text().splitlines()[1]) >= newest for note in notes)


@pytest.mark.laws
def test_no_monitor_ever_sees_two_histories(settings: Settings, tmp_path: Path) -> None:
    Histories.root, Histories.settings = tmp_path / "histories", settings
    run_state_machine_as_test(
        Histories, settings=hypothesis.settings(law(share=0.3, in_every_run=20), stateful_step_count=25)
    )
