"""A release is recomputed from its evidence, and whatever was changed in it is named by its code."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace as replace_run
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from joulemark.replay import replaying, workers
from joulemark.replay.reading import OF_OTHERS
from joulemark.replay.replaying import StateOfAnother
from joulemark.rules.judge import RULES
from joulemark_simulation.small_release import build, usual_runs
from tests.core.replay.forging import (
    Rows,
    edit_table,
    manifest_of,
    republish,
    rows_of,
)
from tests.core.replay.replayed import codes, replayed


def test_an_honest_release_is_equal_by_one_process_and_by_two(honest: Path, tmp_path: Path) -> None:
    report = replayed(honest, tmp_path / "state")
    assert report.differences == []
    counts = report.counts
    assert (counts["bundles"], counts["verdicts"], counts["cells"], counts["ranks"]) == (6, 6, 2, 2)
    assert counts["comparisons"] == 1
    assert replayed(honest, tmp_path / "other", jobs=2) == report


def test_a_byte_that_changed_is_named_with_its_file(release: Path, tmp_path: Path) -> None:
    path = manifest_of(release).tables["cells"].files[0].path
    data = bytearray((release / path).read_bytes())
    data[len(data) // 2] ^= 1
    (release / path).write_bytes(bytes(data))
    report = replayed(release, tmp_path / "state")
    assert ("JM-REPLAY-SUM", path) in [(each.code, each.subject) for each in report.differences]


def _scaled(column: str) -> Callable[[Rows], None]:
    def edit(rows: Rows) -> None:
        rows[0][column] *= 1.000001

    return edit


def _other(column: str, value: Any) -> Callable[[Rows], None]:
    def edit(rows: Rows) -> None:
        assert rows[0][column] != value
        rows[0][column] = value

    return edit


EDITS = [
    ("cells", _scaled("energy_per_query_j"), "JM-REPLAY-CELL"),
    ("cells", _other("tier", "established"), "JM-REPLAY-CELL"),
    ("cells", lambda rows: rows[1:], "JM-REPLAY-CELL"),
    ("comparisons", _scaled("ratio"), "JM-REPLAY-COMPARISON"),
    ("ranks", _other("rank", 2), "JM-REPLAY-RANK"),
    ("results", _scaled("energy_gross_j"), "JM-REPLAY-RESULT"),
    ("windows", _scaled("energy_gross_j"), "JM-REPLAY-WINDOWS"),
    ("states", _other("state", "quarantined"), "JM-REPLAY-STATE"),
    ("verdicts", _other("state", "quarantined"), "JM-REPLAY-VERDICT"),
    ("events", _other("statement", "{}"), "JM-REPLAY-EVENT"),
    ("keys", _other("public_key", "00" * 32), "JM-REPLAY-KEY"),
    ("tickets", _other("sample_seed", 8), "JM-REPLAY-TICKET"),
    ("rules", _other("condition", "Any three windows will do"), "JM-REPLAY-RULE"),
]


@pytest.mark.parametrize(
    ("table", "edit", "code"), EDITS, ids=[f"{table} {code} {n}" for n, (table, _, code) in enumerate(EDITS)]
)
def test_a_published_number_that_does_not_follow_is_named(
    table: str, edit: Callable[[Rows], Rows | None], code: str, release: Path, tmp_path: Path
) -> None:
    edit_table(release, table, edit)
    assert codes(replayed(release, tmp_path / "state")) == [code]


def test_a_release_that_another_has_edited_is_not_attested(release: Path, tmp_path: Path) -> None:
    republish(release, replace(manifest_of(release), licence="none"), is_attested=False)
    assert codes(replayed(release, tmp_path / "state")) == ["JM-REPLAY-ATTESTATION"]


def test_a_value_that_waits_is_counted_and_not_compared(release: Path, tmp_path: Path) -> None:
    edit_table(release, "cells", lambda rows: [{**row, "is_current": False, "n_results": 2} for row in rows])
    report = replayed(release, tmp_path / "state")
    assert report.differences == []
    assert report.counts["values_that_wait"] == 2


def test_a_replay_that_was_killed_goes_on(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replayed(honest, tmp_path / "whole")

    class Killed(BaseException):
        """As a process that is gone: nobody tidies up."""

    run, n_done = workers.Worker.run, 0

    def killed_at(self: workers.Worker, step: str, part: str) -> Any:
        nonlocal n_done
        n_done += 1
        if n_done > limit:
            raise Killed
        return run(self, step, part)

    monkeypatch.setattr(workers.Worker, "run", killed_at)
    for limit in range(1, 60, 13):  # noqa: B007 - it is read by whoever is killed
        n_done = 0
        try:
            report = replayed(honest, tmp_path / "state")
            break
        except Killed:
            continue
    else:
        pytest.fail("it never came to its end")
    assert n_done < 40, "most of it was done before"
    assert report == whole
    assert list(tmp_path.iterdir()) == [], "a replay that came to its end leaves nothing"


KILLED_AFTER_29_PARTS = """
import os, signal, sys
from itertools import count
from pathlib import Path
from joulemark.replay import replaying, state_file

