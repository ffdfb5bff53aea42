"""RAPL on folder trees: what is counted, what is shown twice, what may not be read and what fails."""

from __future__ import annotations

import errno
from itertools import count
from pathlib import Path

import pytest

from joulemark.errors import MeterFailed, MeterUnavailable, ReadingMissing
from joulemark.meters.meter import Tick
from joulemark.meters.rapl import meter as rapl
from joulemark.meters.rapl.meter import RaplMeter

WRAPS_AT = 262143328850


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    """Two packages; the first with core and memory below it, and the same package behind another door."""
    zone(tmp_path, "intel-rapl:0", "package-0", 1000)
    zone(tmp_path, "intel-rapl:0:0", "core", 400)
    zone(tmp_path, "intel-rapl:0:1", "dram", 50)
    zone(tmp_path, "intel-rapl:1", "package-1", 2000)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 1003)
    return tmp_path


def zone(root: Path, folder: str, name: str, energy_uj: int) -> Path:
    path = root / folder
    path.mkdir()
    for file, text in (("name", name), ("energy_uj", energy_uj), ("max_energy_range_uj", WRAPS_AT)):
        (path / file).write_text(f"{text}\n", encoding="ascii")
    return path


def streams(root: Path) -> list[str]:
    return [info.name for info in RaplMeter(root=root).streams]


def forbid(monkeypatch: pytest.MonkeyPatch, *folders: str, error: int = errno.EACCES) -> None:
    """Reading the counters of these zones, or of all, fails as the kernel fails it."""
    real = Path.read_text

    def read_text(path: Path, encoding: str | None = None) -> str:
        if path.name == "energy_uj" and (not folders or path.parent.name in folders):
            raise OSError(error, "not to be read")
        return real(path, encoding=encoding)

    monkeypatch.setattr(Path, "read_text", read_text)


def test_packages_are_counted_once_and_memory_only_when_all_of_it_is_seen(powercap: Path) -> None:
    meter = RaplMeter(root=powercap)
    assert (meter.scope, meter.absent) == ("cpu", {"dram": "dram-of-some-packages"})
    assert [info.name for info in meter.streams] == ["package-0", "package-1"]
    zone(powercap, "intel-rapl:1:0", "dram", 70)
    whole = RaplMeter(root=powercap)
    assert (whole.scope, whole.absent) == ("cpu+dram", {})
    assert [(info.name, info.scope) for info in whole.streams] == [
        ("package-0", "cpu"),
        ("dram-0", "dram"),
        ("package-1", "cpu"),
        ("dram-1", "dram"),
    ]
    now = count(0, 10)
    reading = whole.read(lambda: next(now))
    assert reading == ((Tick(5, 1000), Tick(25, 50), Tick(45, 2000), Tick(65, 70)), (), None)
    assert {info.wraps_at for info in whole.streams} == {WRAPS_AT}
    assert (whole.gauges, [info.name for info in whole.conditions]) == ((), ["cpu-own", "cpu-foreign"])
    assert [tick is not None and tick.t_us for tick in whole.look(lambda: 7)] == [7, 7]


def test_amd_and_a_client_processor_have_a_package_and_no_memory(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 1000)
    zone(tmp_path, "intel-rapl:0:0", "core", 400)
    zone(tmp_path, "intel-rapl:0:1", "uncore", 30)
    zone(tmp_path, "intel-rapl:1", "psys", 9000)
    meter = RaplMeter(root=tmp_path)
    assert ([info.name for info in meter.streams], meter.absent) == (
        ["package-0"],
        {"dram": "no-dram-counter"},
    )


def test_a_package_that_only_mmio_shows_is_read_there(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 1000)
    assert streams(tmp_path) == ["package-0"]


def test_dies_with_counters_of_their_own_are_all_counted(tmp_path: Path) -> None:
    for number, (label, energy_uj) in enumerate(
        [
            ("package-0-die-0", 1000),
            ("package-0-die-1", 1500),
            ("package-1-die-0", 1000),
            ("package-1-die-1", 0),
            ("package-1-die-2", 0),
        ]
    ):
        zone(tmp_path, f"intel-rapl:{number}", label, energy_uj)
        zone(tmp_path, f"intel-rapl:{number}:0", "dram", number)
    assert streams(tmp_path) == [
        *("package-0-die-0", "dram-0-die-0", "package-0-die-1", "dram-0-die-1"),
        *("package-1-die-0", "dram-1-die-0", "package-1-die-1", "dram-1-die-1"),
        *("package-1-die-2", "dram-1-die-2"),
    ]


