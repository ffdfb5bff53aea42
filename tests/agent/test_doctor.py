"""`joulemark doctor`: what is there, what is not, and how to mend it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from joulemark.errors import MeterUnavailable
from joulemark.meters.choose import Openers
from joulemark.record import keys
from tests.agent import fake_suite

if TYPE_CHECKING:
    from pathlib import Path

    from joulemark.meters.nvml.meter import NvmlMeter
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform


def findings(agent: Agent) -> dict[str, dict[str, str]]:
    return {finding["what"]: finding for finding in agent.json("doctor")["findings"]}


def test_everything_a_run_needs_is_looked_at(enrolled: Agent) -> None:
    found = findings(enrolled)
    assert enrolled.code == 0
    assert found["rapl"]["state"] == "not available"
    assert "no intel-rapl package counter" in found["rapl"]["detail"]
    assert found["estimate"]["state"] == "estimated"
    assert {found[name]["state"] for name in ("config", "state", "cache", "key", "platform", "clock")} == {
        "ok"
    }
    assert found["writing/letters/small"]["state"] == "ok"


def test_what_is_missing_has_its_mend(agent: Agent) -> None:
    found = findings(agent)
    assert found["key"]["mend"] == "joulemark join http://127.0.0.1:9"
    assert found["platform"]["state"] == "not available"


def test_without_a_key_only_offline_runs_can_be_had(agent: Agent) -> None:
    answer = agent.json("doctor")
    assert (agent.code, answer["ok"], answer["can_measure_offline"]) == (7, False, True)
    assert "`joulemark run --offline` can measure" in agent.err
    assert agent("run", "--meter", "estimate") == 6
    assert agent("run", "--meter", "estimate", "--offline") == 0


def test_a_damaged_key_is_not_ready(enrolled: Agent) -> None:
    enrolled.folders.key.write_bytes(b"garbage")
    answer = enrolled.json("doctor")
    assert (enrolled.code, answer["ok"], answer["can_measure_offline"]) == (7, False, False)
    assert enrolled("run", "--meter", "estimate", "--offline") == 2


def test_a_key_that_the_platform_does_not_know_is_not_ready(
    enrolled: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stored in enrolled.folders.platforms.iterdir():
        stored.unlink()
    assert enrolled("doctor") == 7
    assert enrolled("run", "--meter", "estimate") == 6


def test_a_damaged_enrolment_is_not_ready_but_for_offline_runs(enrolled: Agent) -> None:
    for stored in enrolled.folders.platforms.iterdir():
        stored.write_bytes(b"garbage")
    answer = enrolled.json("doctor")
    assert (enrolled.code, answer["can_measure_offline"]) == (7, True)
    assert enrolled("run", "--meter", "estimate", "--offline") == 0


def test_a_platform_that_is_away_is_not_ready(enrolled: Agent, platform: FakePlatform) -> None:
    platform.key = keys.generate()
    assert enrolled("doctor") == 7
    assert enrolled("run", "--meter", "estimate") == 3


def test_nothing_to_run_is_not_ready(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_suite, "MISSING", {job.key: "Install it." for job in fake_suite.JOBS})
    assert agent("doctor") == 7
    assert "Install it." in agent.out


def test_a_clock_that_is_off_is_told(enrolled: Agent, platform: FakePlatform) -> None:
    platform.clock_ahead_s = -3600
    found = findings(enrolled)
    assert found["clock"]["state"] == "warning"
    assert "ahead of the platform's" in found["clock"]["detail"]


def test_a_changed_platform_key_is_told(enrolled: Agent, platform: FakePlatform) -> None:
    platform.key = keys.generate()
    assert " has changed since you enrolled" in findings(enrolled)["platform"]["detail"]


def test_an_unwritable_folder_is_told(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joulemark.session.folder_check.os.access", lambda *_: False)
    found = findings(agent)
    assert agent.code == 7
    assert found["state"]["mend"] == "Make it writable, or set XDG_STATE_HOME to a folder of your own."


def test_the_table_names_every_finding(enrolled: Agent) -> None:
    assert enrolled("doctor") == 0
    for word in ("nvml", "rapl", "estimate", "platform", "sorting/numbers/small", "Ready"):
        assert word in enrolled.out


def test_a_card_that_nouveau_drives_is_no_machine_without_a_gpu(
    enrolled: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x10de\n", encoding="ascii")
    (device / "class").write_text("0x030000\n", encoding="ascii")
    (device / "driver").symlink_to("../drivers/nouveau")
    monkeypatch.setattr("joulemark.meters.nvml.choice.SYS", tmp_path / "sys")
    monkeypatch.setattr("joulemark.session.checkup.Openers", without_library)
    nvml = findings(enrolled)["nvml"]
    assert (enrolled.code, nvml["reason"]) == (7, "no-nvidia-driver")
    assert "on the PCI bus (nouveau)" in nvml["detail"]
    assert "Install NVIDIA's driver in place of nouveau" in nvml["mend"]


def without_library() -> Openers:
    def absent() -> NvmlMeter:
        raise MeterUnavailable("no-nvidia-driver", "No NVIDIA driver is installed.")

    return Openers(nvml=absent)


@pytest.mark.parametrize(("free_mib", "offline"), [(3, False), (50, True)])
def test_a_disk_on_which_no_result_fits_makes_no_machine_ready(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, free_mib: int, *, offline: bool
) -> None:
    monkeypatch.setattr(
        "joulemark.session.folder_check.shutil.disk_usage", lambda _: SimpleNamespace(free=free_mib * 2**20)
    )
    answer = agent.json("doctor", "--quick")
    assert answer["can_measure_offline"] is offline
    (state,) = [row for row in answer["findings"] if (row["area"], row["what"]) == ("folder", "state")]
    assert state["state"] == ("warning" if offline else "not available")
    assert "Free some space" in state["mend"]
