"""One kernel before anything else: a torch that cannot use the device ends the run, is named and blames no job."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from joulemark import workloads
from joulemark.errors import DeviceUnusable
from joulemark.workloads import first_kernel
from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.scenario import Scenario
from tests.agent.gpu_sessions import Ended, Sessions
from tests.agent.run_on_gpu import FakeTorch

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = ("run", "--offline", "--meter", "nvml", "--only", "*/small")
FAULTS = {
    "no cuda": "is built without CUDA",
    "old driver": "supports CUDA only up to 12.2: update the driver, or install torch built for CUDA 12.2 or older",
    "not seen": "torch cannot see the GPU",
    "cannot open": "device busy or unavailable",
    "another card": "another GPU than the one whose energy is read",
    "no kernels": "has no kernels for the GPU NVIDIA A100-SXM4-80GB (sm_120; it has sm_80, sm_90)",
    "late error": "unspecified launch failure",
    "memory": "MemoryError",
    "wrong result": "computes wrong results",
}
"""How torch fails, and what the sentence says of it."""


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with Sessions(scenario()) as running:
        yield running


@pytest.fixture(autouse=True)
def unchanged_environment() -> Iterator[None]:
    """What is set for libraries before they are loaded is not set for the next test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def scenario(**changes: Any) -> Scenario:
    return Scenario(card=replace(A100.full(), **changes), by_activity=True)


def run(sessions: Sessions, home: Path, fault: str, *more: str, trouble: str = "") -> Ended:
    machine = scenario(cuda=12020) if fault == "old driver" else scenario()
    environment = {"JOULEMARK_TEST_TORCH": fault, "JOULEMARK_TEST_NO_KERNEL": "1"}
    if trouble:
        environment["JOULEMARK_TEST_TROUBLE"] = trouble
    ended = sessions.run(home, machine, *RUN, *more, environment=environment)
    assert "Traceback" not in ended.err, ended.err
    return ended


@pytest.mark.parametrize("fault", FAULTS)
def test_a_torch_that_cannot_use_the_gpu_ends_the_run_before_its_first_job(
    sessions: Sessions, tmp_path: Path, fault: str
) -> None:
    ended = run(sessions, tmp_path, fault)
    error = ended.answer()["error"]
    assert (ended.code, error["code"]) == (7, "device-unusable")
    assert FAULTS[fault] in error["sentence"]
    assert "[1/2]" not in ended.err, "no job is begun, so nothing is fetched"
    assert (ended.answer()["results"], ended.answer()["failed"]) == ([], [])
    assert not list(tmp_path.rglob("*.journal")), "no job is blamed"


def test_the_doctor_says_what_a_run_would_end_with(sessions: Sessions, tmp_path: Path) -> None:
    for fault, ready in (("no kernels", False), ("none", True)):
        environment = {"JOULEMARK_TEST_TORCH": fault}
        ended = sessions.run(tmp_path, scenario(), "doctor", "--quick", environment=environment)
        (torch,) = (row for row in ended.answer()["findings"] if row["what"] == "torch")
        assert (torch["state"] == "ok", ended.answer()["can_measure_offline"]) == (ready, ready)
        assert torch["reason"] == (None if ready else "device-unusable")


def test_a_job_that_breaks_the_gpu_for_all_others_ends_the_run(sessions: Sessions, tmp_path: Path) -> None:
    ended = run(sessions, tmp_path, "broken by a job", trouble="sorting/numbers/small")
    answer = ended.answer()
    assert (ended.code, answer["error"]["code"]) == (7, "device-unusable")
    assert [row["job"] for row in answer["failed"]] == ["sorting/numbers/small"]
    assert "[2/2]" not in ended.err
    again = run(sessions, tmp_path, "none").answer()
    assert [row["job"] for row in again["results"]] == ["writing/letters/small"]
    assert [row["job"] for row in again["failed_before"]] == ["sorting/numbers/small"]


def test_a_job_that_fails_by_itself_costs_no_other(sessions: Sessions, tmp_path: Path) -> None:
    answer = run(sessions, tmp_path, "none", trouble="sorting/numbers/small").answer()
    assert "error" not in answer
    assert [row["job"] for row in answer["results"]] == ["writing/letters/small"]


def test_the_installed_torch_computes_on_the_processor_and_not_on_a_gpu() -> None:
    import torch

    assert torch.__version__ in workloads.run_first_kernel("cpu")
    if torch.version.cuda is None:
        with pytest.raises(DeviceUnusable, match="built without CUDA"):
            workloads.run_first_kernel("cuda", workloads.GpuIdentity(uuid="GPU-1", name="NVIDIA H100"))


def test_a_torch_that_is_not_there_or_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> object:
        raise OSError(f"libcudart.so.13: cannot open shared object file, for {name}")

    monkeypatch.setattr("joulemark.workloads.first_kernel.import_module", broken)
    with pytest.raises(DeviceUnusable, match=r"libcudart.*force-reinstall"):
        workloads.run_first_kernel("cpu")
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "torch", None)
    for clone, advice in (
        (None, "Run `pip install torch`"),
        (Path("/clone"), "make install-agent` in /clone"),
    ):
        monkeypatch.setattr("joulemark.workloads.first_kernel.CLONE", clone)
        with pytest.raises(DeviceUnusable, match=advice):
            workloads.run_first_kernel("cpu")


@pytest.mark.parametrize("fault", ["no cuda", "no kernels"])
def test_a_build_for_gpus_is_got_by_make_in_a_clone_and_by_pip_elsewhere(
    monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(first_kernel, "import_module", lambda _: FakeTorch(fault, A100.uuid))
    gpu = workloads.GpuIdentity(uuid=A100.uuid, name="NVIDIA A100")
    assert Path(__file__).parents[2] == first_kernel.CLONE, "these tests run in a clone"
    with pytest.raises(DeviceUnusable, match=f"`make install-agent TORCH=gpu` in {first_kernel.CLONE}"):
        workloads.run_first_kernel("cuda", gpu)
    monkeypatch.setattr(first_kernel, "CLONE", None)
    with pytest.raises(DeviceUnusable, match="pip install --force-reinstall torch"):
        workloads.run_first_kernel("cuda", gpu)
