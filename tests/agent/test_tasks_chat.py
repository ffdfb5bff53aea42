"""A question in a model's own chat format: beside the same text spelt out, and formats that cannot be used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from joulemark.suite import Sample
from joulemark.workloads import WorkloadError
from joulemark.workloads.recipe import Decoding
from joulemark.workloads.tasks import open_task
from joulemark_simulation.tiny_models.recipes import recipe_of, rows_of

pytestmark = pytest.mark.usefixtures("no_network", "one_thread")
Model = Callable[[str], Path]

TURN = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}{% endfor %}"
    "{{ strftime_now('%d.%m.%Y') }}{% if add_generation_prompt %}<a>{% endif %}"
)
SWITCHED = TURN + "{% if not enable_thinking %}<no>{% endif %}"


def chatting(folder: Path, tmp_path: Path, template: str) -> Path:
    """A copy of the model with a chat format."""
    copy = Path(shutil.copytree(folder, tmp_path / "chatting"))
    (copy / "chat_template.jinja").write_text(template, encoding="utf-8")
    return copy


def test_a_question_is_a_turn_of_the_models_own_chat_format(tiny_model: Model, tmp_path: Path) -> None:
    plain = replace(
        recipe_of("summarization-prompted", tiny_model("bloom")), decoding=Decoding(max_new_tokens=6)
    )
    folder = chatting(plain.model_folder, tmp_path, SWITCHED)
    chat = replace(plain, model_folder=folder, chat=True, switches_reasoning=True)
    spelt = replace(plain, prompt=f"<user>{plain.prompt}01 January 2026<a><no>")
    answers = []
    for recipe in (chat, spelt):
        workload = open_task(recipe, rows_of("summarization-prompted"))
        workload.load()
        sample = Sample(query_ids=tuple(workload.rows), sha256="0" * 64)
        answers.append([workload.answer(query) for query in workload.queries(sample)])
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("template", "switches", "sentence"),
    [("", False, "has no chat format"), (TURN, True, "has no enable_thinking"), (TURN, False, None)],
)
def test_a_format_that_cannot_switch_reasoning_off_is_refused(
    tiny_model: Model, tmp_path: Path, template: str, *, switches: bool, sentence: str | None
) -> None:
    recipe = recipe_of("summarization-prompted", tiny_model("bloom"))
    folder = chatting(recipe.model_folder, tmp_path, template)
    workload = open_task(
        replace(recipe, model_folder=folder, chat=True, switches_reasoning=switches),
        rows_of("summarization-prompted"),
    )
    if sentence is None:
        workload.load()
        return
    with pytest.raises(WorkloadError, match=sentence):
        workload.load()
