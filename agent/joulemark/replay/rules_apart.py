"""Of two verdicts on one result the rules that say otherwise, each with what is published and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.replay.differences import is_same, quoted, unlike
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

Findings = list[dict[str, Any]]


def rules_apart(published: Findings, derived: Findings) -> list[str]:
    """One sentence for each rule whose finding is published and does not follow, follows and is not published, or says
    something else: then its numbers are named, the limit that it was held against among them."""
    of_published, of_derived = (
        {each["code"]: each for each in findings} for findings in (published, derived)
    )
    sentences: list[str] = []
    for code in sorted(of_published.keys() | of_derived.keys()):
        sentences += _rule_apart(code, of_published.get(code), of_derived.get(code))
    return sentences


def _rule_apart(code: str, published: dict[str, Any] | None, derived: dict[str, Any] | None) -> Iterator[str]:
    if published is None and derived is not None:
        yield _("{rule}: nothing is published; it follows that {derived}").format(
            rule=code, derived=_in_words(derived)
        )
    elif derived is None and published is not None:
        yield _("{rule}: it is published that {published}; nothing follows.").format(
            rule=code, published=_in_words(published)
        )
    elif published is not None and derived is not None:
        for name, is_published, follows in _numbers_apart(published, derived):
            yield _("{rule}: {name} is published as {published}; it follows that it is {derived}.").format(
                rule=code, name=name, published=is_published, derived=follows
            )


def _in_words(finding: dict[str, Any]) -> str:
    """The sentence of a finding with its numbers."""
    numbers = ", ".join(f"{name} {quoted(value)}" for name, value in finding.get("evidence", {}).items())
    return f"“{finding['sentence']}” ({numbers})" if numbers else f"“{finding['sentence']}”"


def _numbers_apart(published: dict[str, Any], derived: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, published and recomputed value of the numbers of two findings; of their words where no number differs."""
    of_published, of_derived = published.get("evidence", {}), derived.get("evidence", {})
    names = [
        name
        for name in sorted(of_published.keys() | of_derived.keys())
        if not is_same(of_published.get(name), of_derived.get(name))
    ]
    for name in names:
        yield name, quoted(of_published.get(name)), quoted(of_derived.get(name))
    for name in ("severity", "sentence"):
        if published.get(name) != derived.get(name) and (name == "severity" or not names):
            yield name, *unlike(published.get(name), derived.get(name))
