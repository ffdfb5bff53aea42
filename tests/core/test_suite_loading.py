"""A suite is what its files say, and files that contradict each other are refused."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from joulemark.suite import BrokenSuite, UnknownEntry, UnknownSuite, load_suite, read_suite, suite_names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with as_file(files("joulemark.suite") / "data" / "demo") as installed:
        return Path(shutil.copytree(installed, tmp_path / "demo"))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new, 1))


def test_the_demo_suite_is_installed() -> None:
    assert "demo" in suite_names()
    assert load_suite("demo").name == "demo"
    assert load_suite("demo") is load_suite("demo")


def test_an_unknown_suite_names_those_there_are() -> None:
    with pytest.raises(UnknownSuite, match=r"no suite 'nonesuch'. Choose one of: .*demo") as caught:
        load_suite("nonesuch")
    assert isinstance(caught.value, LookupError)


def test_a_suite_name_is_not_a_path() -> None:
    with pytest.raises(UnknownSuite):
        load_suite("../data/demo")


def test_a_copy_has_the_same_digest(folder: Path) -> None:
    assert read_suite(folder) == load_suite("demo")


def test_the_digest_is_that_of_the_written_formula(folder: Path) -> None:
    expected = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        for part in (path.name.encode(), path.read_bytes()):
            expected.update(len(part).to_bytes(8, "big") + part)
    assert load_suite("demo").digest == expected.hexdigest()


def test_a_changed_comment_changes_the_digest(folder: Path) -> None:
    edit(folder / "suite.toml", "# The demo suite", "# A demo suite")
    assert read_suite(folder).digest != load_suite("demo").digest


def test_a_further_file_changes_the_digest(folder: Path) -> None:
    (folder / "empty").touch()
    assert read_suite(folder).digest != load_suite("demo").digest


@pytest.mark.parametrize("name", ["sentences.jsonl", "prompts.jsonl", "texts.jsonl", "photos.jsonl"])
def test_a_data_set_with_one_other_byte_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[-3] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BrokenSuite, match=f"{name} has the SHA-256 .* is pinned to"):
        read_suite(folder)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("windows_min = 3", "windows_min = 0", "does not fit its schema"),
        ("idle_s = 1.0", "idle_s = 1.0\nsurprise = 1", "unknown field `surprise`"),
        ("windows_min = 3", "windows_min = 99", r"windows_min \(99\) is more than windows_max"),
        ('file = "texts.jsonl"', 'file = "gone.jsonl"', "needs gone.jsonl"),
        ('id = "text_generation"', 'id = "summarization"', "has a task twice"),
        ('id = "demo-sentiment"', 'id = "demo-topics"', "has a data set twice"),
        ('id = "efficientnet-lite0"', 'id = "minilm-l6-v2"', "has a model twice"),
        ('id = "image_classification"', 'id = "object_detection"', "does not have"),
        ('dataset = "demo-photos"', 'dataset = "demo-texts"', "does not fit the suite"),
        ('model = "efficientnet-lite0"', 'model = "nonesuch"', "does not fit the suite"),
        ('rows = "texts"', 'rows = "prompts"', "is not a file of prompts"),
    ],
)
def test_files_that_contradict_each_other_are_refused(
    folder: Path, old: str, new: str, sentence: str
) -> None:
    edit(folder / "suite.toml", old, new)
    with pytest.raises(BrokenSuite, match=sentence):
        read_suite(folder)


def test_a_repeated_query_is_refused(folder: Path) -> None:
    revision = load_suite("demo").dataset("demo-texts").revision
    assert revision is not None
    edit(folder / "texts.jsonl", '"t002"', '"t001"')
    edit(folder / "suite.toml", revision, hashlib.sha256((folder / "texts.jsonl").read_bytes()).hexdigest())
    with pytest.raises(BrokenSuite, match=r"texts\.jsonl uses an id twice"):
        read_suite(folder)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenSuite, match=r"has no suite\.toml"):
        read_suite(tmp_path)


@pytest.mark.parametrize("name", ["suite.toml", "lock.toml", "answers.toml"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'name = "\xff"', r"not in UTF-8 \(byte 8\)\. Save it in UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = [", "is not valid TOML"),
    ],
    ids=["Latin-1", "deep", "torn"],
)
def test_a_file_that_is_no_toml_is_named(folder: Path, name: str, content: bytes, sentence: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(BrokenSuite, match=f"The {name} of demo (is )?{sentence}"):
        read_suite(folder)


def test_a_file_whose_name_is_no_text_is_refused(folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9"))).touch()
    with pytest.raises(BrokenSuite, match=r"a file whose name is not in UTF-8, 'caf.udce9'\. Rename it"):
        read_suite(folder)


def test_a_file_that_cannot_be_read_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_path: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "read_bytes", fails)
    with pytest.raises(BrokenSuite, match=r"The folder demo cannot be read \(Input/output error\)"):
        read_suite(folder)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("queries = 15", "queries = 101", "runs 101 queries of data set demo-topics, which has 100"),
        (
            "queries_per_window = 2\n",
            "queries_per_window = 17\n",
            "runs 17 queries of data set demo-texts, which has 16",
        ),
    ],
)
def test_a_window_larger_than_its_data_set_is_refused(
    folder: Path, old: str, new: str, sentence: str
) -> None:
    edit(folder / "suite.toml", old, new)
    with pytest.raises(BrokenSuite, match=f"{sentence}. Lower `queries`"):
        read_suite(folder)


def test_a_window_may_be_the_whole_data_set(folder: Path) -> None:
    edit(folder / "suite.toml", "queries = 15", "queries = 100")
    assert read_suite(folder).queries_per_window("demo-topics") == 100


def test_entries_are_found_by_name_or_named() -> None:
    suite = load_suite("demo")
    assert suite.job("summarization/demo-texts/minilm-l6-v2").summary_sentences == 2
    assert suite.task("summarization").title == "Summarization"
    assert suite.model("minilm-l6-v2").kind == "task-specific"
    assert [row.id for row in suite.rows("demo-texts", ["t003", "t001"])] == ["t003", "t001"]
    with pytest.raises(UnknownEntry, match=r"no data set 'nonesuch'\. Choose one of: demo-topics"):
        suite.dataset("nonesuch")


def test_the_suite_needs_neither_numpy_nor_torch() -> None:
    program = (
        "import sys; from joulemark.suite import load_suite; load_suite('demo');"
        "print(sorted({'numpy', 'torch', 'transformers', 'django'} & set(sys.modules)))"
    )
    agent = Path(str(files("joulemark"))).parent
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(agent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
