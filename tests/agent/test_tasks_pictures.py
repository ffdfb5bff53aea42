"""Tasks on pictures: beside the library's own pipelines where it has them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from joulemark.suite import Sample
from joulemark.workloads import Query
from joulemark.workloads.metrics import Box
from joulemark.workloads.recipe import Decoding, Diffusion
from joulemark.workloads.tasks import open_task
from joulemark.workloads.tasks.workload import TaskWorkload, compact_json
from joulemark_simulation.tiny_models.recipes import MODELS, recipe_of, rows_of
from joulemark_simulation.tiny_models.rows import square

pytestmark = pytest.mark.usefixtures("no_network", "one_thread")
Model = Callable[[str], Path]


def loaded(task: str, model: Model, **changes: Any) -> Any:
    """A task's workload, loaded; tests also look at the model in it, which is its own affair."""
    workload = open_task(replace(recipe_of(task, model(MODELS[task])), **changes), rows_of(task))
    workload.load()
    return workload


def queries(workload: TaskWorkload) -> list[Query]:
    return workload.queries(Sample(query_ids=tuple(workload.rows), sha256="0" * 64))


def pipeline(task: str, folder: Path) -> Any:
    """The library's own, as the 2024 study used it."""
    import transformers

    return transformers.pipeline(task, model=str(folder), device="cpu")


def test_classes_are_those_of_the_pipeline(tiny_model: Model) -> None:
    oracle = pipeline("image-classification", tiny_model("vit"))
    workload = loaded("image_classification", tiny_model)
    for query in queries(workload):
        expected = [each["label"] for each in oracle(query.inputs["image"], top_k=5)]
        assert json.loads(workload.answer(query).value) == expected


def test_detections_are_those_of_the_pipeline(tiny_model: Model) -> None:
    oracle = pipeline("object-detection", tiny_model("yolos"))
    workload = loaded("object_detection", tiny_model)
    for query in queries(workload):
        found = json.loads(workload.answer(query).value)
        expected = oracle(query.inputs["image"], threshold=0.2)
        assert len(found) == len(expected) > 1
        expected.sort(key=lambda each: -each["score"])
        for mine, theirs in zip(found, expected, strict=True):
            assert mine["label"] == theirs["label"]
            assert mine["score"] == pytest.approx(theirs["score"], abs=5.1e-5)
            assert mine["box"] == pytest.approx(
                list(theirs["box"].values()), abs=1
            )  # theirs are cut, not rounded


def test_objects_are_scaled_with_their_picture(tiny_model: Model) -> None:
    workload = loaded("object_detection", tiny_model)  # 96 by 72 becomes 128 by 96
    first = queries(workload)[0]
    (box,) = first.reference
    assert box.label == "square"
    assert box.edges == pytest.approx((20 * 4 / 3, 16 * 4 / 3, 44 * 4 / 3, 40 * 4 / 3))
    assert isinstance(box, Box)
    perfect = compact_json([{"label": "square", "score": 0.9, "box": list(box.edges)}])
    assert workload.score([(first, perfect)])["map"] == pytest.approx(1)
    assert workload.score([(first, "[]")]) == {"map": 0.0, "map-50": 0.0}


@pytest.mark.parametrize("task", ["image_classification", "object_detection"])
def test_a_model_of_other_objects_is_not_called_wrong(task: str, tiny_model: Model) -> None:
    workload = loaded(task, tiny_model)
    asked = [query for query in queries(workload) if query.reference]
    assert workload.unscorable(asked) is None
    others = dict.fromkeys(workload._model.config.id2label, "leukocyte")
    workload._model.config.id2label = others
    outputs = [workload.answer(query) for query in asked]
    assert workload.quality(asked, outputs) == []
    assert {each.reason for each in workload.missing_quality(asked, outputs)} == {"labels-do-not-meet"}


def test_a_perfect_caption_scores_one_and_a_cut_one_less(tiny_model: Model) -> None:
    workload = loaded("image_captioning", tiny_model)
    first = queries(workload)[0]
    assert workload.score([(first, "a square on noise")]) == {"rouge-l": pytest.approx(1)}
    assert workload.score([(first, "a square on")])["rouge-l"] < 1


@pytest.mark.parametrize("name", ["blip", "blip2"])
def test_only_what_was_generated_counts_as_a_caption(name: str, tiny_model: Model) -> None:
    recipe = replace(
        recipe_of("image_captioning", tiny_model(name)), decoding=Decoding(max_new_tokens=8, beams=1)
    )
    workload = open_task(recipe, rows_of("image_captioning"))
    workload.load()
    asked = queries(workload)
    if name == "blip2":  # let it go on to the limit
        vars(workload)["_model"].language_model.generation_config.eos_token_id = None
    outputs = [workload.answer(query) for query in asked]
    assert {output.output_tokens for output in outputs} <= ({8} if name == "blip2" else set(range(1, 9)))
    assert [workload.answer(query) for query in asked] == outputs


def test_a_generated_picture_is_known_by_its_size_and_bytes(tiny_model: Model) -> None:
    workload = loaded("image_generation", tiny_model)
    query = queries(workload)[0]
    pictures: list[Any] = []
    run = workload._pipeline

    def keep(*args: Any, **options: Any) -> Any:
        found = run(*args, **options)
        pictures.append(found.images[0])
        return found

    vars(keep).update(tokenizer=run.tokenizer)
    workload._pipeline = keep
    said = json.loads(workload.answer(query).value)
    digest = hashlib.sha256(pictures[0].convert("RGB").tobytes()).hexdigest()
    assert said == {"width": 32, "height": 32, "sha256": digest}


def test_another_query_and_another_number_of_steps_give_another_picture(tiny_model: Model) -> None:
    workload = loaded("image_generation", tiny_model)
    longer = loaded("image_generation", tiny_model, diffusion=Diffusion(steps=3, width=32, height=32))
    same_prompt = [Query(name, {"text": "a red square"}, None) for name in ("a", "b")]
    found = {workload.answer(query).value for query in same_prompt} | {longer.answer(same_prompt[0]).value}
    assert len(found) == 3


def test_pictures_of_a_seed_are_the_same_each_time() -> None:
    assert square(1).tobytes() == square(1).tobytes() != square(2).tobytes()
