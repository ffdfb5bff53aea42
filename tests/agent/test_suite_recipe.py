"""Each job of the suites that follow the 2024 study makes a recipe, or one sentence says why not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from joulemark.suite import Job, Suite, load_suite
from joulemark.suite.schema import WeightsFile
from joulemark.workloads import WorkloadError, suite_recipe
from joulemark.workloads.preprocess import Preprocessing
from joulemark.workloads.recipe import Answers, Decoding, Diffusion, Recipe
from joulemark.workloads.suite_recipe import recipe_of
from joulemark.workloads.tasks import TASKS

FULL, QUICK = load_suite("a100-2024"), load_suite("quick")
FOLDER = Path("snapshot")


def recipe(key: str, suite: Suite = FULL, **options: object) -> Recipe:
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
        decoding=Decoding(max_length=20, sample=None),
        prompt="summarize the following text: {text}",
    )


def test_questions_and_their_answers_are_named() -> None:
    made = recipe("extractive_qa/sciq/roberta-base-squad2")
    assert made.columns == {"question": "question", "context": "support", "answers": "correct_answer"}
    assert (made.prompt, made.preprocessing) == (None, Preprocessing())


def test_masks_words_and_pictures_are_prepared_as_the_suite_says() -> None:
    made = recipe("masked_lm/bookcorpus-masked/albert-base-v2")
    assert made.preprocessing == Preprocessing(remove=".", mask="append")
    made = recipe("token_classification/wikiann/bert-base-ner", names=("O", "B-PER"))
    assert (made.preprocessing, made.answers) == (Preprocessing(join=" "), Answers(names=("O", "B-PER")))
    made = recipe("object_detection/coco-detection/yolos-tiny")
    assert made.preprocessing == Preprocessing(resize=(640, 480))
    assert made.columns == {"image": "image", "objects": "objects"}


def test_the_limits_of_generators_are_theirs() -> None:
    assert recipe("text_generation/wikitext/gpt2").decoding == Decoding(max_new_tokens=10, sample=None)
    assert recipe("summarization/samsum/pegasus-large").decoding == Decoding(
        max_length=15, min_length=10, sample=None
    )
    painted = recipe("image_generation/sd_prompts/stable-diffusion-2-1")
    assert painted.diffusion == Diffusion(steps=50, width=768, height=768)
    job = msgspec.structs.replace(FULL.job("text_generation/wikitext/gpt2"), decoding="greedy")
    greedy = recipe_of(FULL, job, model_folder=FOLDER).decoding
    assert greedy == Decoding(max_new_tokens=10, sample=False, beams=1)


def test_a_sentiment_is_the_same_in_every_spelling() -> None:
    answers = recipe("text_classification/imdb/distilbert-imdb", names=("neg", "pos")).answers
    assert answers.names == ("negative", "positive")
    assert [answers.of_model(label) for label in ("NEGATIVE", "POS", "5 stars", "LABEL_0")] == [
        "negative",
        "positive",
        "positive",
        "LABEL_0",
    ]
    other = recipe("text_classification/imdb/distilbert-imdb", names=("sport", "world")).answers
    assert other == Answers(names=("sport", "world"))


def test_pinned_weights_are_in_the_recipe_by_name() -> None:
    key = "text_generation/wikitext/gpt2"
    files = (WeightsFile(name="model.safetensors", sha256="ab" * 32, bytes=1),)
    models = tuple(
        msgspec.structs.replace(model, files=files) if model.id == "gpt2" else model for model in FULL.models
    )
    pinned = msgspec.structs.replace(FULL, models=models)
    assert recipe(key, pinned, device="cuda").weights == {"model.safetensors": "ab" * 32}
    assert recipe(key, pinned, device="cuda").device == "cuda"


@pytest.mark.parametrize(
    ("dataset", "value", "named"),
    [
        ("imdb", 1, False),
        ("imdb", -1, True),
        ("imdb", "pos", True),
        ("wikiann", [0, 3], False),
        ("coco-detection", {"bbox": [[1, 2, 3, 4]], "label": [7]}, False),
        ("coco-detection", {"bbox": [[1, 2, 3, 4]], "label": ["disc"]}, True),
        ("squad", {"text": ["x"], "answer_start": [3]}, True),
        ("sst2", 1, True),
    ],
)
def test_numbers_that_nothing_names_are_not_scored(dataset: str, value: object, *, named: bool) -> None:
    entry = FULL.dataset(dataset)
    rows = [{str(entry.reference_column): value}]
    assert (suite_recipe.unnamed_labels(entry, (), rows) is None) == named
    assert suite_recipe.unnamed_labels(entry, ("a", "b"), rows) is None


@pytest.mark.parametrize(
    ("key", "changes", "reason"),
    [
        ("masked_lm/c4/albert-base-v2", {"mask": None}, "Say `mask` of c4"),
        ("extractive_qa/squad/roberta-base-squad2", {"columns": ("context",)}, "reads question and context"),
    ],
)
def test_a_data_set_that_does_not_fit_its_task_is_said(
    key: str, changes: dict[str, object], reason: str
) -> None:
    assert reason in str(suite_recipe.obstacle(*changed(FULL, key, **changes)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prompt_style": "chat"}, "Say `completion`"),
        ({"prompt": "Go on: {text}"}, "puts no words around"),
        ({"max_length": 20}, "contradict each other"),
        ({"summary_sentences": 2}, "pick no sentences"),
        ({"task": "poetry"}, "does not know the task poetry"),
    ],
)
def test_limits_that_would_be_ignored_are_said(changes: dict[str, object], reason: str) -> None:
    job = msgspec.structs.replace(FULL.job("text_generation/wikitext/gpt2"), **changes)
    assert reason in str(suite_recipe.obstacle(FULL, job))


def test_rows_are_taken_dropped_kept_and_named_in_this_order() -> None:
    dataset = msgspec.structs.replace(FULL.dataset("wikitext"), take=5, keep=2)
    texts = ["", "one", '""', "two", "three", "four"]
    named = suite_recipe.rows_of(dataset, ({"text": text} for text in texts))
    assert named == {"0": {"text": "one"}, "1": {"text": "two"}}
    short = msgspec.structs.replace(dataset, take=3)
    assert suite_recipe.rows_of(short, ({"text": text} for text in texts)) == {"0": {"text": "one"}}
    assert suite_recipe.columns_of(FULL.dataset("squad")) == ("question", "context", "answers")
