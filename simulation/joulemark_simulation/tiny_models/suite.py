"""The tiny models and rows as a suite with a lock, and as the Hugging Face cache in which a run finds them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from joulemark.suite import weights_digest
from joulemark.suite.lock import PinnedDataSet, PinnedModel, second_format
from joulemark.suite.schema import CONVERSION, PinnedFile, WeightsFile
from joulemark.workloads.weights import file_sha256
from joulemark_simulation.tiny_models.pictures import CLASSES, OBJECTS
from joulemark_simulation.tiny_models.recipes import ASK, MODELS, rows_of
from joulemark_simulation.tiny_models.texts import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

TEXT, PICTURE, PAINTING = "text-to-text", "image-to-category", "text-to-image"


@dataclass(frozen=True)
class Plan:
    """A task of the suite: its one data set, how the rows are asked, and where they lie in its repository."""

    metrics: tuple[str, ...]
    columns: tuple[str, ...]
    reference: str | None = None
    how: str = ""
    limits: str = ""
    names: tuple[str, ...] = ()
    modality: str = TEXT
    shards: tuple[str, ...] = ("data/test-00000-of-00001.parquet",)


SMALL = "resize = { width = 64, height = 48 }"
PLANS = {
    "text_classification": Plan(
        ("accuracy", "macro-f1"), ("text",), "label", "cut_words = 50", names=("neg", "pos")
    ),
    "extractive_qa": Plan(
        ("exact-match", "f1"),
        ("question", "context"),
        "answers",
        shards=("default/test/0000.parquet", "default/test/0001.parquet"),
    ),
    "masked_lm": Plan(("top-1",), ("text",), None, 'cut_words = 20\nmask = "replace-last"'),
    "token_classification": Plan(
        ("seqeval-f1",), ("tokens",), "ner_tags", "join_tokens = true", names=tuple(NAMES.values())
    ),
    "image_classification": Plan(
        ("top-1", "top-5"), ("image",), "label", SMALL, names=CLASSES, modality=PICTURE
    ),
    "object_detection": Plan(
        ("map", "map-50"), ("image",), "objects", SMALL, names=OBJECTS, modality=PICTURE
    ),
    "text_generation": Plan(
        (),
        ("text",),
        None,
        'take = 3\ndrop_rows = [""]\ncut_words = 20',
        'prompt = "{text}"\nprompt_style = "completion"\nmax_new_tokens = 10\ndecoding = "default"',
    ),
    "summarization": Plan(
        ("rouge-1", "rouge-2", "rouge-l"),
        ("document",),
        "summary",
        "cut_words = 50",
        'min_length = 10\nmax_length = 15\ndecoding = "default"',
    ),
    "image_captioning": Plan(
        ("rouge-l",), ("image",), "captions", SMALL, "max_length = 12", modality="image-to-text"
    ),
    "image_generation": Plan(
        (),
        ("Prompt",),
        None,
        "cut_words = 50",
        "steps = 2\nimage_width = 32\nimage_height = 32",
        modality=PAINTING,
    ),
}
PROTOCOL = """
[protocol]
queries = {queries}
windows_min = 3
windows_max = 3
warmup_queries = 1
idle_s = 0.001
half_width_target = 0.5
budget_s = 30.0
fill_windows = false
sample = "seeded"
dtype = "float32"
"""


def build_suite(
    folder: Path, cache: Path, model: Callable[[str], Path], *, queries: int = 2, times: int = 1
) -> None:
    """Write ``suite.toml`` and ``lock.toml`` into `folder`, and what they name into `cache`.

    `model` gives the folder of a tiny model. A window runs so many `queries`, and each data set has its rows so many
    `times`, as queries of their own.
    """
    models = {name: _cached_model(cache, name, model(name)) for name in sorted(set(MODELS.values()))}
    datasets = [_cached_dataset(cache, task, plan, times) for task, plan in PLANS.items()]
    folder.mkdir()
    (folder / "suite.toml").write_text(_manifest(models, queries, times), encoding="utf-8")
    lock = second_format(
        suite="tiny",
        suite_version="1",
        models=tuple(models.values()),
        datasets=tuple(datasets),
        unavailable=(),
    )
    (folder / "lock.toml").write_bytes(lock.to_toml())


def commit_of(name: str) -> str:
    """The commit under which something called `name` is pinned."""
    return hashlib.sha256(name.encode()).hexdigest()[:40]


def snapshot(cache: Path, kind: str, name: str) -> Path:
    """Where a model (`models`) or data set (`datasets`) of this name lies."""
    return cache / f"{kind}--tiny--{name}" / "snapshots" / commit_of(name)


def _cached_model(cache: Path, name: str, source: Path) -> PinnedModel:
    """Beside the pinned weights lie others, as in real repositories."""
    folder = snapshot(cache, "models", name)
    shutil.copytree(source, folder)
    files = tuple(
        WeightsFile(
            name=path.relative_to(folder).as_posix(), sha256=file_sha256(path), bytes=path.stat().st_size
        )
        for path in sorted(folder.rglob("*.safetensors"))
    )
    (folder / "model.fp16.safetensors").write_bytes(b"other weights")
    (folder / "coreml").mkdir()
    (folder / "coreml" / "weight.bin").write_bytes(b"other weights")
    _into_blobs(folder)
    return PinnedModel(
        id=name,
        hub_id=f"tiny/{name}",
        revision=commit_of(name),
        weights_sha256=weights_digest({file.name: file.sha256 for file in files}),
        weights=files,
        beside=tuple(
            PinnedFile(
                name=path.relative_to(source).as_posix(),
                sha256=file_sha256(path),
                bytes=path.stat().st_size,
            )
            for path in sorted(source.rglob("*"))
            if path.is_file() and path.suffix != ".safetensors"
        ),
    )


def _cached_dataset(cache: Path, task: str, plan: Plan, times: int) -> PinnedDataSet:
    rows = [_stored(row) for row in rows_of(task).values()] * times
    folder = snapshot(cache, "datasets", task)
    share = -(-len(rows) // len(plan.shards))
    for number, shard in enumerate(plan.shards):
        write_parquet(
            folder / shard, rows[number * share : (number + 1) * share], names={plan.reference: plan.names}
        )
    _into_blobs(folder)
    converted = plan.shards[0].startswith("default/")
    return PinnedDataSet(
        id=task,
        hub_id=f"tiny/{task}",
        revision=commit_of(task),
        branch=CONVERSION if converted else "main",
        config="default" if converted else None,
    )


def _into_blobs(folder: Path) -> None:
    """As the hub's library leaves a snapshot: each file a relative link to a blob that is named by its digest."""
    blobs = folder.parents[1] / "blobs"
    blobs.mkdir()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        blob = blobs / file_sha256(path)
        path.replace(blob)
        path.symlink_to(os.path.relpath(blob, path.parent))


