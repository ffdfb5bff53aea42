"""NVML through a module that behaves like its Python binding: what is read, and how its errors are told."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from joulemark.errors import MeterFailed, MeterUnavailable
from joulemark.meters.nvml import NvmlMeter

ROOT = Path(__file__).parents[2]
CODES = {
    "NVML_ERROR_UNINITIALIZED": 1,
    "NVML_ERROR_NOT_SUPPORTED": 3,
    "NVML_ERROR_NO_PERMISSION": 4,
    "NVML_ERROR_NOT_FOUND": 6,
    "NVML_ERROR_DRIVER_NOT_LOADED": 9,
    "NVML_ERROR_TIMEOUT": 10,
    "NVML_ERROR_LIBRARY_NOT_FOUND": 12,
    "NVML_ERROR_GPU_IS_LOST": 15,
    "NVML_ERROR_LIB_RM_VERSION_MISMATCH": 18,
    "NVML_ERROR_UNKNOWN": 999,
}


class NVMLError(Exception):
    def __init__(self, value: int) -> None:
        super().__init__(f"code {value}")
        self.value = value


def fake_nvml(
    *, fails: dict[str, str] | None = None, energies: tuple[int, ...] = (1000, 2500, 4000), mig: int = 0
):
    """A binding with one GPU; `fails` names calls and the error each raises."""
    left = list(energies)
    fails = {} if fails is None else fails
    answers = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 1,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetUUID": lambda _: b"GPU-1234",
        "nvmlDeviceGetName": lambda _: "NVIDIA Test 80GB",
        "nvmlDeviceGetPciInfo": lambda _: SimpleNamespace(busId="00000000:01:00.0"),
        "nvmlDeviceGetTotalEnergyConsumption": lambda _: left.pop(0),
        "nvmlDeviceGetMigMode": lambda _: [mig, mig],
        "nvmlDeviceGetEccMode": lambda _: [1, 1],
        "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=80 * 2**30),
        "nvmlDeviceGetEnforcedPowerLimit": lambda _: 300_000,
        "nvmlDeviceGetPowerManagementDefaultLimit": lambda _: 400_000,
        "nvmlSystemGetDriverVersion": lambda: "550.1",
        "nvmlDeviceGetVbiosVersion": lambda _: "92.00",
    }

    def call(name: str):
        def called(*arguments: object) -> object:
            if name in fails:
                raise NVMLError(CODES[fails[name]])
            return answers[name](*arguments)

        return called

    return SimpleNamespace(NVMLError=NVMLError, **CODES, **{name: call(name) for name in answers})


def test_millijoules_are_read_as_they_are() -> None:
    meter = NvmlMeter(nvml=fake_nvml(), environ={})
    (tick,) = meter.read(lambda: 7)
    assert (tick.t_us, tick.value) == (7, 2500)
    assert (meter.grade, meter.scope, meter.streams[0].joules_per_unit) == ("measured", "gpu", 1e-3)


def test_the_device_is_described_and_its_uuid_stays_the_key_of_the_pseudonym() -> None:
    facts = NvmlMeter(nvml=fake_nvml(), environ={}).device()
    assert facts.identity == "GPU-1234"
    assert (facts.name, facts.memory_bytes, facts.power_limit_w, facts.power_limit_default_w) == (
        "NVIDIA Test 80GB",
        80 * 2**30,
        300.0,
        400.0,
    )
    assert (facts.driver, facts.vbios, facts.ecc, facts.mig, facts.absent) == (
        "550.1",
        "92.00",
        True,
        False,
        {},
    )


def test_what_a_gpu_does_not_offer_is_null_with_its_reason() -> None:
    unsupported = {
        "nvmlDeviceGetEccMode": "NVML_ERROR_NOT_SUPPORTED",
        "nvmlDeviceGetMigMode": "NVML_ERROR_NOT_SUPPORTED",
    }
    facts = NvmlMeter(nvml=fake_nvml(fails=unsupported), environ={}).device()
    assert (facts.ecc, facts.mig) == (None, None)
    assert facts.absent == {"ecc": "not-offered-by-gpu", "mig": "not-offered-by-gpu"}


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [
        ("nvmlInit", "NVML_ERROR_LIBRARY_NOT_FOUND", "no-nvidia-driver"),
        ("nvmlInit", "NVML_ERROR_DRIVER_NOT_LOADED", "nvidia-driver-not-loaded"),
        ("nvmlInit", "NVML_ERROR_LIB_RM_VERSION_MISMATCH", "nvidia-driver-mismatch"),
        ("nvmlDeviceGetHandleByIndex", "NVML_ERROR_NO_PERMISSION", "nvml-permission"),
        ("nvmlDeviceGetTotalEnergyConsumption", "NVML_ERROR_NOT_SUPPORTED", "no-energy-counter"),
        ("nvmlDeviceGetTotalEnergyConsumption", "NVML_ERROR_GPU_IS_LOST", "gpu-lost"),
        ("nvmlDeviceGetUUID", "NVML_ERROR_UNKNOWN", "nvml-error"),
    ],
)
def test_errors_at_opening_are_told_once(call: str, error: str, reason: str) -> None:
    with pytest.raises(MeterUnavailable) as told:
        NvmlMeter(nvml=fake_nvml(fails={call: error}), environ={})
    assert told.value.reason == reason


def test_an_error_during_a_run_fails_the_reading() -> None:
    fails: dict[str, str] = {}
    meter = NvmlMeter(nvml=fake_nvml(fails=fails), environ={})
    fails["nvmlDeviceGetTotalEnergyConsumption"] = "NVML_ERROR_TIMEOUT"
    with pytest.raises(MeterFailed, match="did not answer in time"):
        meter.read(lambda: 0)


def test_a_gpu_cut_into_slices_is_refused() -> None:
    with pytest.raises(MeterUnavailable, match="MIG") as told:
        NvmlMeter(nvml=fake_nvml(mig=1), environ={})
    assert told.value.reason == "mig-mode"


def test_closing_twice_is_harmless_and_other_errors_are_told() -> None:
    meter = NvmlMeter(nvml=fake_nvml(fails={"nvmlShutdown": "NVML_ERROR_UNINITIALIZED"}), environ={})
    meter.close()
    broken = NvmlMeter(nvml=fake_nvml(fails={"nvmlShutdown": "NVML_ERROR_UNKNOWN"}), environ={})
    with pytest.raises(MeterFailed):
        broken.close()


def test_a_missing_binding_is_named_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(MeterUnavailable) as told:
        NvmlMeter(environ={})
    assert told.value.mend == "pip install nvidia-ml-py"


def test_the_agent_depends_on_the_binding_that_nvidia_maintains() -> None:
    project = tomllib.loads((ROOT / "agent" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]}
    assert "nvidia-ml-py" in names
    assert "pynvml" not in names
