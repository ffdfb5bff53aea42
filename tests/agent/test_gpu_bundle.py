"""The script of the GPU bundle on a simulated card: its session, and a report whatever becomes of a part.

`make gpu-rehearsal` runs the whole of it under Python 3.12 without a network.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.gpu_bundle import build, check
from joulemark_simulation.nvml.running import running
from tests.agent.rehearse_gpu_bundle import HOOK, SCENARIO

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Parts find a simulated card, and the modules of this checkout."""
    build._modules(tmp_path / "bundle")
    monkeypatch.setattr(check, "HERE", tmp_path / "bundle")
    monkeypatch.setattr(check, "__file__", str(tmp_path / "bundle" / "check.py"))
    with running(SCENARIO) as simulation:
        for name, value in simulation.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("JOULEMARK_BUNDLE_HOOK", str(HOOK))
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        yield monkeypatch


def part(name: str, out: Path, limit_s: float) -> dict[str, Any]:
    out.mkdir()
    return check.bounded(name, out, limit_s)


def test_two_tiny_jobs_go_through_the_agents_own_session(card: pytest.MonkeyPatch, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = part("jobs", out, 300.0)
    assert found["state"] == "complete", found
    jobs = found["report"]["jobs"]
    assert set(jobs) == {"text_generation/llama", "masked_lm/bert-mask"}
    for job in jobs.values():
        assert job["predicate"]["totals"]["energy_per_query_j"] == pytest.approx(350 * 0.02, rel=0.2)
        assert job["predicate"]["sensor"]["grade"] == "measured"
        assert job["analysis"]["estimates"].keys() >= {"bracket", "counter", "derivative"}
    trace = check.save_trace(out)
    assert (trace["parts"], trace["left_out"]) == (["jobs"], [])
    raw = json.loads(gzip.decompress((out / "trace.json.gz").read_bytes()))
    assert set(raw["jobs"]) == set(jobs)


def test_a_part_that_never_ends_is_ended_and_one_that_fails_says_why(
    card: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    card.setenv("JOULEMARK_TEST_FAULT", "hang:machine")
    hanging = part("machine", tmp_path / "hanging", 8.0)
    assert (hanging["state"], hanging["report"]) == ("timed-out", None)
    card.setenv("JOULEMARK_TEST_FAULT", "no-kernel")
    failing = part("sensors", tmp_path / "failing", 60.0)
    assert failing["state"] == "failed"
    assert failing["report"] == {"error": "WorkloadError: torch cannot use cpu."}
    assert "Traceback" in failing["output"]
    report = {"parts": {"machine": hanging, "sensors": failing}}
    check.save_report(report, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert "torch cannot use cpu" in (tmp_path / "report.md").read_text()


def test_no_time_left_is_a_state_of_its_own(tmp_path: Path) -> None:
    assert part("machine", tmp_path / "late", 0.5)["state"] == "time-used-up"


def test_a_trace_that_is_too_large_loses_its_largest_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(check, "MOST_TRACE_BYTES", 2000)
    check.write_json(tmp_path / "sensors.trace.json", {"x": [n * 7919 % 10007 for n in range(5000)]})
    check.write_json(tmp_path / "jobs.trace.json", {"x": [1, 2, 3]})
    found = check.save_trace(tmp_path)
    assert (found["parts"], found["left_out"]) == (["jobs"], ["sensors"])
    assert found["bytes"] < 2000


def test_a_wheel_is_unpacked_only_where_the_machine_has_none(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("numpy-9.9-py3-none-any.whl", "not_there_at_all-1.2-py3-none-any.whl"):
        with zipfile.ZipFile(wheels / name, "w") as archive:
            archive.writestr(f"{name.split('-')[0]}/__init__.py", "")
    taken = check.unpack(wheels, tmp_path / "site")
    assert taken["not-there-at-all"] == "bundle, 1.2"
    assert taken["numpy"].startswith("machine, ")
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["not_there_at_all"]
