"""`joulemark suite answer`: state as known what a suite's models answer on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput


def execute(arguments: Namespace, output: CommandOutput) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises AgentError where nothing is written, or SuiteError."""
    from joulemark import config as configs
    from joulemark.cli.progress import Screen, watch_for
    from joulemark.errors import EXIT_IMPOSSIBLE, EXIT_OK
    from joulemark.session.plan import Filter
    from joulemark.session.reference_answers import write_answered_copy

    with watch_for(Screen(stderr=True)) as watch:
        answered = write_answered_copy(
            arguments.suite,
            folder=arguments.out,
            meant=Filter(only=arguments.only),
            count=arguments.queries,
            device=arguments.device,
            config=configs.load(),
            watch=watch,
        )
    suite, failed = answered.suite, answered.failed
    output.say(
        _("{out}: {name} {version}, digest {digest}").format(
            out=arguments.out, name=suite.name, version=suite.version, digest=suite.digest
        )
    )
    output.say(
        _("Known answers: {answers}, of {cells} jobs.").format(
            answers=len(suite.reference_answers),
            cells=len({answer.key for answer in suite.reference_answers}),
        )
    )
    for failure in failed:
        output.say(_("failed  {key}  {sentence}").format(key=failure.key, sentence=failure.sentence))
    return EXIT_IMPOSSIBLE if failed else EXIT_OK, {
        "ok": not failed,
        "folder": arguments.out,
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "answered": list(answered.jobs),
        "failed": [
            {"job": failure.key, "code": failure.code, "sentence": failure.sentence} for failure in failed
        ],
        "known": len(suite.reference_answers),
    }
