"""MiniLM with its real weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from joulemark.suite import load_suite
from joulemark.workloads import Loaded, Query, Workload, WorkloadError, open_workload

SUITE = load_suite("demo")
pytestmark = pytest.mark.weights


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine threads that wait for each other cost many times what they save."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def opened(key: str, cache_dir: Path) -> tuple[Workload, Loaded]:
    workload = open_workload(SUITE, SUITE.job(key), cache_dir=cache_dir)
    return workload, workload.load()


def qualities(workload: Workload, dataset: str) -> dict[str, float]:
    """Scores over the whole data set."""
    queries = workload.queries(SUITE.sample(dataset, seed=0, count=len(SUITE.rows(dataset))))
    outputs = [workload.answer(query) for query in queries]
    assert {output.output_tokens for output in outputs} == {None}
    return {quality.metric: quality.value for quality in workload.quality(queries, outputs)}


def test_what_was_loaded_is_what_the_suite_pins(tmp_path: Path) -> None:
    model = SUITE.model("minilm-l6-v2")
    _, loaded = opened("text_classification/demo-topics/minilm-l6-v2", tmp_path)
    assert model.weights_sha256 is not None
    assert loaded == Loaded(model.weights_sha256, model.parameters, dtype="float32", device="cpu")


def test_topics_of_all_sentences(tmp_path: Path) -> None:
    workload, _ = opened("text_classification/demo-topics/minilm-l6-v2", tmp_path)
    found = qualities(workload, "demo-topics")
    assert found["accuracy"] == pytest.approx(0.90, abs=0.02)
    assert found["macro-f1"] == pytest.approx(0.90, abs=0.02)


def test_sentiment_of_all_sentences(tmp_path: Path) -> None:
    workload, _ = opened("text_classification/demo-sentiment/minilm-l6-v2", tmp_path)
    assert qualities(workload, "demo-sentiment")["accuracy"] == pytest.approx(0.78, abs=0.02)


def test_a_summary_is_two_sentences_of_the_text_in_its_order(tmp_path: Path) -> None:
    workload, _ = opened("summarization/demo-texts/minilm-l6-v2", tmp_path)
    text = "Bees make honey. The council met on Monday. Honey is made by bees from nectar. It rained."
    summary = workload.answer(Query("q", {"text": text}, "")).value
    assert summary == "Bees make honey. Honey is made by bees from nectar."


def test_summaries_of_all_texts(tmp_path: Path) -> None:
    workload, _ = opened("summarization/demo-texts/minilm-l6-v2", tmp_path)
    found = qualities(workload, "demo-texts")
    assert set(found) == {"rouge-1", "rouge-2", "rouge-l"}
    assert found["rouge-1"] == pytest.approx(0.318, abs=0.02)


def test_queries_follow_the_sample(tmp_path: Path) -> None:
    workload, _ = opened("text_classification/demo-sentiment/minilm-l6-v2", tmp_path)
    sample = SUITE.sample("demo-sentiment", seed=5, count=15)
    assert tuple(query.id for query in workload.queries(sample)) == sample.query_ids


def test_metrics_are_those_that_the_task_names(tmp_path: Path) -> None:
    workload, _ = opened("text_classification/demo-topics/minilm-l6-v2", tmp_path)
    queries = workload.queries(SUITE.sample("demo-topics", seed=1, count=1))
    found = workload.quality(queries, [workload.answer(queries[0])])
    assert tuple(quality.metric for quality in found) == SUITE.task("text_classification").quality_metrics


def test_a_gpu_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    job = SUITE.job("text_classification/demo-topics/minilm-l6-v2")
    with pytest.raises(WorkloadError, match="finds no CUDA device"):
        open_workload(SUITE, job, device="cuda", cache_dir=tmp_path).load()
