"""The parts of the check. Each gives its report and, where it has any, its raw readings."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Report = dict[str, Any]
Saved = tuple[Report, "Report | None"]
PACKAGES = ("torch", "transformers", "numpy", "nvidia-ml-py", "msgspec", "httpx", "joulemark")


def device_name() -> str:
    """Where torch works; a rehearsal says otherwise."""
    return os.environ.get("JOULEMARK_BUNDLE_DEVICE", "cuda")


def machine(_folder: Path, *, seconds: float, save: Callable[[Report], None]) -> Saved:
    """Versions, the driver's view of the card, and what newer cards tell."""
    del seconds
    report: Report = {
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "packages": {name: _version(name) for name in PACKAGES},
    }
    save(report)
    report["torch"] = _torch()
    save(report)
    from joulemark.meters.nvml.meter import NvmlMeter

    meter = NvmlMeter()
    try:
        facts = asdict(meter.device())
        del facts["identity"]
        controls = meter.power_controls()
        report |= {
            "device": facts,
            "gauges": [info.name for info in (*meter.gauges, *meter.conditions)],
            "absent": meter.absent,
            "counter": meter.provenance,
            "power_controls": {"values": dict(controls.values), "absent": dict(controls.absent)},
        }
    finally:
        meter.close()
    return report, None


def doctor(_folder: Path, *, seconds: float, save: Callable[[Report], None]) -> Saved:
    """The agent's own checks and its probe, whose timing is stored for the parts behind it."""
    del seconds
    from joulemark import config as configs
    from joulemark.meters import timer as timers
    from joulemark.meters.nvml.meter import NvmlMeter
    from joulemark.session.checkup import gpu_findings
    from joulemark.session.sensor_timing import stored_timing

    folders, meter = configs.load().folders, NvmlMeter()
    report: Report = {"findings": []}
    try:
        for finding in gpu_findings(meter, folders, timers.RealTimer(), device=device_name()):
            report["findings"].append(asdict(finding))
            save(report)
        timing = stored_timing(meter.device(), folders)
    finally:
        meter.close()
    from benchmarks.gpu_bundle.torch_windows import as_json

    return {**report, "timing": None if timing is None else as_json(timing)}, None


def sensors(_folder: Path, *, seconds: float, save: Callable[[Report], None]) -> Saved:
    """How counter and power readings follow loads of known times."""
    from benchmarks.gpu_bundle.sensors import sweep

    return sweep(device_name(), seconds=seconds, save=save)


def windows(_folder: Path, *, seconds: float, save: Callable[[Report], None]) -> Saved:
    """Windows of matrix products under the agent's own measurement."""
    from benchmarks.gpu_bundle.torch_windows import QUERY_S, as_json, measured, numbers
    from joulemark import config as configs
    from joulemark.meters.nvml.meter import NvmlMeter
    from joulemark.session.sensor_timing import UNPROBED, stored_timing
    from joulemark.suite import Protocol

    meter = NvmlMeter()
    try:
        timing = stored_timing(meter.device(), configs.load().folders)
        save({"timing": "probed" if timing else "unprobed"})
        window_s = min(5.0, seconds / 12)
        protocol = Protocol(
            queries=max(1, round(window_s / QUERY_S)),
            windows_min=4,
            windows_max=4,
            warmup_queries=20,
            warmup_s=0.0,
            idle_s=4.0,
            half_width_target=0.01,
            budget_s=seconds / 2,
            fill_windows=False,
        )
        yielded, analysis = measured(device_name(), meter, timing or UNPROBED, protocol)
        flags = sorted({*yielded.flags, *analysis.flags})
        return {**numbers(analysis), "timing": "probed" if timing else "unprobed", "flags": flags}, as_json(
            yielded.trace
        )
    finally:
        meter.close()


def jobs(folder: Path, *, seconds: float, save: Callable[[Report], None]) -> Saved:
    """Two tiny jobs through the agent's own session."""
    del seconds, save
    from benchmarks.gpu_bundle.tiny_jobs import run_jobs

    return run_jobs(device_name(), folder)


PARTS: dict[str, Callable[..., Saved]] = {
    "machine": machine,
    "doctor": doctor,
    "sensors": sensors,
    "windows": windows,
    "jobs": jobs,
}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch() -> Report:
    try:
        import torch
    except ImportError as error:
        return {"error": str(error)}
    report: Report = {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "seen": torch.cuda.is_available(),
    }
    if report["seen"]:
        report["device"] = torch.cuda.get_device_name(0)
        report["architectures"] = torch.cuda.get_arch_list()
    return report
