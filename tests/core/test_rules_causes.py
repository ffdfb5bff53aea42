"""Which findings the next job of a run would have too: a table over all rules and all flags."""

from __future__ import annotations

import pytest

from joulemark.rules.causes import (
    FLAGS_RULE,
    MENDS,
    OF_FLAGS,
    OF_RULES,
    FoundUnfit,
    cause_of,
    mend_of,
    recurring,
)
from joulemark.rules.completeness import DIRTY, DISAGREE
from joulemark.rules.judge import RULES
from measurements.display.term_titles import FLAGS

HEAT = FoundUnfit(FLAGS_RULE, "The agent flagged the run: thermal-slowdown.", ("thermal-slowdown",))
COMPANY = FoundUnfit(FLAGS_RULE, "The agent flagged the run: foreign-process.", ("foreign-process",))
SLICE = FoundUnfit(
    "JM-DEVICE", "The device is a slice of a GPU (MIG), whose energy cannot be measured separately."
)
ANSWERS = FoundUnfit("JM-KNOWN-ANSWERS", "3 of 4 answers differ from the known answers of the suite.")


def test_every_rule_has_its_cause() -> None:
    assert set(OF_RULES) == {rule.code for rule in RULES} - {FLAGS_RULE}


def test_every_flag_has_its_cause_and_its_mend() -> None:
    assert set(OF_FLAGS) == set(FLAGS), "the titles are complete: test_terms_have_titles"
    assert set(OF_FLAGS) >= DIRTY
    assert not set(OF_FLAGS) & set(OF_RULES)
    assert set(MENDS) == {flag for flag, cause in OF_FLAGS.items() if cause != "job"}
    assert set(MENDS) <= DIRTY | {DISAGREE}, "what makes no run unfit stops none"


def test_what_nobody_knows_lies_in_the_job() -> None:
    assert cause_of("JM-OF-A-LATER-VERSION") == "job"
    assert recurring([[FoundUnfit("JM-OF-A-LATER-VERSION", "No.")]] * 3) is None


@pytest.mark.parametrize(
    ("results", "certain"),
    [
        ([], None),
        ([[]], None),
        ([[SLICE]], SLICE),
        ([[], [ANSWERS, SLICE]], SLICE),
        ([[HEAT]], None),
        ([[HEAT], [HEAT]], HEAT),
        ([[HEAT], [], [HEAT]], None),
        ([[HEAT], [COMPANY]], None),
        ([[HEAT, COMPANY], [ANSWERS, COMPANY]], COMPANY),
        ([[ANSWERS]] * 5, None),
        ([[HEAT], [HEAT], []], None),
        ([None], None),
        ([[SLICE], None], SLICE),
        ([[HEAT], None, [HEAT], None], HEAT),
        ([[SLICE], [], None], None),
    ],
)
def test_a_lasting_cause_is_certain_at_once_and_a_passing_one_when_it_comes_twice_in_a_row(
    results: list[list[FoundUnfit] | None], certain: FoundUnfit | None
) -> None:
    assert recurring(results) == certain


def test_one_flag_of_several_is_enough() -> None:
    both = FoundUnfit(FLAGS_RULE, "Both.", ("not-steady", "suspended"))
    assert recurring([[FoundUnfit(FLAGS_RULE, "One.", ("suspended",))], [both]]) == both
    assert recurring([[FoundUnfit(FLAGS_RULE, "One.", ("not-steady",))], [both]]) is None


def test_the_advice_is_the_flags_or_the_rules() -> None:
    assert "cool down" in (mend_of(HEAT) or "")
    assert mend_of(SLICE) == "Measure on a whole GPU; leave its name and limits as NVML reports them"
    assert mend_of(FoundUnfit("JM-TOTALS", "No.")) is None