finish, parts = state_file.StateFile.finish, count(1)

def killed(self, step, part, outcome):
    if next(parts) == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    finish(self, step, part, outcome)

state_file.StateFile.finish = killed
request = replaying.ReplayRequest(source=sys.argv[1], name=None, state=Path(sys.argv[2]), jobs=2)
replaying.replay(request, lambda *_: None)
"""


def test_a_process_that_was_killed_has_kept_what_it_did_and_leaves_no_other(
    honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    program = [sys.executable, "-c", KILLED_AFTER_29_PARTS, str(honest), str(state)]
    killed = subprocess.run(program, check=False, capture_output=True, timeout=300)  # until its processes end
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    ran, run = [], workers.Worker.run

    def counted(self: workers.Worker, step: str, part: str) -> Any:
        ran.append((step, part))
        return run(self, step, part)

    monkeypatch.setattr(workers.Worker, "run", counted)
    resumed = replayed(honest, state)
    n_resumed = len(ran)
    assert resumed == replayed(honest, state), "as if nobody had killed it"
    assert n_resumed == len(ran) - n_resumed - 29


def test_the_state_of_another_release_is_refused(
    honest: Path, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(replaying, "_parts", lambda step, *_: [] if step == "files" else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            replayed(honest, tmp_path / "state")
    assert (tmp_path / "state").is_file()
    edit_table(release, "cells", _scaled("energy_per_query_j"))
    with pytest.raises(StateOfAnother):
        replayed(release, tmp_path / "state")


@pytest.mark.parametrize("by_others", [False, True], ids=["fresh tags", "fresh keys"])
@pytest.mark.parametrize(("n_abandoned", "state"), [(3, "accepted"), (9, "accepted"), (10, "quarantined")])
def test_the_best_of_many_is_put_aside_offline_too(
    tmp_path: Path, n_abandoned: int, state: str, *, by_others: bool
) -> None:
    first, *others = usual_runs()
    root = build(tmp_path, [*others, replace_run(first, n_abandoned=n_abandoned, by_others=by_others)])
    last = rows_of(root, "verdicts")[-1]
    assert (last["state"], "JM-BEST-OF" in last["codes"]) == (state, state == "quarantined")
    assert replayed(root, tmp_path / "state").differences == []


def test_rules_that_are_asked_about_others_are_known() -> None:
    """Each rule whose code reads what others did is judged with the log of then, and no other one is."""
    names = (
        "_by_others",
        "same_trace_as",
        "tickets_unreported",
        "runs_of_",
        "device_shared_with",
        "key_revoked",
    )
    import inspect

    reads_others = {
        rule.code for rule in RULES if any(name in inspect.getsource(rule.check) for name in names)
    }
    assert reads_others == OF_OTHERS
