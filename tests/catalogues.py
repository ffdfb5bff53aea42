"""The sentences that code and templates mark for translation, by reading them: no program of GNU gettext is needed.

A key is the message and its plural, None where it has none. Only literals can be in a catalogue, so a marked
expression that is none is an error of the test.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).parents[1]
Key = tuple[str, str | None]

SINGULAR = {"_", "gettext", "gettext_lazy", "gettext_noop", "marked"}
PLURAL = {"ngettext", "ngettext_lazy"}
PERCENT_FIELD = re.compile(r"%\((\w+)\)[sdr]|%[sdr]")


@dataclass(frozen=True)
class Half:
    """One half of the software: its catalogue, and where its sentences are written."""

    name: str
    catalogue: Path
    code: tuple[str, ...]
    templates: tuple[str, ...] = ()
    data: Callable[[], Iterable[str]] = tuple
    """Sentences that are written as data of a room which itself translates nothing."""

    @cache  # noqa: B019  two halves, as long as the tests run
    def sentences(self) -> dict[Key, str]:
        """Every marked sentence, with a place where it is."""
        found: dict[Key, str] = {}
        for pattern in self.code:
            for path in sorted(ROOT.glob(pattern)):
                for key, line in marked_in_code(path.read_text(encoding="utf-8")):
                    found.setdefault(key, f"{path.relative_to(ROOT)}:{line}")
        for pattern in self.templates:
            for path in sorted(ROOT.glob(pattern)):
                for key in marked_in_template(path.read_text(encoding="utf-8")):
                    found.setdefault(key, str(path.relative_to(ROOT)))
        for text in self.data():
            found.setdefault((text, None), "data")
        return found


def of_rules() -> Iterator[str]:
    """What `joulemark check` shows of the rules: what holds when one is kept, and what to do when it is broken."""
    from joulemark.rules import causes
    from joulemark.rules.judge import RULES

    for rule in RULES:
        yield rule.title
        if rule.mend is not None:
            yield rule.mend
    yield from causes.MENDS.values()


def texts_of_rules() -> Iterator[str]:
    """What pages show of a rule: its title, when it is satisfied, and what to do when it is violated."""
    from joulemark.rules.judge import RULES

    for rule in RULES:
        yield from filter(None, (rule.title, rule.condition, rule.mend))


AGENT = Half(
    "agent",
    ROOT / "agent" / "joulemark" / "locale" / "ru" / "LC_MESSAGES" / "joulemark.po",
    code=("agent/joulemark/**/*.py",),
    data=of_rules,
)
PLATFORM = Half(
    "platform",
    ROOT / "platform" / "joulemark_site" / "locale" / "ru" / "LC_MESSAGES" / "django.po",
    code=("measurements/**/*.py", "platform/joulemark_site/**/*.py"),
    templates=("measurements/**/*.html", "platform/joulemark_site/templates/**/*.html"),
    data=texts_of_rules,
)
HALVES = (AGENT, PLATFORM)


@cache
def parsed(source: str) -> ast.Module:
    """The tree of a file, which several tests walk."""
    return ast.parse(source)


def marked_in_code(source: str) -> Iterator[tuple[Key, int]]:
    """The sentences of calls of gettext and its kin whose argument is a literal, with their lines."""
    for node in ast.walk(parsed(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        first = _literal(node.args[0])
        if node.func.id in SINGULAR and first is not None:
            yield (first, None), node.lineno
        elif node.func.id in PLURAL:
            second = _literal(node.args[1])
            assert first is not None, f"line {node.lineno}: the singular is no literal"
            assert second is not None, f"line {node.lineno}: the plural is no literal"
            yield (first, second), node.lineno


def marked_in_template(source: str) -> Iterator[Key]:
    """The sentences of a Django template, as Django itself writes them down for xgettext."""
    from django.utils.translation.template import templatize

    text = templatize(source)
    literal = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    for match in re.finditer(rf"ngettext\({literal},\s*{literal}", text):
        yield ast.literal_eval(match[1]), ast.literal_eval(match[2])
    for match in re.finditer(rf"(?<![\w.])(?:gettext|_)\({literal}\s*\)", text):
        yield ast.literal_eval(match[1]), None


def fields_of(text: str) -> list[str]:
    """The placeholders of a sentence, sorted: `{name:.1f}` of str.format and `%(name)s` of the percent operator."""
    percent = [match[0] for match in PERCENT_FIELD.finditer(text)]
    braces = []
    try:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None:
                braces.append(
                    f"{{{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
                )
    except ValueError:  # a lone brace: the sentence is no template of str.format
        braces = ["not a template"]
    return sorted([*percent, *braces])


def misfilled_in_code(source: str) -> Iterator[tuple[int, str, set[str]]]:
    """Marked sentences that are filled by `.format(...)` with other names than their fields: line, sentence, names.

    Only those whose template stands before the call, alone or as one of two branches.
    """
    for node in ast.walk(parsed(source)):
        if (
            not isinstance(node, ast.Call)
            or not isinstance(node.func, ast.Attribute)
            or node.func.attr != "format"
        ):
            continue
        names = {keyword.arg for keyword in node.keywords}
        if None in names:  # **mapping
            continue
        for key, _ in marked_in_code(ast.unparse(node.func.value)):
            for text in filter(None, key):
                fields = {name.partition(".")[0].partition("[")[0] for name in _names(text)}
                if fields - names:
                    yield node.lineno, text, fields ^ {name for name in names if name}


def translated_at_import(source: str) -> Iterator[int]:
    """The lines of calls of gettext that run while the module is imported: in constants, classes and defaults."""
    pending: list[ast.AST] = [parsed(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.decorator_list]
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (SINGULAR | PLURAL) - {"marked"}:
            yield node.lineno
        pending += ast.iter_child_nodes(node)


def _names(text: str) -> Iterator[str]:
    for _, name, _, _ in Formatter().parse(text):
        if name is not None:
            yield name


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


WORDY = re.compile(r"[A-Za-z]{2,}[,.:;!?)`'\"]* +[`'\"(]*[A-Za-z]")
"""Two words beside each other, of which the first has two letters."""


def unmarked_in_code(source: str, *, exempt: Iterable[str] = ()) -> Iterator[tuple[int, str]]:
    """Sentences that are literals and not marked: two words or more, outside of docstrings and annotations.

    Those that begin with a text of `exempt` are passed over.
    """
    tree = parsed(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    beginnings = tuple(exempt)
    for node in ast.walk(tree):
        text = _text(node)
        if (
            not isinstance(node, ast.expr)
            or text is None
            or not _is_sentence(text, node)
            or text.startswith(beginnings)
        ):
            continue
        if not any(map(_excuses, _ancestors(node, parents), [node, *_ancestors(node, parents)])):
            yield node.lineno, text


def _text(node: ast.AST) -> str | None:
    """A literal's text; of an f-string with `§` for each field."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "§" for part in node.values)
    return None


