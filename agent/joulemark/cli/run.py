"""`joulemark run`: measure what the session still lacks, keep it, send it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.output import Output
from joulemark.cli.values import minutes, positive, seconds, watts
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.config import Config
    from joulemark.session.run import Options

SENDS = marked(
    "What is sent, under your public key: the numbers, the raw readings, and what they were had "
    "with: model, libraries, processor or GPU, kernel version. Not sent: host name, user name, "
    "paths, serial numbers, the model's answers. `joulemark show` prints it all."
)
ONLY_THIS = {
    "task": marked("only this task; may be given several times"),
    "dataset": marked("only this data set; may be given several times"),
    "model": marked("only this model; may be given several times"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """What to measure, with what, and what to do with it."""
    parser.add_argument(
        "--suite",
        metavar="NAME",
        help=_(
            "the suite to run: one of the software, one that the platform hands out, such as a100-2024 or"
            " a100-2024@VERSION, or a folder such as ./suite (default: the one that `joulemark join` "
            "chose, else demo)"
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
            "begin nothing that does not end in time: 45m, 2h, 90s (default: for the suite of `joulemark "
            "join` the hours it was told; else none)"
        ),
    )
    parser.add_argument("--limit", type=positive, metavar="N", help=_("measure at most so many jobs"))
    parser.add_argument(
        "--order",
        choices=("needed", "tasks", "suite"),
        help=_(
            "what comes first: what the platform needs most (default for the suite of `joulemark join`), a "
            "cell of each task in turn (default with a time), or the suite's order (default else)"
        ),
    )
    parser.add_argument("--needed", action="store_true", help=_("the same as --order needed"))
    parser.add_argument(
        "--resume",
        action="store_true",
        help=_(
            "go on with the last run: its suite, jobs, meter, --cpu-watts, --offline, --no-submit and "
            "--force; what is finished is not repeated"
        ),
    )
    parser.add_argument(
        "--retry-failed", action="store_true", help=_("also the jobs that failed before in this session")
    )
    parser.add_argument(
        "--patience",
        type=minutes,
        metavar="MINUTES",
        help=_("wait so long for a platform or hub that gives no answer, each time (default: 10)"),
    )
    parser.add_argument(
        "--offline-after",
        action="store_true",
        help=_("measure on without the platform when that time is over; such results rank lower"),
    )
    parser.add_argument(
        "--only", metavar="GLOB", help=_("only jobs whose TASK/DATASET/MODEL fits, such as '*/smollm2*'")
    )
    parser.add_argument(
        "--meter",
        choices=("auto", "nvml", "rapl", "estimate"),
        help=_(
            "the sensor (default: auto); auto takes a GPU's counter; without a GPU RAPL, else the estimate"
        ),
    )
    parser.add_argument(
        "--cpu-watts", type=_watts, metavar="W", help=_("watts per busy core that the estimate assumes")
    )
    parser.add_argument(
        "--offline", action="store_true", help=_("no ticket and no sending; the result ranks lower")
    )
    parser.add_argument(
        "--no-submit", action="store_true", help=_("keep results and send nothing but ticket requests")
    )
    parser.add_argument(
        "--no-wait", action="store_true", help=_("wait for no verdict and ask for nothing to compare with")
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help=_("measure on a noisy machine all the same, and go on where each result would be put aside"),
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help=_(
            "print the plan: cells, minutes, downloads, disk, what is left out and why; write and measure"
            " nothing"
        ),
    )
    parser.add_argument("--yes", action="store_true", help=_("download what the plan needs without asking"))
    parser.add_argument(
        "--fresh", action="store_true", help=_("begin a new session instead of resuming the last")
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
    from joulemark.errors import EXIT_INTERRUPTED, AgentError
    from joulemark.session.forecast import foresee
    from joulemark.session.run import Report, begin, require_contributor, restart_budget, run
    from joulemark.session.signals import Ended, ends_in_order

    output = Output(as_json=arguments.json)
    config = configs.load()
    options = read_options(arguments, config, output)
    if arguments.dry_run:
        return _dry_run(config, options, output)
    report = Report()
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
            "Interrupted. {count} finished result is kept; run the same command again to resume.",
            "Interrupted. {count} finished results are kept; run the same command again to resume.",
            len(report.done),
        ).format(count=len(report.done))
        output.aside(sentence)
        print_report(output, report, failure=("interrupted", sentence), exit_code=code)
        return code
    print_report(output, report, failure=None, exit_code=report.exit_code)
    return report.exit_code


def _dry_run(config: Config, options: Options, output: Output) -> int:
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
        return _("Offline: nothing is sent. Results are kept for {origin}. {sends}").format(
            origin=config.origin_in_words, sends=_(SENDS)
        )
    if not options.submit:
        return _("Tickets are asked of {origin}; results are kept and not sent. {sends}").format(
            origin=config.origin_in_words, sends=_(SENDS)
        )
    return _("Results go to {origin}. {sends}").format(origin=config.origin_in_words, sends=_(SENDS))
