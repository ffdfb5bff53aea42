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
    "join": marked("create a key, join a platform and show which of its jobs fit this machine"),
    "doctor": marked("show what can be measured here, what cannot, and how to fix it"),
    "enrol": marked("create a key and enrol it with the platform"),
    "run": marked("measure a suite, store each result and send it"),
    "show": marked("print exactly what a result sends, or list the stored results"),
    "submit": marked("send the stored results that were not sent yet"),
    "status": marked("show the platform's verdicts on your results"),
    "results": marked("list your results with their states, energies and links"),
    "verify": marked("verify a result file offline"),
    "check": marked("apply the platform's rules to a result on this machine"),
    "export": marked("write a result in the form of BoAmps, CycloneDX or Hugging Face"),
    "audit": marked("audit a platform's log and what the platform shows against it"),
    "replay": marked("recompute a published release from the evidence in it and show what differs"),
    "witness": marked("cosign a platform's checkpoints, so that its log cannot fork unseen"),
    "rotate": marked("replace your key with a new one"),
    "revoke": marked("revoke a key"),
    "withdraw": marked("withdraw a result, so that it no longer counts"),
    "appeal": marked("ask a moderator to review a verdict"),
    "suite": marked("list, show, estimate, pin, fetch and clean up suites"),
}
MEASURING = frozenset({"join", "run", "doctor"})
"""Commands that need Linux: they read its counters."""
READING = frozenset({"verify", "check", "export", "replay", "suite"})
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
                _("{variable} is {unknown!r}; supported languages are {names}.").format(
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
        description=_(
            "Measure how much energy an AI answer costs, sign the result and verify those of others."
        ),
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
                "`joulemark {command}` does not run on native Windows. Install Joulemark in WSL 2 "
                "(`wsl --install`), which accesses the GPU through NVIDIA's driver for Windows, and "
                "run it there. `verify`, `check`, `export`, `replay` and `suite` work here."
            ).format(command=command)
        )
    if command in MEASURING:
        name = "macOS" if sys.platform == "darwin" else sys.platform
        raise UnsupportedSystem(
            _(
                "`joulemark {command}` measures on Linux only: {name} has no energy counter that "
                "Joulemark can read. Run it on a Linux machine with an NVIDIA GPU. Commands that do "
                "not measure also work here."
            ).format(command=command, name=name)
        )


def _failed(arguments: argparse.Namespace, code: str, sentence: str, exit_code: int) -> int:
    output = CommandOutput(as_json=arguments.json)
    output.aside(f"joulemark: {sentence}")
    with suppress(StorageError):  # stdout itself may be what failed
        output.answer({"ok": False, "error": {"code": code, "sentence": sentence, "exit_code": exit_code}})
    return exit_code
