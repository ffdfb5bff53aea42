"""The command line. Only the command that is asked for is imported; nothing else is loaded for `--help`."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from importlib import import_module

from joulemark import __version__, translation
from joulemark.cli.argparse_texts import translate_argparse
from joulemark.cli.output import CommandOutput, both_encode, flush_streams, prepare_streams
from joulemark.errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_STORAGE,
    AgentError,
    StorageError,
    UnsupportedSystem,
    UsageError,
)
from joulemark.translation import gettext as _
from joulemark.translation import marked

LETTERS = {"ru": "Жё"}
"""Letters of a language: a terminal that lacks them is spoken to in English."""

COMMANDS = {
    "join": marked("make a key, join a platform and say what of its suite fits this machine"),
    "doctor": marked("say what can be measured here, what cannot, and how to mend it"),
    "enrol": marked("make a key and make it known to the platform"),
    "run": marked("measure a suite, keep each result and send it"),
    "show": marked("print exactly what a result sends, or list what is kept"),
    "submit": marked("send what is kept and not yet sent"),
    "status": marked("ask the platform what became of results"),
    "results": marked("list your results with their states, energies and links"),
    "verify": marked("check a result file, offline"),
    "check": marked("ask at home what the rules say of a result"),
    "audit": marked("check a platform's log, and what it shows against it"),
    "rotate": marked("let a new key take over from yours"),
    "revoke": marked("have a key of yours believed no more"),
    "withdraw": marked("have a result of yours count no more"),
    "appeal": marked("ask a person to look at a verdict again"),
    "suite": marked("list and show suites, estimate what they cost, pin, fetch and clean them"),
}
MEASURING = frozenset({"join", "run", "doctor"})
"""Commands that need Linux: they read its counters."""
READING = frozenset({"verify", "check", "suite"})
"""Commands that need nothing of the system but files to read."""


def main(argv: list[str] | None = None) -> int:
    """Run one command in the user's language and return its exit code; `docs/agent.md` lists them."""
    prepare_streams()
    language = translation.language_of()
    translation.use(language if both_encode(LETTERS.get(language, "")) else translation.SOURCE)
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        return code if flush_streams() else code or EXIT_STORAGE
    except SystemExit as end:  # argparse has printed its help, the version or an error
        raise SystemExit(end.code if flush_streams() else end.code or EXIT_STORAGE) from None
    finally:
        translation.use(translation.SOURCE)


def _run(words: list[str]) -> int:
    arguments = parser(words).parse_args(words)
    if arguments.command is None:
        parser([]).print_help()
        return EXIT_OK
    if arguments.json:
        translation.use(translation.SOURCE)  # programs read the same everywhere
    try:
        _require_system(arguments.command)
        if (unknown := translation.unknown_language()) is not None:
            raise UsageError(
                _("{variable} is {unknown!r}; the languages are {names}.").format(
                    variable=translation.VARIABLE,
                    unknown=unknown,
                    names=", ".join((translation.SOURCE, *translation.TRANSLATED)),
                )
            )
        return int(import_module(f"joulemark.cli.{arguments.command}").execute(arguments))
    except AgentError as error:
        return _failed(arguments, error.code, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed(arguments, "interrupted", _("Interrupted."), EXIT_INTERRUPTED)


def parser(words: list[str]) -> argparse.ArgumentParser:
    """The parser; of the commands only the one named in `words` gets its arguments."""
    translate_argparse()
    top = argparse.ArgumentParser(
        prog="joulemark",
        description=_("Measure what an AI answer costs in energy, sign the result and check others'."),
    )
    top.add_argument(
        "--version",
        action="version",
        version=f"joulemark {__version__}",
        help=_("show the version and exit"),
    )
    commands = top.add_subparsers(dest="command", metavar=_("COMMAND"), title=_("commands"))
    named = next((word for word in words if word in COMMANDS), None)
    for name, summary in COMMANDS.items():
        what = _(summary)
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name == named:
            import_module(f"joulemark.cli.{name}").add_arguments(command)
            command.add_argument(
                "--json", action="store_true", help=_("JSON on stdout, everything else on stderr")
            )
    return top


def _require_system(command: str) -> None:
    """Raises UnsupportedSystem for a command that cannot work on this operating system."""
    system: str = sys.platform  # a checker knows one system only
    if system == "linux" or command in READING:
        return
    if system == "win32":
        raise UnsupportedSystem(
            _(
                "`joulemark {command}` does not run on Windows itself. Install Joulemark in WSL 2 (`wsl "
                "--install`), which sees the GPU through NVIDIA's driver for Windows, and run it there. "
                "`verify`, `check` and `suite` work here."
            ).format(command=command)
        )
    if command in MEASURING:
        name = "macOS" if sys.platform == "darwin" else sys.platform
        raise UnsupportedSystem(
            _(
                "`joulemark {command}` measures on Linux only: {name} shows no energy counter that Joulemark "
                "reads. Run it on a Linux machine with an NVIDIA GPU. All commands that measure nothing work "
                "here."
            ).format(command=command, name=name)
        )


def _failed(arguments: argparse.Namespace, code: str, sentence: str, exit_code: int) -> int:
    output = CommandOutput(as_json=arguments.json)
    output.aside(f"joulemark: {sentence}")
    with suppress(StorageError):  # stdout itself may be what failed
        output.answer({"ok": False, "error": {"code": code, "sentence": sentence, "exit_code": exit_code}})
    return exit_code
