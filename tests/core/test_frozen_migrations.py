"""No migration that a database may have run is edited, renamed or removed; each is one step after the one before."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from tests.frozen_migrations import DIGESTS, ROOT, freeze, frozen_digests, present_digests

FIRST = "measurements/a/migrations/0001_initial.py"
SECOND = "measurements/a/migrations/0002_more.py"


def test_every_frozen_migration_is_as_it_was() -> None:
    present = present_digests()
    edited = [path for path, digest in frozen_digests().items() if present.get(path) != digest]
    assert not edited, (
        f"{edited}: databases have run these migrations and will not run them again. Undo the change and write a "
        "migration that comes after them."
    )


def test_every_migration_is_frozen() -> None:
    new = sorted(present_digests().keys() - frozen_digests().keys())
    assert not new, f"{new}: run `make freeze-migrations` and commit tests/migrations.sha256 with them."


def test_no_digest_was_ever_taken_back() -> None:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("there is no history beside these files")
    command = ["git", "log", "--format=", "--patch", "--", DIGESTS.relative_to(ROOT).as_posix()]
    history = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"^-[0-9a-f]{64} .*", history, re.MULTILINE) == []


def test_each_app_has_one_line_of_migrations_in_the_order_of_their_numbers() -> None:
    graph = MigrationLoader(None).graph
    ours = {path.split("/")[1] for path in present_digests()}
    labels = {config.name.rpartition(".")[2]: config.label for config in apps.get_app_configs()}
    for app in sorted(labels[folder] for folder in ours):
        assert len(graph.leaf_nodes(app)) == 1, app
        (leaf,) = graph.leaf_nodes(app)
        names = [name for of, name in graph.forwards_plan(leaf) if of == app]
        assert names == sorted(names), app
        assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1)), app


def test_freezing_adds_and_never_changes(tmp_path: Path) -> None:
    digests = tmp_path / "migrations.sha256"
    digests.touch()
    for path, text in ((FIRST, "first"), (SECOND, "second")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        assert freeze(tmp_path, digests) == [path]
    before = digests.read_bytes()
    (tmp_path / FIRST).write_text("edited")
    assert freeze(tmp_path, digests) == []
    assert digests.read_bytes() == before
    assert present_digests(tmp_path)[FIRST] != frozen_digests(digests)[FIRST]
