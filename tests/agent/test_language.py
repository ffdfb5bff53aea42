"""The language of the command: who chooses it, what stays English, and that no output ends in a traceback."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark import translation
from joulemark.cli import COMMANDS, main
from joulemark.cli.suite import ACTIONS
from joulemark_simulation import records
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)  # noqa: RUF001  the letters of the translations
ENCODINGS = ["utf-8", "ascii", "latin-1", "cp1251", "koi8-r", "utf-16"]
VARIABLES = (translation.VARIABLE, *translation.LOCALE_VARIABLES)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    (folder / "result.joulemark.json").write_bytes(records.bundle().to_bytes())
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("CONFIG", "STATE", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(folder / kind))
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("COLUMNS", "100")
        yield folder


class Ended:
    """What a command printed in this process, as bytes and as text, and how it ended."""

    def __init__(self, words: list[str], *, encoding: str = "utf-8", err: str | None = None) -> None:
        streams = sys.stdout, sys.stderr
        buffers = io.BytesIO(), io.BytesIO()
        sys.stdout = io.TextIOWrapper(buffers[0], encoding=encoding)
        sys.stderr = io.TextIOWrapper(buffers[1], encoding=err or encoding)
        try:
            self.code: Any = main(words)
        except SystemExit as end:
            self.code = end.code
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            self.out = buffers[0].getvalue().decode(encoding)
            self.err = buffers[1].getvalue().decode(err or encoding)
            sys.stdout, sys.stderr = streams


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru"}, "ru"),
        ({"LANG": "RU-ru"}, "ru"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "POSIX", "LANGUAGE": "ru"}, "ru"),
        ({"LANGUAGE": "de:ru:en", "LANG": "de_DE"}, "ru"),
        ({"LANGUAGE": "en:ru", "LANG": "ru_RU"}, "en"),
        ({"LANGUAGE": "", "LANG": "ru_RU@euro"}, "ru"),
        ({"JOULEMARK_LANG": "ru", "LC_ALL": "C", "LANGUAGE": "en"}, "ru"),
        ({"JOULEMARK_LANG": "en", "LANG": "ru_RU.UTF-8"}, "en"),
        ({"JOULEMARK_LANG": "", "LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "russian"}, "en"),
    ],
)
def test_the_first_variable_that_is_set_chooses(environ: Mapping[str, str], language: str) -> None:
    assert translation.language_of(environ) == language


@pytest.mark.laws
@law()
@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(max_size=20)))
def test_any_environment_names_a_language_that_is_there(environ: dict[str, str]) -> None:
    """Whatever the variables hold."""
    assert translation.language_of(environ) in (translation.SOURCE, *translation.TRANSLATED)


def test_a_language_that_is_not_there_is_an_error_where_it_was_asked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(translation.VARIABLE, "klingon")
    ended = Ended(["show"])
    assert ended.code == 2
    assert "JOULEMARK_LANG is 'klingon'; supported languages are en, ru." in ended.err
    monkeypatch.delenv(translation.VARIABLE)
    monkeypatch.setenv("LANG", "klingon")
    assert Ended(["show"]).code == 6
    with pytest.raises(ValueError, match="klingon"):
        translation.use("klingon")


def helps() -> Iterator[list[str]]:
    yield ["--help"]
    yield from ([command, "--help"] for command in COMMANDS)
    yield from (["suite", action, "--help"] for action in ACTIONS)


@pytest.mark.parametrize("words", list(helps()), ids=" ".join)
def test_help_is_wholly_russian(home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    english = Ended(words).out
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    ended = Ended(words)
    assert ended.code == 0
    assert ended.out.startswith("использование: joulemark")
    of_english = {line.strip() for line in english.splitlines() if re.search(r"[a-z]{3,} [a-z]{2,}", line)}
    left = of_english & {line.strip() for line in ended.out.splitlines()}
    assert left == set(), "lines that are in the English help too"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "--limit", "0"], "аргумент --limit: недопустимое значение '0': укажите целое число"),
        (["run", "--nonsense"], "неизвестные аргументы: --nonsense"),
        (["nonsense"], "недопустимое значение: 'nonsense'"),
        (["withdraw"], "не хватает обязательных аргументов: ID, --reason"),
        (["enrol", "--name"], "нужен один аргумент"),
    ],
)
def test_what_argparse_refuses_is_refused_in_russian(
    home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.setenv(translation.VARIABLE, "ru")
    ended = Ended(words)
    assert ended.code == 2
    assert sentence in ended.err
    assert "usage" not in ended.err
    assert "error" not in ended.err


def test_errors_and_answers_are_russian(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(translation.VARIABLE, "ru")
    empty = Ended(["show"])
    assert (empty.code, empty.out) == (6, "")
    assert empty.err == "joulemark: Исходящих нет. Сначала измерьте что-нибудь: `joulemark run`.\n"
    verified = Ended(["verify", str(home / "result.joulemark.json")])
    assert verified.code == 0
    assert all(CYRILLIC.search(line) for line in verified.out.splitlines())
    suites = Ended(["suite", "show", "demo"])
    assert "задач: " in suites.out
    assert "специализированная" in suites.out


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "FILE"],
        ["check", "FILE"],
        ["show", "FILE"],
        ["show"],
        ["suite", "show", "demo"],
        ["suite", "estimate", "demo"],
        ["verify", "nowhere"],
    ],
    ids=" ".join,
)
def test_json_is_the_same_everywhere(home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    words = [str(home / "result.joulemark.json") if word == "FILE" else word for word in words]
    english = Ended([*words, "--json"])
    monkeypatch.setenv(translation.VARIABLE, "ru")
    russian = Ended([*words, "--json"])
    assert (russian.code, russian.out, russian.err) == (english.code, english.out, english.err)
    assert json.loads(english.out)["ok"] is (english.code == 0)


def test_a_library_speaks_english_until_the_command_line_speaks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(translation.VARIABLE, "ru")
    assert translation.gettext("window") == "window"
    assert translation.ngettext("{count} query", "{count} queries", 5) == "{count} queries"
    assert CYRILLIC.search(Ended(["--help"]).out)
    assert translation.language_in_use() == "en", "the command has ended"


@pytest.mark.parametrize(
    ("count", "form"), [(1, "запрос"), (22, "запроса"), (11, "запросов"), (0, "запросов")]
)
def test_russian_has_three_plurals(count: int, form: str) -> None:
    translation.use("ru")
    try:
        sentence = translation.ngettext("{count} query", "{count} queries", count).format(count=count)
    finally:
        translation.use("en")
    assert sentence == f"{count} {form}"


PROGRAM = """
import json, sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
from joulemark.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps([path for path in opened if "LC_MESSAGES" in path]), file=sys.stderr)
"""


@pytest.mark.parametrize(("language", "files"), [("en", 0), ("de", 0), ("ru", 1)])
def test_only_who_reads_russian_loads_a_catalogue(home: Path, language: str, files: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--help"],
        env={**os.environ, "LANG": f"{language}.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(ended.stderr.splitlines()[-1])) == files


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_cyrillic_is_spoken_to_in_english(
    home: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv(translation.VARIABLE, "ru")
    assert Ended(["show"], encoding=encoding).err.startswith("joulemark: The outbox is empty.")
    assert Ended(["show"], encoding="cp1251").err.startswith("joulemark: Исходящих нет.")
    assert Ended(["show"], encoding="utf-8", err=encoding).err.startswith("joulemark: The outbox is empty.")


WORDS = [
    ["--help"],
    ["--version"],
    [],
    ["run", "--help"],
    ["show"],
    ["show", "FILE"],
    ["verify", "FILE"],
    ["verify", "FILE", "--json"],
    ["verify", "NAME"],
    ["verify", "NAME", "--json"],
    ["check", "FILE"],
    ["status", "NAME"],
    ["submit"],
    ["suite", "list"],
    ["suite", "show", "demo"],
    ["suite", "show", "NAME"],
    ["run", "--suite", "NAME", "--offline"],
    ["run", "--limit", "NAME"],
    ["appeal", "NAME", "--words", "NAME"],
    ["audit", "NAME"],
]


@pytest.mark.laws
@law(in_every_run=60)
@given(
    words=st.sampled_from(WORDS),
    name=st.text(min_size=1, max_size=12) | st.sampled_from(["файл", "\udcff", "🙂é", "-", "a/\x1b[31m"]),
    encoding=st.sampled_from(ENCODINGS),
    language=st.sampled_from(["en", "ru"]),
)
def test_no_output_ends_in_a_traceback(
    home: Path, words: list[str], name: str, encoding: str, language: str
) -> None:
    """Whatever the encoding, the language and the names are; what is printed can be read back in the encoding."""
    replaced = {"FILE": str(home / "result.joulemark.json"), "NAME": name.replace("\0", "")}
    os.environ[translation.VARIABLE] = language
    try:
        ended = Ended([replaced.get(word, word) for word in words], encoding=encoding)
    finally:
        del os.environ[translation.VARIABLE]
    assert ended.code in (None, 0, 2, 3, 6, 7)
    assert ended.out or ended.err
    assert "Traceback" not in ended.err
    if "--json" in words and ended.code != 2:
        json.loads(ended.out)


def shell(line: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -m joulemark"
    return subprocess.run(
        [
            "bash",
            "-c",
            line.replace("joulemark", command).replace("FILE", str(home / "result.joulemark.json")),
        ],
        env={**os.environ, "PYTHONUNBUFFERED": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("set -o pipefail; joulemark --help | true", 0),
        ("set -o pipefail; joulemark show FILE | head -c 1 >/dev/null", 0),
        ("set -o pipefail; joulemark show 2>&1 >/dev/null | true", 6),
        ("joulemark verify FILE >&-", 0),
        ("joulemark show 2>&-", 6),
        ("joulemark verify FILE --json >/dev/full", 8),
        ("joulemark --version >/dev/full", 8),
        ("joulemark show nope 2>/dev/full", 2),
        ("joulemark verify FILE >/dev/full 2>/dev/full", 8),
    ],
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_stream_that_takes_nothing_is_no_traceback(home: Path, line: str, code: int, language: str) -> None:
    ended = shell(line, home, JOULEMARK_LANG=language, PYTHONIOENCODING="utf-8")
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert ended.returncode == code, ended.stderr


@pytest.mark.parametrize(
    "environ",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LANG": "ru_RU.UTF-8", "PYTHONIOENCODING": "ascii"},
        {"LANG": "ru_RU.UTF-8", "PYTHONIOENCODING": "cp1251"},
    ],
)
def test_the_environments_of_a_terminal_are_no_traceback(home: Path, environ: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "joulemark", "verify", "файл-🙂"],
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    assert ended.stderr.startswith(b"joulemark: ")
