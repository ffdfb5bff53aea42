"""Machines with one to four GPUs of which any are broken in any way: which one is measured, and when none is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.errors import MeterUnavailable
from joulemark.meters.choose import Openers, hides_a_gpu
from joulemark.meters.nvml.choice import PCI_DEVICES, SYS, on_the_bus
from joulemark.session.plan import open_meter
from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.scenario import ENERGY, Failure, Scenario, WrongAnswer
from tests.agent.gpu_sessions import Sessions
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long
FACTS = {
    "open": "nvmlDeviceGetHandleByIndex_v2",
    "uuid": "nvmlDeviceGetUUID",
    "address": "nvmlDeviceGetPciInfo_v3",
    "name": "nvmlDeviceGetName",
    "counter": ENERGY,
}
"""What a GPU must tell to be measured."""
HARMLESS = {"memory": "nvmlDeviceGetMemoryInfo", "limit": "nvmlDeviceGetEnforcedPowerLimit"}
"""What it need not tell."""
ERRORS = ("no permission", "gpu lost", "unknown", "reset required")
GONE = ("gpu lost", "reset required")
UUIDS = tuple(f"{A100.uuid[:-1]}{number}" for number in range(4))


def scenario(gpus: int, faults: dict[int, tuple[str, str]], **changes: Any) -> Scenario:
    """`faults`: what fails of a card, and how, by the card's number."""
    return Scenario(
        card=A100.full(),
        gpus=gpus,
        failures=tuple(
            Failure(function={**FACTS, **HARMLESS}[what], error=error, card=card)
            for card, (what, error) in faults.items()
        ),
        **changes,
    )


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with Sessions(scenario(1, {})) as running:
        yield running


def opened(sessions: Sessions, home: Path, machine: Scenario, visible: str | None) -> dict[str, Any]:
    """What `joulemark run` does with a machine up to its first job: the answer, with exit code and UUID."""
    chosen = home / "chosen"
    chosen.unlink(missing_ok=True)
    ended = sessions.run(
        home,
        machine,
        *("run", "--offline", "--limit", "1", "--only", "writing/letters/small", "--fresh"),
        environment={
            "JOULEMARK_TEST_NO_WORK": str(chosen),
            "JOULEMARK_TEST_NO_KERNEL": "1",
            **({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}),
        },
    )
    assert "Traceback" not in ended.err, ended.err
    answer = ended.answer()
    return {
        **answer,
        "code": ended.code,
        "uuid": chosen.read_text() if chosen.exists() else None,
    }


def is_broken(fault: tuple[str, str] | None) -> bool:
    """A card that says that it is gone, whatever it is asked while it is opened, is not to be measured."""
    return fault is not None and (fault[0] in FACTS or (fault[0] == "limit" and fault[1] in GONE))


def expected(gpus: int, faults: dict[int, tuple[str, str]], visible: int | str | None) -> int | None:
    """The number of the card that is to be measured, or None where the run must end: an oracle of its own.

    Unset: the first that is well. A number: CUDA counts the cards that may be opened. A UUID: that card.
    """
    cards = range(gpus)
    if visible is None:
        return next((card for card in cards if not is_broken(faults.get(card))), None)
    if isinstance(visible, str):
        named = UUIDS.index(visible)
        return named if named in cards and not is_broken(faults.get(named)) else None
    countable = [
        card
        for card in cards
        if not (card in faults and faults[card][1] == "no permission" and faults[card][0] in FACTS)
        or (faults[card][0] == "counter")
    ]
    card = countable[visible] if visible < len(countable) else None
    return None if card is None or is_broken(faults.get(card)) else card


@pytest.mark.laws
@pytest.mark.timeout(1800)
@law()
@given(data=st.data())
def test_the_card_that_is_measured_is_the_one_that_is_meant(
    data: st.DataObject, sessions: Sessions, tmp_path_factory: pytest.TempPathFactory
) -> None:
    gpus = data.draw(st.integers(1, 4), label="cards")
    faults = data.draw(
        st.dictionaries(
            st.integers(0, gpus - 1),
            st.tuples(st.sampled_from([*FACTS, *HARMLESS]), st.sampled_from(ERRORS)),
        ),
        label="faults",
    )
    visible = data.draw(st.none() | st.integers(0, 4) | st.sampled_from(UUIDS), label="CUDA_VISIBLE_DEVICES")
    home = tmp_path_factory.mktemp("home")
    answer = opened(sessions, home, scenario(gpus, faults), None if visible is None else str(visible))
    card = expected(gpus, faults, visible)
    if card is None:
        assert (answer["code"], answer["uuid"], answer["results"]) == (7, None, [])
        assert "--meter estimate" in answer["error"]["sentence"]
        return
    assert answer["uuid"] == UUIDS[card], answer
    assert (answer["code"], answer["meter"]) == (0, "nvml-counter")
    if visible is None:
        broken = {f"GPU {one}" for one in range(card) if is_broken(faults.get(one))}
        assert broken <= {row["meter"] for row in answer["not_used"]}
        assert all(row["reason"] and row["sentence"] for row in answer["not_used"])


