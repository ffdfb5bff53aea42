"""What goes wrong with models, rows and memory, and what is said then."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest

from joulemark.suite import Sample, weights_digest
from joulemark.workloads import Output, Query, WorkloadError, libraries
from joulemark.workloads.base import OutOfMemory, WorkloadCrashed
from joulemark.workloads.recipe import Recipe
from joulemark.workloads.tasks import TASKS, available, open_task
from joulemark.workloads.tasks.workload import TaskWorkload
from joulemark.workloads.weights import file_sha256, snapshot_weights
from joulemark_simulation.tiny_models.recipes import recipe_of, rows_of

pytestmark = pytest.mark.usefixtures("no_network", "one_thread")
Model = Callable[[str], Path]


@pytest.fixture
def workload(tiny_model: Model) -> TaskWorkload:
    opened = open_task(
        recipe("text_classification", tiny_model("bert-sentiment")), rows_of("text_classification")
    )
    opened.load()
    return opened


def recipe(task: str, folder: Path) -> Recipe:
    return recipe_of(task, folder)


def sample(*query_ids: str) -> Sample:
    return Sample(query_ids=query_ids, sha256="0" * 64)


def test_a_row_that_is_not_there_is_said(workload: TaskWorkload) -> None:
    with pytest.raises(WorkloadError, match="no row 99"):
        workload.queries(sample("0", "99"))


def test_a_column_that_no_recipe_names_is_said(workload: TaskWorkload) -> None:
    workload.recipe = replace(workload.recipe, columns={"label": "label"})
    with pytest.raises(WorkloadError, match="needs a column for text"):
        workload.queries(sample("0"))


def test_an_answer_to_another_query_is_an_error(workload: TaskWorkload) -> None:
    with pytest.raises(KeyError, match="stray"):
        workload.quality(workload.queries(sample("0")), [Output("stray", "positive", None)])


def test_an_unknown_task_is_said(tiny_model: Model) -> None:
    with pytest.raises(WorkloadError, match="translation cannot run here. This version does not know"):
        open_task(replace(recipe("summarization", tiny_model("bart")), task="translation"), {})


def test_what_is_missing_for_a_task_is_said_as_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"diffusers", "seqeval"}
    monkeypatch.setattr(libraries, "find_spec", lambda module: None if module in gone else object())
    assert available("summarization") is None
    assert available("image_generation") == "Run `pip install 'diffusers>=0.42,<1'`."
    with pytest.raises(WorkloadError, match="'seqeval>=1.2.2'"):
        open_task(Recipe("token_classification", Path(), {}), {})


def test_no_task_asks_for_torchvision_or_timm() -> None:
    distributions = {
        re.split("[<>=]", need.requirement)[0] for program in TASKS.values() for need in program.needs
    }
    asked = [line for name in distributions for line in requires(name) or [] if "extra ==" not in line]
    assert not [line for line in asked if line.startswith(("torchvision", "timm"))]


def test_a_model_without_the_tasks_own_weights_is_refused(tiny_model: Model) -> None:
    with pytest.raises(WorkloadError, match="lacks weights that this task needs, such as bert.pooler"):
        open_task(recipe("text_classification", tiny_model("bert-mask")), {}).load()


def test_a_model_with_another_number_of_classes_than_it_says_is_refused(
    tiny_model: Model, tmp_path: Path
) -> None:
    copy = tmp_path / "three-classes"
    shutil.copytree(tiny_model("bert-sentiment"), copy)
    config = json.loads((copy / "config.json").read_text())
    config["id2label"]["2"] = "NEUTRAL"
    config["label2id"]["NEUTRAL"] = 2
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(WorkloadError, match=r"lacks weights that this task needs, such as classifier\."):
        open_task(recipe("text_classification", copy), {}).load()


def test_a_model_for_another_task_is_refused(tiny_model: Model) -> None:
    with pytest.raises(WorkloadError, match="vit cannot be loaded for summarization"):
        open_task(recipe("summarization", tiny_model("vit")), {}).load()


def test_a_folder_without_weights_is_refused(tiny_model: Model, tmp_path: Path) -> None:
    shutil.copy(tiny_model("bart") / "config.json", tmp_path)
    with pytest.raises(WorkloadError, match="There are no weights"):
        open_task(recipe("summarization", tmp_path), {}).load()


def test_a_damaged_file_of_weights_is_refused(tiny_model: Model, tmp_path: Path) -> None:
    copy = tmp_path / "damaged"
    shutil.copytree(tiny_model("bert-sentiment"), copy)
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(WorkloadError, match="damaged cannot be loaded"):
        open_task(recipe("text_classification", copy), {}).load()


def test_a_model_that_needs_timm_says_so(tiny_model: Model, tmp_path: Path) -> None:
    copy = tmp_path / "detr"
    shutil.copytree(tiny_model("yolos"), copy)
    (copy / "config.json").write_text(
        json.dumps({"model_type": "detr", "use_timm_backbone": True, "backbone": "resnet50"})
    )
    with pytest.raises(WorkloadError, match="needs a library that is not installed .*[tT]imm"):
        open_task(recipe("object_detection", copy), {}).load()


def test_weights_that_nothing_pins_are_refused(tiny_model: Model, tmp_path: Path) -> None:
    copy = tmp_path / "more"
    shutil.copytree(tiny_model("bart"), copy)
    pinned = {"model.safetensors": file_sha256(copy / "model.safetensors")}
    assert snapshot_weights(copy, pinned) == weights_digest(pinned)
    (copy / "other.safetensors").write_bytes(b"more")
    with pytest.raises(WorkloadError, match=r"the suite pins: other\.safetensors"):
        snapshot_weights(copy, pinned)


def test_weights_in_the_old_format_count_only_where_there_are_no_others(tmp_path: Path) -> None:
    for name in ("unet/a.safetensors", "unet/a.bin", "vae/b.bin", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    names = ("unet/a.safetensors", "vae/b.bin")
    expected = weights_digest({name: file_sha256(tmp_path / name) for name in names})
    assert snapshot_weights(tmp_path, {}) == expected


@pytest.mark.parametrize("lack", ["device", "python", "processor"])
def test_a_lack_of_memory_is_a_failure_with_a_name(lack: str, workload: TaskWorkload) -> None:
    import torch

    def fail(**_: Any) -> Any:
        if lack == "device":
            raise torch.OutOfMemoryError("CUDA out of memory")
        if lack == "python":
            raise MemoryError
        return torch.empty(1 << 60)

    vars(workload).update(_model=fail)
    workload.recipe = replace(workload.recipe, model="example/bert")
    with pytest.raises(OutOfMemory, match=r"^Memory ran out on query 0 of example/bert\. Use a device"):
        workload.answer(workload.queries(sample("0"))[0])
    assert OutOfMemory.code == "out-of-memory"


def test_other_errors_of_torch_are_no_lack_of_memory(workload: TaskWorkload) -> None:
    def fail(**_: Any) -> Any:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    vars(workload).update(_model=fail)
    with pytest.raises(WorkloadCrashed, match="cannot be multiplied") as crash:
        workload.answer(Query("q", {"text": "a"}, None))
    assert isinstance(crash.value.__cause__, RuntimeError)
    assert crash.value.code == "workload-crashed"


def test_a_processor_does_not_count_its_memory(workload: TaskWorkload) -> None:
    workload.synchronise()
    assert workload.peak_memory_bytes() is None


def test_a_gpu_is_asked_what_it_counted(workload: TaskWorkload, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", asked.append)

    def allocated(device: str) -> int:
        asked.append(device)
        return 4096

    monkeypatch.setattr(torch.cuda, "max_memory_allocated", allocated)
    workload.device = "cuda:1"
    workload.synchronise()
    assert workload.peak_memory_bytes() == 4096
    assert asked == ["cuda:1", "cuda:1"]


def test_a_gpu_that_is_not_there_is_said(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    asked = replace(recipe("summarization", tiny_model("bart")), device="cuda")
    with pytest.raises(WorkloadError, match="finds no CUDA device"):
        open_task(asked, {}).load()


@pytest.mark.parametrize("task", ["text_classification", "text_generation"])
def test_another_type_of_numbers_is_a_stratum_that_is_stated(task: str, tiny_model: Model) -> None:
    from joulemark_simulation.tiny_models.recipes import MODELS

    asked = replace(recipe(task, tiny_model(MODELS[task])), dtype="bfloat16")
    opened = open_task(asked, rows_of(task))
    assert opened.load().dtype == "bfloat16"
    assert opened.answer(opened.queries(sample("0"))[0]).value
