"""What goes wrong while fetching has a name and a sentence, and leaves nothing that later counts as whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from joulemark.errors import (
    AgentError,
    BadAnswer,
    DiskFull,
    NoConnection,
    NotOnHub,
    StorageError,
    UsageError,
)
from joulemark.hub import fetch, plan_fetch
from joulemark.hub.client import HubClient
from joulemark.hub.missing import FetchTarget
from joulemark.hub.survey import Survey, survey
from joulemark.suite import NotPinned, load_suite, read_suite
from joulemark_simulation.tiny_models.suite import build_suite, commit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agent.agent_commands import Agent
from tests.agent.hub_fetch.hub_home import FILES, MODEL_AT, ROWS_AT, Home


def test_without_consent_the_sentence_says_where_to_give_it(home: Home) -> None:
    home.model.closed = True
    with pytest.raises(NotOnHub) as raised:
        home.fetch()
    assert raised.value.code == "gated"
    assert str(raised.value) == (
        "The model writer requires consent to its terms: give it at https://huggingface.co/someone/writer, and set "
        "HF_TOKEN to a token of the same account."
    )


def test_files_may_be_gated_where_their_names_are_not(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.hub, "file", lambda *_: (403, {"X-Error-Code": "GatedRepo"}, b""))
    with pytest.raises(NotOnHub, match="requires consent to its terms"):
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
    with pytest.raises(BadAnswer, match="does not answer like a hub"):
        home.fetch()


def test_what_does_not_fit_is_not_begun(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=6000))
    with pytest.raises(DiskFull, match=r"\d+\.\d kB must be fetched, but .* has only 6\.0 kB free"):
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
    with pytest.raises(StorageError, match="Point HF_HOME to a writable folder") as raised:
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


def test_a_hub_that_cannot_be_reached_is_asked_for_nothing_more(
    command: Agent, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from joulemark.hub import fetching

    asked: list[str] = []

    def listening(wanted: FetchTarget, client: HubClient) -> Survey:
        asked.append(wanted.name)
        return survey(wanted, client)

    monkeypatch.setattr(fetching, "survey", listening)
    answer = command.json("suite", "fetch", str(home.tmp_path / "small"), "--hub", "http://127.0.0.1:9")
    assert (command.code, answer["error"]["code"]) == (5, "no-connection")
    assert asked == ["model writer"]


@pytest.mark.parametrize("cache", ["/dev/null", "/dev/null/hub", "/proc/hub"])
def test_a_cache_that_cannot_be_used_is_said_before_the_hub_is_asked(
    command: Agent, home: Home, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", cache)
    answer = command.json("suite", "fetch", str(home.tmp_path / "small"), "--hub", home.hub.origin)
    assert (command.code, answer["error"]["code"]) == (8, "storage")
    assert f"{cache} cannot be written" in answer["error"]["sentence"]
    assert not home.hub.asked


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
    assert command.out == "Nothing to fetch: everything that these jobs need is here.\n"


def test_suite_fetch_goes_on_past_what_cannot_be_had(command: Agent, home: Home) -> None:
    home.model.closed = True
    answer = command.json("suite", "fetch", str(home.tmp_path / "small"), "--hub", home.hub.origin)
    assert (command.code, answer["ok"]) == (5, False)
    assert [(row["id"], row["code"]) for row in answer["failed"]] == [("writer", "gated")]
    assert [row["id"] for row in answer["fetched"]] == ["prose"]
    assert "1 of 2 models and data sets fetched" in command.err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["quick"], 5, "127.0.0.1:9 cannot be reached"),
        (["demo"], 0, "Nothing to fetch"),
        (["demo", "--only", "none/*"], 6, "No job of demo matches 'none/*'"),
    ],
    ids=str,
)
def test_suite_fetch_says_why_there_is_nothing_to_fetch(
    command: Agent, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, sentence: str
) -> None:
    monkeypatch.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:9")
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