def _is_sentence(text: str, node: ast.AST) -> bool:
    if WORDY.search(text):
        return True
    words = re.sub(r"\S*[/_=\\-]\S*", "", text)
    return isinstance(node, ast.JoinedStr) and " " in text and bool(re.search(r"[a-z]{3,}", words))


def _ancestors(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> list[ast.AST]:
    chain = []
    while node in parents:
        node = parents[node]
        chain.append(node)
    return chain


NOT_SHOWN = {
    "AssertionError", "ArgumentParser", "Literal", "compile", "fullmatch", "import_module", "match", "search", "sub",
}  # fmt: skip
"""Calls and subscripts whose texts nobody is shown."""


def _excuses(parent: ast.AST, child: ast.AST) -> bool:
    """Whether a text below `child` of `parent` is marked already, a part of a larger text, or not shown."""
    if isinstance(parent, ast.JoinedStr | ast.Expr) and not (
        isinstance(parent, ast.Expr) and isinstance(child, ast.Call | ast.Yield | ast.Await)
    ):
        return True
    if isinstance(parent, ast.Call):
        name = parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
        return name in SINGULAR | PLURAL | NOT_SHOWN
    if isinstance(parent, ast.Subscript):
        return getattr(parent.value, "id", "") in NOT_SHOWN
    return isinstance(parent, ast.AnnAssign) and child is parent.annotation


def update(half: Half) -> tuple[int, int]:
    """Give the catalogue an empty entry for each new sentence, take dead ones out and compile it; both numbers."""
    import polib

    used = half.sentences()
    catalogue = polib.pofile(str(half.catalogue), wrapwidth=0)
    known = {(entry.msgid, entry.msgid_plural or None): entry for entry in catalogue}
    new, dead = used.keys() - known.keys(), known.keys() - used.keys()
    for key in dead:
        catalogue.remove(known[key])
    for singular, plural in sorted(new, key=lambda key: used[key]):
        plurals = {} if plural is None else {0: "", 1: "", 2: ""}
        catalogue.append(polib.POEntry(msgid=singular, msgid_plural=plural or "", msgstr_plural=plurals))
    catalogue.save()
    catalogue.save_as_mofile(str(half.catalogue.with_suffix(".mo")))
    return len(new), len(dead)


if __name__ == "__main__":
    from django.conf import settings

    settings.configure()
    for a_half in HALVES:
        added, removed = update(a_half)
        print(
            f"{a_half.catalogue.relative_to(ROOT)}: {added} new sentences need their Russian, {removed} went"
        )
