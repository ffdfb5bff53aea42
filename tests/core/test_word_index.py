"""The search finds every name by itself, by its parts and with one slip, whatever the names are."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from measurements.display.slips import MIN_LETTERS, begins_with_slip, one_slip_apart
from measurements.search.folding import fold, words_of
from measurements.search.word_index import MAX_JOINED, MatchLevel, WordIndex
from tests.laws import law

LETTERS = string.ascii_lowercase + string.digits + "абвгдеёжзий"
WORDS = st.text(LETTERS, min_size=1, max_size=12)
SIGNS = st.sampled_from([" ", "-", "_", "/", ".", " - ", "‑"])  # noqa: RUF001 - a hyphen that does not break
NAMES = st.lists(WORDS, min_size=1, max_size=MAX_JOINED - 2)


def joined(words: list[str], signs: list[str]) -> str:
    """Words with a sign between each two."""
    return "".join(word + sign for word, sign in zip(words, [*signs, ""], strict=True))


@st.composite
def written_names(draw: st.DrawFn) -> str:
    """A name with any signs between its words, its letters in any case."""
    words = draw(NAMES)
    signs = draw(st.lists(SIGNS, min_size=len(words) - 1, max_size=len(words) - 1))
    name = joined(words, signs)
    return name.upper() if draw(st.booleans()) else name


@pytest.mark.laws
@law()
@given(names=st.lists(written_names(), min_size=1, max_size=8), data=st.data())
def test_every_name_is_found_by_itself_whatever_stands_between_its_words(
    names: list[str], data: st.DataObject
) -> None:
    index = WordIndex([[name] for name in names])
    place = data.draw(st.integers(0, len(names) - 1))
    words = words_of(names[place])
    assume(words)
    for text in (
        names[place],
        names[place].swapcase(),
        "".join(words),
        " ".join(reversed(words)),
        "-".join(words),
    ):
        found = index.find(text)
        assert place in found, text
        assert found[place] <= MatchLevel.BEGINNINGS or text == " ".join(reversed(words))
    assert index.find(names[place])[place] == MatchLevel.NAME


@pytest.mark.laws
@law()
@given(name=written_names(), data=st.data())
def test_every_name_is_found_by_its_parts(name: str, data: st.DataObject) -> None:
    index = WordIndex([[name], ["something else"]])
    words = words_of(name)
    for word in words:
        assert 0 in index.find(word)
        assert 0 in index.find(word[: data.draw(st.integers(1, len(word)))])
    together = "".join(words)
    assume(len(together) >= 3)
    first = data.draw(st.integers(0, len(together) - 3))
    last = data.draw(st.integers(first + 3, len(together)))
    assert 0 in index.find(together[first:last])


@pytest.mark.laws
@law()
@given(name=written_names(), other=written_names(), data=st.data())
def test_every_name_is_found_with_one_slip(name: str, other: str, data: st.DataObject) -> None:
    index = WordIndex([[other], [name]])
    together = "".join(words_of(name))
    assume(len(together) > MIN_LETTERS)
    slipped = data.draw(st.sampled_from(one_slip_apart(together, LETTERS)))
    assume(words_of(slipped) == (slipped,))
    assert 1 in index.find(slipped), (name, slipped)


@pytest.mark.laws
@law()
@given(word=st.text("abc", min_size=1, max_size=6), longer=st.text("abc", max_size=8))
@example(word="ab", longer="a")
@example(word="abcd", longer="abc")
def test_what_begins_with_a_slip_is_what_trying_every_slip_gives(word: str, longer: str) -> None:
    tried = [word, *one_slip_apart(word, "abc")]
    assert begins_with_slip(word, longer) == any(longer.startswith(variant) for variant in tried)


@pytest.mark.laws
@law()
@given(text=st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    index = WordIndex([["bert-base-uncased", "BERT"], ["GPT-2"], ["Классификация текста"]])
    assert set(index.find(text)) <= {0, 1, 2}
    assert fold(fold(text)) == fold(text)


def test_the_best_comes_first() -> None:
    index = WordIndex([["roberta-base"], ["bert-base-uncased"], ["BERT"], ["bart-large"], ["bertweet"]])
    levels = index.find("bert")
    assert levels == {
        2: MatchLevel.NAME, 1: MatchLevel.WORDS, 4: MatchLevel.BEGINNINGS, 0: MatchLevel.PARTS, 3: MatchLevel.SLIP,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gpt2", {0}),
        ("GPT 2", {0}),
        ("gpt-2-xl", set()),
        ("A-100", {1}),
        ("a100 80 gb", {1}),
        ("ёлка", {2}),
        ("", set()),
        ("·—·", set()),
    ],
)
def test_hyphens_case_and_accents_make_no_difference(text: str, found: set[int]) -> None:
    index = WordIndex([["GPT-2"], ["NVIDIA A100-SXM4-80GB"], ["Елка"]])
    assert set(index.find(text)) == found
