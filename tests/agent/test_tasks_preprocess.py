"""What is done with a row before a model sees it, as the 2024 study did it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from joulemark.workloads import WorkloadError
from joulemark.workloads.labels import filled
from joulemark.workloads.preprocess import Preprocessing, cell, masked, numbered, picture_of, size_of, text_of
from joulemark.workloads.recipe import Answers, Decoding


def test_the_first_words_are_kept_with_one_space_between_them() -> None:
    assert text_of(" one\ttwo\n\nthree  four", Preprocessing(words=3)) == "one two three"
    assert text_of("one two", Preprocessing(words=3)) == "one two"


def test_a_text_that_nothing_is_done_with_keeps_its_spaces() -> None:
    assert text_of(" one\ttwo\n", Preprocessing()) == " one\ttwo\n"


def test_a_list_is_joined_then_text_removed_then_words_kept() -> None:
    steps = Preprocessing(join=" ", remove=".", words=3)
    assert text_of(["St.", "Paul", ".", "is", "here"], steps) == "St Paul is"


def test_a_list_that_nothing_joins_is_refused() -> None:
    with pytest.raises(WorkloadError, match="needs `join`"):
        text_of(["a", "b"], Preprocessing())


def test_the_last_of_the_kept_words_is_hidden() -> None:
    assert masked("the old bridge.", "replace-last", "[MASK]") == ("the old [MASK]", "bridge")
    assert masked("so !", "replace-last", "<mask>") == ("so <mask>", "!")
    assert masked("", "replace-last", "<mask>") == ("<mask>", None)


def test_a_mask_after_the_text_hides_nothing() -> None:
    text = text_of("with his toys .", Preprocessing(remove="."))
    assert masked(text, "append", "[MASK]") == ("with his toys [MASK]", None)
    assert masked("", "append", "[MASK]") == ("[MASK]", None)


def test_rows_are_numbered_as_a_suite_names_them_and_dropped_ones_do_not_count() -> None:
    rows = [{"text": text} for text in ('""', "a", '""', "b", "c")]
    kept = numbered(rows, "text", Preprocessing(drop_rows=('""',)), count=2)
    assert kept == {"0": {"text": "a"}, "1": {"text": "b"}}


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(WorkloadError, match="no column passage, only question, support"):
        cell({"support": "", "question": ""}, "passage")


def test_pictures_come_from_files_bytes_and_mappings_and_are_scaled_by_nearest_neighbour(
    tmp_path: Path,
) -> None:
    from PIL import Image

    grey = Image.new("L", (2, 1))
    grey.putpixel((1, 0), 255)
    file = io.BytesIO()
    grey.save(file, "PNG")
    (tmp_path / "grey.png").write_bytes(file.getvalue())
    scaled = Preprocessing(resize=(640, 480))
    sources = (
        grey,
        file.getvalue(),
        tmp_path / "grey.png",
        {"bytes": file.getvalue(), "path": None},
        {"bytes": None, "path": str(tmp_path / "grey.png")},
    )
    for source in sources:
        picture = picture_of(source, scaled)
        assert (picture.mode, picture.size) == ("RGB", (640, 480))
        assert [picture.getpixel((x, 479)) for x in (319, 320)] == [(0, 0, 0), (255, 255, 255)]
        assert size_of(source) == (2, 1)


@pytest.mark.parametrize("source", [b"no picture", {"bytes": None, "path": None}, 7, Path("nowhere.png")])
def test_what_is_no_picture_is_refused(source: object) -> None:
    with pytest.raises(WorkloadError, match="Fetch the data set again|Use the revision"):
        picture_of(source, Preprocessing())


def test_values_in_a_prompt_keep_their_braces() -> None:
    prompt = filled(
        '{question}? In: "{context}" {other}', {"question": "{context}", "context": "f'{question}'"}
    )
    assert prompt == "{context}? In: \"f'{question}'\" {other}"


def test_labels_that_are_kept_back_are_no_references() -> None:
    answers = Answers(labels={"LABEL_1": "positive"}, names=("negative", "positive"))
    assert [answers.of_dataset(label) for label in (0, 1, -1, None, "other")] == [
        "negative",
        "positive",
        None,
        None,
        "other",
    ]
    assert [answers.of_model(label) for label in ("LABEL_1", "neutral")] == ["positive", "neutral"]


def test_two_limits_on_length_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        Decoding(max_new_tokens=10, max_length=15)
