"""Tasks on text: beside the library's own pipelines where it has them, and beside planned scores where it has none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from joulemark.suite import Sample
from joulemark.workloads import MissingQuality, Query, WorkloadError, labels
from joulemark.workloads.recipe import Answers, Decoding, SpanSearch
from joulemark.workloads.tasks import open_task
from joulemark.workloads.tasks.token_classification import in_scheme, tags_of_words
from joulemark.workloads.tasks.workload import TaskWorkload
from joulemark_simulation.tiny_models.recipes import MODELS, recipe_of, rows_of

pytestmark = pytest.mark.usefixtures("no_network", "one_thread")
Model = Callable[[str], Path]


def loaded(task: str, model: Model, **changes: Any) -> Any:
    """A task's workload, loaded; tests also look at the model in it, which is its own affair."""
    workload = open_task(replace(recipe_of(task, model(MODELS[task])), **changes), rows_of(task))
    workload.load()
    return workload


def noting(step: Callable[..., Any], calls: list[dict[str, Any]]) -> Callable[..., Any]:
    """The step, which also writes down what it is called with."""

    def noted(**options: Any) -> Any:
        calls.append(options)
        return step(**options)

    return noted


def queries(workload: TaskWorkload) -> list[Query]:
    return workload.queries(Sample(query_ids=tuple(workload.rows), sha256="0" * 64))


def pipeline(task: str, folder: Path) -> Any:
    """The library's own, as the 2024 study used it."""
    import transformers

    return transformers.pipeline(task, model=str(folder), device="cpu")


def test_labels_are_those_of_the_pipeline(tiny_model: Model) -> None:
    oracle = pipeline("text-classification", tiny_model("bert-sentiment"))
    workload = loaded("text_classification", tiny_model)
    names = {"NEG": "negative", "POS": "positive"}
    said = [workload.answer(query).value for query in queries(workload)]
    assert said == [names[oracle(query.inputs["text"])[0]["label"]] for query in queries(workload)]
    assert set(said) == {"negative", "positive"}


def test_a_text_beyond_the_models_length_is_cut(tiny_model: Model) -> None:
    workload = loaded("text_classification", tiny_model)
    assert workload.answer(Query("long", {"text": "dull film " * 200}, None)).input_tokens == 64


def test_words_under_masks_are_those_of_the_pipeline(tiny_model: Model) -> None:
    oracle = pipeline("fill-mask", tiny_model("bert-mask"))
    workload = loaded("masked_lm", tiny_model)
    for query in queries(workload):
        assert workload.answer(query).value == oracle(query.inputs["text"])[0]["token_str"]
    assert queries(workload)[1].inputs["text"] == "Good [MASK]"
    assert queries(workload)[1].reference == "dog"


def test_a_mask_that_is_cut_off_is_refused(tiny_model: Model) -> None:
    workload = loaded("masked_lm", tiny_model)
    with pytest.raises(WorkloadError, match="Use fewer `words`"):
        workload.answer(Query("long", {"text": "town " * 100 + "[MASK]"}, None))


def test_token_labels_are_those_of_the_pipeline(tiny_model: Model) -> None:
    oracle = pipeline("token-classification", tiny_model("bert-names"))
    workload = loaded("token_classification", tiny_model)
    for query in queries(workload):
        expected = [[each["entity"], each["start"], each["end"]] for each in oracle(query.inputs["text"])]
        assert json.loads(workload.answer(query).value) == expected


def test_a_word_has_the_label_of_its_first_token() -> None:
    answer = '[["B-PER",0,2],["B-LOC",2,4],["B-LOC",8,14]]'
    assert tags_of_words(["Mary", "in", "London"], 1, answer) == ["B-PER", "O", "B-LOC"]


def test_perfect_tags_score_one_and_a_cut_answer_less(tiny_model: Model) -> None:
    workload = loaded("token_classification", tiny_model)
    asked = queries(workload)
    perfect = ['[["B-PER",0,4],["B-LOC",14,20]]', '[["B-LOC",17,23]]']
    assert workload.score(list(zip(asked, perfect, strict=True))) == {"seqeval-f1": 1.0}
    cut = ['[["B-PER",0,4]]', perfect[1]]
    assert workload.score(list(zip(asked, cut, strict=True))) == {"seqeval-f1": pytest.approx(4 / 5)}


