"""A law over the code: a closed list of words is written once, and whoever needs it again names it.

The home of such a list is a `Literal` of the agent, or a class of choices where only the platform has it. A class of
choices that gives titles to words of the agent names that type in its docstring and has exactly its words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest
from django.db.models import TextChoices

from measurements.catalog import models as catalog
from measurements.contributors.models import KeyState
from measurements.display import choices
from measurements.intake.models import State
from measurements.review import models as review

ROOT = Path(__file__).parents[2]
SOURCES = ("agent/joulemark", "measurements", "platform/joulemark_site")
TITLED: list[type[TextChoices]] = [
    *(
        found
        for found in vars(choices).values()
        if isinstance(found, type) and issubclass(found, TextChoices) and found is not TextChoices
    ),
    catalog.HardwareKind,
    review.WithdrawalReason,
    State,
]
OF_THE_PLATFORM = {
    choices.ModelKind: {"unknown"},
    choices.Tier: {"published"},
    choices.NoScoreInterval: {"several-models"},
    choices.NoUnitValue: {"not-computed-then", "not-published"},
}
"""Words that a list of titles has beyond the agent's: what only a board can say."""

SOME = {
    "agent/joulemark/cli/join.py FAULTS": "the states that are faults",
    "agent/joulemark/cli/run_options.py _read_joined_suite": "the meters of a processor",
    "agent/joulemark/energy/budget.py SENSOR_TERMS": "terms of the budget that a design's boards share",
    "agent/joulemark/energy/streams.py SCOPES": "what each scope of a result is made of",
    "agent/joulemark/exports/boamps.py CPU_MODES": "the scopes that a processor is in",
    "agent/joulemark/exports/boamps.py DATA": "what goes into a task and comes out",
    "agent/joulemark/exports/boamps.py _data": "what a task of another name takes and gives",
    "agent/joulemark/impact/measures.py PARTS": "the totals that do not cover a whole node",
    "agent/joulemark/impact/reported_rule.py SCOPE_OF_BOUNDARY": "the boundaries that a board can have",
    "agent/joulemark/release/leaf_tables.py TRACES": "the forms of files that hold lists",
    "agent/joulemark/rules/sensor_rules.py UNITS_PER_JOULE": "the meters that count",
    "agent/joulemark/session/comparison.py short_comparison": "what needs a number of others",
    "agent/joulemark/session/delivery.py unsent": "states that are sent again",
    "agent/joulemark/session/report.py NOT_COUNTED": "states that are on no board",
    "measurements/boards/table_rows.py GRADE_ORDER": "what a table can have: modelled energies are on none with these",
    "agent/joulemark/leaderboard/eligibility.py (VERDICT, MODERATION, WITHDRAWAL)": "entries that move a result",
    "agent/joulemark/leaderboard/eligibility.py COMPARABLE": "states whose results others are held against",
    "agent/joulemark/leaderboard/result_numbers.py within_session_u": "terms that one session does not share",
    "agent/joulemark/replay/history.py (RECEIVED, STARTED, ENROLLED, REVOKED)": "entries that name something new",
    "agent/joulemark/replay/snapshot_step.py WAITING": "states of a result without a verdict",
    "measurements/boards/unit_columns.py BOARD_UNITS": "the units that have a column",
    "measurements/downloads/resource_rules.py WHERE": "places where a rule can be applied, not who has a checkpoint",
    "measurements/downloads/resource_serializers.py KINDS": "the kinds that lists of the API have",
    "measurements/pages/templatetags/unit_energies.py unit_heading": "the units that have a column",
    "measurements/pages/templatetags/unit_energies.py unit_note": "the units that have a column",
    "measurements/releases/documents/schema.py KINDS": "the kinds that text forms write in their own way",
    "measurements/webhooks/gathering.py KIND_OF_LEAF": "the entries of which receivers are told",
}
"""Places that name some words of a list and mean no others, each with what these are."""


NAMES_OF_TABLES = {"measurements/search/entries.py"}
"""Lists whose words are what the tables are called, as fields are everywhere: no words of their own."""
SHARED = {
    frozenset({"agent/joulemark/published/boamps_schema.py"}): "words of somebody else's schema",
    frozenset(
        {"agent/joulemark/published/boamps_schema.py", "agent/joulemark/record/requests.py"}
    ): "words of somebody else's schema, and our reasons",
    frozenset({"agent/joulemark/record/statement.py"}): "what a device is, and what an energy covers",
    frozenset(
        {"agent/joulemark/session/diagnosis.py", "agent/joulemark/session/suite_source.py"}
    ): "two places of a folder",
    frozenset(
        {"agent/joulemark/record/control.py", "agent/joulemark/suite/jobs.py"}
    ): "when a kernel runs, and which token's vector is a text's",
    frozenset(
        {"measurements/ledger/models.py", "measurements/review/moves.py"}
    ): "leaves, and causes that bring some",
    frozenset({"measurements/display/choices.py"}): "titles of reasons of two intervals, which are sentences",
}
"""Files whose lists have words in common and are no parts of each other."""


@dataclass(frozen=True)
class WordList:
    """Words of one list, where it is written, and whether it gives them titles."""

    words: frozenset[str]
    file: str
    line: int
    is_titled: bool


