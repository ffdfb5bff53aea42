"""SmolLM2 with its real weights: conversion, generation, labels out of text."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from joulemark.errors import StorageError
from joulemark.suite import load_suite
from joulemark.workloads import Loaded, Output, Query, Workload, WorkloadError, open_workload

SUITE = load_suite("demo")
MODEL = SUITE.model("smollm2-135m-instruct")
assert MODEL.weights_sha256 is not None
WEIGHTS = MODEL.weights_sha256
PROMPTS = "text_generation/demo-prompts/smollm2-135m-instruct"
TOPICS = "text_classification/demo-topics/smollm2-135m-instruct"
TEXTS = "summarization/demo-texts/smollm2-135m-instruct"
pytestmark = [pytest.mark.long, pytest.mark.weights]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine threads that wait for each other cost many times what they save."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the converted model, made once for this file."""
    folder = tmp_path_factory.mktemp("cache")
    open_workload(SUITE, SUITE.job(PROMPTS), cache_dir=folder).load()
    return folder


def opened(key: str, cache: Path) -> Workload:
    workload = open_workload(SUITE, SUITE.job(key), cache_dir=cache)
    assert workload.load() == Loaded(WEIGHTS, MODEL.parameters, dtype="float32", device="cpu")
    return workload


def test_a_question_is_answered(cache: Path) -> None:
    workload = opened(PROMPTS, cache)
    queries = [Query("p001", {"text": "What is the capital of France?"}, ("Paris",))]
    outputs = [workload.answer(queries[0])]
    assert "Paris" in outputs[0].value
    assert 1 <= (outputs[0].output_tokens or 0) <= 16
    assert [(quality.metric, quality.value) for quality in workload.quality(queries, outputs)] == [
        ("answer-accuracy", 1.0)
    ]


def test_decoding_is_greedy_and_stops_at_the_limit(cache: Path) -> None:
    workload = opened(TEXTS, cache)
    query = workload.queries(SUITE.sample("demo-texts", seed=1, count=1))[0]
    first, second = workload.answer(query), workload.answer(query)
    assert first == second
    assert first.output_tokens == 48
    rouge = {quality.metric: quality.value for quality in workload.quality([query], [first])}
    assert 0.15 < rouge["rouge-1"] < 1


def test_labels_come_out_of_generated_text(cache: Path) -> None:
    workload = opened(TOPICS, cache)
    queries = workload.queries(SUITE.sample("demo-topics", seed=1, count=10))
    outputs = [workload.answer(query) for query in queries]
    labels = {label.id for label in SUITE.dataset("demo-topics").labels}
    assert {output.value for output in outputs} <= labels | {"unparseable"}
    assert {output.output_tokens for output in outputs} == {1}
    accuracy = workload.quality(queries, outputs)[0]
    assert accuracy.value > 0.2  # better than chance over five topics


def test_a_prompt_that_holds_braces_stays_as_it_is(cache: Path) -> None:
    workload = opened(TOPICS, cache)
    assert isinstance(
        workload.answer(Query("q", {"text": "print(f'{text} {0}') failed again"}, "technology")), Output
    )


def test_the_model_is_converted_once(cache: Path) -> None:
    (folder,) = (cache / "models").iterdir()
    assert folder.name == f"{MODEL.weights_sha256}-v1"
    written = (folder / "model.safetensors").stat().st_mtime_ns
    opened(PROMPTS, cache)
    assert (folder / "model.safetensors").stat().st_mtime_ns == written


def test_a_damaged_conversion_is_refused(cache: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cache"
    shutil.copytree(cache, copy)
    (weights,) = copy.glob("models/*/model.safetensors")
    with weights.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(WorkloadError, match=r"is damaged\. Delete that folder"):
        open_workload(SUITE, SUITE.job(PROMPTS), cache_dir=copy).load()


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.touch()
    with pytest.raises(StorageError, match=r"could not be written .* XDG_CACHE_HOME"):
        open_workload(SUITE, SUITE.job(PROMPTS), cache_dir=blocked).load()


def test_an_interrupted_conversion_leaves_nothing_that_looks_whole(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joulemark.workloads import gguf_cache

    def fail(_gguf: Path, folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gguf_cache, "_write", fail)
    with pytest.raises(StorageError, match="No space left on device"):
        gguf_cache.converted(Path("unused"), digest=WEIGHTS, cache_dir=tmp_path)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("food", "food"),
        (" Sports.", "sport"),
        ("It is music, not travel", "music"),
        ("transport", "unparseable"),
        ("I do not know\nfood", "unparseable"),
        ("", "unparseable"),
    ],
)
def test_the_first_label_of_the_first_line_counts(text: str, label: str) -> None:
    from joulemark.workloads.labels import first_label

    assert first_label(text, ["food", "travel", "technology", "sport", "music"]) == label
