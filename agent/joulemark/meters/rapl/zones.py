"""Which powercap zones are counted: each package once, and its memory.

The same package can be shown twice: by `intel-rapl` and `intel-rapl-mmio`, which read one counter through two doors,
and as several zones where a kernel takes the dies of a package for packages. A package of several dies that have
counters of their own shows `package-0-die-0`, `package-0-die-1` and so on. AMD's packages come under `intel-rapl` too
(Linux, drivers/powercap/intel_rapl_common.c).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark.errors import MeterUnavailable
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from joulemark.record.trace import HostScope

CONTROLS = ("intel-rapl", "intel-rapl-mmio")
MEND = marked("Allow it: sudo chmod a+r /sys/class/powercap/intel-rapl*/energy_uj  (until the next boot)")
"""Since Linux 5.10 only root may read the counters (CVE-2020-8694)."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One counter. `stream` is its name in the trace, `wraps_at` its modulus in microjoules."""

    folder: Path
    stream: str
    scope: HostScope
    wraps_at: int | None

    def read_uj(self) -> int:
        """Microjoules so far. Raises OSError, or ValueError when the file holds no count."""
        return int((self.folder / "energy_uj").read_text(encoding="ascii"))


@dataclass(frozen=True, kw_only=True)
class RaplZones:
    """The zones to read, each package followed by its memory; `no_dram` says why memory is not among them."""

    zones: tuple[Zone, ...]
    no_dram: str | None


def find_zones(root: Path) -> RaplZones:
    """The zones under `root`. Raises MeterUnavailable when no package can be read.

    Memory that some packages do not show, or that may not be read, is left out as a whole: a sum over a part of it
    would not be the memory's.
    """
    packages = tuple(_packages(root))
    if not packages:
        raise MeterUnavailable(
            "no-rapl",
            _("There is no intel-rapl package counter under {root}.").format(root=root),
            mend=_("Virtual machines have none; on a real one: sudo modprobe intel_rapl_msr"),
        )
    try:
        memories = [_memory(package) for package in packages]
    except MeterUnavailable as error:
        return RaplZones(zones=packages, no_dram=error.reason)
    if not any(memories):
        return RaplZones(zones=packages, no_dram="no-dram-counter")
    if not all(memories):
        return RaplZones(zones=packages, no_dram="dram-of-some-packages")
    pairs = zip(packages, memories, strict=True)
    return RaplZones(zones=tuple(zone for pair in pairs for zone in pair if zone), no_dram=None)


def _packages(root: Path) -> Iterator[Zone]:
    """In the order of their numbers; what `intel-rapl` shows, `intel-rapl-mmio` only mirrors."""
    seen: list[tuple[str, Zone]] = []
    for control in CONTROLS:
        there = {label for label, _ in seen}
        for folder in sorted(root.glob(f"{control}:*"), key=_numbers):
            if len(_numbers(folder)) > 1:
                continue
            label = _text(folder / "name")
            if not label.startswith("package") or label in there:
                continue
            again = any(label == other for other, _ in seen)
            zone = _zone(folder, f"{label}-zone-{_numbers(folder)[0]}" if again else label, "cpu")
            if not any(_is_mirror(label, zone, *other) for other in seen):
                seen.append((label, zone))
                yield zone


def _is_mirror(label: str, zone: Zone, other_label: str, other: Zone) -> bool:
    """Whether two zones of a package show one counter: twice, one count lies between two of the other.

    A kernel that takes AMD's core complexes for dies shows the package's only counter once for each of them. Dies whose
    counters both stand at 0 are not taken for mirrors.
    """
    if _package_of(label) != _package_of(other_label):
        return False
    for _look in range(2):
        before, between, after = (_number(either.folder / "energy_uj") for either in (other, zone, other))
        if not before <= between <= after or (between == 0 and label != other_label):
            return False
    return True


def _package_of(label: str) -> str:
    """`package-0` of `package-0-die-1`."""
    return "-".join(label.split("-")[:2])


def _numbers(folder: Path) -> tuple[int, ...]:
    """(0, 1) of `intel-rapl:0:1`."""
    return tuple(int(part) for part in folder.name.split(":")[1:])


def _memory(package: Zone) -> Zone | None:
    """The zone `dram` of a package. Raises MeterUnavailable when it is there and cannot be read."""
    for folder in sorted(package.folder.parent.glob(f"{package.folder.name}:*")):
        if _text(folder / "name") == "dram":
            return _zone(folder, f"dram-{package.stream.removeprefix('package-')}", "dram")
    return None


def _zone(folder: Path, stream: str, scope: HostScope) -> Zone:
    wraps_at = _number(folder / "max_energy_range_uj")
    _number(folder / "energy_uj")
    return Zone(folder=folder, stream=stream, scope=scope, wraps_at=wraps_at or None)


def _number(path: Path) -> int:
    text = _text(path)
    if not text.isdecimal():
        raise MeterUnavailable(
            "rapl-unreadable",
            _("RAPL is available, but {path} contains {text!r}, not a count.").format(
                path=path, text=text[:20]
            ),
        )
    return int(text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except PermissionError as error:
        raise MeterUnavailable(
            "rapl-permission",
            _("RAPL is available, but this user may not read {path}.").format(path=path),
            mend=_(MEND),
        ) from error
    except OSError as error:
        raise MeterUnavailable(
            "rapl-unreadable",
            _("RAPL is available, but reading {path} fails: {why}.").format(path=path, why=error.strerror),
        ) from error
