"""Each job of the suites that follow the 2024 study makes a recipe, or one sentence says why not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from joulemark.suite import Job, Suite, load_suite
from joulemark.suite.abilities import BY_PROMPT, TRAINED_FOR
from joulemark.suite.schema import WeightsFile
from joulemark.workloads import WorkloadError, suite_recipe
from joulemark.workloads.preprocess import Preprocessing
from joulemark.workloads.recipe import Answers, Decoding, Diffusion, Recipe
from joulemark.workloads.suite_recipe import ROLES, recipe_of
from joulemark.workloads.tasks import TASKS

FULL, QUICK, TODAY = load_suite("a100-2024"), load_suite("quick"), load_suite("tasks-2026")
FOLDER = Path("snapshot")


def recipe(key: str, suite: Suite = FULL, **options: Any) -> Recipe:
    return recipe_of(suite, suite.job(key), model_folder=FOLDER, **options)


def changed(suite: Suite, key: str, **changes: object) -> tuple[Suite, Job]:
    """The suite and one of its jobs, the job's data set changed."""
    job = suite.job(key)
    datasets = tuple(
        msgspec.structs.replace(dataset, **changes) if dataset.id == job.dataset else dataset
        for dataset in suite.datasets
    )
    return msgspec.structs.replace(suite, datasets=datasets), job


@pytest.mark.parametrize("suite", [FULL, QUICK, load_suite("a100-2024-open")], ids=lambda suite: suite.name)
def test_every_job_has_a_recipe_or_a_reason(suite: Suite) -> None:
    for job in suite.jobs:
        reason = suite_recipe.obstacle(suite, job)
        if reason is None:
            made = recipe_of(suite, job, model_folder=FOLDER)
            assert made.task in TASKS
            assert (made.model, made.dtype, made.device) == (job.model, "float32", "cpu")
        else:
            assert reason.endswith(".")
            with pytest.raises(WorkloadError, match="cannot run here"):
                recipe_of(suite, job, model_folder=FOLDER)


def test_of_the_full_suite_only_pictures_by_address_are_left_out() -> None:
    left_out = Counter(job.dataset for job in FULL.jobs if suite_recipe.obstacle(FULL, job))
    assert (len(FULL.jobs), left_out) == (312, {"redcaps": 8})
    assert not any(suite_recipe.obstacle(QUICK, job) for job in QUICK.jobs)
    (sentence,) = {suite_recipe.obstacle(FULL, job) for job in FULL.jobs if job.dataset == "redcaps"}
    assert sentence == (
        "The data set redcaps has addresses of pictures, which change and vanish, and none are fetched. Use another "
        "data set."
    )


def test_general_purpose_models_are_asked_in_words() -> None:
    tasks = Counter(suite_recipe.task_of(job) for job in FULL.jobs)
    assert {task: n for task, n in tasks.items() if task.endswith("-prompted")} == dict.fromkeys(
        ("text_classification-prompted", "extractive_qa-prompted", "summarization-prompted"), 24
    )
    asked = recipe("summarization/xsum/flan-t5-base")
    assert asked == Recipe(
        "summarization-prompted",
        FOLDER,
        {"text": "document", "summary": "summary"},
        model="flan-t5-base",
        preprocessing=Preprocessing(words=50),
        decoding=Decoding(max_length=20, sample=None, task_settings="text2text-generation"),
        prompt="summarize the following text: {text}",
    )


def test_questions_and_their_answers_are_named() -> None:
    made = recipe("extractive_qa/sciq/roberta-base-squad2")
    assert made.columns == {"question": "question", "context": "support", "answers": "correct_answer"}
    assert (made.prompt, made.preprocessing) == (None, Preprocessing())


def test_masks_words_and_pictures_are_prepared_as_the_suite_says() -> None:
    made = recipe("masked_lm/bookcorpus-masked/albert-base-v2")
    assert made.preprocessing == Preprocessing(remove=".", mask="append")
    names = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
    made = recipe("token_classification/wikiann/bert-base-ner")
    assert (made.preprocessing, made.answers) == (Preprocessing(join=" "), Answers(names=names))
    made = recipe("object_detection/coco-detection/yolos-tiny")
    assert made.preprocessing == Preprocessing(resize=(640, 480))
    assert made.columns == {"image": "image", "objects": "objects"}
    assert made.answers == Answers(threshold=0.9)


