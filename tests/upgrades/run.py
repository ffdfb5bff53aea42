"""From each of some former commits: prepare and fill a platform with its code, and bring it up to this code.

`make upgrades`. On SQLite and on PostgreSQL, every UPGRADES_EVERY-th of the last UPGRADES_COMMITS commits must give the
same boards before and after, a clean audit of the log and the tables, cells that equal their evidence, and the very
schema that a new database has. It prints a line for each and ends with 1 if one differs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "simulation")]

from joulemark_simulation.services import services
from tests.frozen_migrations import PATTERN
from tests.upgrades.comparing import board_differences, schema, schema_differences
from tests.upgrades.former_platforms import (
    CONTRIBUTORS,
    CommandFailed,
    FormerPlatform,
    NeverRan,
    code_of,
    filled,
    new_database,
)

EVERY = int(os.environ.get("UPGRADES_EVERY", "20"))
COMMITS = int(os.environ.get("UPGRADES_COMMITS", "120"))
MOST_SHOWN = 12
AUDITS = (("check_log",), ("rebuild_boards", "--check"), ("makemigrations", "--check", "--dry-run"))


def chosen_commits() -> list[str]:
    """The abbreviated names of the commits of the main line to begin from, the newest first.

    One with a renumbered migration is named, and the next newer one without takes its place.
    """
    names = main_line(COMMITS + 1)
    chosen = []
    for place in range(EVERY, len(names), EVERY):
        newer = range(place, place - EVERY, -1)
        usable = next((names[i] for i in newer if not renumbered_migrations(names[i])), None)
        if usable != names[place]:
            print(f"{names[place]} had {', '.join(renumbered_migrations(names[place]))}: {usable} instead")
        if usable is not None:
            chosen.append(usable)
    return chosen


def main_line(count: int) -> list[str]:
    """The abbreviated names of the last commits of the main line, the newest first; [] without their history."""
    command = ["git", "rev-list", "--first-parent", "--abbrev-commit", f"--max-count={count}", "HEAD"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True).stdout.split()


def renumbered_migrations(commit: str) -> list[str]:
    """Migrations of a commit that have another name since.

    They came to the main line from two sides and were put in order before they were frozen (tests/migrations.sha256);
    no released state has them, and what was made with them cannot be brought up to date.
    """
    return sorted(_migrations_of(commit) - _migrations_of("HEAD"))


def _migrations_of(commit: str) -> set[str]:
    command = ["git", "ls-tree", "-r", "--name-only", commit, "--", "measurements"]
    files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return {file for file in files if fnmatch(file, PATTERN)}


def main() -> int:
    """Upgrade from each commit and print what differs; 1 where anything does."""
    failed, commits = 0, chosen_commits()
    with services() as running, tempfile.TemporaryDirectory() as folder:
        server = running.database_url or ""
        for kind in ("SQLite", "PostgreSQL"):
            place = Path(folder) / kind
            place.mkdir()
            url = new_database(server, "fresh") if kind == "PostgreSQL" else None
            fresh = FormerPlatform(folder=place / "fresh", database_url=url)
            fresh.folder.mkdir()
            fresh.manage(ROOT, "prepare")
            new = schema(fresh.database_url, fresh.folder)
            for commit in commits:
                url = new_database(server, "former") if kind == "PostgreSQL" else None
                try:
                    outcome = differences_from(commit, place / commit, url, new)
                except NeverRan as error:
                    print(f"{kind:10}  {commit}  is left out: {error}", flush=True)
                    continue
                failed += bool(outcome)
                print(f"{kind:10}  {commit}  {'as before' if not outcome else 'DIFFERS'}", flush=True)
                for sentence in outcome[:MOST_SHOWN]:
                    print(f"    {sentence}")
                if len(outcome) > MOST_SHOWN:
                    print(f"    and {len(outcome) - MOST_SHOWN} more")
    print(
        f"{failed} upgrades differ"
        if failed
        else "every upgrade leaves boards, log and schema as they should be"
    )
    return int(failed > 0)


def differences_from(
    commit: str,
    folder: Path,
    database_url: str | None,
    new: list[str],
    *,
    contributors: int = CONTRIBUTORS,
    audits: tuple[tuple[str, ...], ...] = AUDITS,
) -> list[str]:
    """What differs after a platform of `commit` was brought up to this code; empty where nothing does.

    Raises NeverRan for a commit whose own code cannot prepare a platform.
    """
    try:
        with code_of(commit) as tree:
            former = filled(tree, folder, database_url, contributors=contributors)
            before = former.boards(tree)
        former.manage(ROOT, "upgrade", "--backup-to", str(folder / "backups"))
        sentences = board_differences(before, former.boards(ROOT))
        for words in audits:
            former.manage(ROOT, *words)
        return sentences + schema_differences(schema(database_url, folder), new)
    except NeverRan:
        raise
    except CommandFailed as error:
        return str(error).splitlines()


if __name__ == "__main__":
    sys.exit(main())
