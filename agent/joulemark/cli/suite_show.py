"""`joulemark suite show`: a suite's tasks, data sets, models and cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.naming import named_suite
from joulemark.cli.suite_words import obstacles_in_words, revisions_in_words
from joulemark.cli.table import print_table
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import CommandOutput


def execute(arguments: Namespace, output: CommandOutput) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises AgentError or SuiteError."""
    from joulemark.suite.describe import describe
    from joulemark.suite.words import limits_in_words, preparation_in_words

    suite = named_suite(arguments, output)
    described = describe(suite)
    output.say(f"{suite.name} {suite.version}: {suite.title}")
    output.say(
        _("digest {digest}, revisions {state}").format(digest=suite.digest, state=revisions_in_words(suite))
    )
    output.say(
        _(
            "{tasks} tasks, {datasets} data sets, {task_specific_models} task-specific and "
            "{general_purpose_models} general-purpose models, {task_specific_cells} + "
            "{general_purpose_cells} jobs"
        ).format(**described["counts"])
    )
    output.say("")
    print_table(
        output,
        (_("data set"), _("task"), _("source"), _("split"), _("licence"), _("preparation")),
        [
            (
                entry.id,
                entry.task,
                entry.hub_id or entry.file or "",
                entry.split or "",
                entry.licence or "?",
                preparation_in_words(entry),
            )
            for entry in suite.datasets
        ],
    )
    output.say("")
    print_table(
        output,
        (_("model"), _("kind"), _("parameters"), _("licence"), _("source")),
        [
            (
                entry.id,
                in_words(entry.kind),
                f"{entry.parameters:,}",
                entry.licence or "?",
                entry.hub_id or entry.package or "",
            )
            for entry in suite.models
        ],
    )
    output.say("")
    print_table(
        output,
        (_("job"), _("limits")),
        [
            (job.key, limits_in_words(job) if suite.obstacle(job) is None else _("does not run"))
            for job in suite.jobs
        ],
    )
    for sentence in obstacles_in_words(suite.obstacle(job) for job in suite.jobs):
        output.say(sentence)
    return 0, described
