"""The table: a line for each kind of fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.storm import Injection
    from tests.faults.uploads import Upload
    from tests.faults.verification import Evidence

HEAD = ("fault", "times", "sent", "acknowledged", "found", "lost", "twice", "longest", "health meanwhile")
WIDTHS = (28, 5, 5, 12, 6, 4, 5, 7, 0)


def printed_table(
    injections: list[Injection], uploads: list[Upload], evidence: Evidence
) -> list[dict[str, Any]]:
    """Print it; the rows."""
    names = list(dict.fromkeys(injection.kind.name for injection in injections))
    rows = [_row(name, injections, evidence) for name in sorted(names)]
    rows.append(_counts("all", len(injections), uploads, evidence))
    _print(HEAD)
    for row in rows:
        longest = f"{row['longest_s']:.0f} s" if "longest_s" in row else ""
        _print([*(row[name] for name in HEAD[:-2]), longest, "; ".join(row.get("health", []))])
    return rows


def _row(name: str, injections: list[Injection], evidence: Evidence) -> dict[str, Any]:
    ours = [injection for injection in injections if injection.kind.name == name]
    uploads = [upload for injection in ours for upload in injection.uploads]
    return {
        **_counts(name, len(ours), uploads, evidence),
        "longest_s": max(injection.lasted_s + injection.healed_s for injection in ours),
        "health": list(dict.fromkeys(word for injection in ours for word in injection.words)) or ["well"],
    }


def _counts(name: str, times: int, uploads: list[Upload], evidence: Evidence) -> dict[str, Any]:
    acknowledged = [upload for upload in uploads if upload.receipt]
    return {
        "fault": name,
        "times": times,
        "sent": len(uploads),
        "acknowledged": len(acknowledged),
        "found": sum(map(evidence.is_found, acknowledged)),
        "lost": sum(not evidence.is_found(upload) for upload in acknowledged),
        "twice": sum(map(evidence.is_twice, uploads)),
    }


def _print(cells: tuple[str, ...] | list[Any]) -> None:
    print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip())
