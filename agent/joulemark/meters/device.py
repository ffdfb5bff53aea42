"""The device that a model runs on and the machine around it, without a name of anyone."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.record.statement import Host
from joulemark.record.text import hidden_characters

if TYPE_CHECKING:
    from joulemark.record.statement import DeviceKind

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, kw_only=True)
class DeviceFacts:
    """Facts of one device. `identity` is secret: it keys the pseudonym and is never sent.

    `absent` says why a field is None, by the field's name.
    """

    identity: str
    kind: DeviceKind
    name: str
    memory_bytes: int | None
    power_limit_w: float | None
    power_limit_default_w: float | None
    driver: str | None
    vbios: str | None
    ecc: bool | None
    mig: bool | None
    absent: dict[str, str] = field(default_factory=dict)


def cpu(*, identity: str, cpuinfo: Path = CPUINFO) -> DeviceFacts:
    """The processor as a device."""
    name = cpu_name(cpuinfo)
    not_of_a_cpu = ("power_limit_w", "power_limit_default_w", "driver", "vbios", "ecc", "mig")
    return DeviceFacts(
        identity=identity,
        kind="cpu",
        name=f"unnamed {platform.machine()} processor" if name is None or hidden_characters(name) else name,
        memory_bytes=None,
        power_limit_w=None,
        power_limit_default_w=None,
        driver=None,
        vbios=None,
        ecc=None,
        mig=None,
        absent={"memory_bytes": "cpu-uses-host-memory"} | dict.fromkeys(not_of_a_cpu, "no-gpu"),
    )


def host(*, cpuinfo: Path = CPUINFO, meminfo: Path = MEMINFO) -> tuple[Host, dict[str, str]]:
    """The machine, as its system describes it, and why a field of it is None.

    Of the kernel only the first two numbers: its full name can tell more.
    """
    name = cpu_name(cpuinfo)
    memory_bytes = _memory_bytes(meminfo)
    absent = {}
    if name is None:
        absent["cpu"] = "not-in-cpuinfo"
    if memory_bytes is None:
        absent["memory_bytes"] = "not-in-meminfo"
    release = re.match(r"\d+\.\d+", platform.release())
    described = Host(
        system=f"{platform.system()} {release.group() if release else ''}".strip(),
        architecture=platform.machine(),
        cpu=name,
        cpu_count=len(os.sched_getaffinity(0)),
        memory_bytes=memory_bytes,
    )
    return described, absent


def cpu_name(cpuinfo: Path = CPUINFO) -> str | None:
    """The model name of the first processor, or None where the kernel does not tell it."""
    return _field(cpuinfo, r"^model name\s*:\s*(.+?)\s*$") or _field(cpuinfo, r"^Model\s*:\s*(.+?)\s*$")


def _memory_bytes(meminfo: Path) -> int | None:
    kibibytes = _field(meminfo, r"^MemTotal:\s*(\d{1,15}) kB\s*$")
    return None if kibibytes is None else int(kibibytes) * 1024


def _field(path: Path, pattern: str) -> str | None:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    match = re.search(pattern, text, re.MULTILINE)
    return match.group(1)[:200] if match else None
