"""What the documents name is there: files, folders, links, make targets, commands, options, modules and identifiers."""

from __future__ import annotations

import re
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from joulemark import cli
from joulemark.cli import suite as suite_command

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "agent").glob("*.md")]
    if path.name != "CHANGELOG.md" and path.parent.name != "decisions"  # they tell of what was
)

FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^()\s]+)\)")
ANCHOR = re.compile(r'<a id="([\w-]+)">')
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATH = re.compile(r"[\w.*…-]+(?:/[\w.*…-]+)*/?")
FILE = re.compile(r"[^/]+\.(?:py|html|toml|csv|json|md|po|yaml|ipynb|txt|in)")
PLACEHOLDER = re.compile(r"(?<![A-Za-z])[A-Z]{3,}(?![A-Za-z])|…|\*")
TARGET = re.compile(r"[a-z][a-z-]*")
IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}(?:\.[A-Za-z_]\w+)?")

OUTSIDE = {
    "deploy/secrets",
    "deploy/secrets/database-password",
    "deploy/secrets/releases-credentials",
    "dist/",
    "var/",
    "tile/",
    "audits/",
    "keys/",
    "suites/",
    "logs/*.csv",
    "build/gpu-bundle/",
    "docs/hardware/CARD-DRIVER/",
}
"""What a build, an installation, the log or an operator has; no file of the repository."""


@cache
def tracked() -> frozenset[str]:
    """The repository's files, and its folders with a slash behind them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    return frozenset(files | {f"{parent}/" for name in files for parent in Path(name).parents})


@cache
def top_level() -> frozenset[str]:
    return frozenset(name.partition("/")[0] for name in tracked())


@cache
def source() -> str:
    """All that is tracked and is no document."""
    names = [name for name in tracked() if name.endswith((".py", ".toml", ".html", ".yml", ".in"))]
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in sorted(names))


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def code_of(page: str) -> Iterator[str]:
    """Each span of code, and each line of a block, without its comment."""
    text = text_of(page)
    for block in FENCED.findall(text):
        yield from (line.partition(" # ")[0].strip() for line in block.splitlines())
    yield from SPAN.findall(FENCED.sub("", text))


def is_there(path: str) -> bool:
    """Whether a file or folder of the repository has this path, or one that ends so; a placeholder may be anything."""
    pattern = PLACEHOLDER.sub("*", path)
    if path.partition("/")[0] in top_level():
        return any(fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}/") for name in tracked())
    return any(fnmatchcase(f"/{name}", f"*/{pattern}") for name in tracked())


def paths_in(page: str) -> Iterator[str]:
    """Words of code that can only be a path of the repository: one from its top, a Python file, a file in a folder."""
    for code in code_of(page):
        for word in code.split():
            path = word.strip("'\"(),;:").removeprefix("./")
            if not PATH.fullmatch(path) or path.startswith(".venv/"):
                continue
            folder, _, name = path.rpartition("/")
            is_file = FILE.fullmatch(name) is not None
            is_ours = folder.partition("/")[0] in top_level() and "/" in path
            if is_ours or (is_file and folder) or name.endswith(".py") or (folder and not name):
                yield path


@pytest.mark.parametrize("page", PAGES)
def test_every_path_exists(page: str) -> None:
    assert [path for path in paths_in(page) if path not in OUTSIDE and not is_there(path)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    broken = []
    for link in LINK.findall(FENCED.sub("", text_of(page))):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings, and those that the page sets."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)
    }
    return headings | set(ANCHOR.findall(text))


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    named = [word for words in commands_in(page, "make") for word in words if TARGET.fullmatch(word)]
    assert [name for name in named if name not in targets] == []


def commands_in(page: str, program: str) -> Iterator[list[str]]:
    """The words behind a program's name wherever code begins with it, whatever runs it."""
    beginning = re.compile(rf"^(?:\$ )?(?:[\w./-]*python3? |docker \S.* )?{re.escape(program)} (.+)$")
    for code in code_of(page):
        for part in re.split(r"&&|;|\|\||\|", code):
            if match := beginning.match(part.strip()):
                yield match[1].split()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_agent_exists_with_its_options(page: str) -> None:
    for words in commands_in(page, "joulemark"):
        name, *rest = words
        if not TARGET.fullmatch(name):
            continue
        assert name in cli.COMMANDS, words
        if name == "suite" and rest and TARGET.fullmatch(rest[0]):
            assert rest[0] in suite_command.ACTIONS, words
        unknown = set(options_in(rest)) - options_of(cli.parser([name]))
        assert unknown == set(), words


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_platform_exists_with_its_options(page: str) -> None:
    apps = get_commands()
    for name, *rest in commands_in(page, "manage.py"):
        assert name in apps, name
        command = load_command_class(apps[name], name)
        unknown = set(options_in(rest)) - options_of(command.create_parser("manage.py", name))
        assert unknown == set(), (name, rest)


def options_in(words: list[str]) -> Iterator[str]:
    return (match[0] for word in words if (match := re.match(r"--[a-z-]+", word.strip("[]().,"))))


def options_of(parser: ArgumentParser) -> set[str]:
    """Every option of a parser and of the parsers below it."""
    options = set()
    for action in parser._actions:
        options |= set(action.option_strings)
        for below in (action.choices or {}).values() if isinstance(action.choices, dict) else ():
            options |= options_of(below)
    return options


@pytest.mark.parametrize("page", PAGES)
def test_every_module_exists(page: str) -> None:
    modules = {name.removesuffix("/").removesuffix(".py").replace("/", ".") for name in tracked()}
    named = [
        code
        for code in code_of(page)
        if re.fullmatch(r"(?:joulemark|measurements|joulemark_site|joulemark_simulation)(?:\.[a-z_]+)+", code)
    ]
    assert [name for name in named if not any(f".{module}".endswith(f".{name}") for module in modules)] == []


def test_every_identifier_of_the_recipes_exists() -> None:
    """A class, a function or a list by its name, in the page that says where to change what."""
    named = {code for code in code_of("docs/changing.md") if IDENTIFIER.fullmatch(code)}
    names = sorted(name for name in named if not FILE.fullmatch(name))
    assert len(names) > 50
    known = set(re.findall(r"\w+", source()))
    assert [name for name in names if not set(name.split(".")) <= known] == []


def test_what_is_not_there_is_noticed() -> None:
    assert not is_there("docs/nothing.md")
    assert not is_there("measurements/nowhere/")
    assert not is_there("nothing_at_all.py")
    assert is_there("measurements/pages/NAME.py")
    assert is_there("meters/nvml/")
    assert not is_there("page.md/")
