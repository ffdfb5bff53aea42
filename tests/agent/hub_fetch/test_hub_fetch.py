"""Pinned models and data sets come out of a small hub on 127.0.0.1 into an empty cache, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from joulemark.errors import (
    NoConnection,
    NotOnHub,
    NotVerified,
    ServerFailed,
)
from joulemark.suite.schema import CONVERSION
from joulemark.workloads import WorkloadError, hub_cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

from tests.agent.hub_fetch.hub_home import BESIDE, FILES, MODEL_AT, WEIGHTS, Home, pinned


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


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("damage", [lambda good: good[:-1], lambda good: good[:-1] + b"]", lambda _: b""])
def test_a_damaged_small_file_is_refused_by_name_and_fetched_again_by_the_command_that_it_says(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(home.cache))
    home.fetch()
    path = home.cache / "models--someone--writer" / "snapshots" / MODEL_AT / name
    path.resolve().write_bytes(damage(FILES[name]))
    model = home.suite.model("writer")
    with pytest.raises(
        WorkloadError, match=rf"The file {name} of the model writer .* `joulemark suite fetch SUITE`"
    ):
        hub_cache.pinned_view(hub_cache.model_snapshot(model), model, within=tmp_path / "views")
    home.hub.served.clear()
    assert not home.is_whole()
    home.fetch()
    assert (home.hub.served, home.is_whole()) == ([name], True)
    view = hub_cache.pinned_view(hub_cache.model_snapshot(model), model, within=tmp_path / "views")
    assert (view / name).read_bytes() == FILES[name]


def test_a_small_file_that_comes_otherwise_than_pinned_is_not_kept(home: Home) -> None:
    home.hub.wrong["config.json"] = [b"[]"] * 9
    with pytest.raises(NotVerified, match=r"The file config\.json of the model writer has the SHA-256"):
        home.fetch()
    assert "config.json" not in home.files()
    home.hub.wrong.clear()
    home.fetch()
    assert home.is_whole()


def test_a_view_has_what_is_pinned_and_nothing_else(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(home.cache))
    home.fetch()
    model = home.suite.model("writer")
    snapshot = hub_cache.model_snapshot(model)
    for name in ("generation_config.json", "chat_template.jinja", "added_tokens.json"):
        (snapshot / name).write_text("{}")
    view = hub_cache.pinned_view(snapshot, model, within=tmp_path / "views")
    assert {path.name for path in view.iterdir()} == {*BESIDE, "model.safetensors"}
    (snapshot / "config.json").resolve().write_text("[]")
    assert (view / "config.json").read_bytes() == FILES["config.json"], "what was verified is what is read"


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
    with pytest.raises(ServerFailed, match=r"HTTP 500.*the same command resumes"):
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
        NoConnection, match="closed the connection while sending model.safetensors of someone/writer"
    ):
        home.fetch()
    assert "model.safetensors" not in home.files()
    assert not list(home.cache.rglob("*.incomplete"))


def test_weights_with_another_digest_are_deleted_and_right_ones_then_accepted(home: Home) -> None:
    home.hub.wrong["model.safetensors"] = [WEIGHTS[::-1]]
    with pytest.raises(
        NotVerified, match=r"has the SHA-256 .* and was deleted. If the next fetch gets the same"
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
    with pytest.raises(NotVerified, match="is not a complete Parquet file and was deleted"):
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
    with pytest.raises(
        NotOnHub, match="has no Parquet files that clearly belong to its split train"
    ) as raised:
        home.fetch()
    assert raised.value.code == "no-parquet"


def test_a_part_stays_when_the_hub_goes_away_and_the_next_fetch_goes_on_from_there(home: Home) -> None:
    whole = FILES["model.safetensors"]
    home.hub.cut["model.safetensors"] = [1000, 0, 0, 0, 0, 0]
    with pytest.raises(NoConnection, match="Received data is kept"):
        home.fetch()
    assert not home.is_whole()
    (part,) = home.cache.rglob("*.joulemark-part")
    assert part.read_bytes() == whole[:1000]
    home.hub.cut.clear()
    home.hub.ranges.clear()
    home.told.clear()
    home.fetch()
    assert home.hub.ranges[0] == "bytes=1000-"
    assert home.is_whole()
    assert not list(home.cache.rglob("*.joulemark-part"))
    done = [done_bytes for name, done_bytes, _ in home.told if name == "model.safetensors"]
    assert done == sorted(done)


def test_a_hub_that_gives_the_whole_file_instead_of_its_rest_is_no_trouble(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.hub.cut["model.safetensors"] = [1000, 0, 0, 0]
    with pytest.raises(NoConnection):
        home.fetch()
    home.hub.cut.clear()
    honest = home.hub.file
    monkeypatch.setattr(home.hub, "file", lambda method, target, _range: honest(method, target, None))
    home.fetch()
    assert home.is_whole()


def test_a_part_that_was_damaged_is_found_by_the_digest_and_fetched_anew(home: Home) -> None:
    home.hub.cut["model.safetensors"] = [1000, 0, 0, 0]
    with pytest.raises(NoConnection):
        home.fetch()
    home.hub.cut.clear()
    (part,) = home.cache.rglob("*.joulemark-part")
    part.write_bytes(b"x" * 1000)
    with pytest.raises(NotVerified, match="was deleted. If the next fetch gets the same"):
        home.fetch()
    home.fetch()
    assert home.is_whole()


def test_a_part_longer_than_the_file_is_begun_anew(home: Home) -> None:
    home.hub.cut["model.safetensors"] = [1000, 0, 0, 0]
    with pytest.raises(NoConnection):
        home.fetch()
    home.hub.cut.clear()
    (part,) = home.cache.rglob("*.joulemark-part")
    part.write_bytes(bytes(9000))
    home.fetch()
    assert home.is_whole()


def test_each_byte_that_came_through_is_not_asked_for_again(home: Home) -> None:
    """A hub that breaks off every time, and gives some more each time, is asked as often as it takes."""
    home.hub.cut["model.safetensors"] = [500] * 20
    home.fetch()
    assert home.is_whole()
    assert home.hub.ranges[:3] == ["bytes=500-", "bytes=1000-", "bytes=1500-"]
