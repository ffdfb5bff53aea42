"""`joulemark suite pin`: write a copy of a suite whose names mean one revision each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput


def execute(arguments: Namespace, output: CommandOutput) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises AgentError where nothing is written, or SuiteError."""
    from joulemark.hub.pinned_copy import write_pinned_copy
    from joulemark.suite.describe import plain

    suite, lock = write_pinned_copy(
        arguments.suite, folder=arguments.out, hub=arguments.hub, say=output.aside
    )
    output.say(
        _("{out}: {name} {version}, digest {digest}").format(
            out=arguments.out, name=suite.name, version=suite.version, digest=suite.digest
        )
    )
    unavailable = len(lock.unavailable)
    output.say(
        _("Pinned: {models} models, {datasets} data sets; not available: {gone}.").format(
            models=len(lock.models), datasets=len(lock.datasets), gone=unavailable
        )
    )
    for entry in lock.unavailable:
        output.say(f"{entry.reason}: {entry.sentence}")
    return 0, {
        "folder": arguments.out,
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "pinned": suite.is_pinned,
        "models": len(lock.models),
        "datasets": len(lock.datasets),
        "unavailable": [plain(entry) for entry in lock.unavailable],
    }
