"""Every task, end to end, on a tiny model with random weights: the whole path that a real model takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from joulemark.record.trace import answer_digest
from joulemark.suite import Sample, weights_digest
from joulemark.workloads import Output, Query, WorkloadError
from joulemark.workloads.known_answers import require_known_answers
from joulemark.workloads.recipe import Decoding
from joulemark.workloads.tasks import TASKS, open_task
from joulemark.workloads.tasks.workload import TaskWorkload
from joulemark.workloads.weights import file_sha256
from joulemark_simulation.tiny_models.recipes import MODELS, recipe_of, rows_of

pytestmark = pytest.mark.usefixtures("no_network", "one_thread")
Model = Callable[[str], Path]
AGENT = Path(__file__).parents[2] / "agent"

METRICS = {
    "text_classification": {"accuracy": 3, "macro-f1": 3},
    "extractive_qa": {"exact-match": 3, "f1": 3},
    "masked_lm": {"top-1": 2},
    "token_classification": {"seqeval-f1": 2},
    "image_classification": {"top-1": 3, "top-5": 3},
    "object_detection": {"map": 3, "map-50": 3},
    "text_generation": {},
    "summarization": {"rouge-1": 2, "rouge-2": 2, "rouge-l": 2},
    "image_captioning": {"rouge-l": 3},
    "image_generation": {},
}
"""By task the metrics, and over how many answers: one label is kept back, one mask hides nothing."""

MISSING = {
    "text_generation": {"answer-accuracy": "open-ended"},
    "image_captioning": {"cider": "needs-a-corpus"},
    "image_generation": {"clip-score": "needs-another-model"},
}

TOKENS = {  # read by query, then most written
    "text_classification": ([24, 20, 22, 31], None),
    "extractive_qa": ([16, 189, 13], None),
    "masked_lm": ([24, 4, 3], None),
    "token_classification": ([7, 8], None),
    "image_classification": ([None] * 3, None),
    "object_detection": ([None] * 3, None),
    "text_generation": ([90, 9, 1], 10),
    "summarization": ([63, 60], 14),
    "image_captioning": ([None] * 3, 11),
    "image_generation": ([12, 16], None),
}


def sample(*query_ids: str) -> Sample:
    return Sample(query_ids=query_ids, sha256="0" * 64)


def loaded(task: str, model: Model) -> TaskWorkload:
    workload = open_task(recipe_of(task, model(MODELS[task])), rows_of(task))
    workload.load()
    return workload


def answered(workload: TaskWorkload) -> tuple[list[Query], list[Output]]:
    queries = workload.queries(sample(*workload.rows))
    return queries, [workload.answer(query) for query in queries]


def test_there_are_ten_tasks_and_three_that_are_asked_in_words() -> None:
    prompted = {task for task in TASKS if task.endswith("-prompted")}
    assert (len(TASKS), len(prompted)) == (13, 3)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_says_what_it_loaded(task: str, tiny_model: Model) -> None:
    folder = tiny_model(MODELS[task])
    found = open_task(recipe_of(task, folder), rows_of(task)).load()
    assert (found.dtype, found.device) == ("float32", "cpu")
    assert 20_000 < found.parameters < 400_000
    if (folder / "model.safetensors").exists():
        digest = file_sha256(folder / "model.safetensors")
        assert found.weights_sha256 == weights_digest({"model.safetensors": digest})


@pytest.mark.parametrize("task", TASKS)
def test_the_same_question_has_the_same_answer_in_any_order(task: str, tiny_model: Model) -> None:
    workload = loaded(task, tiny_model)
    queries, outputs = answered(workload)
    assert [query.id for query in queries] == list(workload.rows)
    assert [workload.answer(query) for query in queries[::-1]] == outputs[::-1]
    assert answered(loaded(task, tiny_model))[1] == outputs


@pytest.mark.parametrize("task", TOKENS)
def test_tokens_are_counted(task: str, tiny_model: Model) -> None:
    read, most_written = TOKENS[task]
    _, outputs = answered(loaded(task, tiny_model))
    assert [output.input_tokens for output in outputs] == read
    if most_written is None:
        assert {output.output_tokens for output in outputs} == {None}
    else:
        assert {output.output_tokens for output in outputs} <= set(range(1, most_written + 1))


@pytest.mark.parametrize("task", TASKS)
def test_answers_are_scored_and_what_cannot_be_is_said(task: str, tiny_model: Model) -> None:
    workload = loaded(task, tiny_model)
    queries, outputs = answered(workload)
    found = workload.quality(queries, outputs)
    plain = task.removesuffix("-prompted")
    assert {each.metric: each.n for each in found} == METRICS[plain]
    assert all(0 <= each.value <= 1 and each.higher_is_better for each in found)
    missing = workload.missing_quality(queries, outputs)
    assert {each.metric: each.reason for each in missing} == MISSING.get(task, {})


@pytest.mark.parametrize("task", [task for task in TASKS if METRICS[task.removesuffix("-prompted")]])
def test_without_references_every_metric_is_missing(task: str, tiny_model: Model) -> None:
    recipe = recipe_of(task, tiny_model(MODELS[task]))
    references = {"label", "answers", "tags", "objects", "summary", "captions"}
    columns = {role: name for role, name in recipe.columns.items() if role not in references}
    preprocessing = recipe.preprocessing
    if task == "masked_lm":
        preprocessing = replace(preprocessing, mask="append")
    workload = open_task(replace(recipe, columns=columns, preprocessing=preprocessing), rows_of(task))
    workload.load()
    queries, outputs = answered(workload)
    assert workload.quality(queries, outputs) == []
    missing = {each.metric: each.reason for each in workload.missing_quality(queries, outputs)}
    expected = dict.fromkeys(METRICS[task.removesuffix("-prompted")], "no-references")
    assert missing == {**expected, **MISSING.get(task, {})}


@pytest.mark.parametrize("task", [task for task in TASKS if task != "text_classification-prompted"])
def test_a_wrong_row_and_a_cut_answer_are_noticed(task: str, tiny_model: Model) -> None:
    workload = loaded(task, tiny_model)
    _, outputs = answered(workload)
    known = {output.query_id: answer_digest(output.query_id, output.value).hex() for output in outputs}
    require_known_answers(workload, known, what="this job")
    cut = {output.query_id: answer_digest(output.query_id, output.value + ".").hex() for output in outputs}
    with pytest.raises(WorkloadError, match=f"this job answers {len(cut)} of {len(cut)} known queries"):
        require_known_answers(workload, cut, what="this job")
    workload.rows = {**workload.rows, "0": workload.rows["1"]}
    with pytest.raises(WorkloadError, match="answers 1 of 1 known queries differently"):
        require_known_answers(workload, {"0": known["0"]}, what="this job")


@pytest.mark.parametrize("task", ["extractive_qa-prompted", "text_generation"])
def test_a_decoder_answers_a_prompt_beyond_its_most_tokens_with_one(task: str, tiny_model: Model) -> None:
    recipe = replace(recipe_of(task, tiny_model("bloom")), decoding=Decoding(max_length=20))
    workload = open_task(recipe, rows_of(task))
    workload.load()
    outputs = [workload.answer(query) for query in workload.queries(sample("0", "1"))]
    for output in outputs:
        assert output.input_tokens is not None
        assert output.output_tokens in (
            [1] if output.input_tokens >= 20 else range(1, 21 - output.input_tokens)
        )
    assert outputs[0].output_tokens == 1


@pytest.mark.parametrize("task", TASKS)
def test_weights_of_another_revision_are_refused(task: str, tiny_model: Model) -> None:
    recipe = recipe_of(task, tiny_model(MODELS[task]))
    files = {
        path.relative_to(recipe.model_folder).as_posix(): path
        for path in recipe.model_folder.rglob("*.safetensors")
    }
    pinned = {name: file_sha256(path) for name, path in files.items()}
    assert open_task(replace(recipe, weights=pinned), {}).load().parameters
    other = {**pinned, min(pinned): "ab" * 32}
    with pytest.raises(WorkloadError, match=rf"not those that the suite pins: {min(pinned)}\. Fetch"):
        open_task(replace(recipe, weights=other), {}).load()


def test_a_task_is_known_without_importing_anything_heavy() -> None:
    program = (
        "import sys; from joulemark.workloads.tasks import TASKS; from joulemark.workloads.recipe import Recipe;"
        "print(sorted({'torch', 'transformers', 'diffusers', 'numpy', 'PIL', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
