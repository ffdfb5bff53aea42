"""What is no fault of a release ends a replay and is no finding of it; nobody's file is taken for a replay's state."""

from __future__ import annotations

import hashlib
import io
import shutil
import sqlite3
import sys
import tarfile
from argparse import Namespace
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import joulemark
from joulemark.cli.replay import execute
from joulemark.errors import UsageError
from joulemark.leaderboard.eligibility import MODERATION, NEW_RULES, VERDICT, WITHDRAWAL, StateOfResult
from joulemark.log.leaf import Fact, LogLeaf
from joulemark.log.notes import COSIGNATURE, verifier_key
from joulemark.reader.errors import FileChanged, FileMissing, LibraryMissing
from joulemark.reader.release import bundles_in
from joulemark.reader.roots import HttpRoot
from joulemark.record.limits import MAX_BUNDLE_BYTES
from joulemark.release.layout import bundle_member
from joulemark.release.manifest import StoredFile
from joulemark.replay import replaying
from joulemark.replay.history import History
from joulemark.replay.replaying import ReplayRequest, StateInUse, StateOfAnother, replay
from joulemark.replay.state_file import PartOutcome, StateFile
from joulemark.replay.state_lock import StateLock
from joulemark_simulation.records import signing_key
from joulemark_simulation.release_files import START
from tests.core.replay.forging import manifest_of
from tests.core.replay.replayed import codes, replayed


def _fresh(root: Path, state: Path) -> replaying.ReplayReport:
    return replay(ReplayRequest(source=str(root), name=None, state=state, is_fresh=True), lambda *_: None)


@pytest.mark.parametrize("run", [replayed, _fresh], ids=["resumed", "fresh"])
@pytest.mark.parametrize("kind", ["database", "text"])
def test_a_file_of_somebody_else_is_refused_and_stays(
    run: Callable[[Path, Path], object], kind: str, honest: Path, tmp_path: Path
) -> None:
    place = tmp_path / "mine"
    if kind == "text":
        place.write_text("what took a year to write\n")
    else:
        with closing(sqlite3.connect(place)) as database, database:
            database.execute("CREATE TABLE years (work TEXT)")
    before = place.read_bytes()
    with pytest.raises(StateOfAnother, match="--state"):
        run(honest, place)
    assert place.read_bytes() == before
    assert list(tmp_path.iterdir()) == [place]