@pytest.mark.parametrize(
    ("right", "sayable", "reason"),
    [
        ({"positive"}, {"negative", "positive"}, None),
        ({"negative", "neutral", "positive"}, {"negative", "positive"}, None),
        ({"negative", "positive"}, {"negative", "neutral", "positive"}, None),
        ({"negative", "positive"}, {"LABEL_0", "LABEL_1"}, "labels-unknown"),
        ({"0", "1"}, {"negative", "positive"}, "labels-unknown"),
        ({"PER", "ORG", "LOC"}, {"PER", "NN"}, "labels-do-not-meet"),
        ({"disc", "square"}, set(), "labels-unknown"),
        (set(), {"PER"}, None),
    ],
)
def test_answers_are_scored_where_half_of_the_classes_are_the_models(
    right: set[str], sayable: set[str], reason: str | None
) -> None:
    assert labels.obstacle(right, sayable) == reason


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({0: "LABEL_0", 1: "LABEL_1"}, "labels-unknown"),
        ({0: "joy", 1: "anger"}, "labels-do-not-meet"),
        ({0: "NEG", 1: "POS"}, None),
    ],
)
def test_a_model_of_other_labels_is_not_called_wrong(
    names: dict[int, str], reason: str | None, tiny_model: Model
) -> None:
    workload = loaded("text_classification", tiny_model)
    workload._model.config.id2label = names
    asked = queries(workload)
    outputs = [workload.answer(query) for query in asked]
    assert bool(workload.quality(asked, outputs)) == (reason is None)
    missing = [] if reason is None else [MissingQuality(name, reason) for name in ("accuracy", "macro-f1")]
    assert workload.missing_quality(asked, outputs) == missing


def test_what_a_label_means_can_be_said(tiny_model: Model) -> None:
    answers = Answers(labels={"LABEL_0": "negative", "LABEL_1": "positive"}, names=("negative", "positive"))
    workload = loaded("text_classification", tiny_model, answers=answers)
    workload._model.config.id2label = {0: "LABEL_0", 1: "LABEL_1"}
    asked = queries(workload)
    outputs = [workload.answer(query) for query in asked]
    assert {output.value for output in outputs} == {"negative", "positive"}
    assert workload.missing_quality(asked, outputs) == []


def test_entities_without_a_place_are_read_as_inside_one(tiny_model: Model) -> None:
    workload = loaded("token_classification", tiny_model)
    asked = queries(workload)
    perfect = ['[["PER",0,4],["LOC",14,20]]', '[["LOC",17,23]]']
    assert workload.score(list(zip(asked, perfect, strict=True))) == {"seqeval-f1": 1.0}
    assert in_scheme(["O", "B-PER", "I-PER", "PER"]) == ["O", "B-PER", "I-PER", "I-PER"]


def test_parts_of_speech_are_not_compared_with_entities(tiny_model: Model) -> None:
    workload = loaded("token_classification", tiny_model)
    asked = queries(workload)
    assert workload.unscorable(asked) is None
    workload._model.config.id2label = {0: "NN", 1: "VB", 2: "PER"}
    assert workload.unscorable(asked) is None  # persons and places: one of the two is known
    workload._model.config.id2label = {0: "NN", 1: "VB", 2: "O"}
    assert workload.unscorable(asked) == "labels-do-not-meet"


def test_words_without_names_to_look_for_are_not_scored(tiny_model: Model) -> None:
    workload = loaded("text_classification-prompted", tiny_model, answers=Answers())
    assert workload.unscorable(queries(workload)) == "labels-unknown"


