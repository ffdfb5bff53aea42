"""What limits the processor time of a run: quotas of control groups, and settings of thread libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.meters.cpu_share import UNLISTED, CpuQuota, cpu_quota, thread_settings
from tests.laws import law

if TYPE_CHECKING:
    from pathlib import Path


def quota(folder: Path, membership: str, files: dict[str, str]) -> CpuQuota:
    for name, text in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    (folder / "membership").write_text(membership, encoding="ascii")
    return cpu_quota(cgroups=folder / "cgroup", membership=folder / "membership")


@pytest.mark.parametrize(
    ("membership", "files", "cpus"),
    [
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "400000 100000\n"}, 4.0),
        ("0::/a/b\n", {"a/b/cpu.max": "50000 100000\n", "a/cpu.max": "400000 100000\n"}, 0.5),
        ("0::/gone\n", {"cpu.max": "100000 100000\n"}, 1.0),
        (
            "5:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n",
            {
                "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "150000\n",
                "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
            },
            1.5,
        ),
    ],
)
def test_the_least_quota_on_the_way_up_counts(
    tmp_path: Path, membership: str, files: dict[str, str], cpus: float
) -> None:
    assert quota(tmp_path, membership, files) == CpuQuota(cpus=cpus)


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/\n", {}),
        ("0::/a\n", {"a/cpu.max": "max 100000\n"}),
        ("0::/a\n", {"a/cpu.max": "nonsense\n", "cpu.max": "0 0\n"}),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}),
    ],
)
def test_no_quota_is_said(tmp_path: Path, membership: str, files: dict[str, str]) -> None:
    assert quota(tmp_path, membership, files) == CpuQuota(cpus=None, reason="no-quota")


def test_a_system_without_control_groups_is_said(tmp_path: Path) -> None:
    assert cpu_quota(cgroups=tmp_path, membership=tmp_path / "none") == CpuQuota(
        cpus=None, reason="no-control-groups"
    )


@pytest.mark.laws
@law()
@given(value=st.text(max_size=120))
def test_only_plain_words_of_known_variables_are_told(value: str) -> None:
    told = thread_settings({"OMP_NUM_THREADS": value, "HOME": "/home/someone", "USER": value})
    assert set(told) <= {"omp_num_threads"}
    assert set(told.values()) <= {value.strip(), UNLISTED}
    assert all(
        0 < len(word) <= 100 and word.isascii() and " " not in word and "/" not in word
        for word in told.values()
    )