def test_the_limits_of_generators_are_theirs() -> None:
    own: dict[str, Any] = {"max_new_tokens": 10, "task_settings": "text-generation"}
    assert recipe("text_generation/wikitext/gpt2").decoding == Decoding(
        **own, sample=True, beams=1, top_k=50, temperature=1.0
    )
    assert recipe("text_generation/wikitext/opt-1.3b").decoding == Decoding(**own, sample=False, beams=1)
    assert recipe("text_generation/wikitext/gpt-neo-125m").decoding == Decoding(**own, sample=None)
    assert recipe("summarization/samsum/pegasus-large").decoding == Decoding(
        max_length=15, min_length=10, sample=None, task_settings="summarization"
    )
    painted = recipe("image_generation/sd_prompts/stable-diffusion-2-1")
    assert painted.diffusion == Diffusion(steps=50, width=768, height=768)


def test_a_sentiment_is_the_same_in_every_spelling() -> None:
    answers = recipe("text_classification/imdb/distilbert-imdb").answers
    assert answers.names == ("negative", "positive")
    assert [answers.of_dataset(label) for label in (0, "pos", -1)] == ["negative", "positive", None]
    assert [answers.of_model(label) for label in ("NEGATIVE", "POS", "5 stars", "LABEL_0")] == [
        "negative",
        "positive",
        "positive",
        "LABEL_0",
    ]
    suite, job = changed(FULL, "text_classification/imdb/distilbert-imdb", class_names=())
    other = recipe_of(suite, job, model_folder=FOLDER, names=("sport", "world")).answers
    assert other == Answers(names=("sport", "world"))


def test_a_suite_says_what_labels_without_names_mean() -> None:
    job = FULL.job("text_classification/imdb/sentiment_analysis_model")
    models = tuple(
        msgspec.structs.replace(model, labels={"LABEL_0": "NEG", "LABEL_2": "joy"})
        if model.id == job.model
        else model
        for model in FULL.models
    )
    suite, _ = changed(msgspec.structs.replace(FULL, models=models), job.key, spellings={"pos": ("joy",)})
    answers = recipe_of(suite, job, model_folder=FOLDER).answers
    assert [answers.of_model(label) for label in ("LABEL_0", "LABEL_1", "LABEL_2")] == [
        "negative",
        "LABEL_1",
        "positive",
    ]


def test_names_with_synonyms_are_those_of_the_data_set() -> None:
    open_suite = load_suite("a100-2024-open")
    answers = recipe("image_classification/imagenette/resnet-18", open_suite).answers
    assert answers.of_model("chain saw, chainsaw") == answers.of_dataset(3) == "chain saw"
    assert answers.of_model("golf ball") == answers.of_dataset(8) == "golf ball"
    assert answers.of_model("crane") == "crane"


def test_pinned_weights_are_in_the_recipe_by_name() -> None:
    key = "text_generation/wikitext/gpt2"
    files = (WeightsFile(name="model.safetensors", sha256="ab" * 32, bytes=1),)
    models = tuple(
        msgspec.structs.replace(model, files=files) if model.id == "gpt2" else model for model in FULL.models
    )
    pinned = msgspec.structs.replace(FULL, models=models)
    assert recipe(key, pinned, device="cuda").weights == {"model.safetensors": "ab" * 32}
    assert recipe(key, pinned, device="cuda").device == "cuda"


def test_files_that_name_other_classes_than_the_suite_are_refused() -> None:
    entry = FULL.dataset("imdb")
    assert suite_recipe.contradicted_names(entry, ("neg", "pos")) is None
    assert suite_recipe.contradicted_names(entry, ()) is None
    assert suite_recipe.contradicted_names(FULL.dataset("coco-detection"), ("disc",)) is None
    assert suite_recipe.contradicted_names(entry, ("pos", "neg")) == (
        "The classes of imdb are pos, neg in its files, but neg, pos in the suite. Use the revision "
        "that the suite pins."
    )