def texts(node: ast.expr) -> list[str] | None:
    """The words of a tuple, list, set or of a table's keys; None where it holds anything else."""
    items = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", None)
    if not items or isinstance(getattr(node, "ctx", None), ast.Store):
        return None
    words = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return words if len(words) == len(items) else None


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the agent and the platform but migrations, which never change."""
    files = (file for source in SOURCES for file in sorted((ROOT / source).rglob("*.py")))
    return {
        str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8"))
        for file in files
        if "migrations" not in file.parts
    }


def lists_of(file: str, module: ast.Module) -> Iterator[WordList]:
    """The literals and classes of choices of a module, each with two words or more of its own."""
    for node in ast.walk(module):
        words: list[object] = []
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            words = [part.value for part in parts if isinstance(part, ast.Constant)]
        elif isinstance(node, ast.ClassDef) and re.search("TextChoices|StrEnum", ast.unparse(node)[:200]):
            values = [entry.value for entry in node.body if isinstance(entry, ast.Assign)]
            firsts = [value.elts[0] if isinstance(value, ast.Tuple) else value for value in values]
            words = [first.value for first in firsts if isinstance(first, ast.Constant)]
        else:
            continue
        own = frozenset(word for word in words if isinstance(word, str) and word)
        if len(own) > 1:
            yield WordList(own, file, node.lineno, "TextChoices" in ast.unparse(node)[:200])


@cache
def word_lists() -> list[WordList]:
    """Every closed list of words in the code."""
    return [
        found
        for file, module in modules().items()
        if file not in NAMES_OF_TABLES
        for found in lists_of(file, module)
    ]


@cache
def full_lists() -> list[frozenset[str]]:
    """All words of each list, those of a literal that is put together of others too."""
    whole = [found.words for found in word_lists()]
    for file, module in modules().items():
        names = [
            node.targets[0].id
            for node in module.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and ast.unparse(node.value).startswith("Literal[")
        ]
        if names:
            path = file.removeprefix("agent/").removeprefix("platform/").removesuffix(".py")
            loaded = import_module(path.replace("/", ".").removesuffix(".__init__"))
            whole += [
                frozenset(map(str, get_args(getattr(loaded, name))))
                for name in names
                if hasattr(loaded, name)
            ]
    return whole


def name_of(node: ast.stmt) -> str:
    """What a statement defines: a function, a class, or the first name that it assigns."""
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    return str(getattr(node, "name", None) or (ast.unparse(targets[0]) if targets[0] else ""))


def apart(part: ast.AST) -> tuple[set[int], set[int]]:
    """Expressions inside a statement by identity: the choices of a command's option, and the words of a literal."""
    nodes = list(ast.walk(part))
    calls = [keyword for node in nodes if isinstance(node, ast.Call) for keyword in node.keywords]
    literals = [
        node for node in nodes if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
    ]
    return (
        {id(keyword.value) for keyword in calls if keyword.arg == "choices"},
        {id(node.slice) for node in literals},
    )


def second_lists(file: str, module: ast.Module) -> Iterator[tuple[str, int, str]]:
    """(place, line, words) of every collection in a module that names some or all words of a list again."""
    for statement in module.body:
        options, literals = apart(statement)
        for node in ast.walk(statement):
            if not isinstance(node, ast.expr) or id(node) in literals:
                continue
            words = texts(node)
            if words is None or len(words) < 2:
                continue
            named = [known for known in full_lists() if known >= set(words)]
            may_have_all = isinstance(node, ast.Dict) or ("/cli/" in file and id(node) in options)
            if named and not (may_have_all and set(words) in named):
                yield f"{file} {name_of(statement)}", node.lineno, ", ".join(words)


def test_no_two_lists_have_the_same_words() -> None:
    """A literal is named where it is needed, and put together of others where it has their words."""
    found = word_lists()
    twice = {
        f"{other.file}:{other.line} repeats {sorted(first.words & other.words)} of {first.file}:{first.line}"
        for number, first in enumerate(found)
        for other in found[number + 1 :]
        if first.is_titled == other.is_titled
        and len(first.words & other.words) > 1
        and frozenset({first.file, other.file}) not in SHARED
    }
    assert twice == set()


def test_words_of_a_list_are_named_in_no_second_one() -> None:
    """A table by the words of a list has all of them; a tuple or set of them comes out of the list.

    The command's parsers alone name all words again: importing the list would be a tenth of a command's start.
    """
    found = {
        (place, line, words)
        for file, module in modules().items()
        for place, line, words in second_lists(file, module)
    }
    assert {(place, line, words) for place, line, words in found if place not in SOME} == set()
    assert set(SOME) - {place for place, _, _ in found} == set(), "no longer there"


@pytest.mark.parametrize("titled", TITLED, ids=lambda titled: titled.__name__)
def test_titles_have_the_words_of_the_type_that_they_name(titled: type[TextChoices]) -> None:
    named = re.search(r"`(joulemark[\w.]+)\.(\w+)`", titled.__doc__ or "")
    assert named, f"{titled.__name__} does not say whose words it has"
    words = getattr(import_module(named[1]), named[2])
    of_agent = [str(word) for word in (words if isinstance(words, type(Enum)) else get_args(words))]
    assert len(of_agent) > 1
    assert set(titled.values) == {*of_agent, *OF_THE_PLATFORM.get(titled, set())}


def test_states_of_keys_and_names_are_no_words_of_the_agent() -> None:
    """They stand beside their tables, because nobody else has them."""
    known = [set(words) for words in full_lists()]
    assert known.count(set(KeyState.values)) == 1
    assert known.count(set(catalog.NameState.values)) == 1
