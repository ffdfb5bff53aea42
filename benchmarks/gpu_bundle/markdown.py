"""The report as a page: what a reader asks first, in tables. Standard library only."""

from __future__ import annotations

from typing import Any


def rendered(report: dict[str, Any]) -> str:
    """Markdown; a part that is missing or failed says so."""
    parts = report.get("parts", {})
    lines = ["# How a GPU's energy counter behaves", ""]
    if report.get("rehearsal"):
        lines += ["**A rehearsal on a simulated card: it says nothing of any real one.**", ""]
    lines += [f"Begun {report.get('began_at')}, {report.get('seconds', '-')} s.", "", "## Parts", ""]
    lines += table(
        ("part", "state", "seconds", "error"), [_state(name, part) for name, part in parts.items()]
    )
    for name, section in SECTIONS.items():
        if of_part := (parts.get(name) or {}).get("report"):
            lines += ["", f"## {name.capitalize()}", "", *section(of_part)]
    return "\n".join(lines) + "\n"


def table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    """A Markdown table."""
    written = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return written + [f"| {' | '.join(map(cell, row))} |" for row in rows]


def cell(value: Any) -> str:
    """A value as a cell shows it."""
    if value is None:
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")[:160]


def _state(name: str, part: dict[str, Any]) -> tuple[Any, ...]:
    return name, part.get("state"), part.get("seconds"), (part.get("report") or {}).get("error")


def _machine(report: dict[str, Any]) -> list[str]:
    device, torch = report.get("device", {}), report.get("torch", {})
    rows = [(name, device.get(name)) for name in ("name", "driver", "vbios", "memory_bytes", "power_limit_w")]
    rows += [
        ("torch", torch.get("version")),
        ("CUDA of torch", torch.get("cuda")),
        ("python", report.get("python")),
    ]
    rows += [("gauges", ", ".join(report.get("gauges", ())))]
    rows += [(f"absent: {name}", why) for name, why in report.get("absent", {}).items()]
    controls = report.get("power_controls", {})
    values, absent = controls.get("values", {}), controls.get("absent", {})
    rows += [(name, absent.get(name) if value is None else value) for name, value in values.items()]
    return table(("fact", "value"), rows)


def _doctor(report: dict[str, Any]) -> list[str]:
    findings = [(entry["what"], entry["state"], entry["detail"]) for entry in report.get("findings", ())]
    timing = report.get("timing") or {}
    return [
        *table(("check", "state", "detail"), findings),
        "",
        *table(("probe", "value"), list(timing.items())),
    ]


def _sensors(report: dict[str, Any]) -> list[str]:
    steps = [
        (name, kind, entry["changes"], entry["median_s"], entry["p05_s"], entry["p95_s"], entry["resolution"])
        for name, kinds in report.get("steps", {}).items()
        for kind, entry in kinds.items()
    ]
    summary = [
        (
            name,
            *((entry["seen"] or {}).get(which) for which in ("lowest", "mean", "highest", "cells")),
            entry["lag_s"],
        )
        for name, entry in report.get("summary", {}).items()
    ]
    names = list(report.get("levels", {}))
    cells = [
        (entry["period_s"], entry["duty"], *(entry["seen"].get(name) for name in names))
        for entry in report.get("cells", ())
    ]
    return [
        f"The sweep ended: {report.get('ended')}.",
        "",
        "Steps, in seconds; the resolution in mJ (counter) or mW:",
        "",
        *table(("sensor", "at", "changes", "median", "5 %", "95 %", "resolution"), steps),
        "",
        "Share of the load that was seen, 1 for a sensor that misses nothing, and how late it tells, in seconds:",
        "",
        *table(("sensor", "lowest", "mean", "highest", "cells", "lag"), summary),
        "",
        *table(("period (s)", "duty", *names), cells),
    ]


def _windows(report: dict[str, Any]) -> list[str]:
    estimates = [(name, value) for name, value in report.get("estimates", {}).items()]
    estimates += [(name, why) for name, why in report.get("not_estimated", {}).items()]
    compared = [
        (entry["estimator"], entry["windows"], entry["relative"], entry["joint"])
        for entry in report.get("comparisons", ())
    ]
    terms = [(entry["name"], entry["relative"]) for entry in report.get("budget", ())]
    return [
        *table(("estimator", "J per query"), estimates), "",
        *table(("beside the headline", "windows", "difference", "joint interval"), compared), "",
        *table(("term", "relative"), terms), "",
        f"Flags: {', '.join(report.get('flags', ())) or 'none'}.",
    ]  # fmt: skip


def _jobs(report: dict[str, Any]) -> list[str]:
    rows = []
    for key, entry in report.get("jobs", {}).items():
        predicate = entry["predicate"]
        flags = ", ".join(predicate.get("flags", ()))
        rows.append((key, predicate["totals"]["energy_per_query_j"], entry["analysis"]["expanded"], flags))
    failed = [(entry["key"], entry["sentence"]) for entry in report.get("answer", {}).get("failed", ())]
    return [
        *table(("job", "J per query", "U (k = 2)", "flags"), rows),
        "",
        *table(("failed", "why"), failed),
        "",
        f"Exit code of the session: {report.get('exit_code')}.",
    ]


SECTIONS = {"machine": _machine, "doctor": _doctor, "sensors": _sensors, "windows": _windows, "jobs": _jobs}