def test_what_was_done_of_another_release_is_forgotten_by_fresh_alone(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateFile(tmp_path / "state")
    state.identify({"manifest": "of another"})
    state.close()
    with pytest.raises(StateOfAnother, match="--fresh"):
        replayed(honest, tmp_path / "state")
    monkeypatch.setattr(replaying, "STEPS", ("tables",))
    assert _fresh(honest, tmp_path / "state").is_equal


def test_two_replays_do_not_share_a_state(honest: Path, tmp_path: Path) -> None:
    with StateLock(tmp_path / "state"), pytest.raises(StateInUse):
        replayed(honest, tmp_path / "state")
    assert list(tmp_path.iterdir()) == []


def test_the_state_of_a_release_has_a_place_of_its_own(
    honest: Path, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the folder is named: `.` is another one in each folder, and two names may be of one release."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(replaying, "STEPS", ("tables",))
    monkeypatch.chdir(release)
    places: list[Path] = []

    def opened(place: Path) -> StateFile:
        places.append(place)
        return StateFile(place)

    monkeypatch.setattr(replaying, "StateFile", opened)
    for source in (".", str(honest)):
        replay(ReplayRequest(source=source, name=None), lambda *_: None)
    same, other = places
    assert same == other
    assert joulemark.open_release(honest).manifest_sha256[:16] in same.name


@pytest.mark.parametrize("name", ["a ?#%41 state", "état"])
def test_a_state_file_is_named_by_any_characters(name: str, tmp_path: Path) -> None:
    StateFile(tmp_path / name).close()
    assert (tmp_path / name).is_file()
    StateFile(tmp_path / name, for_reading=True).close()


@pytest.mark.parametrize(
    "error", [LibraryMissing("none"), FileMissing("away")], ids=["library", "connection"]
)
@pytest.mark.parametrize("step", ["files", "tables", "log", "evidence", "verdicts", "snapshots"])
def test_a_lost_connection_is_no_finding_and_the_replay_resumes(
    step: str, error: Exception, honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "STEPS", (step,))
    release = joulemark.open_release(honest)
    with monkeypatch.context() as patched:
        patched.setattr(type(release.root), "fetched", _raising(error))
        with pytest.raises(type(error)):
            replayed(honest, tmp_path / "state")
    with StateLock(tmp_path / "state"):
        state = StateFile(tmp_path / "state", for_reading=True)
    assert list(state.differences()) == []
    state.close()


def _raising(error: Exception) -> object:
    def fetched(_root: object, _file: StoredFile) -> Path:
        raise error

    return fetched


def test_a_replay_without_its_library_says_so_before_anything_else(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LibraryMissing):
        replayed(honest, tmp_path / "state")
    assert list(tmp_path.iterdir()) == []


def test_whatever_file_is_damaged_is_named_and_ends_nothing(honest: Path, tmp_path: Path) -> None:
    """A byte in the middle and the last one of each file of the manifest, one file after the other."""
    for number, file in enumerate(manifest_of(honest).files):
        if not file.bytes:
            continue
        root = Path(shutil.copytree(honest, tmp_path / f"copy {number}"))
        data = bytearray((root / file.path).read_bytes())
        for place in (len(data) // 2, len(data) - 1):
            data[place] ^= 1
        (root / file.path).write_bytes(bytes(data))
        report = replayed(root, tmp_path / "state")
        assert ("JM-REPLAY-SUM", file.path) in [(each.code, each.subject) for each in report.differences]
        shutil.rmtree(root)


def test_a_file_that_the_folder_lacks_is_named(release: Path, tmp_path: Path) -> None:
    for file in manifest_of(release).files:
        (release / file.path).unlink(missing_ok=True)
    assert "JM-REPLAY-FILE" in codes(replayed(release, tmp_path / "state"))


def test_a_download_that_was_edited_in_the_cache_is_downloaded_again(tmp_path: Path) -> None:
    """Of a tile neither the path nor the size says what is in it."""
    good = b"what was published"
    file = StoredFile(path="tile/0/000", bytes=len(good), sha256=hashlib.sha256(good).hexdigest())
    downloads = []

    class Root(HttpRoot):
        """An address that has the one file."""

        def _download(self, path: str, write: Callable[[bytes], object], *, most_bytes: int) -> None:
            assert most_bytes == len(good)
            downloads.append(path)
            write(good)

    place = Root("https://example.org", tmp_path).fetched(file)
    place.write_bytes(b"what somebody like")
    again = Root("https://example.org", tmp_path)
    assert again.fetched(file).read_bytes() == good
    again.fetched(file)
    assert downloads == [file.path] * 2


def test_a_member_larger_than_a_bundle_is_refused_unread(tmp_path: Path) -> None:
    place = tmp_path / "bundles.tar"
    with tarfile.open(place, "w") as archive:
        member = tarfile.TarInfo(bundle_member("0" * 64))
        member.size = MAX_BUNDLE_BYTES + 1
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    with pytest.raises(FileChanged):
        list(bundles_in(place))
    assert list(bundles_in(place, "1" * 64)) == []


def test_a_witness_key_is_no_log_key() -> None:
    key = verifier_key(signing_key(7), name="example.org/witness", kind=COSIGNATURE).encode()
    with pytest.raises(UsageError, match="--log-key"):
        execute(Namespace(json=True, state=None, source=".", release=None, fresh=False, jobs=1, log_key=key))


def state_after(decisions: list[tuple[str, dict[str, Fact]]]) -> str | None:
    """What the decisions leave a result in."""
    result = StateOfResult()
    for kind, facts in decisions:
        result.apply(kind, facts)
    return result.state


def test_a_withdrawn_result_was_not_moderated_by_that(tmp_path: Path) -> None:
    """A withdrawal and then new rules: over a range's end the history says what it says within one."""
    verdict: dict[str, Fact] = {
        "state": "accepted",
        "cause": "rules",
        "codes": [],
        "rules": "1",
        "findings_sha256": "",
        "at": "",
    }
    decisions: list[tuple[str, dict[str, Fact]]] = [
        (VERDICT, verdict),
        (WITHDRAWAL, {"reason": "wrong"}),
        (VERDICT, verdict | {"cause": NEW_RULES, "state": "rejected"}),
    ]
    accepted: tuple[str, dict[str, Fact]] = (MODERATION, {"state": "accepted"})
    moderated = [decisions[0], accepted, decisions[2]]
    assert (state_after(decisions), state_after(moderated)) == ("rejected", "accepted")
    state = StateFile(tmp_path / "state")
    for index, (kind, facts) in enumerate(decisions):
        history, outcome = History(state), PartOutcome()
        history.read(LogLeaf(kind=kind, subject="a", at=START, facts=facts), index=index, written=index)
        history.store(outcome)
        state.finish("log", str(index), outcome)
    assert state.first("SELECT state FROM standings WHERE until IS NULL") == ("rejected",)
    state.close()
