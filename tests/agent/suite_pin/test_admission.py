"""Pinning a suite with an `[admission]`: what the hub fills in, what is not let in, what is not as the suite says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from joulemark.suite import BrokenSuite, read_suite
from tests.agent.suite_pin.pinning import pin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.agent_commands import Agent
    from tests.fake_hub import FakeHub

ADMISSION = "[admission]\ngated = false\ncustom_code = false\npickles = false\n\n[[tasks]]"
SAFE = {"model.safetensors": 42}
WRITER = 'hub_id = "someone/writer"'
BF16 = {"parameters": {"BF16": 1100, "F32": 12}, "total": 1112}


@pytest.fixture
def strict(small: Path) -> Path:
    """The small suite, with an admission."""
    edit(small, "[[tasks]]", ADMISSION)
    return small


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "suite.toml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_what_was_from_memory_is_filled_in_from_the_hub(command: Agent, hub: FakeHub, strict: Path) -> None:
    edit(strict, WRITER, f'{WRITER}\nunchecked = ["parameters", "reasoning"]\nreasoning = "switch"')
    hub.model("someone/writer", large=SAFE, licence="mit", safetensors=BF16)
    pin(command, hub, strict)
    assert b'format = "joulemark-lock/4"' in (strict.parent / "pinned" / "lock.toml").read_bytes()
    writer = read_suite(strict.parent / "pinned").model("writer")
    assert (writer.parameters, writer.dtype, writer.licence) == (1112, "bfloat16", "mit")
    assert writer.released is not None
    assert writer.unchecked == ("reasoning",), "of which the hub says nothing"


def test_a_number_that_was_read_stays(command: Agent, hub: FakeHub, strict: Path) -> None:
    hub.model("someone/writer", large=SAFE, safetensors=BF16)
    pin(command, hub, strict)
    assert read_suite(strict.parent / "pinned").model("writer").parameters == 1000


@pytest.mark.parametrize(
    ("facts", "hindrance"),
    [
        ({"large": SAFE, "gated": "auto"}, "is given only to whoever agrees to its terms"),
        ({"large": SAFE, "tags": ("custom_code",)}, "brings a program of its own"),
        (
            {"files": {"config.json": b'{"auto_map": {}}', "model.safetensors": bytes(42)}},
            "brings a program of its own",
        ),
        ({"large": {"pytorch_model.bin": 42}}, "has weights as pickles and none as safetensors"),
    ],
    ids=["gated", "tagged as code", "configured as code", "pickles"],
)
def test_what_is_not_admitted_is_named_and_its_job_does_not_run(
    command: Agent, hub: FakeHub, strict: Path, facts: dict[str, Any], hindrance: str
) -> None:
    hub.model("someone/writer", **facts)
    (entry,) = pin(command, hub, strict)["unavailable"]
    sentence = f"writer (someone/writer) {hindrance}, and the suite admits none such. Use another one."
    assert (entry["reason"], entry["sentence"]) == ("not-admitted", sentence)
    pinned = read_suite(strict.parent / "pinned")
    assert pinned.model("writer").revision is None
    assert pinned.obstacle(pinned.jobs[0]) == sentence


@pytest.mark.parametrize("facts", [{"gated": "auto"}, {"tags": ("custom_code",)}])
def test_a_suite_without_an_admission_takes_them(
    command: Agent, hub: FakeHub, small: Path, facts: dict[str, Any]
) -> None:
    hub.model("someone/writer", large={"pytorch_model.bin": 42}, safetensors=BF16, **facts)
    assert pin(command, hub, small)["unavailable"] == []
    writer = read_suite(small.parent / "pinned").model("writer")
    assert (writer.parameters, writer.dtype) == (1000, None), "the study's numbers stay"


def test_a_gated_data_set_is_not_admitted(command: Agent, hub: FakeHub, strict: Path) -> None:
    hub.dataset("someone/prose", large={"en/train-00000.parquet": 9}, gated="manual")
    (entry,) = pin(command, hub, strict)["unavailable"]
    assert (entry["what"], entry["reason"]) == ("data set", "not-admitted")


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ('licence = "apache-2.0"', "licence = apache-2.0 of writer, the hub mit"),
        ('dtype = "float32"', "dtype = float32 of writer, the hub bfloat16"),
        ("released = 2020-01-01", None),
    ],
)
def test_what_is_not_as_the_suite_says_is_refused(
    command: Agent, hub: FakeHub, strict: Path, line: str, there: str | None
) -> None:
    edit(strict, WRITER, f"{WRITER}\n{line}")
    hub.model("someone/writer", large=SAFE, licence="mit", safetensors=BF16)
    answer = pin(command, hub, strict)["unavailable"]
    if there is None:
        assert answer == [], "a day is the hub's to say, and is not compared"
        return
    assert answer[0]["reason"] == "disagrees"
    assert answer[0]["sentence"] == f"The suite says {there} (someone/writer). Mend the suite."


@pytest.mark.parametrize(("total", "agrees"), [(700, True), (1500, True), (600, False), (1600, False)])
def test_a_rounded_number_may_be_half_as_much_again(
    command: Agent, hub: FakeHub, strict: Path, total: int, *, agrees: bool
) -> None:
    hub.model("someone/writer", large=SAFE, safetensors={"parameters": {"F32": total}, "total": total})
    reasons = [entry["reason"] for entry in pin(command, hub, strict)["unavailable"]]
    assert reasons == ([] if agrees else ["disagrees"])


def test_fillings_are_of_no_earlier_format(command: Agent, hub: FakeHub, strict: Path) -> None:
    hub.model("someone/writer", large=SAFE, safetensors=BF16)
    pin(command, hub, strict)
    lock = strict.parent / "pinned" / "lock.toml"
    lock.write_bytes(lock.read_bytes().replace(b"joulemark-lock/4", b"joulemark-lock/3"))
    with pytest.raises(BrokenSuite, match="belong to the format joulemark-lock/4"):
        read_suite(strict.parent / "pinned")
