"""The sequencer: places in order without gaps, every step may fail, and what was signed is never unsaid."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from joulemark.log import merkle, tiles
from joulemark.log.checkpoints import open_checkpoint
from joulemark.log.leaf import decode
from measurements.ledger import proofs, sequencer, tile_store, tile_writer
from measurements.ledger.errors import LogBroken, NotSequenced
from measurements.ledger.log_key import log_name, verifier_key
from measurements.ledger.models import Checkpoint, Leaf, LeafKind, LogHead
from measurements.ledger.services import append_leaf

pytestmark = pytest.mark.django_db


def write(count: int) -> list[Leaf]:
    """So many leaves about so many subjects."""
    start = Leaf.objects.count()
    with transaction.atomic():
        return [
            append_leaf(kind=LeafKind.VERDICT, subject=f"{number:064x}", facts={"state": "accepted"})
            for number in range(start, start + count)
        ]


@pytest.fixture
def as_owner() -> Callable[..., None]:
    """Runs SQL on the log's tables as whoever owns the database could: without its triggers."""

    def run(sql: str, *values: str | int | bytes) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            for one in sql.split(";"):
                cursor.execute(one, values)
            cursor.execute("SET session_replication_role = DEFAULT")

    return run


def published_note() -> str:
    """The checkpoint as the world sees it."""
    return (tile_store.published_bytes() or b"").decode()


def published_root() -> tuple[int, bytes]:
    """(size, root) of the published checkpoint, verified."""
    seen = open_checkpoint(published_note(), key=verifier_key(), origin=log_name())
    return seen.size, seen.root


def expected_root(count: int) -> bytes:
    """The root over the rows, without any tile."""
    bodies = Leaf.objects.order_by("index").values_list("body", flat=True)[:count]
    return merkle.root_of([merkle.leaf_hash(body.encode()) for body in bodies])


def test_a_leaf_waits_for_its_place() -> None:
    (leaf,) = write(1)
    assert leaf.index is None
    with pytest.raises(NotSequenced):
        proofs.prove(leaf)
    checkpoint = sequencer.sequence()
    assert checkpoint is not None
    assert checkpoint.size == 1
    leaf.refresh_from_db()
    assert leaf.index == 0


def test_an_entry_says_nothing_of_its_place() -> None:
    (leaf,) = write(1)
    entry = decode(leaf.body.encode())
    assert (entry.version, entry.kind, entry.subject, entry.at) == (
        2,
        "verdict",
        leaf.subject,
        leaf.logged_at,
    )


def test_an_empty_log_has_a_checkpoint() -> None:
    sequencer.sequence()
    assert published_root() == (0, merkle.EMPTY_ROOT)


@pytest.mark.parametrize("batches", [(1, 1, 1), (255, 1, 1), (256, 1), (300, 700, 3)])
def test_places_are_in_order_and_every_leaf_is_proved(batches: tuple[int, ...]) -> None:
    for count in batches:
        write(count)
        sequencer.sequence()
        size = Leaf.objects.count()
        assert published_root() == (size, expected_root(size))
    leaves = list(Leaf.objects.order_by("id"))
    assert [leaf.index for leaf in leaves] == list(range(len(leaves)))
    for leaf in leaves[:: max(1, len(leaves) // 40)]:
        proof = proofs.prove(leaf)
        signed = open_checkpoint(proof.checkpoint, key=verifier_key(), origin=log_name())
        merkle.verify_inclusion(
            leaf=bytes.fromhex(leaf.leaf_hash),
            index=proof.index,
            size=signed.size,
            proof=proof.proof,
            root=signed.root,
        )


def test_entries_lie_beside_the_hashes() -> None:
    leaves = write(300)
    sequencer.sequence()
    entries = [
        entry
        for bundle in tiles.entry_bundles(0, 300)
        for entry in tiles.decode_entries(tile_store.place(bundle.path).read_bytes())
    ]
    assert entries == [leaf.body.encode() for leaf in leaves]


def test_a_run_without_new_leaves_signs_nothing() -> None:
    write(3)
    first, second = sequencer.sequence(), sequencer.sequence()
    assert (first, Checkpoint.objects.count()) == (second, 1)


STEPS = [
    (sequencer, "assign_places"),
    (tile_writer, "write_files"),
    (sequencer, "root_after"),
    (sequencer, "sign_checkpoint"),
    (sequencer, "publish"),
    (tile_store, "write"),
]


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(("module", "step"), STEPS, ids=[step for _, step in STEPS])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_step_the_next_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str, when: str
) -> None:
    write(300)
    before = sequencer.sequence()
    assert before is not None
    write(250)
    real = getattr(module, step)

    def dies(*args: object, **kwargs: object) -> None:
        if when == "after":
            real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, step, dies)
        if module is tile_store:
            patched.setattr(tile_writer, step, dies)
        with pytest.raises(Killed):
            sequencer.sequence()
    assert open_checkpoint(published_note(), key=verifier_key(), origin=log_name()).size in {
        before.size,
        550,
    }
    write(10)
    sequencer.sequence()
    assert published_root() == (560, expected_root(560))
    assert list(Leaf.objects.order_by("id").values_list("index", flat=True)) == list(range(560))


