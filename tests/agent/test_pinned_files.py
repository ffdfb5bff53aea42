"""A changed byte in any file that a loader opens is refused by the file's name, before anything is measured."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.suite import Job, Suite, read_suite
from joulemark.workloads import WorkloadError, open_workload
from joulemark.workloads.tasks import open_task
from joulemark_simulation.tiny_models.recipes import MODELS, recipe_of, rows_of
from joulemark_simulation.tiny_models.suite import build_suite, snapshot
from tests.laws import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.long, pytest.mark.laws, pytest.mark.usefixtures("no_network", "one_thread")]
PER_FILE = max(1, EXAMPLES // 100)
"""Bytes changed in each file: one in every run, ten under `make laws`."""

WEIGHTS, LAYERS = ".safetensors", "num_hidden_layers"
opened: list[str] | None = None
"""Paths that Python's own `open` was called with, while a test listens."""


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if opened is not None and event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])


sys.addaudithook(_listen)


@pytest.fixture
def listening() -> Iterator[list[str]]:
    """What is opened during the test."""
    global opened  # noqa: PLW0603 - an audit hook can never be taken away, so it looks here
    opened = []
    yield opened
    opened = None


@pytest.fixture(scope="session")
def pinned_once(tmp_path_factory: pytest.TempPathFactory, tiny_model: Callable[[str], Path]) -> Path:
    home = tmp_path_factory.mktemp("pinned-files")
    build_suite(home / "suite", home / "hub", tiny_model)
    return home


@pytest.fixture
def pinned(pinned_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Suite, Path]:
    """The suite of tiny models, and a copy of its cache that a test may change."""
    shutil.copytree(pinned_once / "hub", tmp_path / "hub", symlinks=True)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return read_suite(pinned_once / "suite"), tmp_path / "hub"


def job_of(suite: Suite, model: str) -> Job:
    return next(job for job in suite.jobs if job.model == model)


@pytest.mark.parametrize("name", sorted(set(MODELS.values())))
def test_a_changed_byte_of_any_file_that_the_loader_opens_is_refused_by_name(
    pinned: tuple[Suite, Path], tmp_path: Path, listening: list[str], name: str
) -> None:
    suite, cache = pinned
    job = job_of(suite, name)
    open_workload(suite, job, cache_dir=tmp_path / "cache").load()
    (view,) = (tmp_path / "cache" / "snapshots" / f"models--tiny--{name}").iterdir()
    lying = {path.relative_to(view).as_posix() for path in view.rglob("*") if path.is_file()}
    model = suite.model(name)
    pinned_names = [file.name for file in model.files] + [file.name for file in model.beside or ()]
    assert lying == set(pinned_names)
    read = {path for path in listening if path.startswith(str(view))}
    assert "config.json" in {path.rpartition("/")[2] for path in read}
    assert {path.removeprefix(f"{view}/") for path in read} <= lying
    outside = [path for path in listening if path.startswith(str(cache)) and "models--" in path]
    assert {path.rpartition("/snapshots/")[2].partition("/")[2] for path in outside} <= lying
    draw = Random(name)  # noqa: S311 - which byte is changed is no secret
    for file in sorted(lying):
        path = (snapshot(cache, "models", name) / file).resolve()
        good = path.read_bytes()
        for place in [draw.randrange(len(good)) for _ in range(PER_FILE)]:
            path.write_bytes(good[:place] + bytes([good[place] ^ 1 << draw.randrange(8)]) + good[place + 1 :])
            with pytest.raises(WorkloadError, match=file.replace(".", r"\.")):
                open_workload(suite, job, cache_dir=tmp_path / "cache").load()
        path.write_bytes(good)
    open_workload(suite, job, cache_dir=tmp_path / "cache").load()


@pytest.mark.parametrize("name", sorted(set(MODELS.values())))
def test_a_file_that_is_added_beside_the_pinned_ones_is_never_read(
    pinned: tuple[Suite, Path], tmp_path: Path, listening: list[str], name: str
) -> None:
    suite, cache = pinned
    folder = snapshot(cache, "models", name)
    there = {path.name for path in folder.rglob("*")}
    added = {
        "generation_config.json",
        "chat_template.jinja",
        "added_tokens.json",
        "modeling.py",
        "adapter_config.json",
    }
    for file in added - there:
        (folder / file).write_text("no JSON")
    listening.clear()
    open_workload(suite, job_of(suite, name), cache_dir=tmp_path / "cache").load()
    assert not {path.rpartition("/")[2] for path in listening if str(tmp_path) in path} & (added - there)


def test_a_layer_fewer_in_the_configuration_is_refused_before_it_is_loaded(
    pinned: tuple[Suite, Path], tmp_path: Path
) -> None:
    suite, cache = pinned
    path = (snapshot(cache, "models", "bert-sentiment") / "config.json").resolve()
    config = json.loads(path.read_bytes())
    assert config["num_hidden_layers"] == 2
    path.write_text(json.dumps(config | {"num_hidden_layers": 1}))
    with pytest.raises(
        WorkloadError, match=r"The file config\.json of the model bert-sentiment has the SHA-256"
    ):
        open_workload(suite, job_of(suite, "bert-sentiment"), cache_dir=tmp_path / "cache")


LAYERED = (
    "text_classification", "extractive_qa", "masked_lm", "token_classification", "image_classification",
    "text_generation",
)  # fmt: skip
"""Tasks whose tiny model has layers by number alone; of a detector other tensors follow from them too."""


@pytest.mark.parametrize("task", LAYERED)
def test_weights_without_a_place_in_the_model_are_refused_unless_they_are_named(
    tiny_model: Callable[[str], Path], tmp_path: Path, task: str
) -> None:
    folder = tmp_path / MODELS[task]
    shutil.copytree(tiny_model(MODELS[task]), folder)
    recipe = recipe_of(task, folder)
    open_task(recipe, rows_of(task)).load()
    config = json.loads((folder / "config.json").read_bytes())
    layers = config[LAYERS]
    assert layers >= 2
    (folder / "config.json").write_text(json.dumps(config | {LAYERS: layers - 1}))
    with pytest.raises(WorkloadError, match=rf"does not use, such as [\w.]*\.{layers - 1}\.") as refusal:
        open_task(recipe, rows_of(task)).load()
    unused = str(refusal.value).partition("does not use, such as ")[2].partition(f".{layers - 1}.")[0]
    named = replace(recipe, unused_tensors=(f"{unused}.{layers - 1}.",))
    open_task(named, rows_of(task)).load()
    (folder / "config.json").write_text(json.dumps(config | {LAYERS: layers + 1}))
    with pytest.raises(WorkloadError, match="lacks weights that this task needs"):
        open_task(recipe, rows_of(task)).load()


def test_other_files_in_a_plain_folder_are_refused_as_well(
    tiny_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "bert-sentiment"
    shutil.copytree(tiny_model("bert-sentiment"), folder)
    recipe = recipe_of("text_classification", folder)
    from joulemark.workloads.weights import file_sha256

    beside = {
        path.name: file_sha256(path) for path in folder.iterdir() if path.is_file() and path.suffix != WEIGHTS
    }
    known = replace(recipe, beside=beside)
    open_task(known, rows_of("text_classification")).load()
    (folder / "generation_config.json").write_text("{}")
    with pytest.raises(WorkloadError, match=r"not those that the suite pins: generation_config\.json"):
        open_task(known, rows_of("text_classification")).load()
