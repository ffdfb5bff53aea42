"""Two tiny jobs through the agent's own session, from plan to signed bundle: text generation and masked words.

Models of a few thousand random weights are made on the spot, so nothing is fetched. The session, its probe, windows,
statement and rules are the agent's; only the rows come from here and not out of Parquet, which a bare machine lacks.
"""

from __future__ import annotations

import hashlib
import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.gpu_bundle.torch_windows import as_json, numbers
from joulemark import workloads
from joulemark.cli import main
from joulemark.energy.analysis import analyse
from joulemark.record import bundle as bundles
from joulemark.record import trace as traces
from joulemark.suite import read_suite, weights_digest
from joulemark.suite.lock import PinnedDataSet, PinnedModel, second_format
from joulemark.suite.schema import PinnedFile, WeightsFile
from joulemark.workloads import suite_recipe
from joulemark.workloads.tasks import open_task
from joulemark.workloads.weights import file_sha256

if TYPE_CHECKING:
    from joulemark.suite import Job, Suite

ROWS = [
    f"the town council met in week {number} to answer a question of the river and the old bridge by the train at last"
    for number in range(40)
]
JOBS = {"text_generation": "llama", "masked_lm": "bert-mask"}
QUERIES = 20
MANIFEST = """\
name = "gpu-bundle"
version = "1"
title = "Two tiny jobs for a bare machine"

[protocol]
queries = {queries}
windows_min = 3
windows_max = 3
warmup_queries = 2
idle_s = 2.0
half_width_target = 0.5
budget_s = 30.0
fill_windows = false
sample = "seeded"
dtype = "float32"
"""
TASK = """
[[tasks]]
id = "{task}"
title = "{task}"
modality = "text-to-text"
quality_metrics = {metrics}

[[datasets]]
id = "{task}"
task = "{task}"
title = "{task}"
hub_id = "bundle/{task}"
split = "test"
columns = ["text"]
keep = {rows}
cut_words = 20
{mask}
[[models]]
id = "{model}"
title = "{model}"
kind = "task-specific"
parameters = {parameters}
parameters_are = "reported"
hub_id = "bundle/{model}"

[[cells]]
task = "{task}"
datasets = ["{task}"]
models = ["{model}"]
{limits}
"""
LIMITS = {
    "text_generation": 'prompt = "{text}"\nprompt_style = "completion"\nmax_new_tokens = 10\ndecoding = "default"',
    "masked_lm": "",
}
METRICS = {"text_generation": "[]", "masked_lm": '["top-1"]'}
MASKS = {"text_generation": "", "masked_lm": 'mask = "replace-last"\n'}


def commit_of(name: str) -> str:
    """The commit under which something called `name` is pinned."""
    return hashlib.sha256(name.encode()).hexdigest()[:40]


def make_suite(folder: Path) -> dict[str, Path]:
    """Write the suite and its lock into `folder`/suite and the models beside it; each model's folder, by its name."""
    import torch

    from joulemark_simulation.tiny_models import texts

    builders = {"llama": texts.llama, "bert-mask": texts.bert_for_masks}
    models = {}
    for name, build in builders.items():
        models[name] = folder / name
        models[name].mkdir(parents=True)
        torch.manual_seed(3)
        build(models[name])
    pinned = {name: _pinned(name, path) for name, path in models.items()}
    parts = [MANIFEST.format(queries=QUERIES)]
    for task, model in JOBS.items():
        parameters = sum(file.bytes for file in pinned[model].weights) // 4
        parts.append(
            TASK.format(
                task=task, metrics=METRICS[task], rows=len(ROWS), mask=MASKS[task], model=model,
                parameters=parameters, limits=LIMITS[task],
            )
        )  # fmt: skip
    lock = second_format(
        suite="gpu-bundle",
        suite_version="1",
        models=tuple(pinned.values()),
        datasets=tuple(
            PinnedDataSet(
                id=task, hub_id=f"bundle/{task}", revision=commit_of(task), branch="main", config=None
            )
            for task in JOBS
        ),
        unavailable=(),
    )
    (folder / "suite").mkdir()
    (folder / "suite" / "suite.toml").write_text("".join(parts), encoding="utf-8")
    (folder / "suite" / "lock.toml").write_bytes(lock.to_toml())
    return models


def run_jobs(device: str, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """`joulemark run` over the suite, and what its bundles say. The raw traces by job."""
    models = make_suite(folder)
    rows = [{"text": text} for text in ROWS]

    def open_workload(suite: Suite, job: Job, **_: Any) -> Any:
        recipe = suite_recipe.recipe_of(suite, job, model_folder=models[job.model], device=device)
        return open_task(recipe, suite_recipe.rows_of(suite.dataset(job.dataset), rows))

    workloads.open_workload = open_workload
    workloads.available = lambda *_, **__: None
    suite = folder / "suite"
    read_suite(suite)  # a fault of ours is told as such
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = main(
            ["run", "--suite", str(suite), "--offline", "--fresh", "--force", "--meter", "nvml", "--json"]
        )
    answer = json.loads(printed.getvalue() or "{}")
    jobs, raw = {}, {}
    for result in answer.get("results", ()):
        bundle = bundles.parse(Path(result["file"]).read_bytes())
        predicate = bundle.statement().predicate
        trace = traces.parse(traces.unpack(bundle.trace))
        key = f"{predicate.workload.task}/{predicate.workload.model}"
        jobs[key] = {
            "predicate": as_json(predicate),
            "analysis": numbers(analyse(trace, predicate.sensor, board_name=predicate.device.name)),
        }
        raw[key] = as_json(trace)
    return {"exit_code": code, "answer": answer, "jobs": jobs}, raw


def _pinned(name: str, folder: Path) -> PinnedModel:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    weights = tuple(
        WeightsFile(
            name=path.relative_to(folder).as_posix(), sha256=file_sha256(path), bytes=path.stat().st_size
        )
        for path in files
        if path.suffix == ".safetensors"
    )
    return PinnedModel(
        id=name,
        hub_id=f"bundle/{name}",
        revision=commit_of(name),
        weights_sha256=weights_digest({file.name: file.sha256 for file in weights}),
        weights=weights,
        beside=tuple(
            PinnedFile(
                name=path.relative_to(folder).as_posix(), sha256=file_sha256(path), bytes=path.stat().st_size
            )
            for path in files
            if path.suffix != ".safetensors"
        ),
    )
