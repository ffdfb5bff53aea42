"""A platform and witnesses of its log, each as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from joulemark.config import Folders
from joulemark.log import notes
from joulemark.log.checkpoints import open_checkpoint
from joulemark.witness import witness_key
from tests.processes import ROOT, SOURCE_ROOTS, Platform, embedded_platform, free_port, wait_until

if TYPE_CHECKING:
    from pathlib import Path


def agent_environment(folder: Path) -> dict[str, str]:
    own = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")}
    outside = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**outside, **own, "PYTHONPATH": SOURCE_ROOTS}


def witness_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "joulemark", "witness", *words],
        env=agent_environment(folder),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def prepared_witness(folder: Path, name: str) -> notes.VerifierKey:
    """The public key of a witness whose folders are in `folder`, made as its first run makes it."""
    folders = Folders(
        config=folder / "config" / "joulemark", state=folder / "state" / "joulemark", cache=folder / "cache"
    )
    _name, key = witness_key.load_or_create(folders, name=name)
    return notes.verifier_key(key, name=name, kind=notes.COSIGNATURE)


@pytest.mark.processes
@pytest.mark.timeout(240)
def test_platform_and_witnesses_as_processes(tmp_path: Path) -> None:
    """One witness serves and is asked, another comes by cron, a third is unknown; what they sign is published."""
    asked = prepared_witness(tmp_path / "one", "witness.example/serves")
    cron = prepared_witness(tmp_path / "two", "witness.example/cron")
    port = free_port()
    with embedded_platform(
        folder=tmp_path,
        JOULEMARK_LOG_EVERY_S="1",
        JOULEMARK_LOG_WITNESS_EVERY_S="1",
        JOULEMARK_LOG_WITNESSES=f"{asked.encode()} {cron.encode()}",
        JOULEMARK_LOG_WITNESS_ADDRESSES=f"{asked.name}=http://127.0.0.1:{port}",
    ) as running:
        web = running.start_web()
        serving = subprocess.Popen(
            [sys.executable, "-m", "joulemark", "witness", running.origin, "--serve", f"127.0.0.1:{port}"],
            env=agent_environment(tmp_path / "one"),
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: asked.name in note_of(running), beside=web, what="the witness was asked")
        finally:
            serving.terminate()
            serving.wait(timeout=20)
        brought = witness_command(tmp_path / "two", running.origin)
        assert brought.returncode == 0, brought.stderr
        assert "the platform has the cosignature" in brought.stdout
        unknown = witness_command(tmp_path / "three", running.origin, "--name", "witness.example/unknown")
        assert unknown.returncode == 4, unknown.stderr
        assert "JM-WITNESS-UNKNOWN" in unknown.stderr
        again = witness_command(tmp_path / "two", running.origin, "--keep", "--json")
        log = notes.VerifierKey.parse(json.loads(again.stdout)["log_key"])
        seen = open_checkpoint(note_of(running), key=log, origin=log.name, witnesses=[asked, cron])
        assert seen.size >= 1


def note_of(running: Platform) -> str:
    """The published checkpoint; empty before the first."""
    status, note = running.get("/log/checkpoint")
    return note.decode() if status == 200 else ""
