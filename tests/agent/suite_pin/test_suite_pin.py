"""`joulemark suite pin` against a small hub on 127.0.0.1: what it writes, what it says is missing, what it refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.suite import load_suite, read_suite, weights_digest
from tests.agent.suite_pin.pinning import pin
from tests.fake_hub import CONVERSION, FakeHub, commit_of, sha256_of

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent


def test_pin_writes_revisions_and_weights(command: Agent, hub: FakeHub, small: Path) -> None:
    answer = pin(command, hub, small)
    pinned = read_suite(small.parent / "pinned")
    weights = {"model.safetensors": sha256_of("someone/writer", "model.safetensors")}
    assert command.code == 0
    assert answer["pinned"] is True
    assert answer["suite"]["digest"] == pinned.digest
    assert re.fullmatch(r"1\.[0-9a-f]{12}", pinned.version)
    assert pinned.model_revision("writer") == commit_of("someone/writer", "main")
    assert pinned.weights_sha256("writer") == weights_digest(weights)
    assert [(file.name, file.bytes) for file in pinned.model("writer").files] == [("model.safetensors", 42)]
    assert pinned.dataset_revision("prose") == commit_of("someone/prose", "main")
    assert (pinned.model("writer").licence, pinned.dataset("prose").licence) == ("mit", "apache-2.0")
    assert not any("resolve" in path for path in hub.asked), "nothing is downloaded"


def test_a_pinned_suite_estimates_the_disk_of_its_weights(command: Agent, hub: FakeHub, small: Path) -> None:
    pin(command, hub, small)
    found = command.json("suite", "estimate", str(small.parent / "pinned"))
    assert found["cells"][0]["disk_bytes"] == 42
    assert "disk_bytes" not in found["cells"][0]["unknown"]


def test_the_rest_of_a_script_set_is_its_parquet_conversion(
    command: Agent, hub: FakeHub, small: Path
) -> None:
    hub.dataset(
        "someone/prose", small=("README.md", "prose.py"), converted={"en/partial-train/0000.parquet": 9}
    )
    pin(command, hub, small)
    pinned = read_suite(small.parent / "pinned")
    assert pinned.dataset_revision("prose") == commit_of("someone/prose", CONVERSION)
    assert pinned.dataset("prose").branch == CONVERSION


@pytest.mark.parametrize(
    "large",
    [
        {"en/c4-train.00000-of-00001.json.gz": 9},
        {"en/test-00000-of-00001.parquet": 9},
        {"de/train.parquet": 9},
    ],
    ids=str,
)
def test_a_set_without_parquet_of_its_split_is_pinned_to_its_conversion(
    command: Agent, hub: FakeHub, small: Path, large: dict[str, int]
) -> None:
    hub.dataset("someone/prose", large=large, converted={"en/train/0000.parquet": 9})
    pin(command, hub, small)
    prose = read_suite(small.parent / "pinned").dataset("prose")
    assert (prose.branch, prose.revision) == (CONVERSION, commit_of("someone/prose", CONVERSION))
    hub.dataset("someone/prose", large=large)
    answer = command.json(
        "suite", "pin", str(small), "--out", str(small.parent / "again"), "--hub", hub.origin
    )
    (entry,) = answer["unavailable"]
    assert entry["reason"] == "no-parquet"
    assert "has no Parquet files that are clearly of its split train" in entry["sentence"]


def test_a_set_with_parquet_of_its_split_is_pinned_as_it_is(
    command: Agent, hub: FakeHub, small: Path
) -> None:
    pin(command, hub, small)
    prose = read_suite(small.parent / "pinned").dataset("prose")
    assert (prose.branch, prose.revision) == ("main", commit_of("someone/prose", "main"))


def test_show_names_licences_and_says_where_none_is_known(command: Agent, hub: FakeHub, small: Path) -> None:
    hub.model("someone/writer", large={"model.safetensors": 42}, licence=None)
    pin(command, hub, small)
    shown = command.json("suite", "show", str(small.parent / "pinned"))
    assert (shown["models"][0]["licence"], shown["datasets"][0]["licence"]) == (None, "apache-2.0")
    assert command("suite", "show", str(small.parent / "pinned")) == 0
    lines = [line.split() for line in command.out.splitlines()]
    assert ["writer", "task-specific", "1,000", "?", "someone/writer"] in lines
    assert ["prose", "text_generation", "someone/prose", "train", "apache-2.0"] in [
        line[:5] for line in lines
    ]


@pytest.mark.parametrize(
    "converted", [None, {"de/train/0000.parquet": 9}, {"en/test/0000.parquet": 9}], ids=str
)
def test_a_script_set_without_its_conversion_is_named(
    command: Agent, hub: FakeHub, small: Path, converted: dict[str, int] | None
) -> None:
    hub.dataset("someone/prose", small=("prose.py",), converted=converted)
    answer = pin(command, hub, small)
    assert [entry["reason"] for entry in answer["unavailable"]] == ["no-parquet"]
    assert "is a script, which is not run" in answer["unavailable"][0]["sentence"]


@pytest.mark.parametrize(
    ("facts", "reason", "sentence"),
    [
        (
            {"closed": True},
            "gated",
            "needs consent to its licence: give it at https://huggingface.co/datasets/",
        ),
        (None, "vanished", "is no longer on the hub under this name"),
    ],
)
def test_a_gated_or_vanished_set_is_named_with_its_substitute_and_never_swapped(
    command: Agent, hub: FakeHub, small: Path, facts: dict[str, Any] | None, reason: str, sentence: str
) -> None:
    del hub.repositories["datasets", "someone/prose"]
    if facts is not None:
        hub.dataset("someone/prose", **facts)
    answer = pin(command, hub, small)
    pinned = read_suite(small.parent / "pinned")
    (entry,) = answer["unavailable"]
    assert (entry["reason"], entry["hub_id"]) == (reason, "someone/prose")
    assert sentence in entry["sentence"]
    assert "An open data set for the same task is open-prose of suite other-suite" in entry["sentence"]
    assert pinned.is_pinned
    assert pinned.dataset("prose").revision is None
    assert pinned.obstacle(pinned.jobs[0]) == entry["sentence"]


def test_terms_that_were_agreed_to_are_noted(command: Agent, hub: FakeHub, small: Path) -> None:
    hub.dataset("someone/prose", large={"en/train-00000.parquet": 9}, gated="auto")
    pin(command, hub, small)
    assert read_suite(small.parent / "pinned").dataset("prose").gated is True


def test_a_name_that_moved_is_written_as_it_is_now(command: Agent, hub: FakeHub, small: Path) -> None:
    hub.model("someone/writer", moved_to="elsewhere/writer")
    hub.model("elsewhere/writer", large={"pytorch_model.bin": 7})
    pin(command, hub, small)
    writer = read_suite(small.parent / "pinned").model("writer")
    assert (writer.hub_id, [file.name for file in writer.files]) == (
        "elsewhere/writer",
        ["pytorch_model.bin"],
    )


@pytest.mark.parametrize(
    ("large", "small_files", "chosen"),
    [
        (["model.safetensors", "pytorch_model.bin", "model.fp16.safetensors"], [], ["model.safetensors"]),
        (["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"], [], None),
        (["onnx/model.safetensors", "pytorch_model.bin", "tf_model.h5"], [], ["pytorch_model.bin"]),
        (
            ["v1-5.safetensors", "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin",
             "vae/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.bin",
             "text_encoder/model.safetensors"],
            ["model_index.json"],
            ["text_encoder/model.safetensors", "unet/diffusion_pytorch_model.safetensors",
             "vae/diffusion_pytorch_model.bin"],
        ),
    ],
    ids=["one format", "shards", "top only", "pipeline"],
)  # fmt: skip
def test_the_weights_that_are_loaded_are_chosen(
    command: Agent,
    hub: FakeHub,
    small: Path,
    large: list[str],
    small_files: list[str],
    chosen: list[str] | None,
) -> None:
    hub.model("someone/writer", large=dict.fromkeys(large, 5), small=tuple(small_files))
    hub.page_size = 2
    pin(command, hub, small)
    files = read_suite(small.parent / "pinned").model("writer").files
    assert [file.name for file in files] == (large if chosen is None else chosen)


def test_a_model_without_weights_is_named(command: Agent, hub: FakeHub, small: Path) -> None:
    hub.model("someone/writer", large={"tf_model.h5": 5})
    assert [entry["reason"] for entry in pin(command, hub, small)["unavailable"]] == ["no-weights"]


def test_a_busy_hub_is_asked_again(command: Agent, hub: FakeHub, small: Path) -> None:
    hub.failures = [503, 429]
    assert pin(command, hub, small)["pinned"] is True


@pytest.mark.parametrize("trouble", ["away", "broken", "nonsense"])
def test_nothing_is_written_when_the_hub_gives_no_usable_answer(
    command: Agent, hub: FakeHub, small: Path, trouble: str
) -> None:
    if trouble == "away":
        hub.origin = "http://127.0.0.1:9"
    elif trouble == "broken":
        hub.failures = [500] * 3
    else:
        hub.body = b"<html>"
    answer = pin(command, hub, small)
    assert (command.code, answer["ok"]) == (5, False)
    assert not (small.parent / "pinned").exists()


def test_a_token_goes_to_the_hub_and_into_no_file(
    command: Agent, hub: FakeHub, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_ENDPOINT", hub.origin)
    assert command("suite", "pin", str(small), "--out", str(small.parent / "pinned")) == 0
    assert set(hub.tokens) == {"Bearer hf_secret"}
    assert all(b"hf_secret" not in path.read_bytes() for path in (small.parent / "pinned").iterdir())


def test_pin_refuses_what_it_would_spoil(command: Agent, hub: FakeHub, small: Path) -> None:
    assert command("suite", "pin", str(small), "--out", str(small), "--hub", hub.origin) == 2
    assert "is not empty" in command.err
    pin(command, hub, small)
    again = [
        "suite",
        "pin",
        str(small.parent / "pinned"),
        "--out",
        str(small.parent / "again"),
        "--hub",
        hub.origin,
    ]
    assert command(*again) == 2
    assert "is already pinned" in command.err
    assert command("suite", "pin", "demo", "--out", str(small.parent / "again"), "--hub", hub.origin) == 2
    assert "uses nothing from the hub" in command.err


@pytest.mark.parametrize(
    "origin",
    [
        "http://[::1",
        "notaurl",
        "ftp://hub.example",
        "http://",
        "http://hub.example:0",
        "http://a:b",
        "http://a\x7fb",
    ],
)
def test_a_hub_that_is_no_address_is_said_at_once(
    command: Agent, hub: FakeHub, small: Path, origin: str
) -> None:
    hub.origin = origin
    answer = pin(command, hub, small)
    sentence = answer["error"]["sentence"]
    assert (command.code, answer["error"]["code"]) == (2, "usage")
    assert f"The hub {origin!r} is not an address such as https://huggingface.co." in sentence
    assert ".." not in sentence
    assert not (small.parent / "pinned").exists()


def test_a_mirror_may_have_a_path(command: Agent, hub: FakeHub, small: Path) -> None:
    hub.origin = f"{hub.origin}/"
    assert pin(command, hub, small)["pinned"] is True


@pytest.mark.parametrize("action", ["pin", "answer"])
@pytest.mark.parametrize(
    ("out", "code", "sentence"),
    [
        ("", 2, "`--out` has no name"),
        ("/dev/null", 2, "/dev/null exists and is not a folder"),
        ("/dev/null/new", 8, "/dev/null/new cannot be written"),
        ("/proc/new/suite", 8, "/proc/new/suite cannot be written"),
    ],
)
def test_a_folder_that_cannot_be_made_is_said_before_anything_is_asked(
    command: Agent,
    hub: FakeHub,
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    out: str,
    code: int,
    sentence: str,
) -> None:
    monkeypatch.setattr(
        "joulemark.workloads.open_workload", lambda *_, **__: pytest.fail("a model was opened")
    )
    words = (str(small), "--hub", hub.origin) if action == "pin" else ("demo",)
    assert command("suite", action, *words, "--out", out) == code
    assert sentence in command.err
    assert not hub.asked


def test_the_standard_suite_can_be_pinned_whole(command: Agent, hub: FakeHub, tmp_path: Path) -> None:
    suite = load_suite("a100-2024")
    for model in suite.models:
        hub.model(str(model.hub_id), large={"model.safetensors": model.parameters * 4})
    for dataset in suite.datasets:
        known = hub.repositories.get(("datasets", str(dataset.hub_id)))
        name = f"{dataset.config or 'data'}/{dataset.split}-00000-of-00001.parquet"
        hub.dataset(str(dataset.hub_id), large={**(known.large if known else {}), name: 5})
    hub.dataset("imagenet-1k", closed=True)
    hub.dataset("bookcorpus", small=("bookcorpus.py",), converted=None)
    hub.dataset(
        "oscar",
        small=("oscar.py",),
        converted={"unshuffled_deduplicated_en/partial-train/0000.parquet": 5},
    )
    answer = command.json("suite", "pin", "a100-2024", "--out", str(tmp_path / "out"), "--hub", hub.origin)
    pinned = read_suite(tmp_path / "out")
    assert {(entry["id"], entry["reason"]) for entry in answer["unavailable"]} == {
        ("imagenet", "gated"),
        ("bookcorpus-masked", "no-parquet"),
        ("bookcorpus-prompts", "no-parquet"),
    }
    assert pinned.is_pinned
    assert sum(pinned.obstacle(job) is not None for job in pinned.jobs) == 3 * 8 + 8, "and those on RedCaps"
    assert pinned.sample("imdb", 1, 1000).query_ids == tuple(map(str, range(1000)))
