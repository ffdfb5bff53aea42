"""Display names that would pass for a pseudonym, for the platform or for another contributor."""

from __future__ import annotations

import string
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.record.display_name import RESERVED, fault_of_name, name_key
from tests.laws import law

TABLE = files("joulemark.record").joinpath("data", "lookalikes.txt").read_text(encoding="utf-8")
LOOKALIKES = {
    line[0]: line[2:] for line in TABLE.splitlines() if line[1:2] == " " and not line.startswith("#")
}
SEPARATORS = " .-_·\u2009\u2013/"
ACCENTS = "\u0301\u0308\u0323\ufe0f\u0336"


def variants(letter: str) -> list[str]:
    """Characters that pass for a letter: by Unicode's own compatibility forms, and by its table of confusables."""
    offsets = (0xFF41, 0x1D41A, 0x1D5BA, 0x1D68A)  # fullwidth, bold, sans-serif, monospace
    forms = [letter, letter.upper()]
    if letter in string.ascii_lowercase:
        forms += [chr(offset + ord(letter) - ord("a")) for offset in offsets]
    return forms + list(LOOKALIKES.get(letter, ""))


@st.composite
def disguised(draw: st.DrawFn, word: str) -> str:
    """A word as somebody who wants to be taken for it writes it."""
    letters = [draw(st.sampled_from(variants(letter))) for letter in word]
    accents = [draw(st.sampled_from(["", "", "", *ACCENTS])) for _ in letters]
    between = draw(st.sampled_from(["", "", "", *SEPARATORS]))
    text = between.join(letter + accent for letter, accent in zip(letters, accents, strict=True))
    before, after = (
        draw(st.sampled_from(["", "The ", "* "])),
        draw(st.sampled_from(["", " 7", "-42", " team"])),
    )
    return f"{before}{text}{after}"


@pytest.mark.laws
@law()
@given(st.sampled_from(sorted(word for word in RESERVED if word.isascii())).flatmap(disguised))
def test_no_spelling_of_a_reserved_word_is_a_name(name: str) -> None:
    assert fault_of_name(name) is not None


@pytest.mark.laws
@law()
@given(st.text("0123456789abcdef", min_size=12, max_size=12).map(lambda tail: f"v-{tail}").flatmap(disguised))
def test_no_spelling_of_a_pseudonym_is_a_name(name: str) -> None:
    assert fault_of_name(name) is not None


@pytest.mark.laws
@law()
@given(
    st.text(string.ascii_lowercase, min_size=3, max_size=20).flatmap(
        lambda w: st.tuples(st.just(w), disguised(w))
    )
)
def test_names_that_an_eye_cannot_tell_apart_have_one_key(pair: tuple[str, str]) -> None:
    word, other = pair
    stripped = (
        other.removeprefix("The ")
        .removeprefix("* ")
        .removesuffix(" 7")
        .removesuffix("-42")
        .removesuffix(" team")
    )
    assert name_key(stripped) == name_key(word)


@pytest.mark.laws
@law()
@given(st.text(min_size=1, max_size=60))
def test_any_text_is_judged_and_a_name_that_passes_can_be_told_from_no_name(name: str) -> None:
    if fault_of_name(name) is None:
        assert name_key(name) != name_key(" ")


@pytest.mark.parametrize(
    "name",
    [
        "Ada", "Anna Müller", "Анна Петрова", "李小龙", "Person 1", "Zaphod B.", "Vladislav", "Badminton club",
        "Lab for Machine Learning, Graz", "O'Neill", "x", "7 of 9", "Cooperator", "Radical",
    ],
)  # fmt: skip
def test_names_of_people_pass(name: str) -> None:
    assert fault_of_name(name) is None


def test_each_refusal_says_what_to_do() -> None:
    refused = {
        name: fault_of_name(name) for name in ("v-3f2a9c01bd77", "simulated-1", "\u3164", " ", "Moderator")
    }
    assert all(fault and ("choose another" in fault or "leave them out" in fault or "choose one" in fault)
               for fault in refused.values())  # fmt: skip
    assert "U+3164" in str(refused["\u3164"])


def test_two_people_with_different_names_have_different_keys() -> None:
    names = ["Ada", "Adam", "Eva", "Ewa", "Person 2", "Person 3", "Анна", "Инна"]
    assert len({name_key(name) for name in names}) == len(names)
