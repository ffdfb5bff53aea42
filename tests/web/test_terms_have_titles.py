"""Every word that a statement, a verdict or a cell may hold by its format has a title in each language of the site."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from django.utils import translation

from joulemark.consensus import agreement, cell, interval, ratio
from joulemark.consensus.unit_energy import UNITS, NoUnitInterval
from joulemark.energy.flags import HELD_BACK, THROTTLED
from joulemark.impact.claims import Verdict
from joulemark.impact.parity import Cause as ParityCause
from joulemark.record import requests
from joulemark.record import statement as s
from joulemark.record.messages import ResultState
from joulemark.rules.completeness import DIRTY, NOT_SCORED
from joulemark.rules.finding import Severity
from joulemark.rules.judge import RULES
from joulemark.suite import load_suite, suite_names
from measurements.display.choices import Interval, ModelKind, NoUnitValue
from measurements.display.templatetags import figures, statement_words
from measurements.intake.models import State
from measurements.pages.templatetags import unit_energies as unit_filters
from measurements.pages.templatetags import verdicts
from measurements.review.models import ModerationReason
from measurements.review.moves import Cause
from measurements.review.rule_facts import ALL_RULES

AGENT = Path(s.__file__).parents[1]
SAME_IN_BOTH = {"BLEU", "F1", "ROUGE-1", "ROUGE-2", "ROUGE-L", "chrF"}


def flags_in_code() -> set[str]:
    """Every flag that the agent's code can raise: `found.add("…")` and the like, in the files that make flags."""
    names = {*THROTTLED, *HELD_BACK, *DIRTY, "missing-reading-beside"}
    for file in [AGENT / "energy" / "flags.py", *(AGENT / "session").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names |= set(_flags_of(node))
    return names


def _flags_of(node: ast.AST) -> Iterator[str]:
    values: list[ast.expr] = []
    if isinstance(node, ast.Call) and ast.unparse(node.func) in {"found.add", "self._flags.add"}:
        values = node.args
    elif isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["flags"]:
        values = getattr(node.value, "elts", [])
    yield from (str(value.value) for value in values if isinstance(value, ast.Constant))


def estimators_in_code() -> set[str]:
    """The names in the table of estimators."""
    tree = ast.parse((AGENT / "energy" / "estimators.py").read_text(encoding="utf-8"))
    tables = [
        node.iter for node in ast.walk(tree) if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple)
    ]
    firsts = [pair.elts[0] for table in tables for pair in table.elts if isinstance(pair, ast.Tuple)]
    return {str(first.value) for first in firsts if isinstance(first, ast.Constant)}


def metrics() -> set[str]:
    """Every score that a suite asks for."""
    return {
        metric for name in suite_names() for task in load_suite(name).tasks for metric in task.quality_metrics
    }


def term_names() -> tuple[str, ...]:
    """What a term of the budget may be called."""
    return get_args(get_type_hints(s.Term)["name"])


Case = tuple[str, Callable[[str], Any], Any]
WORDS: list[Case] = [
    ("term", statement_words.term_name, term_names()),
    ("meter", statement_words.meter_name, get_args(s.Meter)),
    ("grade", figures.grade_name, (*get_args(s.Grade), "published")),
    ("scope", figures.scope_name, (*get_args(s.Scope), "gpu+cpu", "node")),
    ("estimator", statement_words.estimator_name, estimators_in_code()),
    ("flag", statement_words.flag_name, flags_in_code()),
    ("metric", statement_words.metric_name, metrics()),
    ("rule", statement_words.rule_title, [*(rule.code for rule in RULES), "JM-JUDGE-FAILED"]),
    ("severity", statement_words.severity_name, [str(one) for one in Severity]),
    ("interval", lambda kind: Interval(kind).label, get_args(interval.Kind)),
    ("tier", figures.tier_name, (*get_args(agreement.Tier), "published")),
    ("label", figures.tier_name, (*get_args(cell.Label), "published")),
    ("formed", figures.formed_name, get_args(ratio.Formed)),
    ("model kind", figures.kind_name, ModelKind.values),
    ("state", verdicts.state_name, {*State.values, *get_args(ResultState)}),
    ("next step", verdicts.next_step, State.values),
    ("decision", verdicts.decision_reason, ModerationReason.values),
    ("withdrawal", verdicts.withdrawal_reason, get_args(requests.WithdrawalReason)),
    ("cause", verdicts.cause_name, (Cause.NEW_RULES.value, Cause.KEY_REVOKED.value, Cause.REPORTED.value)),
    ("unscored", figures.unscored_reason, NOT_SCORED),
    ("verdict of a claim", figures.verdict_name, get_args(Verdict)),
    ("parity", figures.parity_cause, get_args(ParityCause)),
    ("unit", lambda unit: unit_filters.unit_name({"unit": unit, "metric": ""}), UNITS),
    ("no unit value", lambda reason: unit_filters.no_unit_value({"no_value": reason}), NoUnitValue.values),
    ("no unit interval", unit_filters.no_unit_interval, get_args(NoUnitInterval)),
]


@pytest.mark.laws
@pytest.mark.parametrize(("kind", "title_of", "words"), WORDS, ids=[kind for kind, _, _ in WORDS])
def test_every_word_has_a_title_in_each_language(
    kind: str, title_of: Callable[[str], Any], words: Any
) -> None:
    found = list(words)
    assert found
    for word in found:
        titles = {}
        for language in ("en", "ru"):
            with translation.override(language):
                titles[language] = str(title_of(word))
            assert titles[language], f"the {kind} {word} has no title in {language}"
            assert "<q>" not in titles[language], f"the {kind} {word} has no title in {language}"
        known = titles["en"] in SAME_IN_BOTH
        assert known or titles["en"] != titles["ru"], (
            f"the {kind} {word} has no title in Russian: {titles['en']}"
        )


def test_a_rule_is_titled_as_the_rules_say() -> None:
    with translation.override("en"):
        assert {rule.code: statement_words.rule_title(rule.code) for rule in RULES} == {
            rule.code: rule.title for rule in RULES
        }


def test_every_rule_has_a_place_on_a_results_page() -> None:
    assert {rule.subject for rule in ALL_RULES} == verdicts.EVIDENCE_OF.keys()


def test_what_is_not_of_the_format_is_a_quotation() -> None:
    assert statement_words.flag_name("buy-here") == "<q><bdi>buy-here</bdi></q>"
    assert statement_words.with_quotations('It is "<b>" here.') == (
        "<bdi>It is </bdi><q><bdi>&lt;b&gt;</bdi></q><bdi> here.</bdi>"
    )


def test_the_lists_of_words_are_read_from_the_code() -> None:
    assert {
        "outputs-vary",
        "not-steady",
        "power-capped",
        "noisy-machine",
        "missing-reading",
    } <= flags_in_code()
    assert estimators_in_code() == {"bracket", "counter", "derivative", "power", "average"}
    assert "tail" in term_names()
    assert isinstance(msgspec.inspect.type_info(s.Term), msgspec.inspect.StructType)
