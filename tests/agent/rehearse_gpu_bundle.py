"""The GPU bundle as a stranger's machine would run it: Python 3.12, no network, a simulated card. `make gpu-rehearsal`.

`python rehearse_gpu_bundle.py BUNDLE`: in a new environment of the first Python 3.12 that is found, which has nothing
but what the bundle brings; where none is found, of this Python, and it says so. PYTHON312 names one. With torch in it
(`JOULEMARK_REHEARSAL_PYTHON` names the python of such an environment) the jobs run too; else their part must fail
and say that torch is missing. Ends with 1 where the report is not as it must be.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "simulation")]

from joulemark_simulation.nvml.cards import H100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor

HOOK = Path(__file__).with_name("gpu_bundle_hook.py")
SCENARIO = Scenario(
    card=H100,
    by_activity=True,
    idle=Idle(watts=60.0, extra_w=4.0, decay_s=8.0, warm_s=4.0),
    sensor=Sensor(noise_w=1.0),
)
MOST_WHEELS, MOST_TRACE, MOST_S = 40_000_000, 10_000_000, 480.0
NO_NETWORK = ("unshare", "--net")


def python_312() -> Path | None:
    """The first that starts and is a 3.12."""
    named = os.environ.get("PYTHON312")
    found = [Path(path) for path in (named, shutil.which("python3.12")) if path]
    found += sorted(Path.home().glob(".pyenv/versions/3.12*/bin/python3.12"))
    return next((path for path in found if _is_312(path)), None)


def _is_312(path: Path) -> bool:
    code = "import sys; print(sys.version_info[:2] == (3, 12))"
    try:
        done = subprocess.run([str(path), "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return done.stdout.strip() == "True"


def rehearse(bundle: Path, python: Path, out: Path) -> dict[str, Any]:
    """Run the bundle's script with this Python, without a network where this user may; the report."""
    isolated = (
        NO_NETWORK
        if subprocess.run([*NO_NETWORK, "true"], check=False, capture_output=True).returncode == 0
        else ()
    )
    print(f"{python}, {'without a network' if isolated else 'this user may not take the network away'}")
    with running(SCENARIO) as simulation:
        own = {name: value for name, value in simulation.environment.items() if name != "PYTHONPATH"}
        subprocess.run(
            [*isolated, str(python), str(bundle / "check.py"), "--out", str(out)],
            env={**own, "JOULEMARK_BUNDLE_HOOK": str(HOOK), "OMP_NUM_THREADS": "1"},
            cwd=out.parent,
            check=False,
        )
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report


def faults(report: dict[str, Any], out: Path, *, has_torch: bool) -> list[str]:
    """What is not as it must be, a sentence each."""
    parts = report["parts"]
    complete = ("machine", "doctor", "sensors", "windows", *(("jobs",) if has_torch else ()))
    found = [
        f"The part {name} is {parts[name]['state']}: {parts[name].get('output', '')[-1500:]}"
        for name in complete
        if parts[name]["state"] != "complete"
    ]
    page = (out / "report.md").read_text(encoding="utf-8")
    checks = {
        "The part jobs does not say that torch is missing.": has_torch
        or (parts["jobs"]["state"] == "failed" and "torch" in str(parts["jobs"]["report"])),
        f"The trace is too large: {report['trace']}": report["trace"]["bytes"] <= MOST_TRACE
        and not report["trace"]["left_out"],
        f"It took {report['seconds']} s.": report["seconds"] <= MOST_S,
        "The page was not made.": page.startswith("# How a GPU's energy counter behaves"),
    }
    found += [sentence for sentence, holds in checks.items() if not holds]
    return found or _unlike_the_card(parts, has_torch=has_torch)


def _unlike_the_card(parts: dict[str, Any], *, has_torch: bool) -> list[str]:
    """What the complete parts say otherwise than the simulated card is: its counter looks 25 of 100 ms."""
    timing, swept = parts["doctor"]["report"]["timing"], parts["sensors"]["report"]
    seen = swept["summary"]["counter"]["seen"]
    jobs = parts["jobs"]["report"].get("jobs", {})
    checks = {
        f"The probe does not find a part-time counter: {timing}": (timing or {}).get("coverage")
        == "part-time",
        f"The sweep does not show a part-time counter: {seen}": seen["lowest"] < 0.2 < 1.2 < seen["highest"],
        f"The sweep has {len(swept['cells'])} of 30 cells.": len(swept["cells"]) == 30,
        f"The session has {len(jobs)} results.": not has_torch or len(jobs) == 2,
    }
    return [sentence for sentence, holds in checks.items() if not holds]


def main(bundle: Path) -> int:
    """Rehearse and print what is wrong."""
    size = sum(wheel.stat().st_size for wheel in (bundle / "wheels").glob("*.whl"))
    if size > MOST_WHEELS:
        print(f"The wheels have {size} bytes.")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        ready = os.environ.get("JOULEMARK_REHEARSAL_PYTHON")
        base = python_312()
        if base is None:
            print(
                "No Python 3.12 on this machine: rehearsed with this one; pip chose the wheels for 3.12 by their tags."
            )
        if ready:
            python = Path(ready)
        else:
            subprocess.run([str(base or sys.executable), "-m", "venv", f"{folder}/env"], check=True)
            python = Path(folder) / "env" / "bin" / "python"
        has_torch = (
            subprocess.run([str(python), "-c", "import torch"], check=False, capture_output=True).returncode
            == 0
        )
        out = Path(folder) / "report"
        report = rehearse(bundle, python, out)
        wrong = faults(report, out, has_torch=has_torch)
        for sentence in wrong:
            print(sentence)
        torch = "with torch" if has_torch else "without torch"
        print(f"{len(wrong)} faults {torch}; {size / 1e6:.1f} MB of wheels, {report['seconds']} s.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
