"""On a machine with a GPU: the doctor, the probe and real torch windows; the report goes to build/gpu-check.json.

Run by `make gpu-check` in a checkout; about four minutes. A machine without one gets the bundle (`make gpu-bundle`),
which has more. Exit status 7 with a sentence where there is no GPU that can be measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "agent")]

import msgspec

from benchmarks.gpu_bundle.torch_windows import QUERY_S, measured, numbers
from benchmarks.report import machine
from joulemark import config as configs
from joulemark.energy.errors import EnergyError
from joulemark.errors import EXIT_IMPOSSIBLE, AgentError, MeasurementImpossible
from joulemark.meters.nvml.meter import NvmlMeter
from joulemark.meters.timer import RealTimer
from joulemark.record import trace as traces
from joulemark.session import sensor_timing
from joulemark.session.checkup import gpu_findings
from joulemark.suite import Protocol

if TYPE_CHECKING:
    from joulemark.session.diagnosis import Diagnosis

FILE = ROOT / "build" / "gpu-check.json"


def checked(device: str, window_s: float) -> dict[str, Any]:
    """The report. Raises AgentError or EnergyError."""
    timer, folders = RealTimer(), configs.load().folders
    meter = NvmlMeter()
    try:
        print("preflight and probe, about 90 s", flush=True)
        findings = list(gpu_findings(meter, folders, timer, device=device))
        for finding in findings:
            print(f"  {finding.what:<28} {finding.state:<14} {finding.detail}")
        timing = sensor_timing.stored_timing(meter.device(), folders)
        if timing is None:
            raise MeasurementImpossible(_why(findings))
        protocol = Protocol(
            queries=max(1, round(window_s / QUERY_S)),
            windows_min=5,
            windows_max=10,
            warmup_queries=20,
            warmup_s=60.0,
            idle_s=15.0,
            half_width_target=0.01,
            budget_s=240.0,
        )
        print("torch windows, about two minutes", flush=True)
        yielded, found = measured(device, meter, timing, protocol)
        _, packed = traces.pack(yielded.trace)
        return {
            "machine": machine("torch", "nvidia-ml-py", "joulemark"),
            "device": {name: value for name, value in asdict(meter.device()).items() if name != "identity"},
            "findings": [asdict(finding) for finding in findings],
            "timing": msgspec.to_builtins(timing),
            "absent": meter.absent,
            "run": numbers(found),
            "flags": sorted({*found.flags, *yielded.flags}),
            "trace_bytes": len(packed),
        }
    finally:
        meter.close()


def _why(findings: list[Diagnosis]) -> str:
    return next(
        (finding.detail for finding in findings if finding.what == "probe"), "The probe gave nothing."
    )


def main() -> int:
    """Check, print, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", help="where torch works (default: cuda)")
    parser.add_argument("--window", type=float, default=10.0, help="seconds of a window (default: 10)")
    options = parser.parse_args()
    try:
        report = checked(options.device, options.window)
    except (AgentError, EnergyError) as error:
        print(f"gpu-check: {error}", file=sys.stderr)
        return getattr(error, "exit_code", EXIT_IMPOSSIBLE)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(report, indent=1) + "\n")
    run = report["run"]
    print(
        f"{run['totals']['energy_per_query_j']:.3f} J a query ± {run['expanded']:.1%}, "
        f"by estimator {run['estimates']}, flags {report['flags'] or 'none'}; written to {FILE.relative_to(ROOT)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