def test_a_models_own_settings_are_those_of_the_task(tiny_model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(tiny_model("bart"), folder)
    config = json.loads((folder / "config.json").read_text())
    own = {"summarization": {"num_beams": 3, "no_repeat_ngram_size": 2, "prefix": "the town "}}
    (folder / "config.json").write_text(json.dumps({**config, "task_specific_params": own}))
    decoding = Decoding(max_length=15, min_length=10, sample=None, task_settings="summarization")
    workload = loaded("summarization", lambda _: folder, decoding=decoding)
    plain = loaded("summarization", tiny_model)
    calls: list[dict[str, Any]] = []
    workload._model.generate = noting(workload._model.generate, calls)
    query = queries(workload)[0]
    longer = Query("longer", {"text": "the town " + query.inputs["text"]}, None)
    assert workload.answer(query).input_tokens == plain.answer(longer).input_tokens
    assert {
        name: calls[0][name] for name in ("num_beams", "no_repeat_ngram_size", "max_length", "do_sample")
    } == {
        "num_beams": 3,
        "no_repeat_ngram_size": 2,
        "max_length": 15,
        "do_sample": False,
    }


def test_a_generator_that_draws_by_its_own_settings_draws(tiny_model: Model, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(tiny_model("llama"), folder)
    config = json.loads((folder / "config.json").read_text())
    own = {"text-generation": {"do_sample": True, "max_length": 50}}
    (folder / "config.json").write_text(json.dumps({**config, "prefix": "the ", "task_specific_params": own}))
    decoding = Decoding(max_new_tokens=10, sample=None, task_settings="text-generation")
    (folder / "generation_config.json").unlink(missing_ok=True)
    workload = loaded("text_generation", lambda _: folder, decoding=decoding)
    same_text = [Query(name, {"text": "old bridge"}, None) for name in ("a", "b")]
    first, second = (workload.answer(query) for query in same_text)
    assert first.value != second.value
    alone = len(workload._tokenizer("the old bridge", add_special_tokens=False)["input_ids"])
    assert first.input_tokens == alone
    assert workload.answer(same_text[0]) == first


def test_continuations_are_those_of_the_pipeline(tiny_model: Model) -> None:
    oracle = pipeline("text-generation", tiny_model("llama"))
    workload = loaded("text_generation", tiny_model)
    query = queries(workload)[0]
    said = oracle(query.inputs["text"], max_new_tokens=10, do_sample=False, return_full_text=False)
    assert workload.answer(query).value == said[0]["generated_text"].strip()
    assert len(query.inputs["text"].split()) == 20


def test_sampling_is_seeded_by_the_query(tiny_model: Model) -> None:
    workload = loaded("text_generation", tiny_model, decoding=Decoding(max_new_tokens=10, sample=True))
    same_text = [Query(name, {"text": "the old bridge"}, None) for name in ("a", "b")]
    first, second = (workload.answer(query).value for query in same_text)
    assert first != second
    assert workload.answer(same_text[0]).value == first


def test_a_summary_keeps_its_limits_and_the_models_own_beams(tiny_model: Model) -> None:
    workload = loaded("summarization", tiny_model)
    calls: list[dict[str, Any]] = []
    workload._model.generate = noting(workload._model.generate, calls)
    output = workload.answer(queries(workload)[0])
    assert 9 <= (output.output_tokens or 0) <= 14  # lengths of 10 to 15 with the start token
    assert {name: calls[0][name] for name in ("max_length", "min_length")} == {
        "max_length": 15,
        "min_length": 10,
    }
    assert "num_beams" not in calls[0]
    assert workload._model.generation_config.num_beams == 2


class Planned:
    """In place of a model: scores of a span's first and last token, by window."""

    def __init__(self, *windows: tuple[dict[int, float], dict[int, float]]) -> None:
        self.windows = iter(windows)

    def __call__(self, input_ids: Any, **_: Any) -> SimpleNamespace:
        import torch

        scores = []
        for planned in next(self.windows):
            row = torch.full(input_ids.shape, -20.0)
            for place, value in planned.items():
                row[0, place] = value
            scores.append(row)
        return SimpleNamespace(start_logits=scores[0], end_logits=scores[1])


# [CLS] who ? [SEP] the old bridge was good . [SEP]: places 0 to 10
SHORT = Query("q", {"question": "who?", "context": "the old Bridge was good."}, ())


@pytest.mark.parametrize(
    ("first", "last", "reading", "answer"),
    [
        ({5: 9.0}, {6: 9.0}, SpanSearch(), "old Bridge"),
        ({1: 9.0, 5: 8.0}, {6: 9.0}, SpanSearch(), "old Bridge"),  # a span cannot begin in the question
        ({8: 9.0, 5: 8.0}, {6: 9.0}, SpanSearch(), "old Bridge"),  # nor end before it begins
        (
            {4: 9.0},
            {6: 8.0, 9: 9.0},
            SpanSearch(max_answer_tokens=3),
            "the old Bridge",
        ),  # nor be longer than allowed
        ({0: 9.0, 5: 8.0}, {0: 9.0, 6: 8.0}, SpanSearch(), "old Bridge"),
        ({0: 9.0, 5: 8.0}, {0: 9.0, 6: 8.0}, SpanSearch(may_be_empty=True), ""),
        ({0: 8.0, 5: 9.0}, {0: 8.0, 6: 9.0}, SpanSearch(may_be_empty=True), "old Bridge"),
    ],
)
def test_the_best_span_that_can_be_one_is_the_answer(
    first: dict[int, float], last: dict[int, float], reading: SpanSearch, answer: str, tiny_model: Model
) -> None:
    workload = loaded("extractive_qa", tiny_model, reading=reading)
    workload._model = Planned((first, last))
    assert workload.answer(SHORT).value == answer


def test_a_window_without_an_answer_does_not_hide_that_of_another(tiny_model: Model) -> None:
    reading = SpanSearch(
        window_tokens=8, stride_tokens=0, may_be_empty=True
    )  # room for three tokens of the context
    workload = loaded("extractive_qa", tiny_model, reading=reading)
    workload._model = Planned(({0: 20.0}, {0: 20.0}), ({4: 9.0, 0: 8.0}, {5: 9.0, 0: 8.0}))
    output = workload.answer(SHORT)
    assert output.value == "was good"
    assert output.input_tokens == 16


def test_a_question_that_fills_the_window_is_refused(tiny_model: Model) -> None:
    workload = loaded("extractive_qa", tiny_model)
    with pytest.raises(WorkloadError, match="fills the model's window of 48 tokens"):
        workload.answer(Query("q", {"question": "who " * 60, "context": "the town"}, ()))


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        (None, None),
        ("gas", ("gas",)),
        (["gas", "a gas"], ("gas", "a gas")),
        ({"text": [], "answer_start": []}, ()),
    ],
)
def test_answers_come_as_data_sets_write_them(value: Any, answers: Any) -> None:
    from joulemark.workloads.tasks.extractive_qa import accepted

    assert accepted(value) == answers


