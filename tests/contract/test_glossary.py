"""One thing has one word: the Russian of both halves is that of docs/glossary.md, wherever a term is meant."""

from __future__ import annotations

import re

import polib
import pytest

from tests.catalogues import HALVES, ROOT

ROW = re.compile(r"^\| (?P<term>[a-z][^|]*?) \| (?P<russian>[^|]+?) \| (?P<meaning>[^|]+?) \|$", re.MULTILINE)
ALSO_PLAIN_WORDS = {
    "cell": "a cell of a processor's table, in words of their own",
    "checkpoint": "the name of a parameter in an address",
    "claim": "what a sender claims of itself",
    "control kernel": "the genitive `ядра` has another stem",
    "coverage": "the coverage of an interval",
    "energy counter": "`this counter` is enough where both stand in one sentence",
    "equivalence": "`degree of equivalence` is a term of its own",
    "front": "the front page",
    "grade": "a heading may say `kind`",
    "job": "the same job in daily words",
    "lock": "a lock on a key or a folder",
    "population": "too few sentences",
    "protocol": "the name of a file",
    "query": "the `query model` row of a log",
    "rest": "the rest of something",
    "sample": "a driver's power samples",
    "suite": "`набор` alone, once it was named",
    "tier": "the lower tier",
    "verdict": "the verdict on a claim",
    "window": "the genitive `окон` has another stem",
}
"""Terms that English sentences also use otherwise: what a check of every sentence would find is not wrong."""
CODE = re.compile(r"`[^`]*`|\{[^}]*\}|%\([^)]*\)s|\b\w+\.json\b")
ENDING = 3
"""So many letters at the end of a Russian word may change with its case."""


def terms() -> dict[str, str]:
    found = {
        row["term"]: row["russian"]
        for row in ROW.finditer((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    }
    assert len(found) > 50
    return found


def stems(russian: str) -> list[str]:
    return [word[: max(4, len(word) - ENDING)].lower() for word in russian.split() if len(word) > 2]


def sentences() -> list[tuple[str, str]]:
    return [
        (
            CODE.sub("", f"{entry.msgid} {entry.msgid_plural or ''}"),
            " ".join(entry.msgstr_plural.values()) if entry.msgid_plural else entry.msgstr,
        )
        for half in HALVES
        for entry in polib.pofile(str(half.catalogue))
    ]


@pytest.mark.parametrize("term", sorted(set(terms()) - set(ALSO_PLAIN_WORDS)))
def test_a_term_is_translated_by_its_word(term: str) -> None:
    pattern = re.compile(rf"\b{re.escape(term)}(?:s|es)?\b", re.IGNORECASE)
    wanted = stems(terms()[term])
    wrong = [
        (english, russian)
        for english, russian in sentences()
        if pattern.search(english) and not all(stem in russian.lower() for stem in wanted)
    ]
    assert wrong == []


def test_no_term_comes_twice_and_every_exception_is_one() -> None:
    names = ROW.findall((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    assert len({name for name, _, _ in names}) == len(names)
    assert set(ALSO_PLAIN_WORDS) <= set(terms())
