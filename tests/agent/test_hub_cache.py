"""Pinned snapshots are found where Hugging Face's libraries keep them, and what is missing is a command to run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from joulemark import workloads
from joulemark.errors import StorageError
from joulemark.suite import DataSet, Model
from joulemark.suite.schema import CONVERSION, WeightsFile
from joulemark.workloads import WorkloadError, hub_cache
from joulemark.workloads.parquet_rows import class_names, rows
from joulemark_simulation.tiny_models.suite import write_parquet

AGENT = Path(workloads.__file__).parents[2]
REVISION = "12" * 20
MODEL = Model(
    id="writer",
    title="Writer",
    kind="task-specific",
    parameters=1,
    hub_id="tiny/writer",
    revision=REVISION,
    weights_sha256="ab" * 32,
    files=(WeightsFile(name="unet/model.safetensors", sha256="ab" * 32, bytes=1),),
)
DATASET = DataSet(
    id="texts",
    task="text_generation",
    title="Texts",
    hub_id="texts",
    split="test",
    columns=("text",),
    keep=3,
    revision=REVISION,
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def model_folder(cache: Path) -> Path:
    return cache / "models--tiny--writer" / "snapshots" / REVISION


def dataset_folder(cache: Path) -> Path:
    return cache / "datasets--texts" / "snapshots" / REVISION


def found(cache: Path, **changes: object) -> list[str]:
    files = hub_cache.parquet_files(msgspec.structs.replace(DATASET, **changes))
    return [path.relative_to(dataset_folder(cache)).as_posix() for path in files]


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"HF_HUB_CACHE": "/one", "HF_HOME": "/two"}, "/one"),
        ({"HF_HOME": "/two", "XDG_CACHE_HOME": "/three"}, "/two/hub"),
        ({"XDG_CACHE_HOME": "/three"}, "/three/huggingface/hub"),
        ({"HOME": "/four"}, "/four/.cache/huggingface/hub"),
    ],
)
def test_the_cache_is_where_huggingface_hub_has_it(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert hub_cache.cache_folder() == Path(folder)
    theirs = subprocess.run(
        [sys.executable, "-c", "from huggingface_hub.constants import HF_HUB_CACHE; print(HF_HUB_CACHE)"],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert theirs.stdout.strip() == folder


def test_a_pinned_snapshot_is_the_one_that_huggingface_hub_gives(cache: Path) -> None:
    from huggingface_hub import snapshot_download

    folder = put(model_folder(cache), "unet/model.safetensors")
    assert hub_cache.model_snapshot(MODEL) == folder
    theirs = snapshot_download("tiny/writer", revision=REVISION, cache_dir=cache, local_files_only=True)
    assert Path(theirs) == folder
    folder = put(dataset_folder(cache), "test.parquet")
    theirs = snapshot_download(
        "texts", repo_type="dataset", revision=REVISION, cache_dir=cache, local_files_only=True
    )
    assert [path.parent for path in hub_cache.parquet_files(DATASET)] == [Path(theirs)]


@pytest.mark.parametrize("files", [(), ("config.json",)])
def test_a_model_that_is_not_whole_is_to_be_fetched(cache: Path, files: tuple[str, ...]) -> None:
    put(model_folder(cache), *files)
    with pytest.raises(WorkloadError) as raised:
        hub_cache.model_snapshot(MODEL)
    assert str(raised.value) == (
        "The model writer is incomplete in the Hugging Face cache. Run `joulemark suite fetch SUITE`, or "
        f"`hf download tiny/writer --revision {REVISION}`."
    )


def test_another_revision_is_not_taken(cache: Path) -> None:
    put(model_folder(cache), "unet/model.safetensors")
    with pytest.raises(WorkloadError, match="--revision 343434"):
        hub_cache.model_snapshot(msgspec.structs.replace(MODEL, revision="34" * 20))
    with pytest.raises(WorkloadError, match="Pin it with `joulemark suite pin`"):
        hub_cache.model_snapshot(msgspec.structs.replace(MODEL, revision=None))


def test_a_data_set_that_is_not_there_is_to_be_fetched(cache: Path) -> None:
    with pytest.raises(WorkloadError) as raised:
        hub_cache.parquet_files(msgspec.structs.replace(DATASET, branch=CONVERSION, config="en"))
    assert str(raised.value) == (
        "The Hugging Face cache has no complete split test of the data set texts in Parquet. Run "
        f"`joulemark suite fetch SUITE`, or `hf download texts --repo-type dataset --revision {REVISION} "
        f"--include 'en/*test/*.parquet'`."
    )


@pytest.mark.parametrize(
    ("names", "changes", "expected"),
    [
        (["test.parquet", "train.parquet"], {}, ["test.parquet"]),
        (["data/test-00000-of-00002.parquet", "data/test-00001-of-00002.parquet"], {}, None),
        (["data/test-00000-of-00001-0123456789abcdef.parquet"], {}, None),
        (["plain_text/test-00000-of-00001.parquet"], {}, None),
        (
            ["en/test-00000-of-00001.parquet", "de/test-00000-of-00001.parquet"],
            {"config": "en"},
            ["en/test-00000-of-00001.parquet"],
        ),
        (["en/test-00000-of-00001.parquet", "de/test-00000-of-00001.parquet"], {}, []),
        (["data/test-00001-of-00002.parquet"], {}, []),
        (["data/latest-00000-of-00001.parquet"], {}, []),
        (["en/test/0000.parquet", "en/test/0001.parquet", "en/train/0000.parquet"],
         {"branch": CONVERSION, "config": "en"},
         ["en/test/0000.parquet", "en/test/0001.parquet"]),
        (["en/partial-test/0000.parquet"], {"branch": CONVERSION}, None),
        (["en/test/0000.parquet", "de/test/0000.parquet"], {"branch": CONVERSION}, []),
        (["en/test/0000.parquet", "default/test/0000.parquet"], {"branch": CONVERSION}, ["default/test/0000.parquet"]),
        (["en/test/0001.parquet"], {"branch": CONVERSION}, []),
        (["test.jsonl"], {}, []),
    ],
)  # fmt: skip
def test_the_files_of_a_split_are_its_own_in_order(
    cache: Path, names: list[str], changes: dict[str, object], expected: list[str] | None
) -> None:
    put(dataset_folder(cache), *names)
    if expected == []:
        with pytest.raises(WorkloadError, match="no complete split test"):
            found(cache, **changes)
    else:
        assert found(cache, **changes) == (names if expected is None else expected)


def test_a_view_has_the_pinned_weights_and_no_others(cache: Path, tmp_path: Path) -> None:
    wanted = {"unet/model.safetensors", "unet/config.json", "model_index.json"}
    others = {"unet/model.fp16.safetensors", "unet/model.bin", "all.ckpt", "model.onnx"}
    snapshot = put(model_folder(cache), *wanted, *others)
    for _ in range(2):
        view = hub_cache.pinned_view(snapshot, MODEL, within=tmp_path / "links")
        files = {path.relative_to(view).as_posix(): path for path in view.rglob("*") if path.is_file()}
        assert {name: path.read_bytes() for name, path in files.items()} == {
            name: name.encode() for name in wanted
        }
    assert [path.name for path in view.parent.iterdir()] == [REVISION]
    with pytest.raises(StorageError, match="Links to the files of writer could not be created"):
        hub_cache.pinned_view(snapshot, MODEL, within=put(tmp_path, "file") / "file")


def test_rows_come_in_order_with_the_columns_that_are_needed(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("0000.parquet", "0001.parquet")]
    write_parquet(files[0], [{"text": str(n), "label": n, "rest": "x"} for n in range(100)])
    write_parquet(files[1], [{"text": "last", "label": 7, "rest": "x"}])
    read = list(rows(files, ("text", "label")))
    assert read == [*({"text": str(n), "label": n} for n in range(100)), {"text": "last", "label": 7}]
    with pytest.raises(WorkloadError, match="has no column summary, only label, rest, text"):
        next(rows(files, ("summary",)))
    files[1].unlink()
    assert next(rows(files, ("text",))) == {"text": "0"}, "the second file is not opened before it is needed"
    with pytest.raises(WorkloadError, match=r"0001\.parquet cannot be read as Parquet"):
        list(rows(files, ("text",)))


def test_names_of_classes_are_those_that_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "0000.parquet"
    write_parquet(path, [{"label": 0, "objects": [1]}], names={"label": ("neg", "pos"), "objects": ("disc",)})
    assert class_names(path, "label") == ("neg", "pos")
    assert class_names(path, "objects") == ("disc",)
    assert class_names(path, "text") == ()
    path.write_bytes(b"not Parquet")
    with pytest.raises(WorkloadError, match="cannot be read as Parquet"):
        class_names(path, "label")


def test_asking_for_jobs_of_the_hub_imports_nothing_heavy() -> None:
    program = (
        "import sys; from joulemark.suite import load_suite; from joulemark.workloads import available;"
        "suite = load_suite('quick'); assert all(available(suite, job) for job in suite.jobs);"
        "print(sorted({'torch', 'transformers', 'numpy', 'PIL', 'pyarrow', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
