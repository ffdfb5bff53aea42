"""`make release-check`: a crowd's release is replayed without the platform; then each thing that was changed is named.

A crowd is simulated on an embedded platform, a release of it is published, its folder is copied, and `joulemark replay`
runs in an environment that has the agent's wheel: a process that asks there for Django, for a room of the platform or
for a connection is refused by Python itself. Then five things that are not what they were must each be named by its
code: an edited value, a dropped bundle, an altered threshold (of a published rule, then of the judge), a swapped
checkpoint, a row group moved.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joulemark.log.checkpoints import Checkpoint, log_name
from joulemark.release.leaf_tables import EVENTS
from joulemark_simulation.records import signing_key
from tests.core.replay.forging import (
    drop_bundle,
    edit_table,
    manifest_of,
    raise_threshold,
    reverse_row_groups,
    swap_checkpoint,
)
from tests.fresh_environment import FreshEnvironment, build_distributions, make_environment
from tests.processes import ROOT, embedded_platform

PLATFORM = (
    "celery",
    "django",
    "joulemark_simulation",
    "joulemark_site",
    "measurements",
    "psycopg",
    "rest_framework",
)
"""What the checking process cannot import. The libraries come from the tests' environment, which has them."""

REFUSING = f"""
import sys

def refused(event, arguments):
    if event == "import" and arguments[0].partition(".")[0] in {PLATFORM!r}:
        raise ImportError(arguments[0] + " is of the platform, and this process has none")
    if event == "socket.connect" and not isinstance(arguments[1], (str, bytes)):
        raise OSError("this process is offline")

sys.addaudithook(refused)
"""
"""Run by every process of the environment before anything else; a hook cannot be taken away."""

THRESHOLD = ("joulemark/rules/provenance.py", "MOST_UNREPORTED = ", "MOST_UNREPORTED = 0  # was ")
"""The file of the agent, and its line, that is altered where the replay runs: every verdict then follows otherwise."""


def publish(folder: Path, words: list[str]) -> Path:
    """The folder of releases of a new platform with a simulated crowd."""
    with embedded_platform(folder=folder, JOULEMARK_LOG_LEVEL="WARNING") as platform:
        platform.manage("simulate_crowd", *words)
        platform.manage("publish_release")
    return folder / "data" / "releases"


def replayed(fresh: FreshEnvironment, root: Path, state: Path) -> dict[str, Any]:
    """What the command says in JSON."""
    began = time.monotonic()
    command = [str(fresh.folder / "bin" / "joulemark"), "replay", str(root), "--state", str(state), "--json"]
    answer: dict[str, Any] = json.loads(fresh.run(*command).stdout)
    print(
        f"  {time.monotonic() - began:.1f} s: {len(answer['differences'])} differences, {answer['compared']}"
    )
    return answer


def named(answer: dict[str, Any], code: str) -> None:
    """Print what the replay says under this code. Raises AssertionError where it says nothing."""
    sentences = [each["sentence"] for each in answer["differences"] if each["code"] == code]
    assert sentences, (code, answer["differences"][:5])
    print(f"  {code}  {sentences[0]}")


def edited_value(root: Path) -> None:
    """A value is a thousandth lower, with sums that fit."""

    def edit(rows: list[dict[str, Any]]) -> None:
        rows[0]["energy_per_query_j"] *= 0.999

    edit_table(root, "cells", edit)


def swapped_checkpoint(root: Path) -> None:
    """The checkpoint is by another key, over the same root."""
    manifest = manifest_of(root)
    name = log_name(manifest.origin)
    text = Checkpoint(origin=name, size=manifest.tree_size, root=bytes.fromhex(manifest.root_hash)).text()
    swap_checkpoint(root, text, name=name, key=signing_key(98))


def moved_row_group(root: Path) -> None:
    """The last row group of the entries is the first."""
    reverse_row_groups(root, EVENTS.name)


FORGERIES: tuple[tuple[str, Callable[[Path], Any], str], ...] = (
    ("one edited value", edited_value, "JM-REPLAY-CELL"),
    ("one dropped bundle", drop_bundle, "JM-REPLAY-BUNDLE-MISSING"),
    ("one altered threshold of a published rule", raise_threshold, "JM-REPLAY-RULE"),
    ("one swapped checkpoint", swapped_checkpoint, "JM-REPLAY-CHECKPOINT"),
    ("one moved row group", moved_row_group, "JM-REPLAY-ORDER"),
)


def check(folder: Path, releases: Path) -> None:
    """Replay a copy of `releases`, then what is made of it. Raises AssertionError where something is not right."""
    copy = Path(shutil.copytree(releases, folder / "copy"))
    wheel = build_distributions(ROOT / "agent", folder / "dist").wheel
    fresh = make_environment(folder / "fresh")
    fresh.install(wheel)
    _take_platform_away(fresh)
    print("the release as it was published:")
    answer = replayed(fresh, copy, folder / "state")
    assert answer["ok"], answer["differences"][:5]
    assert answer["compared"]["verdicts"] > 0, "no verdict was recomputed"
    for title, forge, code in FORGERIES:
        print(f"{title}:")
        forged = Path(shutil.copytree(copy, folder / "forged"))
        forge(forged)
        named(replayed(fresh, forged, folder / title.replace(" ", "-")), code)
        shutil.rmtree(forged)
    print("one altered threshold of the judge:")
    _alter_threshold(fresh)
    answer = replayed(fresh, copy, folder / "altered")
    named(answer, "JM-REPLAY-RULE")  # the rule states its threshold
    named(answer, "JM-REPLAY-VERDICT")
    assert {each["code"] for each in answer["differences"]} == {"JM-REPLAY-RULE", "JM-REPLAY-VERDICT"}
    print("release-check: all equal as published, and each of five changes was named")


def _take_platform_away(fresh: FreshEnvironment) -> None:
    """Python reads a .pth file when it starts, and runs what it imports."""
    site = next((fresh.folder / "lib").glob("python3*")) / "site-packages"
    (site / "refusing.py").write_text(REFUSING, encoding="utf-8")
    (site / "refusing.pth").write_text("import refusing\n", encoding="utf-8")
    for name in PLATFORM:
        tried = fresh.run(str(fresh.python), "-c", f"import {name}")
        assert f"{name} is of the platform" in tried.stderr, tried
    connecting = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    assert "this process is offline" in fresh.run(str(fresh.python), "-c", connecting).stderr
    assert fresh.run(str(fresh.python), "-c", "import joulemark.replay.replaying").returncode == 0
    print(f"a process that cannot import {', '.join(PLATFORM)}, nor connect")


def _alter_threshold(fresh: FreshEnvironment) -> None:
    name, line, altered = THRESHOLD
    [file] = [path for path in (fresh.folder / "lib").rglob("provenance.py") if str(path).endswith(name)]
    text = file.read_text()
    assert line in text
    file.unlink()  # it may be a hard link
    file.write_text(text.replace(line, altered, 1))


def main() -> None:
    """Check once, in a folder that goes afterwards unless it is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contributors", default="12")
    parser.add_argument("--days", default="10")
    parser.add_argument("--seed", default="7")
    parser.add_argument("--releases", type=Path, help="a folder of releases to check, in place of a crowd's")
    arguments = parser.parse_args()
    words = ["--contributors", arguments.contributors, "--days", arguments.days, "--seed", arguments.seed]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check(folder, arguments.releases or publish(folder / "platform", words))


if __name__ == "__main__":
    main()
