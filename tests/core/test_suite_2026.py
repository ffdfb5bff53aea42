"""The suites of 2026: each number beside a table of what was read, and nothing from memory stated as a fact.

The tables in ``facts_2026`` were copied out of the sources that each row names. `read` lists the fields that the source
states; the others are from memory, and a suite may state them only as unchecked.
"""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import pytest

from joulemark.suite import DataSet, Job, Model, NotPinned, Suite, load_suite, require_pinned
from joulemark.suite.describe import counts, describe
from joulemark.suite.jobs import Limits

FACTS = Path(__file__).parent / "facts_2026"
NAMES = ("tasks-2026", "tasks-2026-reasoning", "quick-2026")
TASKS = load_suite("tasks-2026")
STUDY = load_suite("a100-2024")
SUITES = [load_suite(name) for name in NAMES]
OLD_DIGESTS = {
    "a100-2024": "883d03281e503e4834a4b7d823dea2d7d1219d587e4f10bc373f7ca9e6926df8",
    "a100-2024-lean": "07dfbe448e3970d1d4bef48e1d6c9a90197ee26dd5c563e970f711a59c7c9062",
    "a100-2024-open": "c3f14a4b6e3b1a943ba665f16e162446178bb39c2b1eb320640cc9a9d5fd1813",
    "quick": "73f7446cdf166363f1202b3914f53fd6fe9dcfb04425b19335db6e569ba95b99",
    "demo": "078c62f53a17623746a4e60926eca9ba0d346b9312e8deb2dc9532312937c406",
}
NEW_TASKS = {
    "speech_recognition": ("sound-to-text", ("word-error-rate",)),
    "translation": ("text-to-text", ("chrf", "bleu")),
    "text_embedding": ("text-to-vector", ("ndcg-10",)),
}
ONLY_TRAINED = {"masked_lm", "object_detection", "text_generation", "image_generation", "text_embedding"}
"""Tasks that no general-purpose model is asked for: a choice says why of each."""
LIMITS = {
    "text_classification": 8,
    "extractive_qa": 32,
    "token_classification": 256,
    "summarization": 128,
    "translation": 256,
    "image_classification": 8,
    "image_captioning": 64,
    "speech_recognition": 256,
}
SAYS_SO = {
    "glue-sst2": ("sst2", "sst-2"),
    "squad": ("squad",),
    "cnn_dailymail-whole": ("cnn",),
    "coco-captions-2017": ("coco",),
    "coco-detection": ("rtdetr",),
}
"""What in a model's name says that it was trained on a data set; of RT-DETR the hub's tag does."""


