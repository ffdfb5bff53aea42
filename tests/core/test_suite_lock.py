"""A lock says which revisions a suite means, is part of its digest, and is refused when it contradicts the suite."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.record.errors import Malformed
from joulemark.suite import (
    BrokenSuite,
    NotPinned,
    RowsElsewhere,
    Suite,
    open_suite,
    read_suite,
    require_pinned,
    weights_digest,
)
from joulemark.suite.lock import Lock, PinnedDataSet, Unavailable, decode_lock, second_format
from joulemark.suite.schema import CONVERSION, PinnedFile, WeightsFile
from joulemark.suite.schemas import PUBLISHED, schema_of
from tests.pinned import first_lock, pinned_writer
from tests.small_suite import PROSE, VERSE, manifest

COMMIT, OTHER = "a" * 40, "b" * 40
FILES = (
    WeightsFile(name="model-00001-of-00002.safetensors", sha256="1" * 64, bytes=30),
    WeightsFile(name="model-00002-of-00002.safetensors", sha256="2" * 64, bytes=12),
)


def manifest_of(sample: str = "first") -> str:
    """The tiny suite, scored but for its first data set."""
    return manifest(
        protocol=f'sample = "{sample}"',
        metrics='"rouge-l"',
        datasets={"prose": f"{PROSE}\nquality_metrics = []", "verse": VERSE},
    )


def lock(**changes: object) -> Lock:
    fields: dict[str, Any] = {
        "models": (pinned_writer(hub_id="joulemark-tiny/renamed-writer", weights=FILES),),
        "datasets": (
            PinnedDataSet(id="prose", hub_id="joulemark-tiny/prose", revision=COMMIT, branch="main"),
            PinnedDataSet(
                id="verse", hub_id="joulemark-tiny/verse", revision=OTHER, branch=CONVERSION, config="default"
            ),
        ),
        **changes,
    }
    return first_lock(**fields)


def suite(folder: Path, *, of: Lock | None, sample: str = "first") -> Suite:
    (folder / "suite.toml").write_text(manifest_of(sample), encoding="utf-8")
    if of is not None:
        (folder / "lock.toml").write_bytes(of.to_toml())
    return read_suite(folder)


def test_a_lock_survives_its_file() -> None:
    made = lock(
        unavailable=(
            Unavailable(
                what="model",
                id="writer",
                hub_id="a/b",
                reason="gated",
                sentence='Say "yes"\n\x7f\\ there é please.',
            ),
        )
    )
    assert decode_lock(made.to_toml(), suite="tiny", version="1") == made


@given(st.text(max_size=40))
def test_any_sentence_survives(sentence: str) -> None:
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in sentence):
        return  # no encoding has half a pair
    gone = Unavailable(what="model", id="writer", hub_id="a/b", reason="gated", sentence=sentence)
    assert decode_lock(lock(unavailable=(gone,)).to_toml(), suite="tiny", version="1").unavailable == (gone,)


def test_a_pinned_suite_knows_revisions_weights_licence_and_new_names(tmp_path: Path) -> None:
    pinned = suite(tmp_path, of=lock())
    writer, verse = pinned.model("writer"), pinned.dataset("verse")
    assert pinned.version == "1.20260131"
    assert (writer.revision, writer.hub_id, writer.licence) == (
        COMMIT,
        "joulemark-tiny/renamed-writer",
        "mit",
    )
    assert writer.files == FILES
    assert (verse.revision, verse.config, verse.branch) == (OTHER, "default", CONVERSION)
    assert pinned.weights_sha256("writer") == weights_digest({file.name: file.sha256 for file in FILES})
    assert (pinned.model_revision("writer"), pinned.dataset_revision("prose")) == (COMMIT, COMMIT)
    require_pinned(pinned)


def test_an_unpinned_suite_has_no_revision_and_no_sample(tmp_path: Path) -> None:
    unpinned = suite(tmp_path, of=None)
    assert not unpinned.is_pinned
    assert [job.key for job in unpinned.jobs] == [
        "text_generation/prose/writer",
        "text_generation/verse/writer",
    ]
    for ask in (
        lambda: unpinned.sample("prose", 1, 3),
        lambda: unpinned.model_revision("writer"),
        lambda: unpinned.weights_sha256("writer"),
        lambda: require_pinned(unpinned),
    ):
        with pytest.raises(NotPinned):
            ask()


def test_the_lock_is_part_of_the_digest(tmp_path: Path) -> None:
    digests = {suite(tmp_path, of=None).digest, suite(tmp_path, of=lock()).digest}
    digests.add(suite(tmp_path, of=lock(hub="https://other.example")).digest)
    assert len(digests) == 3


def test_the_weights_digest_is_that_of_the_written_formula() -> None:
    lines = "a.bin " + "1" * 64 + "\n" + "b.bin " + "2" * 64 + "\n"
    assert (
        weights_digest({"b.bin": "2" * 64, "a.bin": "1" * 64}) == hashlib.sha256(lines.encode()).hexdigest()
    )


def test_rows_on_the_hub_are_named_by_their_index(tmp_path: Path) -> None:
    pinned = suite(tmp_path, of=lock())
    assert pinned.query_ids("prose") == ("0", "1", "2", "3", "4")
    with pytest.raises(RowsElsewhere, match=r"on the hub \(joulemark-tiny/prose\)"):
        pinned.rows("prose")


def test_the_first_queries_are_taken_whatever_the_seed(tmp_path: Path) -> None:
    pinned = suite(tmp_path, of=lock())
    samples = [pinned.sample("prose", seed, 3) for seed in range(20)]
    text = "\n".join(("prose", COMMIT, "0", "1", "2"))
    assert {sample.query_ids for sample in samples} == {("0", "1", "2")}
    assert samples[0].sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_seed_draws_the_queries_where_the_suite_says_so(tmp_path: Path) -> None:
    pinned = suite(tmp_path, of=lock(), sample="seeded")
    assert len({pinned.sample("prose", seed, 3).query_ids for seed in range(20)}) > 5


def test_a_data_set_without_answers_has_no_quality(tmp_path: Path) -> None:
    pinned = suite(tmp_path, of=lock())
    assert (pinned.quality_metrics("prose"), pinned.quality_metrics("verse")) == ((), ("rouge-l",))


def test_what_the_hub_would_not_give_is_said_and_the_rest_is_pinned(tmp_path: Path) -> None:
    gone = Unavailable(
        what="data set", id="verse", hub_id="joulemark-tiny/verse", reason="vanished", sentence="Gone."
    )
    pinned = suite(tmp_path, of=lock(datasets=lock().datasets[:1], unavailable=(gone,)))
    require_pinned(pinned)
    assert [pinned.obstacle(job) for job in pinned.jobs] == [None, "Gone."]
    with pytest.raises(NotPinned):
        pinned.sample("verse", 1, 1)


def test_a_half_written_lock_does_not_pin(tmp_path: Path) -> None:
    assert not suite(tmp_path, of=lock(datasets=())).is_pinned


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"suite": "other"}, "is of suite other 1, not of tiny 1"),
        ({"suite_version": "2"}, "is of suite tiny 2, not of tiny 1"),
        (
            {"datasets": (PinnedDataSet(id="prosa", hub_id="x/y", revision=COMMIT, branch="main"),)},
            "pins a data set that the suite does not have: prosa",
        ),
    ],
)
def test_a_lock_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BrokenSuite, match=sentence):
        suite(tmp_path, of=lock(**changes))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'sha256 = "' + "1" * 64,
            'sha256 = "' + "3" * 64,
            "a weights digest of writer that is not that of its files",
        ),
        (COMMIT, "main", "does not fit its schema"),
        ("pinned_on", "pinned_in", "does not fit its schema"),
    ],
)
def test_a_lock_with_other_bytes_is_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    suite(tmp_path, of=lock())
    file = tmp_path / "lock.toml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BrokenSuite, match=sentence):
        read_suite(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('hub_id = "joulemark-tiny/prose"\n', "", "must be either here or on the hub"),
        ('hub_id = "joulemark-tiny/writer"\n', "", "must be either here or on the hub"),
        (
            'hub_id = "joulemark-tiny/prose"\n',
            'file = "prose.jsonl"\n',
            "needs rows, revision, licence and source",
        ),
        ('columns = ["text"]\nkeep = 5\n', "keep = 5\n", "needs split, columns and keep"),
        ('hub_id = "joulemark-tiny/writer"', 'hub_id = "../writer"', "does not fit its schema"),
        ('models = ["writer"]', 'models = ["reader"]', "does not fit the suite"),
        ('datasets = ["prose", "verse"]', 'datasets = ["prose", "prose"]', "has a job twice"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    text = manifest_of()
    assert text.count(old) == 1
    (tmp_path / "suite.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BrokenSuite, match=sentence):
        read_suite(tmp_path)


def test_a_suite_is_opened_from_a_folder_by_its_path(tmp_path: Path) -> None:
    made = suite(tmp_path, of=lock())
    assert open_suite(str(tmp_path)) == made
    assert open_suite("demo").name == "demo"


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_committed_schema_is_that_of_the_class(name: str) -> None:
    docs = Path(__file__).parents[2] / "docs"
    assert (docs / "schema" / f"{name}.json").read_bytes() == schema_of(name), "run `make schema`"


def second(**changes: object) -> Lock:
    """A lock of the second format with what `lock` pins."""
    beside = (PinnedFile(name="config.json", sha256="3" * 64, bytes=0),)
    fields: dict[str, Any] = {
        "suite": "tiny",
        "suite_version": "1",
        "models": tuple(replace(model, beside=beside) for model in lock().models),
        "datasets": lock().datasets,
        "unavailable": (),
        **changes,
    }
    return second_format(**fields)


def test_the_second_format_survives_its_file_and_knows_what_lies_beside_the_weights(tmp_path: Path) -> None:
    made = second()
    assert decode_lock(made.to_toml(), suite="tiny", version="1") == made
    assert suite(tmp_path, of=made).model("writer").beside == made.models[0].beside
    none = second(models=tuple(replace(model, beside=()) for model in lock().models))
    assert decode_lock(none.to_toml(), suite="tiny", version="1") == none


def test_a_lock_of_the_first_format_is_still_read_and_says_nothing_of_other_files(tmp_path: Path) -> None:
    assert suite(tmp_path, of=lock()).model("writer").beside is None
    assert b"beside" not in lock().to_toml()


def test_a_lock_of_the_second_format_has_no_day_no_address_and_a_version_of_what_it_pins() -> None:
    text = second().to_toml().decode()
    assert not re.search(r"https?://|\b20\d\d-\d\d-\d\d\b|hub =|pinned_on", text)
    assert second().version == second().version
    assert re.fullmatch(r"1\.[0-9a-f]{12}", second().version)
    others = {
        second(datasets=lock().datasets[:1]).version,
        second(models=tuple(replace(model, beside=()) for model in lock().models)).version,
        second(suite_version="2").version,
        second().version,
    }
    assert len(others) == 4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('format = "joulemark-lock/2"', 'format = "joulemark-lock/1"'),
        ('suite = "tiny"', 'suite = "tiny"\nhub = "https://hub.example"'),
        ('suite = "tiny"', 'suite = "tiny"\npinned_on = 2026-01-31'),
        ("beside = [", "beside_ = ["),
    ],
)
def test_a_lock_with_fields_of_the_other_format_is_refused(old: str, new: str) -> None:
    text = second().to_toml().decode()
    assert old in text
    with pytest.raises((BrokenSuite, Malformed), match="does not fit its schema"):
        decode_lock(text.replace(old, new, 1).encode(), suite="tiny", version="1")


def third(**facts: Any) -> Lock:
    """A lock of the third format: the second with what the hub knows of each model."""
    beside = (PinnedFile(name="config.json", sha256="3" * 64, bytes=0),)
    return second(models=tuple(replace(model, beside=beside, **facts) for model in lock().models))


def test_facts_of_models_make_a_lock_of_the_third_format_and_change_no_other(tmp_path: Path) -> None:
    made = third(family="gpt2", released=date(2023, 11, 5))
    assert made.format == "joulemark-lock/3"
    assert decode_lock(made.to_toml(), suite="tiny", version="1") == made
    pinned = suite(tmp_path, of=made).model("writer")
    assert (pinned.family, pinned.released, pinned.owner) == ("gpt2", date(2023, 11, 5), "joulemark-tiny")
    assert third().to_toml() == second().to_toml()
    assert b"family" not in second().to_toml()
    assert made.version != second().version


def test_facts_of_models_are_of_no_earlier_format() -> None:
    text = third(family="gpt2").to_toml()
    for old, new in ((b"lock/3", b"lock/2"), (b"lock/3", b"lock/1"), (b'family = "gpt2"\n', b"")):
        with pytest.raises((BrokenSuite, Malformed), match="does not fit its schema"):
            decode_lock(text.replace(old, new, 1), suite="tiny", version="1")