@pytest.mark.parametrize(
    ("labels", "counts", "expected"),
    [
        (("package-0", "package-0"), (1000, 1000), ["package-0"]),
        (("package-0", "package-0"), (0, 0), ["package-0"]),
        (("package-0", "package-0"), (1000, 1500), ["package-0", "package-0-zone-1"]),
        (("package-0-die-0", "package-0-die-1"), (1000, 1000), ["package-0-die-0"]),
        (("package-0", "package-1"), (1000, 1000), ["package-0", "package-1"]),
    ],
)
def test_two_zones_of_a_package_with_one_count_are_one(
    tmp_path: Path, labels: tuple[str, str], counts: tuple[int, int], expected: list[str]
) -> None:
    for number, (label, energy_uj) in enumerate(zip(labels, counts, strict=True)):
        zone(tmp_path, f"intel-rapl:{number}", label, energy_uj)
    assert streams(tmp_path) == expected


def test_a_mirror_that_moves_between_two_reads_is_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (0, 1):
        zone(tmp_path, f"intel-rapl:{number}", "package-0", 0)
    counting, real = count(1000, 7), Path.read_text

    def read_text(path: Path, encoding: str | None = None) -> str:
        return str(next(counting)) if path.name == "energy_uj" else real(path, encoding=encoding)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert streams(tmp_path) == ["package-0"]


def test_packages_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in range(11):
        zone(tmp_path, f"intel-rapl:{number}", f"package-{number}", 1000 + number)
    assert streams(tmp_path) == [f"package-{number}" for number in range(11)]


def test_what_may_not_be_read_says_which_command_allows_it(
    powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch)
    with pytest.raises(MeterUnavailable, match="sudo chmod a\\+r /sys/class/powercap") as error:
        RaplMeter(root=powercap)
    assert error.value.reason == "rapl-permission"


def test_memory_that_may_not_be_read_is_left_out(powercap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone(powercap, "intel-rapl:1:0", "dram", 70)
    forbid(monkeypatch, "intel-rapl:1:0")
    meter = RaplMeter(root=powercap)
    assert (meter.scope, meter.absent) == ("cpu", {"dram": "rapl-permission"})


def test_garbage_and_absence_are_told_apart(powercap: Path, tmp_path: Path) -> None:
    with pytest.raises(MeterUnavailable) as absent:
        RaplMeter(root=tmp_path / "nowhere")
    assert absent.value.reason == "no-rapl"
    (powercap / "intel-rapl:0" / "energy_uj").write_text("soup", encoding="ascii")
    with pytest.raises(MeterUnavailable) as garbage:
        RaplMeter(root=powercap)
    assert garbage.value.reason == "rapl-unreadable"


def test_a_counter_that_vanishes_during_a_run_fails_the_meter(powercap: Path) -> None:
    meter = RaplMeter(root=powercap)
    (powercap / "intel-rapl:1" / "energy_uj").unlink()
    with pytest.raises(MeterFailed, match="package-1") as failed:
        meter.read(lambda: 0)
    assert type(failed.value) is MeterFailed


def test_a_counter_that_fails_once_is_a_missing_reading(
    powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = RaplMeter(root=powercap)
    with monkeypatch.context() as patched:
        forbid(patched, error=errno.EIO)
        with pytest.raises(ReadingMissing, match="package-0"):
            meter.read(lambda: 0)
    (powercap / "intel-rapl:0" / "energy_uj").write_text("", encoding="ascii")
    with pytest.raises(ReadingMissing, match="package-0"):
        meter.read(lambda: 0)
    (powercap / "intel-rapl:0" / "energy_uj").write_text("1100", encoding="ascii")
    assert meter.read(lambda: 0).ticks == (Tick(0, 1100), Tick(0, 2000))


@pytest.mark.parametrize("nonsense", ["-1", "262143328851", "9" * 30, "", "4 J", "9" * 5000])
def test_a_count_that_cannot_be_is_a_missing_reading(tmp_path: Path, nonsense: str) -> None:
    meter = RaplMeter(root=zone(tmp_path, "intel-rapl:0", "package-0", 1000).parent)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text(nonsense, encoding="ascii")
    with pytest.raises(ReadingMissing, match="package-0"):
        meter.read(lambda: 0)


def test_the_default_place_is_the_kernels() -> None:
    assert Path("/sys/class/powercap") == rapl.POWERCAP
