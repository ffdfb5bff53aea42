"""The standard suite is the protocol of the 2024 study: each name and number, beside tables typed out for this test."""

from __future__ import annotations

from pathlib import Path

import pytest

from joulemark.suite import DataSet, Job, NotPinned, Suite, load_suite, require_pinned
from joulemark.suite.describe import counts
from joulemark.suite.page import page
from joulemark.suite.published import load_study
from tests.core.study_table import GENERAL, TASKS

SUITE = load_suite("a100-2024")

COMPARED = {"text_classification", "extractive_qa", "summarization"}
FLAN = {"flan-t5-base", "flan-t5-large", "flan-t5-xl", "flan-t5-xxl"}
BLOOMZ = {"bloomz-560m", "bloomz-1b7", "bloomz-3b", "bloomz-7b1"}
PIXELS = {
    "stable-diffusion-v1-4": 512,
    "stable-diffusion-v1-5": 512,
    "openjourney": 512,
    "bk-sdm-tiny": 512,
    "tiny-sd": 512,
    "stable-diffusion-2-1": 768,
    "dreamlike-photoreal-2.0": 768,
    "stable-diffusion-xl-base-1.0": 1024,
}
PROMPTS = {
    "text_classification": "what is the binary sentiment of the following sentence? {text}",
    "extractive_qa": '{question}? Find the answer to the question in the following text: "{context}". Answer:',
    "summarization": "summarize the following text: {text}",
}
COLUMNS = {
    "imdb": ("text",),
    "rotten_tomatoes": ("text",),
    "sst2": ("sentence",),
    "squad": ("question", "context"),
    "squad_v2": ("question", "context"),
    "sciq": ("question", "support"),  # the script says passage: see the choices
    "bookcorpus-masked": ("text",),
    "c4": ("text",),
    "oscar-masked": ("text",),
    "record": ("passage",),
    "wikiann": ("tokens",),
    "conll2003": ("tokens",),
    "cifar10": ("img",),
    "cifar100": ("img",),
    "imagenet": ("image",),
    "coco-detection": ("image",),
    "cppe5": ("image",),
    "visual_genome-detection": ("image",),
    "wikitext": ("text",),
    "bookcorpus-prompts": ("text",),
    "oscar-prompts": ("text",),
    "samsum": ("dialogue",),
    "cnn_dailymail": ("article",),
    "xsum": ("document",),
    "visual_genome-captions": ("image",),
    "redcaps": ("image_url",),
    "coco-captions": ("image",),
    "diffusiondb": ("prompt",),
    "imagereward": ("prompt",),
    "sd_prompts": ("Prompt",),
}
WORDS = {
    **dict.fromkeys(("imdb", "rotten_tomatoes", "sst2", "samsum", "cnn_dailymail", "xsum"), 50),
    **dict.fromkeys(("diffusiondb", "imagereward", "sd_prompts"), 50),
    **dict.fromkeys(("c4", "oscar-masked", "wikitext", "bookcorpus-prompts", "oscar-prompts"), 20),
}
MASKS = {"bookcorpus-masked": "append", "c4": "replace-last", "oscar-masked": "replace-last"}


def jobs(task: str, kind: str) -> list[Job]:
    return [job for job in SUITE.jobs if job.task == task and SUITE.model(job.model).kind == kind]