@pytest.mark.parametrize("answer", ["zeros", "ones", "garbage"])
@pytest.mark.parametrize("function", ["nvmlDeviceGetUUID", "nvmlDeviceGetName"])
def test_a_card_that_does_not_say_who_it_is_is_passed_over(
    sessions: Sessions, tmp_path: Path, function: str, answer: str
) -> None:
    machine = scenario(2, {}, wrong_answers=(WrongAnswer(function=function, answer=answer, card=0),))
    told = opened(sessions, tmp_path, machine, None)
    assert (told["code"], told["uuid"]) == (0, UUIDS[1]), told
    assert [row["meter"] for row in told["not_used"]] == ["GPU 0"]


@pytest.mark.parametrize(
    ("machine", "code"),
    [
        (
            Scenario(card=A100, failures=(Failure(function="nvmlDeviceGetCount_v2", error="unknown"),)),
            "nvml-error",
        ),
        (
            Scenario(
                card=A100, wrong_answers=(WrongAnswer(function="nvmlDeviceGetCount_v2", answer="ones"),)
            ),
            "nvml-nonsense",
        ),
        (
            Scenario(card=A100, failures=(Failure(function="nvmlInit", error="version mismatch"),)),
            "nvidia-driver-mismatch",
        ),
    ],
)
def test_a_gpu_that_is_there_is_never_passed_over_for_an_estimate(
    sessions: Sessions, tmp_path: Path, machine: Scenario, code: str
) -> None:
    told = opened(sessions, tmp_path, machine, None)
    assert (told["code"], told["results"]) == (7, []), code
    assert "--meter estimate" in told["error"]["sentence"]


@pytest.mark.parametrize(
    ("machine", "visible"),
    [
        (Scenario(card=A100, gpus=0), None),
        (Scenario(card=A100), ""),
        (Scenario(card=A100), "-1"),
        (Scenario(card=A100, failures=(Failure(function="nvmlInit", error="driver not loaded"),)), None),
    ],
    ids=["none listed", "hidden", "hidden by -1", "a library without a driver, and none on the bus"],
)
def test_a_machine_without_a_gpu_is_measured_on_its_processor(
    sessions: Sessions, tmp_path: Path, machine: Scenario, visible: str | None
) -> None:
    told = opened(sessions, tmp_path, machine, visible)
    assert (told["code"], told["uuid"], told["meter"]) == (0, "cpu", "cpu-time-estimate"), told
    assert "nvml" in {row["meter"] for row in told["not_used"]}


def test_the_doctor_is_not_ready_where_a_run_would_end(sessions: Sessions, tmp_path: Path) -> None:
    machine = scenario(2, {0: ("open", "gpu lost"), 1: ("uuid", "no permission")})
    ended = sessions.run(tmp_path, machine, "doctor", "--quick")
    nvml = next(row for row in ended.answer()["findings"] if row["what"] == "nvml")
    assert (ended.answer()["can_measure_offline"], nvml["reason"]) == (False, "gpu-lost")
    assert "--meter estimate" in nvml["mend"]
    ended = sessions.run(tmp_path, scenario(2, {0: ("open", "gpu lost")}), "doctor", "--quick")
    skipped = next(row for row in ended.answer()["findings"] if row["what"] == "GPU 0")
    assert (skipped["state"], skipped["reason"]) == ("warning", "gpu-lost")


def put_on_bus(
    sys: Path, address: str, vendor: str | None, kind: str | None, driver: str | None = None
) -> None:
    """A device as the kernel describes it below `sys`."""
    device = sys / PCI_DEVICES / address
    device.mkdir(parents=True)
    for name, text in (("vendor", vendor), ("class", kind)):
        if text:
            (device / name).write_text(f"{text}\n", encoding="ascii")
    if driver is not None:
        (device / "driver").symlink_to(f"../../../../bus/pci/drivers/{driver}")


def test_the_bus_tells_a_gpu_from_other_devices(tmp_path: Path) -> None:
    assert on_the_bus(tmp_path / "no") is None
    for address, vendor, kind in (
        ("0000:00:01.0", "0x8086", "0x030000"),
        ("0000:00:02.0", "0x10de", "0x040300"),
        ("0000:00:03.0", None, None),
    ):
        put_on_bus(tmp_path, address, vendor, kind)
    assert on_the_bus(tmp_path) is None
    put_on_bus(tmp_path, "0000:00:05.0", "0x10de", "0x030200")
    assert on_the_bus(tmp_path) == "no driver"
    put_on_bus(tmp_path, "0000:00:04.0", "0x10de", "0x030000", "nouveau")
    assert on_the_bus(tmp_path) == "nouveau"
    assert SYS.is_absolute()


def no_library() -> Any:
    raise MeterUnavailable(
        "no-nvidia-driver", "No NVIDIA driver is installed (libnvidia-ml.so.1 is not found)."
    )


def test_a_card_without_any_library_of_its_driver_is_not_passed_over_for_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.meters.nvml.choice.SYS", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    openers = Openers(nvml=no_library)
    assert open_meter("auto", cpu_watts=None, openers=openers).torch_device == "cpu", "nothing is on the bus"
    put_on_bus(tmp_path, "0000:01:00.0", "0x10de", "0x030000", "nouveau")
    with pytest.raises(MeterUnavailable, match=r"on the PCI bus \(nouveau\).*--gpus all.*--meter estimate"):
        open_meter("auto", cpu_watts=None, openers=openers)
    assert open_meter("estimate", cpu_watts=None, openers=openers).torch_device == "cpu"
    assert not hides_a_gpu("no-nvidia-driver", environ={"CUDA_VISIBLE_DEVICES": ""}), "the user has hidden it"
