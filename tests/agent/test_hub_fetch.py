"""Pinned models and data sets come out of a small hub on 127.0.0.1 into an empty cache, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from test_suite_pin import MANIFEST

from joulemark.errors import (
    AgentError,
    BadAnswer,
    DiskFull,
    NoConnection,
    NotOnHub,
    NotVerified,
    ServerFailed,
    StorageError,
    UsageError,
)
from joulemark.hub import fetch, plan_fetch
from joulemark.suite import NotPinned, Suite, load_suite, read_suite, weights_digest
from joulemark.suite.lock import Lock, PinnedDataSet, PinnedModel
from joulemark.suite.schema import CONVERSION, WeightsFile
from joulemark.workloads import WorkloadError, hub_cache
from tests.fake_hub import FakeHub, Repository, RunningHub
from tests.tiny_models.suite import build_suite, commit_of, write_parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent_commands import Agent

MODEL_AT, ROWS_AT = "12" * 20, "34" * 20
WEIGHTS = bytes(range(256)) * 20
FILES = {
    ".gitattributes": b"*.safetensors filter=lfs",
    "README.md": b"# Writer",
    "config.json": b"{}",
    "tokenizer.json": b'{"model": {}}',
    "model.safetensors": WEIGHTS,
}
OTHERS = {
    "model.fp16.safetensors": b"half",
    "pytorch_model.bin": b"pickle",
    "tf_model.h5": b"tensors",
    "flax_model.msgpack": b"flax",
    "rust_model.ot": b"rust",
    "model.gguf": b"gguf",
    "onnx/model.onnx": b"onnx",
    "onnx/config.json": b"{}",
    "coreml/weight.bin": b"coreml",
    "modeling.py": b"print()",
    "picture.png": b"PNG",
}


def parquet(tmp_path: Path, *texts: str) -> bytes:
    write_parquet(tmp_path / "made.parquet", [{"text": text} for text in texts])
    return (tmp_path / "made.parquet").read_bytes()


def pinned(folder: Path, *, branch: str = "main", keep: int = 5) -> Suite:
    """The small suite with a lock for what the hub serves."""
    folder.mkdir(exist_ok=True)
    (folder / "suite.toml").write_text(MANIFEST.replace("keep = 5", f"keep = {keep}"), encoding="utf-8")
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    lock = Lock(
        format="joulemark-lock/1",
        suite="small",
        suite_version="1",
        version="1.20260101",
        hub="https://hub.example",
        pinned_on=date(2026, 1, 1),
        models=(
            PinnedModel(
                id="writer",
                hub_id="someone/writer",
                revision=MODEL_AT,
                weights_sha256=weights_digest({"model.safetensors": digest}),
                weights=(WeightsFile(name="model.safetensors", sha256=digest, bytes=len(WEIGHTS)),),
            ),
        ),
        datasets=(PinnedDataSet(id="prose", hub_id="someone/prose", revision=ROWS_AT, branch=branch),),  # type: ignore[arg-type]
    )
    (folder / "lock.toml").write_bytes(lock.to_toml())
    return read_suite(folder)


class Home:
    """A suite, an empty cache, and what was told while it filled."""

    def __init__(self, hub: FakeHub, cache: Path, tmp_path: Path) -> None:
        self.hub, self.cache, self.tmp_path = hub, cache, tmp_path
        self.suite = pinned(tmp_path / "small")
        self.told: list[tuple[str, int, int]] = []
        self.said: list[str] = []

    @property
    def model(self) -> Repository:
        return self.hub.repositories["models", "someone/writer"]

    @property
    def rows(self) -> Repository:
        return self.hub.repositories["datasets", "someone/prose"]

    def plan(self) -> Any:
        return plan_fetch(self.suite, self.suite.jobs[0], cache=self.cache)

    def fetch(self, **options: Any) -> None:
        options = {"hub": self.hub.origin, "progress": lambda *told: self.told.append(told), **options}
        fetch(self.plan(), say=self.said.append, **options)

    def is_whole(self) -> bool:
        return self.plan() is None

    def files(self, kind: str = "models--someone--writer", commit: str = MODEL_AT) -> set[str]:
        folder = self.cache / kind / "snapshots" / commit
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    def shards(self) -> set[str]:
        return {name for name in self.files("datasets--someone--prose", ROWS_AT) if name.endswith(".parquet")}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither we nor the hub's library wait between attempts, and it tells the hub nothing of this machine."""
    import huggingface_hub.constants
    import huggingface_hub.file_download
    import huggingface_hub.utils._http as their_http

    from joulemark.hub import client

    at_once = SimpleNamespace(sleep=lambda _: None)
    monkeypatch.setattr(huggingface_hub.file_download, "time", at_once)
    monkeypatch.setattr(their_http, "time", at_once)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(client, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr("joulemark.hub.fetching.PAUSES_S", (0.0, 0.0))
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(home: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with RunningHub() as hub:
        hub.model("someone/writer", files={**FILES, **OTHERS})
        hub.dataset("someone/prose", files={
            "README.md": b"# Prose",
            "en/train-00000-of-00003.parquet": parquet(tmp_path, "a", "b", "c"),
            "en/train-00001-of-00003.parquet": parquet(tmp_path, "d", "e", "f"),
            "en/train-00002-of-00003.parquet": parquet(tmp_path, "g"),
            "en/test-00000-of-00001.parquet": parquet(tmp_path, "z"),
            "prose.jsonl": b"{}",
        })  # fmt: skip
        yield Home(hub, tmp_path / "hf" / "hub", tmp_path)


@pytest.fixture
def command(home: Home, capsys: pytest.CaptureFixture[str]) -> Agent:
    from agent_commands import Agent

    from joulemark import config

    return Agent(config.load().folders, capsys)


def test_what_the_jobs_need_comes_and_nothing_else(home: Home) -> None:
    home.fetch()
    assert home.files() == set(FILES)
    assert home.shards() == {"en/train-00000-of-00003.parquet", "en/train-00001-of-00003.parquet"}
    assert not {path for path in home.hub.asked if "/resolve/" not in path and "/tree/" not in path}


def test_a_fetched_cache_is_found_by_a_run_and_by_the_hubs_own_library(home: Home) -> None:
    from huggingface_hub import try_to_load_from_cache

    with pytest.raises(
        WorkloadError, match="Run `joulemark suite fetch SUITE`, or `hf download someone/writer"
    ):
        hub_cache.model_snapshot(home.suite.model("writer"))
    home.fetch()
    folder = hub_cache.model_snapshot(home.suite.model("writer"))
    found = try_to_load_from_cache("someone/writer", "config.json", cache_dir=home.cache, revision=MODEL_AT)
    assert found == str(folder / "config.json")
    assert [path.name for path in hub_cache.parquet_files(home.suite.dataset("prose"))] == [
        "train-00000-of-00003.parquet",
        "train-00001-of-00003.parquet",
    ]


def test_a_full_cache_asks_nobody(home: Home, request: pytest.FixtureRequest) -> None:
    home.fetch()
    request.getfixturevalue("no_network")
    assert home.is_whole()


@pytest.mark.parametrize("gone", ["tokenizer.json", "model.safetensors", "config.json"])
def test_a_file_that_is_missing_again_is_fetched_alone(home: Home, gone: str) -> None:
    home.fetch()
    path = home.cache / "models--someone--writer" / "snapshots" / MODEL_AT / gone
    path.resolve().unlink()
    path.unlink()
    home.hub.served.clear()
    assert not home.is_whole()
    home.fetch()
    assert (home.hub.served, home.is_whole()) == ([gone], True)


def test_a_weights_file_of_another_size_does_not_count_and_is_replaced(home: Home) -> None:
    home.fetch()
    path = home.cache / "models--someone--writer" / "snapshots" / MODEL_AT / "model.safetensors"
    path.resolve().write_bytes(b"cut")
    assert not home.is_whole()
    home.fetch()
    assert (path.read_bytes(), home.is_whole()) == (WEIGHTS, True)


def test_progress_is_told_in_bytes_up_to_all_of_them(home: Home) -> None:
    home.fetch()
    names = [name for name, _, _ in home.told]
    done = [done for _, done, _ in home.told]
    sizes = sum(map(len, FILES.values())) + sum(
        len((home.rows.files or {})[name]) for name in (*home.shards(), "README.md")
    )
    assert {"model.safetensors", "en/train-00001-of-00003.parquet"} <= set(names)
    assert done == sorted(done)
    assert home.told[-1][1:] == (sizes, sizes)
    assert home.said[-1].endswith(f"will be fetched into {home.cache}.")


def test_no_bar_of_the_library_is_drawn(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    home.fetch()
    assert capfd.readouterr() == ("", "")


def test_a_connection_that_breaks_is_taken_up_where_it_broke(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 500)
    home.hub.cut["model.safetensors"] = [1000, 2000]
    home.fetch()
    assert home.hub.ranges == ["bytes=1000-", "bytes=3000-"]
    assert home.is_whole()
    assert home.told[-1][1] == home.told[-1][2]


def test_what_came_whole_is_kept_when_the_rest_cannot_come(home: Home) -> None:
    home.hub.statuses["model.safetensors"] = [500] * 9
    with pytest.raises(ServerFailed, match=r"HTTP 500.*run the same command again later"):
        home.fetch()
    assert home.files() == set(FILES) - {"model.safetensors"}
    home.hub.statuses.clear()
    home.hub.served.clear()
    home.fetch()
    assert home.hub.served[0] == "model.safetensors"
    assert home.is_whole()


def test_a_busy_hub_is_asked_again(home: Home) -> None:
    home.hub.statuses = {"model.safetensors": [503, 503], "config.json": [503]}
    home.fetch()
    assert home.is_whole()


def test_a_body_that_ends_early_every_time_leaves_nothing(home: Home) -> None:
    home.hub.cut["model.safetensors"] = [0] * 99
    with pytest.raises(
        NoConnection, match="broke off, while model.safetensors of the model writer was fetched"
    ):
        home.fetch()
    assert "model.safetensors" not in home.files()
    assert not list(home.cache.rglob("*.incomplete"))


def test_weights_with_another_digest_are_deleted_and_right_ones_then_accepted(home: Home) -> None:
    home.hub.wrong["model.safetensors"] = [WEIGHTS[::-1]]
    with pytest.raises(
        NotVerified, match=r"came with the SHA-256 .* and was deleted. Run the command again"
    ) as raised:
        home.fetch()
    assert raised.value.code == "weights-digest"
    blobs = (home.cache / "models--someone--writer" / "blobs").iterdir()
    assert all(path.read_bytes() != WEIGHTS[::-1] for path in blobs)
    assert "model.safetensors" not in home.files()
    home.fetch()
    assert home.is_whole()


def test_weights_that_the_hub_has_replaced_are_never_accepted(home: Home) -> None:
    (home.model.files or {})["model.safetensors"] = WEIGHTS[::-1]
    for _ in range(2):
        with pytest.raises(NotVerified):
            home.fetch()
    assert "model.safetensors" not in home.files()


def test_rows_with_other_bytes_than_the_hub_states_are_deleted(home: Home) -> None:
    name = "en/train-00000-of-00003.parquet"
    good = (home.rows.files or {})[name]
    home.hub.wrong[name] = [good[:-20] + bytes(16) + good[-4:]]
    with pytest.raises(NotVerified) as raised:
        home.fetch()
    assert raised.value.code == "broken-file"
    assert home.shards() == set()
    home.fetch()
    assert home.is_whole()


def test_a_file_that_is_not_parquet_is_deleted(home: Home) -> None:
    (home.rows.files or {})["en/train-00000-of-00003.parquet"] = b"no rows"
    with pytest.raises(NotVerified, match="is no whole Parquet file and was deleted"):
        home.fetch()
    assert home.shards() == set()


@pytest.mark.parametrize(("keep", "shards"), [(3, 1), (4, 2), (7, 3), (100, 3)])
def test_as_many_shards_come_as_hold_the_rows(home: Home, keep: int, shards: int) -> None:
    home.suite = pinned(home.tmp_path / "small", keep=keep)
    home.fetch()
    assert (len(home.shards()), home.is_whole()) == (shards, True)


def test_of_a_conversion_the_folder_of_the_split_comes(home: Home) -> None:
    files = home.rows.files or {}
    shards = [files[f"en/train-0000{number}-of-00003.parquet"] for number in range(3)]
    home.rows.files = {f"en/partial-train/000{number}.parquet": shard for number, shard in enumerate(shards)}
    home.rows.files |= {"de/train/0000.parquet": shards[0], "en/test/0000.parquet": shards[0]}
    home.suite = pinned(home.tmp_path / "small", branch=CONVERSION)
    home.fetch()
    assert home.shards() == {"en/partial-train/0000.parquet", "en/partial-train/0001.parquet"}
    assert home.is_whole()
    assert len(hub_cache.parquet_files(home.suite.dataset("prose"))) == 2


def test_a_split_that_is_not_clear_is_named(home: Home) -> None:
    home.rows.files = {"de/train.parquet": b""}
    with pytest.raises(NotOnHub, match="has no Parquet files that are clearly of its split train") as raised:
        home.fetch()
    assert raised.value.code == "no-parquet"


def test_without_consent_the_sentence_says_where_to_give_it(home: Home) -> None:
    home.model.closed = True
    with pytest.raises(NotOnHub) as raised:
        home.fetch()
    assert raised.value.code == "gated"
    assert str(raised.value) == (
        "The model writer needs consent to its terms: give it at https://huggingface.co/someone/writer, set HF_TOKEN "
        "to a token of the same account, then run the command again."
    )


def test_files_may_be_gated_where_their_names_are_not(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.hub, "file", lambda *_: (403, {"X-Error-Code": "GatedRepo"}, b""))
    with pytest.raises(NotOnHub, match="needs consent to its terms"):
        home.fetch()


def test_what_the_hub_no_longer_has_is_named(home: Home) -> None:
    del home.hub.repositories["models", "someone/writer"]
    with pytest.raises(
        NotOnHub, match=f"no longer has the model writer .* at the pinned commit {MODEL_AT[:12]}"
    ):
        home.fetch()
    home.hub.model(
        "someone/writer", files={name: FILES[name] for name in FILES if name != "model.safetensors"}
    )
    with pytest.raises(NotOnHub, match=r"no longer has the file model\.safetensors of the model writer"):
        home.fetch()


def test_a_hub_that_is_not_there_is_named(home: Home) -> None:
    with pytest.raises(NoConnection, match="http://127.0.0.1:9 cannot be reached"):
        home.fetch(hub="http://127.0.0.1:9")


def test_a_server_that_is_no_hub_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.hub, "file", lambda *_: (200, {}, b"<html>"))
    with pytest.raises(BadAnswer, match="does not answer as a hub does"):
        home.fetch()


def test_what_does_not_fit_is_not_begun(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=6000))
    with pytest.raises(DiskFull, match=r"\d+\.\d kB are to be fetched and .* has 6\.0 kB free"):
        home.fetch()
    assert home.hub.served == []


def test_a_disk_that_fills_up_is_told_apart(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    import huggingface_hub

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", full)
    with pytest.raises(DiskFull, match="point HF_HOME to a larger disk"):
        home.fetch()


def test_a_cache_that_cannot_be_written_is_named(home: Home) -> None:
    home.cache.parent.mkdir()
    home.cache.write_bytes(b"a file")
    with pytest.raises(StorageError, match="Point HF_HOME to a folder that can") as raised:
        home.fetch()
    assert not isinstance(raised.value, DiskFull)


def test_an_interrupted_download_leaves_nothing_that_counts(home: Home) -> None:
    def stop(name: str, *_: int) -> None:
        if name == "model.safetensors":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home.fetch(progress=stop)
    assert "model.safetensors" not in home.files()
    assert not list(home.cache.rglob("*.incomplete"))
    assert not home.is_whole()
    home.fetch()
    assert home.is_whole()


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_nothing_is_asked(home: Home, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(UsageError, match="HF_HUB_OFFLINE is set, so nothing is fetched"):
        home.fetch()
    assert home.hub.asked == []


def test_the_environment_names_hub_and_token(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", home.hub.origin)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    home.fetch(hub=None)
    assert set(home.hub.tokens) == {"Bearer hf_secret"}
    assert all(b"hf_secret" not in path.read_bytes() for path in home.cache.rglob("*") if path.is_file())


def test_what_a_lock_calls_unavailable_or_a_package_holds_is_not_planned(home: Home) -> None:
    demo = load_suite("demo")
    assert plan_fetch(demo, *demo.jobs, cache=home.cache) is None
    with pytest.raises(NotPinned):
        plan_fetch(load_suite("quick"), cache=home.cache)


def test_a_failure_of_one_repository_is_told_and_the_others_come(home: Home) -> None:
    home.model.closed = True
    failures: list[tuple[str, AgentError]] = []
    home.fetch(failed=lambda wanted, error: failures.append((wanted.name, error)))
    assert [(name, error.code) for name, error in failures] == [("model writer", "gated")]
    assert len(home.shards()) == 2


def test_suite_fetch_gets_all_and_then_says_that_it_is_there(command: Agent, home: Home) -> None:
    words = ("suite", "fetch", str(home.tmp_path / "small"), "--hub", home.hub.origin)
    answer = command.json(*words)
    assert (command.code, answer["ok"], answer["failed"], answer["left_out"]) == (0, True, [], [])
    assert [(row["what"], row["id"], row["revision"]) for row in answer["fetched"]] == [
        ("model", "writer", MODEL_AT),
        ("data set", "prose", ROWS_AT),
    ]
    assert "model writer: 5.2 kB" in command.err
    assert f"will be fetched into {home.cache}." in command.err
    assert command(*words) == 0
    assert command.out == "Nothing to fetch: all that these cells need is there.\n"


def test_suite_fetch_goes_on_past_what_cannot_be_had(command: Agent, home: Home) -> None:
    home.model.closed = True
    answer = command.json("suite", "fetch", str(home.tmp_path / "small"), "--hub", home.hub.origin)
    assert (command.code, answer["ok"]) == (5, False)
    assert [(row["id"], row["code"]) for row in answer["failed"]] == [("writer", "gated")]
    assert [row["id"] for row in answer["fetched"]] == ["prose"]
    assert "1 of 2 models and data sets were fetched" in command.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["quick"], 2, "pin it with `joulemark suite pin quick --out FOLDER`"),
        (["demo"], 0, "Nothing to fetch"),
        (["demo", "--only", "none/*"], 6, "No cell of demo fits 'none/*'"),
    ],
    ids=str,
)
def test_suite_fetch_says_why_there_is_nothing_to_fetch(
    command: Agent, words: list[str], code: int, sentence: str
) -> None:
    assert command("suite", "fetch", *words) == code
    assert sentence in command.out + command.err


def test_a_whole_suite_comes_into_an_empty_cache_and_runs(
    command: Agent, home: Home, tiny_model: Callable[[str], Path], one_thread: None
) -> None:
    folder, source = home.tmp_path / "tiny", home.tmp_path / "source"
    build_suite(folder, source, tiny_model)
    suite = read_suite(folder)
    for kind, entries, add in (
        ("models", suite.models, home.hub.model),
        ("datasets", suite.datasets, home.hub.dataset),
    ):
        for entry in entries:
            snapshot = source / f"{kind}--tiny--{entry.id}" / "snapshots" / commit_of(entry.id)
            files = {
                p.relative_to(snapshot).as_posix(): p.read_bytes() for p in snapshot.rglob("*") if p.is_file()
            }
            add(str(entry.hub_id), files=files)
    shutil.rmtree(source)
    home.suite = suite
    plan = plan_fetch(suite, *suite.jobs, cache=home.cache)
    assert plan is not None
    fetch(plan, hub=home.hub.origin)
    assert plan_fetch(suite, *suite.jobs, cache=home.cache) is None
    assert not {path for path in home.cache.rglob("*.safetensors") if "fp16" in path.name}
    only = "text_classification/text_classification/bert-sentiment"
    words = ("--offline", "--meter", "estimate", "--cpu-watts", "10", "--only", only)
    assert command("run", "--suite", str(folder), *words) == 0, command.err