def write_parquet(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    names: Mapping[str | None, tuple[str, ...]] | None = None,
) -> None:
    """A Parquet file with these rows; `names` of classes by column, in the words of the library `datasets`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {
        column: {"feature": {"category": {"names": list(classes), "_type": "ClassLabel"}}}
        if column == "objects"
        else {"names": list(classes), "_type": "ClassLabel"}
        for column, classes in (names or {}).items()
        if column is not None and classes
    }
    table = pa.Table.from_pylist([dict(row) for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})}), path
    )


def _stored(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as Parquet has it: pictures are their files' bytes."""
    from PIL import Image

    stored = dict(row)
    if isinstance(stored.get("image"), Image.Image):
        file = io.BytesIO()
        stored["image"].save(file, "PNG")
        stored["image"] = {"bytes": file.getvalue(), "path": None}
    return stored


def _manifest(models: Mapping[str, PinnedModel], queries: int, times: int) -> str:
    parts = [
        'name = "tiny"\nversion = "1"\ntitle = "Ten tasks on tiny models"',
        PROTOCOL.format(queries=queries),
    ]
    for task, plan in PLANS.items():
        metrics = json.dumps(plan.metrics)
        parts.append(
            f'[[tasks]]\nid = "{task}"\ntitle = "{task}"\nmodality = "{plan.modality}"\nquality_metrics = {metrics}'
        )
    for task, plan in PLANS.items():
        rows = times * (len(rows_of(task)) - (1 if "drop_rows" in plan.how else 0))
        how = plan.how.replace("take = 3", f"take = {3 * times}")
        reference = "" if plan.reference is None else f'reference_column = "{plan.reference}"\n'
        parts.append(
            f'[[datasets]]\nid = "{task}"\ntask = "{task}"\ntitle = "{task}"\nhub_id = "tiny/{task}"\n'
            f'split = "test"\ncolumns = {json.dumps(plan.columns)}\n{reference}keep = {rows}\n{how}'
        )
    for name, pin in models.items():
        parameters = sum(file.bytes for file in pin.weights) // 4
        parts.append(
            f'[[models]]\nid = "{name}"\ntitle = "{name}"\nkind = "task-specific"\nparameters = {parameters}\n'
            f'parameters_are = "reported"\nhub_id = "tiny/{name}"'
        )
    for key, model in MODELS.items():
        task = key.removesuffix("-prompted")
        limits = PLANS[task].limits
        if key in ASK:
            limits = f'prompt = {json.dumps(ASK[key])}\nprompt_style = "completion"\nmax_new_tokens = 6'
        parts.append(f'[[cells]]\ntask = "{task}"\ndatasets = ["{task}"]\nmodels = ["{model}"]\n{limits}')
    return "\n\n".join(parts) + "\n"
