"""`joulemark suite list | show | estimate | pin | fetch | clean | answer`: what suites are, cost and need."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING

from joulemark.cli.output import CommandOutput
from joulemark.cli.values import gigabytes, hours, positive
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

ACTIONS = {
    "list": marked("list the suites that are installed or fetched, and with --ask those of the platform"),
    "show": marked("show a suite's tasks, data sets, models and jobs"),
    "estimate": marked("estimate GPU minutes, disk space and memory of each job from published times"),
    "pin": marked("resolve a suite's names to revisions on the hub, and write a pinned copy"),
    "fetch": marked("download the pinned models and data sets of a suite"),
    "clean": marked("remove the models, data sets and suites that this agent fetched and no open job needs"),
    "answer": marked(
        "run a pinned suite's models on this machine, and write a copy that states their answers as known"
    ),
}


def add_arguments(parser: ArgumentParser) -> None:
    """An action, and what it needs."""
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), title=_("actions"), required=True)
    for name, summary in ACTIONS.items():
        what = _(summary)
        action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name not in ("list", "clean"):
            what = (
                _("a suite's name or a folder such as ./suite")
                if name == "pin"
                else _("a suite's name, NAME@VERSION, or a folder such as ./suite")
            )
            action.add_argument("suite", metavar="SUITE", help=what)
        elif name == "list":
            action.add_argument(
                "--ask", action="store_true", help=_("ask the platform which suites it hands out")
            )
        if name in ("estimate", "fetch", "answer"):
            action.add_argument(
                "--only",
                metavar="GLOB",
                help=_("only jobs whose TASK/DATASET/MODEL matches, such as '*/gpt2*'"),
            )
        if name == "estimate":
            action.add_argument(
                "--memory",
                type=gigabytes,
                metavar="GB",
                help=_("only jobs whose weights fit in so much device memory"),
            )
            action.add_argument(
                "--hours",
                type=hours,
                metavar="H",
                help=_("only jobs that end within H hours, chosen as by `joulemark run --budget`"),
            )
            action.add_argument(
                "--order",
                choices=("needed", "tasks", "suite"),
                help=_(
                    "what comes first: what the platform needs most, one job of each task in turn "
                    "(default with --hours), or the suite's order (default otherwise)"
                ),
            )
        if name == "clean":
            action.add_argument(
                "--all",
                action="store_true",
                help=_("everything that this agent fetched, even what open jobs need"),
            )
            action.add_argument("--yes", action="store_true", help=_("remove without asking"))
        if name in ("pin", "answer"):
            action.add_argument(
                "--out", required=True, metavar="FOLDER", help=_("a new folder for the suite's copy")
            )
        if name == "answer":
            action.add_argument(
                "--queries",
                type=positive,
                default=8,
                metavar="N",
                help=_("queries of each job (default: 8)"),
            )
            action.add_argument(
                "--device",
                choices=("cpu", "cuda"),
                default="cpu",
                help=_("where the models run (default: cpu)"),
            )
        if name in ("pin", "fetch"):
            action.add_argument(
                "--hub", metavar="URL", help=_("the hub's origin (default: HF_ENDPOINT, else huggingface.co)")
            )
        action.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help=_("JSON on stdout, everything else on stderr"),
        )


def execute(arguments: Namespace) -> int:
    """0; 2 for a suite or folder that cannot be used, 5 when the hub gives no usable answer or not all of it.

    `fetch` also 3 for a file with another digest than was pinned, 8 for a cache that is full or cannot be written.
    `answer` also 7 when not every cell gave an answer.
    """
    from joulemark.errors import UsageError
    from joulemark.suite import SuiteError

    output = CommandOutput(as_json=arguments.json)
    action = import_module(f"joulemark.cli.suite_{arguments.action}")
    try:
        code, answer = action.execute(arguments, output)
    except SuiteError as error:
        raise UsageError(str(error)) from error
    output.answer({"ok": True, **answer})
    return int(code)