@pytest.mark.parametrize(("model", "ends"), [("bloom", "decoder"), ("t5", "encoder-decoder")])
def test_both_kinds_of_general_model_are_asked_in_the_recipes_words(
    model: str, ends: str, tiny_model: Model
) -> None:
    recipe = recipe_of("extractive_qa-prompted", tiny_model(model))
    workload = open_task(recipe, rows_of("extractive_qa-prompted"))
    workload.load()
    asked = queries(workload)
    assert asked[0].inputs["text"] == (
        "Who visited the bridge?? Find the answer to the question in the following text: "
        '"The old bridge was visited by Mary.". Answer:'
    )
    output = workload.answer(asked[0])
    assert (output.output_tokens or 0) <= 6
    assert "Find" not in output.value
    assert vars(workload)["_model"].config.is_encoder_decoder == (ends == "encoder-decoder")


def test_labels_are_read_out_of_what_is_generated(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    workload = loaded("text_classification-prompted", tiny_model)
    query = queries(workload)[0]
    assert workload.answer(query).value == "unparseable"
    monkeypatch.setattr(workload._tokenizer, "decode", lambda *_, **__: " Negative.")
    assert workload.answer(query).value == "negative"
    assert workload.quality([query], [workload.answer(query)])[0].value == 1.0


def test_a_prompt_must_be_given(tiny_model: Model) -> None:
    with pytest.raises(WorkloadError, match="Set `prompt`"):
        loaded("summarization-prompted", tiny_model, prompt=None)
