"""Sentences about one's own value beside others': numbers as they are read, the platform's statement as it is."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.cli.output import CommandOutput
from joulemark.cli.result_lines import MAX_WIDTH, ResultEntry, result_lines, shortened
from joulemark.record.messages import ResultStanding, StandingCell, StandingOthers, StandingValue
from joulemark.session.comparison import comparison_sentence, percent, short_comparison, significant
from tests.laws import law

CELL = StandingCell(
    energy_wh_per_1000=2.284,
    interval="bootstrap",
    label="several sources",
    tier="established",
    n_contributors=15,
    n_own_results=1,
    is_current=True,
    page_url="https://example.org/boards/cell/",
)
OTHERS = StandingOthers(
    energy_wh_per_1000=2.27,
    between_low_wh_per_1000=2.21,
    between_high_wh_per_1000=2.34,
    interval="bootstrap",
    label="several sources",
    n_contributors=14,
)
ONE = replace(
    OTHERS,
    n_contributors=1,
    label="single source",
    between_low_wh_per_1000=None,
    between_high_wh_per_1000=None,
    interval="",
)
STANDING = ResultStanding(
    result_id="ab" * 32,
    state="accepted",
    findings=(),
    short_url="https://example.org/r/abababababababab",
    page_url="https://example.org/results/",
    value=StandingValue(energy_wh_per_1000=2.31, expanded_u=0.05, grade="measured"),
    cell=CELL,
    others=OTHERS,
    comparison="agrees",
)
UNSURE = (
    "1 other 2.27 (single source): too far apart, and it is not known yet which is right; "
    "this cell is now 2.28, established."
)
APART = (
    "2 others 2.27 (they differ too much for an interval): the others do not agree with each other, so it is not "
    "known yet who is right; this cell is now 2.28, established."
)
OWN = "Your card 2.31 Wh per 1,000 queries ± 5 %"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, f"{OWN}, 14 others 2.27 (2.21 to 2.34): agrees; this cell is now 2.28, established."),
        (
            {"comparison": "differs"},
            f"{OWN}, 14 others 2.27 (2.21 to 2.34): the difference exceeds chance; this cell is now 2.28, established.",
        ),
        (
            {"others": replace(OTHERS, interval="preliminary", n_contributors=3)},
            f"{OWN}, 3 others 2.27 (2.21 to 2.34, preliminary): agrees; this cell is now 2.28, established.",
        ),
        (
            {"others": ONE},
            f"{OWN}, 1 other 2.27 (single source): agrees; this cell is now 2.28, established.",
        ),
        (
            {"others": ONE, "comparison": "open"},
            f"{OWN}, {UNSURE}",
        ),
        (
            {
                "others": replace(
                    OTHERS, between_low_wh_per_1000=None, between_high_wh_per_1000=None, n_contributors=2
                ),
                "comparison": "open",
            },
            f"{OWN}, {APART}",
        ),
        (
            {"others": None, "comparison": "alone"},
            f"{OWN}: nobody else has measured this here yet, so it is a single source.",
        ),
        (
            {"others": ONE, "comparison": "alone"},
            f"{OWN}, 1 other 2.27 (single source): on the same device, so together they are a single source.",
        ),
        (
            {"comparison": None},
            f"{OWN}; not compared with others yet: see `joulemark results` later.",
        ),
        (
            {"comparison": "a-later-word"},
            f"{OWN}, 14 others 2.27 (2.21 to 2.34): a-later-word; this cell is now 2.28, established.",
        ),
    ],
)
def test_a_comparison_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert comparison_sentence(replace(STANDING, **changes), "gpu") == sentence


def test_an_estimate_says_that_it_is_one_and_states_no_uncertainty() -> None:
    value = StandingValue(energy_wh_per_1000=0.02578, expanded_u=None, grade="estimated")
    sentence = comparison_sentence(replace(STANDING, value=value), "cpu")
    assert sentence is not None
    assert sentence.startswith("Your processor 0.0258 Wh per 1,000 queries (estimated), 14 others")


@pytest.mark.parametrize("state", ["quarantined", "rejected", "withdrawn", "received", "checking"])
def test_what_does_not_count_is_not_compared(state: Any) -> None:
    assert comparison_sentence(replace(STANDING, state=state), "gpu") is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "agrees with 14 others"),
        ({"comparison": "differs"}, "differs from 14 others"),
        ({"others": ONE, "comparison": "open"}, "undecided against 1 other"),
        ({"others": None, "comparison": "alone"}, "single source"),
        ({"comparison": None}, None),
    ],
)
def test_a_list_says_it_in_a_few_words(changes: dict[str, Any], words: str | None) -> None:
    assert short_comparison(replace(STANDING, **changes)) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.3, "2.30"),
        (0.02584, "0.0258"),
        (1234.0, "1230"),
        (999.96, "1000"),
        (3.15e-4, "0.000315"),
        (1e-5, "1.00e-05"),
    ],
)
def test_numbers_have_three_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.05, "5 %"), (0.163, "16 %"), (0.0052, "0.52 %"), (1.0, "100 %"), (0.1, "10 %"), (2.5, "250 %")],
)
def test_shares_are_percentages(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.laws
@law()
@given(st.floats(min_value=1e-300, max_value=1e300))
def test_a_written_number_is_within_its_rounding(value: float) -> None:
    assert math.isclose(float(significant(value)), value, rel_tol=5.001e-3)
    assert len(significant(value)) <= 10


PLAIN = st.text(alphabet="abcdefghij-/_. ", min_size=1, max_size=200).filter(str.strip)


@pytest.mark.laws
@law(in_every_run=25)
@given(
    st.sampled_from(["accepted", "quarantined", "rejected", "withdrawn", "received", "checking", "waiting"]),
    PLAIN,
    st.lists(st.from_regex(r"JM-[A-Z]{2,12}(-[A-Z]{2,12})?", fullmatch=True), max_size=9),
)
def test_no_line_of_a_list_is_wider_than_80_columns(state: str, job: str, codes: list[str]) -> None:
    listed = ResultEntry(
        state=state,
        job=job,
        energy="0.000315 Wh per 1,000 queries ± 0.52 % (estimated)",
        comparison="differs from 12 others",
        codes=tuple(codes),
        place=f"https://joulemark.example.org/r/{'ab' * 8}",
    )
    lines = result_lines(listed, width=None)
    assert max(map(len, lines)) <= MAX_WIDTH
    assert lines[0].startswith(f"{state} ")
    assert lines[-1].strip() == listed.place
    assert all(code in "\n".join(lines) for code in codes)


def test_sentences_end_between_words_on_a_terminal_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    link = f"https://example.org/{'x' * 90}"
    sentence = f"{comparison_sentence(STANDING, 'gpu')} Its page: {link} and more."
    output = CommandOutput(as_json=False)
    output.say(sentence)
    assert capsys.readouterr().out == f"{sentence}\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.say(sentence)
    lines = capsys.readouterr().out.splitlines()
    assert link in lines, "an address is never cut"
    assert max(len(line) for line in lines if line != link) <= 80
    assert " ".join(lines) == sentence


def test_a_long_name_keeps_both_its_ends() -> None:
    assert shortened("text_classification/demo-topics/minilm-l6-v2", 30) == "text_classific.../minilm-l6-v2"
    assert shortened("short", 30) == "short"
