"""The command line. Only the command that is asked for is imported; nothing else is loaded for `--help`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from joulemark import __version__
from joulemark.errors import EXIT_INTERRUPTED, AgentError, UnsupportedSystem

COMMANDS = {
    "join": "make a key, join a platform and say what of its suite fits this machine",
    "doctor": "say what can be measured here, what cannot, and how to mend it",
    "enrol": "make a key and make it known to the platform",
    "run": "measure a suite, keep each result and send it",
    "show": "print exactly what a result sends, or list what is kept",
    "submit": "send what is kept and not yet sent",
    "status": "ask the platform what became of results",
    "verify": "check a result file, offline",
    "check": "ask at home what the rules say of a result",
    "audit": "check a platform's log, and what it shows against it",
    "rotate": "let a new key take over from yours",
    "revoke": "have a key of yours believed no more",
    "withdraw": "have a result of yours count no more",
    "appeal": "ask a person to look at a verdict again",
    "suite": "list and show suites, estimate what they cost, pin, fetch and clean them",
}
MEASURING = frozenset({"join", "run", "doctor"})
"""Commands that need Linux: they read its counters."""
READING = frozenset({"verify", "check", "suite"})
"""Commands that need nothing of the system but files to read."""


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; `docs/agent.md` lists them."""
    words = sys.argv[1:] if argv is None else argv
    arguments = parser(words).parse_args(words)
    if arguments.command is None:
        parser([]).print_help()
        return 0
    try:
        _require_system(arguments.command)
        return int(import_module(f"joulemark.cli.{arguments.command}").execute(arguments))
    except AgentError as error:
        return _failed(arguments, error.code, str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed(arguments, "interrupted", "Interrupted.", EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away: nothing more can be said
        return 0


def parser(words: list[str]) -> argparse.ArgumentParser:
    """The parser; of the commands only the one named in `words` gets its arguments."""
    top = argparse.ArgumentParser(
        prog="joulemark",
        description="Measure what an AI answer costs in energy, sign the result and check others'.",
    )
    top.add_argument("--version", action="version", version=f"joulemark {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    named = next((word for word in words if word in COMMANDS), None)
    for name, what in COMMANDS.items():
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name == named:
            import_module(f"joulemark.cli.{name}").add_arguments(command)
            command.add_argument(
                "--json", action="store_true", help="JSON on stdout, everything else on stderr"
            )
    return top


def _require_system(command: str) -> None:
    """Raises UnsupportedSystem for a command that cannot work on this operating system."""
    if sys.platform == "linux" or command in READING:
        return
    if sys.platform == "win32":
        raise UnsupportedSystem(
            f"`joulemark {command}` does not run on Windows itself. Install Joulemark in WSL 2 (`wsl --install`), "
            "which sees the GPU through NVIDIA's driver for Windows, and run it there. `verify`, `check` and `suite` "
            "work here."
        )
    if command in MEASURING:
        name = "macOS" if sys.platform == "darwin" else sys.platform
        raise UnsupportedSystem(
            f"`joulemark {command}` measures on Linux only: {name} shows no energy counter that Joulemark reads. Run "
            "it on a Linux machine with an NVIDIA GPU. All commands that measure nothing work here."
        )


def _failed(arguments: argparse.Namespace, code: str, sentence: str, exit_code: int) -> int:
    from joulemark.cli.output import Output

    output = Output(as_json=arguments.json)
    output.aside(f"joulemark: {sentence}")
    output.answer({"ok": False, "error": {"code": code, "sentence": sentence, "exit_code": exit_code}})
    return exit_code
