"""One volunteer's whole way with the real command, a real model and a real platform, as the README tells it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT, Platform, embedded_platform

pytestmark = [pytest.mark.processes, pytest.mark.weights, pytest.mark.timeout(600)]

JOB = "text_classification/demo-topics/minilm-l6-v2"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Platform]:
    """An embedded platform, and in its environment an agent that knows none, on a machine that shows no GPU."""
    with embedded_platform(folder=tmp_path) as platform:
        platform.environment |= {
            "JOULEMARK_PLATFORM": "",
            "CUDA_VISIBLE_DEVICES": "",
            "TMPDIR": str(tmp_path),  # a measurement beside this test holds another lock
            **{f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
        }
        platform.start_web()
        yield platform


def joulemark(platform: Platform, *words: str) -> dict[str, Any]:
    """The answer of a command, which must succeed."""
    command = [sys.executable, "-m", "joulemark", *words, "--json"]
    done = subprocess.run(
        command, cwd=platform.folder, env=platform.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_result_goes_the_whole_way(running: Platform) -> None:
    joined = joulemark(running, "join", running.origin, "--name", "Test volunteer")
    assert (joined["next"], joined["suite"]["name"], joined["plan"]["download_bytes"]) == (
        "joulemark run",
        "demo",
        0,
    )
    (sent,) = joulemark(running, "run", "--only", JOB, "--meter", "estimate")["results"]
    (status,) = joulemark(running, "status")["results"]
    assert (status["state"], status["findings"]) == ("accepted", [])

    board = json.loads(running.get("/api/v1/boards/demo-1-estimated/text_classification.json")[1])
    (row,) = board["rows"]
    assert (row["model"], row["grade"], row["scope"], row["n_devices"]) == (
        "minilm-l6-v2",
        "estimated",
        "cpu",
        1,
    )
    assert row["energy_per_query_j"] == pytest.approx(sent["energy_per_query_j"], rel=1e-11)  # 12 digits

    downloaded = running.folder / "downloaded.joulemark.json"
    downloaded.write_bytes(running.get(f"/api/v1/results/{sent['result_id']}/bundle")[1])
    assert joulemark(running, "verify", str(downloaded))["result_id"] == sent["result_id"]
    kept = joulemark(running, "verify", sent["file"])
    assert kept["receipt"]["public_key"] == json.loads(running.get("/api/v1/platform")[1])["public_key"]

    assert kept["receipt"]["received_at"].startswith(status["received_at"][:19])

    assert "Test volunteer" in running.get(f"/results/{sent['result_id']}/")[1].decode()
    assert joulemark(running, "run", "--only", JOB, "--meter", "estimate")["results"][0]["resumed"] is True
    assert running.one("SELECT count(*) FROM intake_submission") == 1


def test_the_volunteers_wheel_has_no_platform_in_it(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(tmp_path),
        "./agent",
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("joulemark-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"joulemark"}
    assert any(name.endswith("suite/data/demo/suite.toml") for name in names)
