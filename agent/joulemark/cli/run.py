"""`joulemark run`: measure what the session still lacks, keep it, send it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from joulemark.cli.code_words import in_words
from joulemark.cli.output import Output
from joulemark.cli.values import minutes, positive, seconds, watts
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.cli.result_lines import ResultEntry
    from joulemark.config import Config
    from joulemark.joined import Joined
    from joulemark.meters.choose import Rejection, Wanted
    from joulemark.session.report import Failed
    from joulemark.session.run import Done, Options, Report
    from joulemark.session.state import Asked

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
        "--needed", action="store_true", help=_("in the order in which the platform needs results")
    )
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
    """Raises ArgumentTypeError."""
    from joulemark.config import MOST_WATTS

    return watts(text, most=MOST_WATTS)


def execute(arguments: Namespace) -> int:
    """0 when every job that can run is finished; else the code of what went wrong, see `docs/agent.md`."""
    from joulemark import config as configs
    from joulemark.cli.offline_question import offline_question
    from joulemark.cli.plan_words import require_consent
    from joulemark.cli.progress import Screen, watch_for
    from joulemark.errors import EXIT_INTERRUPTED, AgentError
    from joulemark.session.endings import Ended, ends_in_order
    from joulemark.session.forecast import foresee
    from joulemark.session.run import Report, begin, require_contributor, restart_budget, run

    output = Output(as_json=arguments.json)
    config = configs.load()
    options = _options(arguments, config, output)
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
            output.tell(_destination(config, options), beside=True)
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
        _tell(output, report, failure=(error.code, str(error)), exit_code=error.exit_code)
        return error.exit_code
    except KeyboardInterrupt as end:
        code = end.exit_code if isinstance(end, Ended) else EXIT_INTERRUPTED
        kept = ngettext(
            "Interrupted. {count} finished result is kept; run the same command again to resume.",
            "Interrupted. {count} finished results are kept; run the same command again to resume.",
            len(report.done),
        ).format(count=len(report.done))
        output.aside(kept)
        _tell(output, report, failure=("interrupted", kept), exit_code=code)
        return code
    _tell(output, report, failure=None, exit_code=report.exit_code)
    return report.exit_code


def _options(arguments: Namespace, config: Config, output: Output) -> Options:
    """What is to be measured, how and for how long; what `joulemark join` chose is told. Raises AgentError."""
    from joulemark.session.plan import Filter
    from joulemark.session.report import PATIENCE_S, Options

    joined = _joined(arguments, config)
    asked = _asked(arguments, config, output, joined)
    budget_s = arguments.budget
    if joined is not None and joined.suite is not None:
        sentence = _("Suite {suite}, which `joulemark join` chose for {device}. `--suite` names another.")
        if budget_s is None and joined.hours is not None:
            budget_s = joined.hours * 3600
            sentence = _(
                "Suite {suite}, which `joulemark join` chose for {device}, for up to {hours:g} h (`--budget` sets "
                "another time). `--suite` names another."
            )
        device = joined.gpu or _("this processor")
        output.aside(sentence.format(suite=joined.suite, device=device, hours=joined.hours))
    return Options(
        suite=asked.suite,
        meant=Filter(only=asked.only, tasks=asked.tasks, datasets=asked.datasets, models=asked.models),
        meter=cast("Wanted", asked.meter),
        budget_s=budget_s,
        needed=arguments.needed,
        limit=arguments.limit,
        retry_failed=arguments.retry_failed,
        patience_s=PATIENCE_S if arguments.patience is None else arguments.patience,
        offline_after=arguments.offline_after,
        cpu_watts=asked.cpu_watts,
        offline=asked.offline,
        submit=asked.submit,
        fresh=arguments.fresh,
        force=asked.force,
        wait=not arguments.no_wait,
        chosen_for_gpu=None if joined is None else joined.gpu,
    )


def _joined(arguments: Namespace, config: Config) -> Joined | None:
    """What was joined, where this run takes its suite from there: it names none and measures that device."""
    from joulemark.joined import read_joined

    if arguments.suite or arguments.resume:
        return None
    joined = read_joined(config.folders.joined)
    if joined is None or joined.suite is None or joined.origin != config.origin:
        return None
    on_processor = arguments.meter in ("rapl", "estimate")
    return None if on_processor and joined.gpu is not None else joined


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


def _asked(arguments: Namespace, config: Config, output: Output, joined: Joined | None) -> Asked:
    """What is to be measured and how: as the last run was asked, or as this command says. Raises AgentError."""
    from msgspec.structs import replace

    from joulemark.errors import UsageError
    from joulemark.session.state import Asked, last_asked

    named = {
        "suite": arguments.suite,
        "meter": arguments.meter,
        "only": arguments.only,
        "task": arguments.task,
        "dataset": arguments.dataset,
        "model": arguments.model,
        "fresh": arguments.fresh,
    }
    if not arguments.resume:
        return Asked(
            suite=arguments.suite or (joined.suite if joined else None) or "demo",
            meter=arguments.meter or "auto",
            only=arguments.only,
            tasks=tuple(arguments.task),
            datasets=tuple(arguments.dataset),
            models=tuple(arguments.model),
            cpu_watts=arguments.cpu_watts,
            offline=arguments.offline,
            submit=not (arguments.no_submit or arguments.offline),
            force=arguments.force,
        )
    if given := [f"--{name}" for name, value in named.items() if value]:
        raise UsageError(
            _(
                "`--resume` measures what the last run was asked to: leave {given} out, or name all of it "
                "without `--resume`; what is finished is not repeated then either."
            ).format(given=", ".join(given))
        )
    last = last_asked(config.folders, origin=config.origin, note=output.aside)
    return replace(
        last,
        cpu_watts=last.cpu_watts if arguments.cpu_watts is None else arguments.cpu_watts,
        offline=last.offline or arguments.offline,
        submit=last.submit and not (arguments.no_submit or arguments.offline),
        force=last.force or arguments.force,
    )


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


def _tell(output: Output, report: Report, *, failure: tuple[str, str] | None, exit_code: int) -> None:
    from joulemark.cli.result_lines import result_lines

    for done in report.done:
        for line in result_lines(_entry(done)):
            output.say(line)
    for failed in (*report.failed, *report.failed_before):
        output.tell(_("failed  {key}  {sentence}").format(key=failed.key, sentence=failed.sentence))
    for sentence in (*_graded(report), *_ended(report)):
        output.tell(sentence)
    if report.choice is not None:
        for passed in report.choice.rejections:
            output.tell(
                _("Not used: {meter}. {sentence}").format(
                    meter=passed.meter, sentence=" ".join(filter(None, (passed.sentence, passed.mend)))
                )
            )
    missing = report.selection.missing if report.selection else ()
    value: dict[str, Any] = {
        "ok": exit_code == 0,
        "session": report.session,
        "meter": report.choice and report.choice.meter.name,
        "grade": report.choice and report.choice.meter.grade,
        "not_used": [_rejection(passed) for passed in report.choice.rejections] if report.choice else [],
        "results": [_row(done) for done in report.done],
        "failed": [_failure(item) for item in report.failed],
        "failed_before": [_failure(item) for item in report.failed_before],
        "put_off": [{"job": item.key, "sentence": item.sentence} for item in report.put_off],
        "left_out": [{"job": item.key, "sentence": item.sentence} for item in missing],
        "stopped": report.stopped
        and {
            "code": report.stopped.code,
            "sentence": report.stopped.sentence,
            "what_to_do": report.stopped.what_to_do,
        },
        "most_useful_next": report.next_job and report.next_job.key,
    }
    if failure is not None:
        value["error"] = {"code": failure[0], "sentence": failure[1], "exit_code": exit_code}
    output.answer(value)


def _graded(report: Report) -> list[str]:
    """What the energies of the results rest on: one sentence, or one for each of the watts that were assumed."""
    from joulemark.meters.estimate import provenance_of

    if report.choice is None:
        return []
    meter = report.choice.meter
    counts: dict[str, int] = {}
    for done in report.done:  # one session has one meter, but its runs may have assumed other watts
        sensor = done.kept.bundle.statement().predicate.sensor
        watts = sensor.stated_watts
        words = meter.provenance if watts is None else provenance_of(watts, sensor.stated_watts_source)
        counts[words] = counts.get(words, 0) + 1
    if len(counts) < 2:
        return [
            _("Energy is {grade}: {words}.").format(
                grade=in_words(meter.grade), words=next(iter(counts), meter.provenance)
            )
        ]
    return [
        _("Energy of {count} of {results} results is {grade}: {words}.").format(
            count=count, results=len(report.done), grade=in_words(meter.grade), words=words
        )
        for words, count in counts.items()
    ]


def _ended(report: Report) -> list[str]:
    """Why the run was stopped, whether nothing counts, and what is most useful next."""
    from joulemark.errors import EXIT_NOT_COUNTED

    sentences = []
    if (stopped := report.stopped) is not None:
        advice = (stopped.what_to_do or "").rstrip(".")
        sentences += [
            _("Stopped: each further job would be found the same. {code}: {sentence}").format(
                code=stopped.code, sentence=stopped.sentence
            ),
            *([_("What to do: {advice}.").format(advice=advice)] if advice else []),
            _(
                "Then run it again: the other jobs go on, and `--fresh` repeats these too. `--force` goes on as it is."
            ),
        ]
        sentences = [" ".join(sentences)]
    if report.exit_code == EXIT_NOT_COUNTED:
        sentences.append(
            _(
                "Nothing of it counts. `joulemark results` lists what was found, and `joulemark appeal` has a"
                " person look."
            )
        )
    if (job := report.next_job) is not None:
        sentences.append(
            ngettext(
                "Most useful next: {key}, measured by {count} contributor so far.",
                "Most useful next: {key}, measured by {count} contributors so far.",
                job.contributors,
            ).format(key=job.key, count=job.contributors)
            if job.contributors
            else _("Most useful next: {key}, measured by nobody so far.").format(key=job.key)
        )
        if job.runs_here:
            sentences.append(_("The same command with `--needed` begins with it."))
    return sentences


def _rejection(passed: Rejection) -> dict[str, str | None]:
    return {
        "meter": passed.meter,
        "reason": passed.reason,
        "sentence": passed.sentence,
        "mend": passed.mend,
    }


def _failure(failed: Failed) -> dict[str, str]:
    return {"job": failed.key, "code": failed.code, "sentence": failed.sentence}


def _entry(done: Done) -> ResultEntry:
    """A result as the list shows it."""
    from joulemark.cli.result_lines import ResultEntry
    from joulemark.session.comparison import own_energy_words, short_comparison

    sent = done.kept.state if done.delivery is None else done.delivery.how
    standing = done.standing
    codes = tuple(dict.fromkeys(finding.code for finding in standing.findings)) if standing else ()
    return ResultEntry(
        state=done.verdict or sent,
        job=done.key,
        energy=own_energy_words(done.kept.bundle.statement().predicate),
        comparison=short_comparison(standing) if standing else None,
        codes=codes or tuple(finding.code for finding in done.unfit),
        place=standing.short_url if standing else _("kept as {digest}").format(digest=done.kept.digest[:16]),
    )


def _row(done: Done) -> dict[str, Any]:
    from msgspec import to_builtins

    predicate = done.kept.bundle.statement().predicate
    refusal = done.kept.note.refusal
    return {
        "result_id": done.kept.digest,
        "job": done.key,
        "file": str(done.kept.path),
        "state": done.kept.state,
        "resumed": done.resumed,
        "grade": predicate.sensor.grade,
        "stated_watts": predicate.sensor.stated_watts,
        "energy_per_query_j": predicate.totals.energy_per_query_j,
        "queries": predicate.totals.queries,
        "windows": len(predicate.windows),
        "refusal": refusal and {"code": refusal.code, "sentence": refusal.sentence},
        "verdict": done.verdict,
        "found_unfit": [{"code": finding.code, "sentence": finding.sentence} for finding in done.unfit],
        "standing": done.standing and to_builtins(done.standing),
    }
