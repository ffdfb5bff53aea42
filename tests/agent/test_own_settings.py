"""What a model's files say about how it generates is read as the 2024 study's library put it together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from joulemark.workloads.own_settings import DEFAULTS, NO_SETTINGS, own_settings
from joulemark.workloads.recipe import Decoding

DRAWS = {"text-generation": {"do_sample": True, "max_length": 50}}
BEAMS = {"summarization": {"num_beams": 4, "length_penalty": 2.0, "prefix": "summarize: "}}


def model(folder: Path, config: dict[str, Any], generation: dict[str, Any] | None = None) -> Path:
    (folder / "config.json").write_text(json.dumps(config))
    if generation is not None:
        (folder / "generation_config.json").write_text(json.dumps(generation))
    return folder


def test_without_a_task_nothing_is_read(tmp_path: Path) -> None:
    assert own_settings(tmp_path, None) == NO_SETTINGS


def test_a_tasks_part_goes_over_the_general_one(tmp_path: Path) -> None:
    folder = model(
        tmp_path, {"num_beams": 2, "no_repeat_ngram_size": 3, "prefix": " ", "task_specific_params": BEAMS}
    )
    own = own_settings(folder, "summarization")
    assert own.prefix == "summarize: "
    assert own.arguments == {**DEFAULTS, "num_beams": 4, "length_penalty": 2.0, "no_repeat_ngram_size": 3}
    assert own_settings(folder, "text2text-generation").prefix == " "
    assert own_settings(folder, "text2text-generation").arguments["num_beams"] == 2


def test_a_generation_file_stands_for_the_configuration(tmp_path: Path) -> None:
    folder = model(tmp_path, {"num_beams": 2, "task_specific_params": DRAWS}, {"num_beams": 8, "top_k": 40})
    own = own_settings(folder, "text-generation").arguments
    assert (own["num_beams"], own["top_k"], own["do_sample"], own["max_length"]) == (8, 40, True, 50)
    assert own_settings(folder, "summarization").arguments["do_sample"] is False


def test_the_suites_limits_go_over_the_models(tmp_path: Path) -> None:
    own = own_settings(model(tmp_path, {"task_specific_params": DRAWS | BEAMS}), "text-generation").arguments
    assert Decoding(max_new_tokens=10, sample=None).arguments(own=own) == {
        "max_new_tokens": 10,
        "min_length": 0,
        "do_sample": True,
        "num_beams": 1,
        "temperature": 1.0,
        "top_k": 50,
        "top_p": 1.0,
        "no_repeat_ngram_size": 0,
        "repetition_penalty": 1.0,
    }
    greedy = Decoding(max_new_tokens=10, sample=False, beams=1).arguments(own=own)
    assert (greedy["do_sample"], greedy["num_beams"], "top_k" in greedy) == (False, 1, False)
    own = own_settings(tmp_path, "summarization").arguments
    limits = Decoding(max_length=15, min_length=10, sample=None).arguments(own=own)
    assert {name: limits[name] for name in ("max_length", "min_length", "num_beams", "length_penalty")} == {
        "max_length": 15,
        "min_length": 10,
        "num_beams": 4,
        "length_penalty": 2.0,
    }


def test_a_prompt_that_fills_the_limit_is_answered_with_one_token(tmp_path: Path) -> None:
    own = own_settings(model(tmp_path, {}), "text-generation").arguments
    said = Decoding(max_length=20, sample=None).arguments(prompt_tokens=30, own=own)
    assert (said["max_new_tokens"], "max_length" in said) == (1, False)