def test_there_are_ten_tasks_thirty_data_sets_eighty_and_eight_models_and_312_cells() -> None:
    assert counts(SUITE) == {
        "tasks": 10,
        "datasets": 30,
        "task_specific_models": 80,
        "general_purpose_models": 8,
        "task_specific_cells": 240,
        "general_purpose_cells": 72,
    }
    assert len(SUITE.jobs) == 312
    assert [task.id for task in SUITE.tasks] == list(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_its_three_data_sets(task: str) -> None:
    found = tuple((d.id, d.hub_id, d.config, d.split) for d in SUITE.datasets if d.task == task)
    assert found == TASKS[task][0]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_its_eight_models_on_each_data_set(task: str) -> None:
    datasets, models = TASKS[task]
    cells = [(job.dataset, SUITE.model(job.model).hub_id) for job in jobs(task, "task-specific")]
    assert sorted(cells) == sorted((dataset[0], hub_id) for dataset in datasets for hub_id in models)
    found = {model.hub_id: model.parameters for model in SUITE.models if model.hub_id in models}
    assert found == models


def test_the_general_purpose_models_run_on_the_three_compared_tasks() -> None:
    found = {model.hub_id: model.parameters for model in SUITE.models if model.kind == "general-purpose"}
    assert found == GENERAL
    for task in TASKS:
        cells = {(job.dataset, SUITE.model(job.model).hub_id) for job in jobs(task, "general-purpose")}
        wanted = {(dataset[0], hub_id) for dataset in TASKS[task][0] for hub_id in GENERAL}
        assert cells == (wanted if task in COMPARED else set())
    assert {m.id: (m.family, m.architecture) for m in SUITE.models if m.kind == "general-purpose"} == {
        **dict.fromkeys(FLAN, ("flan-t5", "encoder-decoder")),
        **dict.fromkeys(BLOOMZ, ("bloomz", "decoder-only")),
    }


@pytest.mark.parametrize(
    "job", [j for t in COMPARED for j in jobs(t, "general-purpose")], ids=lambda j: j.key
)
def test_a_general_purpose_model_is_asked_as_in_the_study(job: Job) -> None:
    assert job.prompt == PROMPTS[job.task]
    if job.model in FLAN or job.dataset == "sciq":
        limits: tuple[int | None, int | None] = (None, 20)
    else:
        limits = ({"text_classification": 1, "extractive_qa": 65, "summarization": 15}[job.task], None)
    assert (job.max_new_tokens, job.max_length) == limits
    assert (job.min_length, job.prompt_style, job.decoding) == (None, "completion", "default")
    assert job.task_settings == ("text2text-generation" if job.model in FLAN else "text-generation")


@pytest.mark.parametrize("task", TASKS)
def test_a_task_specific_model_has_the_limits_of_its_task(task: str) -> None:
    found = {
        (job.prompt, job.max_new_tokens, job.min_length, job.max_length, job.task_settings, job.threshold)
        for job in jobs(task, "task-specific")
    }
    wanted: dict[str, tuple[object, ...]] = {
        "text_generation": ("{text}", 10, None, None, "text-generation", None),
        "summarization": (None, None, 10, 15, "summarization", None),
        "object_detection": (None, None, None, None, None, 0.9),
    }
    assert found == {wanted.get(task, (None, None, None, None, None, None))}


def test_a_text_generator_chooses_tokens_as_its_pipeline_did() -> None:
    found = {
        job.model: (job.decoding, job.top_k, job.temperature)
        for job in jobs("text_generation", "task-specific")
    }
    assert found == {
        **dict.fromkeys(("distilgpt2", "gpt2", "gpt2-medium", "gpt2-xl"), ("sample", 50, 1.0)),
        **dict.fromkeys(("bloom-560m", "opt-1.3b", "opt-6.7b"), ("greedy", None, None)),
        "gpt-neo-125m": ("default", None, None),
    }
    assert {job.decoding for job in jobs("summarization", "task-specific")} == {"default"}


def test_the_classes_of_data_sets_with_answers_are_in_the_file() -> None:
    entities = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
    assert {d.id: d.class_names for d in SUITE.datasets if d.class_names} == {
        "imdb": ("neg", "pos"),
        "rotten_tomatoes": ("neg", "pos"),
        "wikiann": entities,
        "conll2003": (*entities, "B-MISC", "I-MISC"),
    }


def test_pictures_are_made_in_the_size_of_their_model_in_fifty_steps() -> None:
    found = {
        job.model: (job.image_width, job.image_height, job.steps)
        for job in jobs("image_generation", "task-specific")
    }
    assert found == {model: (pixels, pixels, 50) for model, pixels in PIXELS.items()}
    assert all(job.steps is None for job in SUITE.jobs if job.task != "image_generation")


@pytest.mark.parametrize("dataset", SUITE.datasets, ids=lambda dataset: dataset.id)
def test_a_data_set_is_read_as_the_scripts_do(dataset: DataSet) -> None:
    pictures = SUITE.task(dataset.task).modality in ("image-to-category", "image-to-text")
    assert dataset.columns == COLUMNS[dataset.id]
    assert dataset.keep == 1000
    assert dataset.cut_words == WORDS.get(dataset.id)
    assert dataset.mask == MASKS.get(dataset.id)
    assert dataset.remove_characters == ("." if dataset.id == "bookcorpus-masked" else None)
    assert dataset.join_tokens == (dataset.id in ("wikiann", "conll2003"))
    assert dataset.images_by_url == (dataset.id == "redcaps")
    assert (dataset.resize is not None) == pictures
    if dataset.resize is not None:
        assert (dataset.resize.width, dataset.resize.height, dataset.resize.method) == (640, 480, "nearest")
    assert (dataset.take, dataset.drop_rows) == (
        (2500, ('""', "")) if dataset.id == "wikitext" else (None, ())
    )


def test_it_measures_as_the_study_did_but_steadily() -> None:
    protocol = SUITE.protocol
    assert (protocol.queries, protocol.windows_min, protocol.sample) == (1000, 10, "first")
    assert (protocol.dtype, protocol.mode) == ("float32", "throughput")


def test_its_models_and_data_sets_are_those_of_the_published_figures() -> None:
    study = load_study()
    assert {(d.task, d.study_id, d.hub_id) for d in SUITE.datasets} == {
        (d.task, d.id, d.hub_id) for d in study.datasets
    }
    assert {(m.hub_id, m.kind, m.parameters) for m in SUITE.models} == {
        (m.id, m.kind, m.parameters) for m in study.models
    }


def test_gated_and_script_sets_have_an_open_one_of_their_own_elsewhere() -> None:
    elsewhere = load_suite("a100-2024-open")
    found = {d.id: d.substitute for d in SUITE.datasets if d.gated or d.script}
    assert found == {
        "imagenet": "a100-2024-open/imagenette",
        "bookcorpus-masked": "a100-2024-open/tinystories-masked",
        "oscar-masked": "a100-2024-open/fineweb-masked",
        "bookcorpus-prompts": "a100-2024-open/tinystories-prompts",
        "oscar-prompts": "a100-2024-open/fineweb-prompts",
    }
    assert {f"a100-2024-open/{d.id}" for d in elsewhere.datasets} == set(found.values())
    assert not {d.id for d in elsewhere.datasets} & {d.id for d in SUITE.datasets}
    for name, substitute in found.items():
        assert elsewhere.dataset(str(substitute).partition("/")[2]).task == SUITE.dataset(name).task


@pytest.mark.parametrize("name", ["quick", "a100-2024-open"])
def test_other_suites_ask_the_same_models_in_the_same_way(name: str) -> None:
    other = load_suite(name)
    standard = {job.model: job for job in SUITE.jobs if SUITE.model(job.model).kind == "task-specific"}
    for model in other.models:
        assert model == SUITE.model(model.id)
    for job in other.jobs:
        alike = standard[job.model]
        assert _limits(job) == _limits(alike)
    if name == "quick":
        assert [job.task for job in other.jobs] == list(TASKS)
        assert all(_same_rows(dataset, SUITE) for dataset in other.datasets)


def _limits(job: Job) -> dict[str, object]:
    return {name: getattr(job, name) for name in job.__struct_fields__ if name != "dataset"}


def _same_rows(dataset: DataSet, suite: Suite) -> bool:
    names = [name for name in dataset.__struct_fields__ if name != "queries_per_window"]
    return all(getattr(dataset, name) == getattr(suite.dataset(dataset.id), name) for name in names)


def test_where_article_and_logs_differ_both_are_in_the_file() -> None:
    by_subject = {choice.about: choice for choice in SUITE.choices}
    assert len(by_subject) == len(SUITE.choices) == 20
    prompt = by_subject["Prompt of the general-purpose models for summarization"]
    assert (prompt.paper, prompt.logs) == (
        "Summarize the following text: [text]. Summary:",
        "summarize the following text: {text}",
    )
    assert prompt.taken == prompt.logs == PROMPTS["summarization"]
    models = by_subject["Eight models for token classification"]
    assert "obi" not in str(models.logs)
    assert "deid_roberta_i2b2" in str(models.paper)
    assert {choice.about for choice in SUITE.choices if not choice.checked} >= {
        "Size and steps of generated images",
        "Questions without an answer",
    }


@pytest.mark.parametrize("name", ["a100-2024", "a100-2024-open", "quick"])
def test_it_is_not_run_before_it_is_pinned(name: str) -> None:
    suite = load_suite(name)
    assert not suite.is_pinned
    with pytest.raises(NotPinned, match=f"pin it with `joulemark suite pin {name} --out FOLDER`"):
        require_pinned(suite)
    with pytest.raises(NotPinned):
        suite.sample(suite.datasets[0].id, seed=1, count=1)


def test_a_suite_of_files_and_packages_is_pinned() -> None:
    require_pinned(load_suite("demo"))


def test_the_page_is_that_of_the_suites() -> None:
    docs = Path(__file__).parents[2] / "docs"
    assert (docs / "suite.md").read_text(encoding="utf-8") == page(), "run `make suite-docs`"
