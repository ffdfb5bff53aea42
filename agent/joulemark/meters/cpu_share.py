"""How much of the processor this process may use: quotas of control groups, and settings of thread libraries.

Kernel documentation, "Control Group v2", `cpu.max`, and "CFS Bandwidth Control", `cpu.cfs_quota_us` (version 1).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
SETTINGS = (
    "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PROC_BIND", "OMP_PLACES", "OMP_WAIT_POLICY",
    "MKL_NUM_THREADS", "MKL_DYNAMIC", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "GOTO_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "KMP_BLOCKTIME",
)  # fmt: skip
"""Environment variables of the thread libraries that torch may be built with (OpenMP 5.2, oneMKL, OpenBLAS)."""
PLAIN = re.compile(r"[A-Za-z0-9_.,:{}()+-]{1,100}")
UNLISTED = "not-a-plain-word"
"""Stands for a value with other characters: what a variable holds could be anything."""


@dataclass(frozen=True, kw_only=True)
class CpuQuota:
    """`cpus` is how many processors' time the control groups allow, None with the reason why."""

    cpus: float | None
    reason: str | None = None


def cpu_quota(*, cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> CpuQuota:
    """The least quota of this process's control group and those above it; `no-quota` where none of them has one."""
    try:
        lines = membership.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return CpuQuota(cpus=None, reason="no-control-groups")
    quotas = [quota for line in lines for quota in _quotas(line, cgroups)]
    return CpuQuota(cpus=min(quotas)) if quotas else CpuQuota(cpus=None, reason="no-quota")


def thread_settings(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of SETTINGS that are set, by their names in lower case."""
    return {
        name.lower(): value if PLAIN.fullmatch(value) else UNLISTED
        for name in SETTINGS
        if (value := environ.get(name, "").strip())
    }


def _quotas(line: str, cgroups: Path) -> Iterator[float]:
    """Of one line of /proc/self/cgroup: `0::/a/b` (version 2), or `4:cpu,cpuacct:/a/b` (version 1)."""
    number, _, rest = line.partition(":")
    controllers, _, path = rest.partition(":")
    if number == "0" and not controllers:
        roots, read = (cgroups, cgroups / "unified"), _quota_of_version_2
    elif "cpu" in controllers.split(","):
        roots, read = (cgroups / controllers, cgroups / "cpu"), _quota_of_version_1
    else:
        return
    for root in roots:
        folder = root / path.lstrip("/")
        for group in (folder, *folder.parents):
            if group != root and root not in group.parents:
                break
            quota = read(group)
            if quota is not None:
                yield quota


def _quota_of_version_2(group: Path) -> float | None:
    words = _words(group / "cpu.max")
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _quota_of_version_1(group: Path) -> float | None:
    quota, period = _words(group / "cpu.cfs_quota_us"), _words(group / "cpu.cfs_period_us")
    return _ratio(quota[0], period[0]) if quota and period else None


def _ratio(quota: str, period: str) -> float | None:
    """`max` and -1 are no quota."""
    if not (quota.isdecimal() and period.isdecimal() and int(period) and int(quota)):
        return None
    return int(quota) / int(period)


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []
