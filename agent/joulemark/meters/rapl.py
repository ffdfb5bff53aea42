"""RAPL: the energy counters of the processor package and memory, as the Linux powercap driver shows them.

Kernel documentation, "Power Capping Framework": `energy_uj` is cumulative and wraps at `max_energy_range_uj`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.errors import MeterFailed, MeterUnavailable
from joulemark.meters.meter import Now, StreamInfo, Tick, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.record.statement import Grade, Scope
    from joulemark.record.statement import Meter as MeterName

POWERCAP = Path("/sys/class/powercap")
MEND = "Allow it: sudo chmod a+r /sys/class/powercap/intel-rapl*/energy_uj  (until the next boot)"
"""Since Linux 5.10 only root may read the counters (CVE-2020-8694)."""


@dataclass(frozen=True)
class _Domain:
    """One powercap zone that is read."""

    folder: Path
    info: StreamInfo

    def read_uj(self) -> int:
        try:
            return int((self.folder / "energy_uj").read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise MeterFailed(f"RAPL stopped answering ({self.info.name}: {error}). Run again.") from error


class RaplMeter:
    """Packages, and memory where every package shows it."""

    name: MeterName = "rapl"
    grade: Grade = "measured"
    period_s = 0.001
    knows_idle = True
    stated_watts: float | None = None
    stated_watts_source: str | None = None
    provenance = "intel-rapl energy_uj of the Linux powercap driver"

    def __init__(self, *, root: Path | None = None) -> None:
        """Find the counters and read each once.

        Raises MeterUnavailable with the reason and what would mend it.
        """
        root = root or POWERCAP
        self._domains = tuple(_find(root))
        if not self._domains:
            raise MeterUnavailable(
                "no-rapl",
                f"There is no intel-rapl package counter under {root}.",
                mend="A virtual machine has none; on a real one: sudo modprobe intel_rapl_msr",
            )
        self.streams = tuple(domain.info for domain in self._domains)
        has_dram = any(info.scope == "dram" for info in self.streams)
        self.scope: Scope = "cpu+dram" if has_dram else "cpu"

    def read(self, now: Now) -> tuple[Tick, ...]:
        """One tick for each domain, in microjoules."""
        return tuple(timed(now, domain.read_uj) for domain in self._domains)

    def close(self) -> None:
        """Nothing is held."""


def _find(root: Path) -> Iterator[_Domain]:
    """Packages `intel-rapl:N`, and memory `intel-rapl:N:M`, which is counted beside them, not in them."""
    packages = memories = 0
    found: list[_Domain] = []
    for folder in sorted(root.glob("intel-rapl:*")):
        label = _text(folder / "name")
        if label.startswith("package"):
            packages += 1
            found.append(_domain(folder, label, "cpu"))
        elif label == "dram":
            memories += 1
            found.append(_domain(folder, f"dram-{folder.name.split(':')[1]}", "dram"))
    whole = memories == packages
    yield from (domain for domain in found if whole or domain.info.scope == "cpu")


def _domain(folder: Path, name: str, scope: str) -> _Domain:
    wraps_at = _number(folder / "max_energy_range_uj")
    _number(folder / "energy_uj")
    info = StreamInfo(
        name=name,
        scope="dram" if scope == "dram" else "cpu",
        unit="uJ",
        joules_per_unit=1e-6,
        wraps_at=wraps_at,
    )
    return _Domain(folder, info)


def _number(path: Path) -> int:
    text = _text(path)
    if not text.isdecimal():
        raise MeterUnavailable(
            "rapl-unreadable", f"RAPL is there, but {path} holds {text[:20]!r}, not a count."
        )
    return int(text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except PermissionError as error:
        raise MeterUnavailable(
            "rapl-permission", f"RAPL is there, but {path} may not be read.", mend=MEND
        ) from error
    except OSError as error:
        raise MeterUnavailable(
            "rapl-unreadable", f"RAPL is there, but {path} fails: {error.strerror}."
        ) from error