def test_a_half_written_batch_of_files_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    write(300)
    sequencer.sequence()
    write(600)
    real = tile_store._write
    written: list[Path] = []

    def dies(path: Path, data: bytes) -> None:
        if len(written) == 3:
            raise Killed
        written.append(path)
        real(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(tile_store, "_write", dies)
        with pytest.raises(Killed):
            sequencer.sequence()
    sequencer.sequence()
    assert published_root() == (900, expected_root(900))


@pytest.mark.parametrize("lost", ["", "tile/0", "tile/1", "tile/entries", "checkpoint"])
def test_lost_files_are_made_again(settings: Settings, lost: str) -> None:
    write(600)
    sequencer.sequence()
    place = Path(settings.LOG_DIR) / lost
    kept = {file: file.read_bytes() for file in Path(settings.LOG_DIR).rglob("*") if file.is_file()}
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    for _turn in range(3):
        sequencer.sequence()
    assert {file: file.read_bytes() for file in kept if file.exists()} == kept
    write(1)
    sequencer.sequence()
    assert published_root() == (601, expected_root(601))


EDITS = {
    "an old body": "UPDATE ledger_leaf SET body = replace(body, 'accepted', 'rejected') WHERE index = 3",
    "the last body": "UPDATE ledger_leaf SET body = replace(body, 'accepted', 'rejected') WHERE index = 299",
    "two places swapped": "UPDATE ledger_leaf SET index = -1 - index WHERE index IN (3, 4); "
    "UPDATE ledger_leaf SET index = 8 + index WHERE index IN (-4, -5)",
    "a leaf removed": "DELETE FROM ledger_leaf WHERE index = 3",
    "the last leaf removed": "DELETE FROM ledger_leaf WHERE index = 299",
    "the head turned back": "UPDATE ledger_loghead SET size = 299",
    "the checkpoint's root": "UPDATE ledger_checkpoint SET root = repeat('0', 64)",
    "the checkpoint's note": "UPDATE ledger_checkpoint SET note = replace(note, '300', '301')",
    "the checkpoint removed": "DELETE FROM ledger_checkpoint",
}


@pytest.mark.parametrize("edit", EDITS)
def test_after_an_edit_behind_the_log_nothing_is_signed(
    as_owner: Callable[..., None], caplog: pytest.LogCaptureFixture, edit: str
) -> None:
    write(300)
    sequencer.sequence()
    as_owner(EDITS[edit])
    write(5)
    signed = Checkpoint.objects.count()
    for _turn in range(5):
        with pytest.raises(LogBroken):
            sequencer.sequence()
    assert Checkpoint.objects.count() == signed
    assert published_root()[0] == 300
    assert [record for record in caplog.records if record.levelname == "CRITICAL"]


def test_an_edit_with_its_own_hash_is_seen_too(as_owner: Callable[..., None]) -> None:
    leaf = write(300)[3]
    sequencer.sequence()
    body = leaf.body.replace("accepted", "rejected")
    as_owner(
        "UPDATE ledger_leaf SET body = %s, leaf_hash = %s WHERE index = 3",
        body,
        merkle.leaf_hash(body.encode()).hex(),
    )
    write(1)
    with pytest.raises(LogBroken, match="Leaf 3 is not the one in the tiles"):
        sequencer.sequence()


def test_rows_and_files_edited_together_do_not_fit_the_signed_root(
    as_owner: Callable[..., None], settings: Settings
) -> None:
    leaf = write(300)[3]
    sequencer.sequence()
    body = leaf.body.replace("accepted", "rejected")
    as_owner(
        "UPDATE ledger_leaf SET body = %s, leaf_hash = %s WHERE index = 3",
        body,
        merkle.leaf_hash(body.encode()).hex(),
    )
    shutil.rmtree(Path(settings.LOG_DIR) / "tile")
    with pytest.raises(LogBroken, match="was signed"):
        sequencer.sequence()


def test_an_edit_in_an_old_tile_is_found_in_its_turn(as_owner: Callable[..., None]) -> None:
    write(256 * 4 + 10)
    sequencer.sequence()
    as_owner("UPDATE ledger_leaf SET body = replace(body, 'accepted', 'rejected') WHERE index = 600")
    found = []
    for _turn in range(8):
        write(1)
        try:
            sequencer.sequence()
        except LogBroken as error:
            found.append(str(error))
    assert len(found) >= 4
    assert found[0].startswith("Leaf 600 does not fit its own hash")


def test_a_database_older_than_the_published_log_signs_nothing(
    as_owner: Callable[..., None],
) -> None:
    write(10)
    sequencer.sequence()
    write(10)
    sequencer.sequence()
    as_owner(
        "DELETE FROM ledger_checkpoint WHERE size = 20; DELETE FROM ledger_leaf WHERE index >= 10;"
        "UPDATE ledger_loghead SET size = 10"
    )
    write(30)
    with pytest.raises(LogBroken, match="this database does not know"):
        sequencer.sequence()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_leaf SET body = ''",
        "UPDATE ledger_leaf SET index = 7 WHERE index = 0",
        "UPDATE ledger_leaf SET index = NULL WHERE index = 0",
        "UPDATE ledger_leaf SET index = 9, subject = 'x' WHERE index IS NULL",
        "UPDATE ledger_leaf SET id = 999 WHERE index = 0",
        "DELETE FROM ledger_leaf",
        "TRUNCATE ledger_leaf CASCADE",
        "UPDATE ledger_checkpoint SET note = ''",
        "DELETE FROM ledger_checkpoint",
        "TRUNCATE ledger_checkpoint CASCADE",
    ],
)
def test_the_database_refuses_to_change_the_log(statement: str) -> None:
    write(1)
    sequencer.sequence()
    write(1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_partial_tiles_stay_an_hour_and_then_go(
    settings: Settings, time_machine_hours: Callable[[int], None]
) -> None:
    write(10)
    sequencer.sequence()
    partial = tile_store.place("tile/0/000.p/10")
    write(300)
    sequencer.sequence()
    assert partial.exists()
    time_machine_hours(2)
    write(300)
    sequencer.sequence()
    assert not partial.parent.exists()
    assert not tile_store.place("tile/entries/000.p").exists()
    assert tile_store.place("tile/0/001.p/54").exists()
    assert published_root() == (610, expected_root(610))


@pytest.fixture
def time_machine_hours(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Moves the sequencer's clock forward."""
    from datetime import timedelta

    from django.utils import timezone

    def forward(hours: int) -> None:
        later = timezone.now() + timedelta(hours=hours)
        monkeypatch.setattr(timezone, "now", lambda: later)

    return forward


def test_the_head_counts_what_has_a_place() -> None:
    write(4)
    sequencer.sequence()
    write(2)
    assert LogHead.objects.get().size == 4
