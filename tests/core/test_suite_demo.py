"""What the demo suite promises about its own contents."""

from __future__ import annotations

from collections import Counter

import pytest

from joulemark.suite import Job, Model, Photo, Prompt, Sentence, Text, load_suite

SUITE = load_suite("demo")
TASKS = {  # the ten tasks of arXiv 2311.16863, table 1
    "text_classification",
    "extractive_qa",
    "masked_lm",
    "token_classification",
    "image_classification",
    "object_detection",
    "text_generation",
    "summarization",
    "image_captioning",
    "image_generation",
}


def sentences() -> list[Sentence]:
    return [row for row in SUITE.rows("demo-topics") if isinstance(row, Sentence)]


def test_task_ids_are_those_of_the_study() -> None:
    assert {task.id for task in SUITE.tasks} <= TASKS


def test_the_jobs_are_the_eight_of_version_1() -> None:
    assert [job.key for job in SUITE.jobs] == [
        "text_classification/demo-topics/minilm-l6-v2",
        "text_classification/demo-topics/smollm2-135m-instruct",
        "text_classification/demo-sentiment/minilm-l6-v2",
        "text_classification/demo-sentiment/smollm2-135m-instruct",
        "image_classification/demo-photos/efficientnet-lite0",
        "text_generation/demo-prompts/smollm2-135m-instruct",
        "summarization/demo-texts/minilm-l6-v2",
        "summarization/demo-texts/smollm2-135m-instruct",
    ]


@pytest.mark.parametrize("job", SUITE.jobs, ids=lambda job: job.key)
def test_every_job_refers_to_things_that_exist(job: Job) -> None:
    assert SUITE.job(job.key) is job
    assert SUITE.dataset(job.dataset).task == SUITE.task(job.task).id == job.task
    assert SUITE.model(job.model).id == job.model
    assert 1 <= SUITE.queries_per_window(job.dataset) <= len(SUITE.rows(job.dataset))
    if job.prompt is not None:
        assert job.prompt.count("{text}") == 1
        assert None not in (job.prompt_style, job.max_new_tokens, job.decoding)


def test_two_tasks_compare_a_general_purpose_model_with_a_task_specific_one() -> None:
    kinds = {(job.task, job.dataset, SUITE.model(job.model).kind) for job in SUITE.jobs}
    both = {
        dataset
        for _, dataset, kind in kinds
        if kind == "task-specific" and any(d == dataset and k == "general-purpose" for _, d, k in kinds)
    }
    assert both == {"demo-topics", "demo-sentiment", "demo-texts"}


@pytest.mark.parametrize("model", SUITE.models, ids=lambda model: model.id)
def test_every_model_is_pinned_and_free_to_use(model: Model) -> None:
    assert model.licence == "Apache-2.0"
    assert model.revision
    assert model.parameters > 1_000_000


def test_there_are_a_hundred_different_sentences() -> None:
    assert len({sentence.text for sentence in sentences()}) == 100


def test_each_topic_has_ten_positive_and_ten_negative_sentences() -> None:
    topics = [label.id for label in SUITE.dataset("demo-topics").labels]
    feelings = [label.id for label in SUITE.dataset("demo-sentiment").labels]
    found = Counter((sentence.topic, sentence.sentiment) for sentence in sentences())
    assert found == {(topic, feeling): 10 for topic in topics for feeling in feelings}


def test_both_sentence_data_sets_are_the_same_sentences() -> None:
    assert SUITE.rows("demo-topics") == SUITE.rows("demo-sentiment")


def test_prompt_examples_are_not_in_the_data_set() -> None:
    prompts = [job.prompt for job in SUITE.jobs if job.prompt and job.task == "text_classification"]
    assert len(prompts) == 2
    assert not [
        sentence.text for sentence in sentences() if any(sentence.text in prompt for prompt in prompts)
    ]


def test_no_question_gives_its_answer_away() -> None:
    prompts = [row for row in SUITE.rows("demo-prompts") if isinstance(row, Prompt)]
    assert len(prompts) == 24
    for row in prompts:
        assert not any(answer.lower() in row.prompt.lower().split() for answer in row.accepted), row.id


def test_texts_have_80_to_140_words_and_summaries_are_shorter() -> None:
    texts = [row for row in SUITE.rows("demo-texts") if isinstance(row, Text)]
    assert len(texts) == 16
    for row in texts:
        assert 80 <= len(row.text.split()) <= 140, row.id
        assert len(row.summary.split()) < len(row.text.split()) / 2, row.id


def test_photographs_are_six_in_four_views() -> None:
    photos = [row for row in SUITE.rows("demo-photos") if isinstance(row, Photo)]
    views = Counter((row.module, row.path) for row in photos)
    assert len(photos) == 24
    assert set(views.values()) == {4}
    assert len({(row.path, row.crop, row.mirrored) for row in photos}) == 24
    for row in photos:
        assert all(0 <= int(accepted) <= 999 for accepted in row.accepted)
        assert len(row.accepted) == len(row.names)
