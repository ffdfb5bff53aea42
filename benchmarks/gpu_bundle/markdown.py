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
        found = (parts.get(name) or {}).get("report")
        if found:
            lines += ["", f"## {name.capitalize()}", "", *section(found)]
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


def _machine(found: dict[str, Any]) -> list[str]:
    device, torch = found.get("device", {}), found.get("torch", {})
    rows = [(name, device.get(name)) for name in ("name", "driver", "vbios", "memory_bytes", "power_limit_w")]
    rows += [
        ("torch", torch.get("version")),
        ("CUDA of torch", torch.get("cuda")),
        ("python", found.get("python")),
    ]
    rows += [("gauges", ", ".join(found.get("gauges", ())))]
    rows += [(f"absent: {name}", why) for name, why in found.get("absent", {}).items()]
    controls = found.get("power_controls", {})
    values, absent = controls.get("values", {}), controls.get("absent", {})
    rows += [(name, absent.get(name) if value is None else value) for name, value in values.items()]
    return table(("fact", "value"), rows)


def _doctor(found: dict[str, Any]) -> list[str]:
    findings = [(one["what"], one["state"], one["detail"]) for one in found.get("findings", ())]
    timing = found.get("timing") or {}
    return [
        *table(("check", "state", "detail"), findings),
        "",
        *table(("probe", "value"), list(timing.items())),
    ]


def _sensors(found: dict[str, Any]) -> list[str]:
    steps = [
        (name, kind, one["changes"], one["median_s"], one["p05_s"], one["p95_s"], one["resolution"])
        for name, kinds in found.get("steps", {}).items()
        for kind, one in kinds.items()
    ]
    summary = [
        (
            name,
            *((one["seen"] or {}).get(which) for which in ("lowest", "mean", "highest", "cells")),
            one["lag_s"],
        )
        for name, one in found.get("summary", {}).items()
    ]
    names = list(found.get("levels", {}))
    cells = [
        (one["period_s"], one["duty"], *(one["seen"].get(name) for name in names))
        for one in found.get("cells", ())
    ]
    return [
        f"The sweep ended: {found.get('ended')}.",
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


def _windows(found: dict[str, Any]) -> list[str]:
    estimates = [(name, value) for name, value in found.get("estimates", {}).items()]
    estimates += [(name, why) for name, why in found.get("not_estimated", {}).items()]
    compared = [
        (one["estimator"], one["windows"], one["relative"], one["joint"])
        for one in found.get("comparisons", ())
    ]
    terms = [(one["name"], one["relative"]) for one in found.get("budget", ())]
    return [
        *table(("estimator", "J per query"), estimates), "",
        *table(("beside the headline", "windows", "difference", "joint interval"), compared), "",
        *table(("term", "relative"), terms), "",
        f"Flags: {', '.join(found.get('flags', ())) or 'none'}.",
    ]  # fmt: skip


def _jobs(found: dict[str, Any]) -> list[str]:
    rows = []
    for key, one in found.get("jobs", {}).items():
        said = one["predicate"]
        flags = ", ".join(said.get("flags", ()))
        rows.append((key, said["totals"]["energy_per_query_j"], one["analysis"]["expanded"], flags))
    failed = [(one["key"], one["sentence"]) for one in found.get("answer", {}).get("failed", ())]
    return [
        *table(("job", "J per query", "U (k = 2)", "flags"), rows),
        "",
        *table(("failed", "why"), failed),
        "",
        f"Exit code of the session: {found.get('exit_code')}.",
    ]


SECTIONS = {"machine": _machine, "doctor": _doctor, "sensors": _sensors, "windows": _windows, "jobs": _jobs}
