"""One command on a bare GPU machine: `python3 check.py`. At most eight minutes; a report in any case.

Needs Python 3.12, torch and transformers (for the jobs), and an NVIDIA driver. What else is needed lies beside it in
`wheels/` and is unpacked into the output folder, without pip and without a network; a package that the machine has
already is taken from there. Each part runs in a process of its own within its own time, and one that fails or takes too
long is written down as that. Standard library only.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import zipfile
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LIMITS_S = {"machine": 30.0, "doctor": 150.0, "sensors": 150.0, "windows": 70.0, "jobs": 70.0}
"""Of each part; together less than eight minutes."""
WHOLE_S = 475.0
LEFT_FOR_SAVING_S = 3.0
MOST_TRACE_BYTES = 10_000_000
KEPT_OUTPUT = 4000


def main() -> int:
    """Run every part, then write report.json, report.md and trace.json.gz; 1 where a part failed."""
    parser = argparse.ArgumentParser(description="How does this GPU's energy counter behave?")
    parser.add_argument(
        "--out", type=Path, default=Path("gpu-report"), help="a new folder (default: gpu-report)"
    )
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    out = options.out.resolve()
    if options.part:
        return run_part(options.part, out, options.seconds)
    if out.exists() and any(out.iterdir()):
        print(f"{out} is not empty. Name another folder with --out.", file=sys.stderr)
        return 2
    out.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    report: dict[str, Any] = {
        "format": "joulemark-gpu-report/1",
        "began_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),  # noqa: UP017 - as old as it gets
        "rehearsal": bool(os.environ.get("JOULEMARK_BUNDLE_HOOK")),
        "parts": {},
    }
    try:
        report["unpacked"] = unpack(HERE / "wheels", out / "site")
    except (OSError, zipfile.BadZipFile) as error:
        report["unpacked"] = {"error": f"{type(error).__name__}: {error}"}
    for name, limit_s in LIMITS_S.items():
        left_s = WHOLE_S - (time.monotonic() - began_s)
        report["parts"][name] = bounded(name, out, min(limit_s, left_s))
        save_report(report, out)
    report["seconds"] = round(time.monotonic() - began_s, 1)
    report["trace"] = save_trace(out)
    save_report(report, out)
    failed = [name for name, part in report["parts"].items() if part["state"] != "complete"]
    print(f"Written: {out / 'report.md'}, {out / 'report.json'}, {out / 'trace.json.gz'}.")
    if failed:
        print(f"These parts failed, and the report says why: {', '.join(failed)}.")
    return 1 if failed else 0


def unpack(wheels: Path, site: Path) -> dict[str, str]:
    """Unpack each wheel that the machine does not have; by name where the package comes from."""
    sources = {}
    site.mkdir(parents=True, exist_ok=True)
    for wheel in sorted(wheels.glob("*.whl")):
        name = re.sub(r"[-_.]+", "-", wheel.name.split("-")[0]).lower()
        try:
            sources[name] = f"machine, {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(site)
            sources[name] = f"bundle, {wheel.name.split('-')[1]}"
    return sources


def environment(out: Path) -> dict[str, str]:
    """Of a part's process: our modules, folders of its own, and no network."""
    paths = [str(HERE), str(out / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        **{f"XDG_{kind}_HOME": str(out / "home" / kind) for kind in ("CONFIG", "STATE", "CACHE")},
        "HF_HOME": str(out / "home" / "hf"),
        "HF_HUB_OFFLINE": "1",
        "JOULEMARK_PLATFORM": "http://127.0.0.1:9",
    }


def bounded(name: str, out: Path, limit_s: float) -> dict[str, Any]:
    """One part in its own process. What it had saved stays when it is ended."""
    print(f"{name}, at most {limit_s:.0f} s", flush=True)
    began_s = time.monotonic()
    state, log = "complete", out / f"{name}.log"
    if limit_s <= LEFT_FOR_SAVING_S:
        return {"state": "time-used-up", "seconds": 0.0, "report": None}
    command = [sys.executable, str(Path(__file__).resolve()), "--part", name, "--out", str(out)]
    command += ["--seconds", f"{max(limit_s - LEFT_FOR_SAVING_S, 1.0):.1f}"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment(out), stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            if process.wait(limit_s) != 0:
                state = "failed"
        except subprocess.TimeoutExpired:
            state = "timed-out"
        finally:
            end_group(process)
    saved = read_json(out / f"{name}.part.json")
    if state == "complete" and saved is None:
        state = "failed"
    outcome = {"state": state, "seconds": round(time.monotonic() - began_s, 1), "report": saved}
    if state != "complete":
        outcome["output"] = log.read_text(encoding="utf-8", errors="replace")[-KEPT_OUTPUT:]
    print(f"  {state} after {outcome['seconds']:.0f} s", flush=True)
    return outcome


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a part and what it started, which are a group of their own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_part(name: str, out: Path, seconds: float) -> int:
    """In the part's own process: run it and save what it gives, as far as it comes."""
    target = out / f"{name}.part.json"

    def save(report: dict[str, Any]) -> None:
        write_json(target, report)

    try:
        if hook := os.environ.get("JOULEMARK_BUNDLE_HOOK"):
            # A rehearsal puts its simulated card in place by a file that its own environment names.
            exec(compile(Path(hook).read_text(encoding="utf-8"), hook, "exec"), {"__file__": hook})  # noqa: S102
        from benchmarks.gpu_bundle.parts import PARTS

        folder = out / "work" / name
        folder.mkdir(parents=True, exist_ok=True)
        report, raw = PARTS[name](folder, seconds=seconds, save=save)
        save(report)
        if raw is not None:
            write_json(out / f"{name}.trace.json", raw)
    except BaseException as error:  # noqa: BLE001 - whatever ends a part is written down
        traceback.print_exc()
        write_json(target, {**(read_json(target) or {}), "error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def save_report(report: dict[str, Any], out: Path) -> None:
    """As JSON and as Markdown; a fault of the one must not cost the other."""
    write_json(out / "report.json", report)
    try:
        sys.path[:0] = [str(HERE)]
        from benchmarks.gpu_bundle.markdown import rendered

        text = rendered(report)
    except Exception as error:  # noqa: BLE001 - the JSON is there
        fault = f"{type(error).__name__}: {error}"
        text = f"# GPU report\n\nThe page could not be made ({fault}); report.json has it all.\n"
    finally:
        sys.path.remove(str(HERE))
    (out / "report.md").write_text(text, encoding="utf-8")


def save_trace(out: Path) -> dict[str, Any]:
    """Every part's raw readings in one file; the largest parts are left out where it would be too large."""
    parts = {path.name.split(".")[0]: path for path in sorted(out.glob("*.trace.json"))}
    left_out: list[str] = []
    target = out / "trace.json.gz"
    while True:
        included = {name: path for name, path in parts.items() if name not in left_out}
        body = json.dumps({name: read_json(path) for name, path in included.items()}, separators=(",", ":"))
        target.write_bytes(gzip.compress(body.encode(), 9))
        if target.stat().st_size < MOST_TRACE_BYTES or not included:
            return {"bytes": target.stat().st_size, "parts": sorted(included), "left_out": left_out}
        left_out.append(max(included, key=lambda name: included[name].stat().st_size))


def read_json(path: Path) -> Any:
    """None where there is none, or a broken one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_json(path: Path, value: Any) -> None:
    """Whole or not at all; a number that JSON does not have is null."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(finite(value), indent=1, default=str) + "\n", encoding="utf-8")
    beside.replace(path)


def finite(value: Any) -> Any:
    """Null in place of what is no number."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(name): finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
