"""Resolve the result or suite that an argument names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput
    from joulemark.config import Folders
    from joulemark.suite import Suite

WHOLE = 64


def result_id(text: str, folders: Folders) -> str:
    """A whole id as it stands, the beginning of one as the outbox has it. Raises NothingToDo or UsageError."""
    from joulemark.outbox import Outbox

    digest = text.lower()
    if len(digest) == WHOLE and not set(digest) - set("0123456789abcdef"):
        return digest
    return Outbox(folders).find(text).digest


def named_suite(arguments: Namespace, output: CommandOutput) -> Suite:
    """The suite that is meant: out of the software or a folder, or as a platform handed it out.

    Where it comes from is stated beside the answer. Raises AgentError or SuiteError.
    """
    from joulemark import config as configs
    from joulemark.session.suite_source import find_suite

    obtained = find_suite(arguments.suite, config=configs.load())
    if obtained.sentence:
        output.aside(obtained.sentence)
    return obtained.suite