def table(name: str) -> dict[str, dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8", newline="") as file:
        return {row["hub_id"]: row for row in csv.DictReader(file)}


MODEL_FACTS, DATASET_FACTS = table("models.csv"), table("datasets.csv")
STUDY_MODELS = {model.id for model in STUDY.models}
STUDY_DATASETS = {dataset.id for dataset in STUDY.datasets}


def models(suite: Suite, task: str, kind: str) -> dict[str, int]:
    """By id the parameters of the models of one kind that do the task."""
    found = [suite.model(job.model) for job in suite.jobs if job.task == task]
    return {model.id: model.parameters for model in found if model.kind == kind}


@pytest.mark.parametrize("name", OLD_DIGESTS)
def test_no_suite_of_before_has_changed_by_a_byte(name: str) -> None:
    assert load_suite(name).digest == OLD_DIGESTS[name]


def test_the_ten_tasks_and_three_more_are_there() -> None:
    assert TASKS.tasks[:10] == STUDY.tasks
    assert {task.id: (task.modality, task.quality_metrics) for task in TASKS.tasks[10:]} == NEW_TASKS
    assert counts(TASKS) == {
        "tasks": 13,
        "datasets": 13,
        "task_specific_models": 59,
        "general_purpose_models": 12,
        "task_specific_cells": 59,
        "general_purpose_cells": 54,
    }


@pytest.mark.parametrize("task", [task.id for task in TASKS.tasks])
def test_a_task_has_three_to_six_models_of_its_own_over_a_factor_of_ten(task: str) -> None:
    sizes = models(TASKS, task, "task-specific").values()
    assert 3 <= len(sizes) <= 6
    assert max(sizes) >= 10 * min(sizes)
    assert bool(models(TASKS, task, "general-purpose")) == (task not in ONLY_TRAINED)


def test_general_purpose_models_have_half_a_billion_to_thirty_two_billion_parameters() -> None:
    sizes = sorted(model.parameters for model in TASKS.models if model.kind == "general-purpose")
    assert 10 <= len(sizes) <= 12
    assert (round(sizes[0] / 1e9, 1), round(sizes[-1] / 1e9, 1)) == (0.6, 32.8)


@pytest.mark.parametrize(
    ("suite", "model"),
    [(suite, model) for suite in SUITES for model in suite.models],
    ids=lambda value: value.name if isinstance(value, Suite) else value.id,
)
def test_each_fact_of_a_model_was_read_or_is_unchecked(suite: Suite, model: Model) -> None:
    if model.id in STUDY_MODELS:
        own = {"trained_on": (), "unchecked": ()}
        assert msgspec.structs.replace(model, **own) == STUDY.model(model.id)
        return
    facts = MODEL_FACTS[str(model.hub_id)]
    stated = {
        "parameters": str(model.parameters),
        "licence": model.licence,
        "dtype": model.dtype,
        "reasoning": model.reasoning,
    }
    assert "hub_id" in facts["read"].split()
    assert model.released is None, "dates are the hub's to say"
    for name, value in stated.items():
        if value is None:
            continue
        assert value == facts[name], name
        assert (name in facts["read"].split()) != (name in model.unchecked), name


@pytest.mark.parametrize("dataset", TASKS.datasets, ids=lambda dataset: dataset.id)
def test_each_fact_of_a_data_set_was_read_or_is_unchecked(dataset: DataSet) -> None:
    if dataset.id in STUDY_DATASETS:
        assert dataset == STUDY.dataset(dataset.id)
        return
    facts = DATASET_FACTS[str(dataset.hub_id)]
    stated = {
        "config": dataset.config,
        "split": dataset.split,
        "columns": " ".join(dataset.columns),
        "reference_column": dataset.reference_column,
        "licence": dataset.licence,
    }
    read = facts["read"].split()
    for name, value in stated.items():
        if value is None:
            continue
        assert value == facts[name], name
        assert (name in read) != (name in dataset.unchecked), name
    if facts["rows"]:
        assert dataset.keep is not None
        assert dataset.keep <= int(facts["rows"])
        assert ("rows" in read) != ("keep" in dataset.unchecked) or dataset.id == "cnn_dailymail-whole"


def test_what_rests_on_memory_is_said_in_a_choice_too() -> None:
    unchecked = [choice.about for choice in TASKS.choices if not choice.checked]
    for about in ("Sizes of", "Columns and length of WMT24++", "Pooling of", "Steps of", "Number formats"):
        assert any(text.startswith(about) for text in unchecked), about
    for choice in TASKS.choices:
        assert choice.taken
        assert choice.why


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_a_model_is_marked_where_its_name_says_what_it_was_trained_on(suite: Suite) -> None:
    for model in suite.models:
        for dataset in model.trained_on:
            named = any(word in str(model.hub_id).lower() for word in SAYS_SO.get(dataset, ()))
            assert named != ("trained_on" in model.unchecked), model.id


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_data_sets_have_references_and_no_gate(suite: Suite) -> None:
    for dataset in suite.datasets:
        assert dataset.gated is not True
        has_answers = dataset.reference_column or dataset.mask or dataset.retrieval
        assert bool(has_answers) == bool(suite.quality_metrics(dataset.id)), dataset.id
    assert suite.admission == type(suite.admission)(gated=False, custom_code=False, pickles=False)


def test_the_protocol_is_the_lean_one_in_the_models_own_format() -> None:
    lean = msgspec.structs.replace(load_suite("a100-2024-lean").protocol, dtype="bfloat16")
    assert [suite.protocol for suite in SUITES] == [lean] * 3


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_one_wording_a_task_for_all_general_purpose_models(suite: Suite) -> None:
    asked: dict[str, set[tuple[object, ...]]] = {}
    for job in prompted(suite):
        asked.setdefault(job.task, set()).add(tuple(getattr(job, name) for name in Limits.__struct_fields__))
        assert (job.prompt_style, job.decoding, job.min_length) == ("chat", "greedy", None)
        assert job.max_new_tokens == LIMITS[job.task]
    assert all(len(ways) == 1 for ways in asked.values())


def prompted(suite: Suite) -> list[Job]:
    return [job for job in suite.jobs if suite.model(job.model).kind == "general-purpose"]


def test_reasoning_is_off_in_one_suite_and_on_with_a_budget_in_another() -> None:
    reasoning = load_suite("tasks-2026-reasoning")
    for suite in (TASKS, load_suite("quick-2026")):
        assert {(job.reasoning, job.reasoning_budget) for job in prompted(suite)} == {("off", None)}
        assert not any(model.reasoning == "always" for model in suite.models)
    assert {(job.reasoning, job.reasoning_budget) for job in reasoning.jobs} == {("on", 4096)}
    assert all(model.reasoning is not None for model in reasoning.models)
    alike = {(job.task, job.dataset, job.prompt, job.max_new_tokens) for job in prompted(TASKS)}
    assert {(job.task, job.dataset, job.prompt, job.max_new_tokens) for job in reasoning.jobs} <= alike


def test_the_quick_one_is_a_part_word_for_word() -> None:
    quick = load_suite("quick-2026")
    assert {job.task for job in quick.jobs} == {task.id for task in TASKS.tasks}
    assert all(job == TASKS.job(job.key) for job in quick.jobs)
    assert all(dataset == TASKS.dataset(dataset.id) for dataset in quick.datasets)
    assert all(model == TASKS.model(model.id) for model in quick.models)
    for task in quick.tasks:
        (own,) = models(quick, task.id, "task-specific").values()
        assert own == min(models(TASKS, task.id, "task-specific").values())


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_nothing_is_pinned_and_that_is_said_with_the_command(suite: Suite) -> None:
    shown = describe(suite)
    assert shown["pinned"] is False
    assert shown["unpinned"]["command"] == f"joulemark suite pin {suite.name} --out FOLDER"
    assert shown["unpinned"]["command"] in shown["unpinned"]["reason"]
    for entry in (*shown["models"], *shown["datasets"]):
        assert entry["revision"] is None
        assert entry["revision_reason"] == shown["unpinned"]["reason"]
    with pytest.raises(NotPinned, match=f"pin it with `joulemark suite pin {suite.name} --out FOLDER`"):
        require_pinned(suite)
    with pytest.raises(NotPinned):
        suite.sample(suite.datasets[0].id, seed=1, count=1)


def test_a_cell_says_its_number_format_and_whether_its_model_has_seen_the_data() -> None:
    cells = {cell["key"]: cell for cell in describe(TASKS)["cells"]}
    trained = cells["text_classification/glue-sst2/modernbert-base-ft-sst2"]
    other = cells["text_classification/glue-sst2/qwen3-4b"]
    assert (trained["dtype"], trained["model_trained_on_dataset"]) == ("float32", True)
    assert (other["dtype"], other["model_trained_on_dataset"]) == ("bfloat16", False)
