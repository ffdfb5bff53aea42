"""`joulemark run`: measure what the session still lacks, keep it, send it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.output import CommandOutput
from joulemark.cli.values import minutes, positive, seconds, watts
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.config import Config
    from joulemark.session.options import Options

SENDS = marked(
    "What is sent, under your public key: the numbers, the raw readings, and what produced them: "
    "model, libraries, processor or GPU, kernel version. Not sent: host name, user name, paths, "
    "serial numbers, the model's answers. `joulemark show` prints everything."
)
ONLY_THIS = {
    "task": marked("only this task; can be repeated"),
    "dataset": marked("only this data set; can be repeated"),
    "model": marked("only this model; can be repeated"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """What to measure, with what, and what to do with it."""
    parser.add_argument(
        "--suite",
        metavar="NAME",
        help=_(
            "the suite to measure: an installed one, one that the platform hands out, such as "
            "a100-2024 or a100-2024@VERSION, or a folder such as ./suite (default: the one that "
            "`joulemark join` chose, else demo)"
        ),
    )
    for name, what in ONLY_THIS.items():
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="GLOB",
            help=_(what),
        )
    parser.add_argument(
        "--budget",
        type=seconds,
        metavar="TIME",
        help=_(
            "begin no job that will not end in time: 45m, 2h, 90s (default: for the suite of "
            "`joulemark join` its --hours, else no limit)"
        ),
    )
    parser.add_argument("--limit", type=positive, metavar="N", help=_("measure at most N jobs"))
    parser.add_argument(
        "--order",
        choices=("needed", "tasks", "suite"),
        help=_(
            "what comes first: what the platform needs most (default for the suite of `joulemark "
            "join`), one job of each task in turn (default with a time), or the suite's order "
            "(default otherwise)"
        ),
    )
    parser.add_argument("--needed", action="store_true", help=_("the same as --order needed"))
    parser.add_argument(
        "--resume",
        action="store_true",
        help=_(
            "resume the last run with its suite, jobs, meter, --cpu-watts, --offline, --no-submit "
            "and --force; finished jobs are not repeated"
        ),
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help=_("also try the jobs that failed earlier in this session")
    )
    parser.add_argument(
        "--patience",
        type=minutes,
        metavar="MINUTES",
        help=_("how long to wait for a platform or hub that does not answer, per outage (default: 10)"),
    )
    parser.add_argument(
        "--offline-after",
        action="store_true",
        help=_("measure without the platform when that time is over; such results rank lower"),
    )
    parser.add_argument(
        "--only", metavar="GLOB", help=_("only jobs whose TASK/DATASET/MODEL matches, such as '*/smollm2*'")
    )
    parser.add_argument(
        "--meter",
        choices=("auto", "nvml", "rapl", "estimate"),
        help=_(
            "the sensor (default: auto); auto uses a GPU's counter; without a GPU RAPL, else the estimate"
        ),
    )
    parser.add_argument(
        "--cpu-watts", type=_watts, metavar="W", help=_("watts per busy core for the estimate")
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help=_("request no tickets and send nothing; such results rank lower"),
    )
    parser.add_argument(
        "--no-submit", action="store_true", help=_("store results, and send nothing but ticket requests")
    )
    parser.add_argument(
        "--no-wait", action="store_true", help=_("do not wait for verdicts or ask for comparisons")
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help=_(
            "measure even if the machine is noisy, and continue even if every result would be quarantined"
        ),
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help=_(
            "print the plan (jobs, minutes, downloads, disk space, what is left out and why); write "
            "and measure nothing"
        ),
    )
    parser.add_argument("--yes", action="store_true", help=_("download what the plan needs without asking"))
    parser.add_argument(
        "--fresh", action="store_true", help=_("start a new session instead of resuming the last one")
    )


def _watts(text: str) -> float:
    """The watts per core that an option names. Raises ArgumentTypeError."""
    from joulemark.config import MOST_WATTS

    return watts(text, most=MOST_WATTS)


def execute(arguments: Namespace) -> int:
    """0 when every job that can run is finished; else the code of what went wrong, see `docs/agent.md`."""
    from joulemark import config as configs
    from joulemark.cli.offline_question import offline_question
    from joulemark.cli.plan_words import order_in_words, require_consent
    from joulemark.cli.progress import Screen, watch_for
    from joulemark.cli.run_options import read_options
    from joulemark.cli.run_report import print_report
    from joulemark.cli.signals import Ended, ends_in_order
    from joulemark.errors import EXIT_INTERRUPTED, AgentError
    from joulemark.session.forecast import foresee
    from joulemark.session.run import RunReport, begin, require_contributor, restart_budget, run

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    options = read_options(arguments, config, output)
    if arguments.dry_run:
        return _dry_run(config, options, output)
    report = RunReport()
    try:
        with ends_in_order():
            begun = begin(config, options)
            if begun.obtained.sentence:
                output.aside(begun.obtained.sentence)
            forecast = foresee(config, options, begun.suite)
            report.selection = forecast.selection
            require_contributor(config, options)
            output.aside(_destination(config, options))
            if len(forecast.cells) > 1:
                output.aside(order_in_words(forecast.order))
            if require_consent(output, forecast, yes=arguments.yes):
                begun = restart_budget(begun, options)
            with watch_for(Screen(stderr=True)) as watch:
                run(
                    config,
                    options,
                    begun,
                    forecast,
                    watch,
                    report,
                    platform_pause=offline_question(options),
                )
    except AgentError as error:
        output.aside(f"joulemark: {error}")
        print_report(output, report, failure=(error.code, str(error)), exit_code=error.exit_code)
        return error.exit_code
    except KeyboardInterrupt as end:
        code = end.exit_code if isinstance(end, Ended) else EXIT_INTERRUPTED
        sentence = ngettext(
            "Interrupted. {count} finished result is stored; run the same command again to resume.",
            "Interrupted. {count} finished results are stored; run the same command again to resume.",
            len(report.done),
        ).format(count=len(report.done))
        output.aside(sentence)
        print_report(output, report, failure=("interrupted", sentence), exit_code=code)
        return code
    print_report(output, report, failure=None, exit_code=report.exit_code)
    return report.exit_code


def _dry_run(config: Config, options: Options, output: CommandOutput) -> int:
    """Print the plan and touch nothing. 0; the code of what a run would end with before its first job otherwise."""
    from joulemark.cli.plan_words import plan_as_json, print_plan
    from joulemark.session.forecast import foresee
    from joulemark.session.run import begin

    output.aside(_("Platform: {origin}.").format(origin=config.origin_in_words))
    begun = begin(config, options)
    if begun.obtained.sentence:
        output.aside(begun.obtained.sentence)
    forecast = foresee(config, options, begun.suite)
    print_plan(output, forecast)
    output.say(_("Nothing was downloaded, measured or sent."))
    output.answer({"ok": True, "platform": config.origin, **plan_as_json(forecast)})
    return 0


def _destination(config: Config, options: Options) -> str:
    if options.offline:
        return _("Offline: nothing is sent. Results are stored for {origin}. {sends}").format(
            origin=config.origin_in_words, sends=_(SENDS)
        )
    if not options.submit:
        return _("Tickets are requested from {origin}; results are stored and not sent. {sends}").format(
            origin=config.origin_in_words, sends=_(SENDS)
        )
    return _("Results go to {origin}. {sends}").format(origin=config.origin_in_words, sends=_(SENDS))