@pytest.mark.parametrize(
    ("key", "changes", "reason"),
    [
        ("masked_lm/c4/albert-base-v2", {"mask": None}, "Set `mask` of c4"),
        ("extractive_qa/squad/roberta-base-squad2", {"columns": ("context",)}, "needs question and context"),
    ],
)
def test_a_data_set_that_does_not_fit_its_task_is_said(
    key: str, changes: dict[str, object], reason: str
) -> None:
    assert reason in str(suite_recipe.obstacle(*changed(FULL, key, **changes)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt_style": "chat"}, "Set `completion`"),
        ({"prompt": "Go on: {text}"}, "takes no prompt"),
        ({"max_length": 20}, "contradict each other"),
        ({"summary_sentences": 2}, "do not extract sentences"),
        ({"decoding": "greedy"}, "need sampled tokens"),
        ({"task": "poetry"}, "does not know the task poetry"),
    ],
)
def test_limits_that_would_be_ignored_are_said(changes: dict[str, object], reason: str) -> None:
    job = msgspec.structs.replace(FULL.job("text_generation/wikitext/gpt2"), **changes)
    assert reason in str(suite_recipe.obstacle(FULL, job))


@pytest.mark.parametrize(
    ("reasoning", "changes", "reason"),
    [
        ("switch", {}, None),
        (None, {}, None),
        ("always", {}, "always reasons before it answers"),
        ("switch", {"prompt_style": "completion"}, "is switched by its chat format"),
        ("switch", {"reasoning": "on", "reasoning_budget": 64}, "cannot let a model reason within a budget"),
    ],
)
def test_a_model_that_reasons_is_asked_in_a_format_that_can_switch_it_off(
    reasoning: str | None, changes: dict[str, object], reason: str | None
) -> None:
    job = msgspec.structs.replace(TODAY.job("extractive_qa/squad/qwen3-4b"), **changes)
    models = tuple(
        msgspec.structs.replace(model, reasoning=reasoning) if model.id == job.model else model
        for model in TODAY.models
    )
    suite = msgspec.structs.replace(TODAY, models=models)
    found = suite_recipe.obstacle(suite, job)
    assert (found is None) == (reason is None)
    assert (reason or "") in (found or "")
    if reason is None:
        made = recipe_of(suite, job, model_folder=FOLDER)
        assert (made.chat, made.switches_reasoning) == (True, reasoning == "switch")
        assert made.dtype == "bfloat16"


@pytest.mark.parametrize("name", ["tasks-2026", "tasks-2026-reasoning", "quick-2026"])
def test_what_a_suite_says_can_run_has_a_recipe(name: str) -> None:
    suite = load_suite(name)
    for job in suite.jobs:
        assert (suite.obstacle(job) is None) == (suite_recipe.obstacle(suite, job) is None), job.key


def test_rows_are_taken_dropped_kept_and_named_in_this_order() -> None:
    dataset = msgspec.structs.replace(FULL.dataset("wikitext"), take=5, keep=2)
    texts = ["", "one", '""', "two", "three", "four"]
    named = suite_recipe.rows_of(dataset, ({"text": text} for text in texts))
    assert named == {"0": {"text": "one"}, "1": {"text": "two"}}
    short = msgspec.structs.replace(dataset, take=3)
    assert suite_recipe.rows_of(short, ({"text": text} for text in texts)) == {"0": {"text": "one"}}
    assert suite_recipe.columns_of(FULL.dataset("squad")) == ("question", "context", "answers")


def test_what_a_version_can_run_is_what_it_has_a_recipe_for() -> None:
    """An ability without a recipe fails at a volunteer's, and a recipe without an ability is measured by nobody."""
    assert ROLES.keys() == TRAINED_FOR
    assert BY_PROMPT <= TRAINED_FOR
