"""What a run ends with, in lines and in JSON: results, failures, what its energies rest on, what is useful next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.platform_words import finding_in_words
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from joulemark.cli.output import CommandOutput
    from joulemark.cli.result_lines import ResultEntry
    from joulemark.meters.choose import Rejection
    from joulemark.session.report import Failed
    from joulemark.session.run import Done, RunReport


def print_report(
    output: CommandOutput, report: RunReport, *, failure: tuple[str, str] | None, exit_code: int
) -> None:
    """The report, and behind it the code and the sentence of a `failure` that ended the run."""
    from joulemark.cli.result_lines import result_lines

    for done in report.done:
        for line in result_lines(_result_entry(done), width=output.width):
            output.say_verbatim(line)
    for failed in (*report.failed, *report.failed_before):
        output.say(
            _("failed  {key}  {sentence}").format(key=output.fitted(failed.key), sentence=failed.sentence)
        )
    for sentence in (*_grade_sentences(report), *_end_sentences(output, report)):
        output.say(sentence)
    if report.choice is not None:
        for rejection in report.choice.rejections:
            output.say(
                _("Not used: {meter}. {sentence}").format(
                    meter=rejection.meter,
                    sentence=" ".join(filter(None, (rejection.sentence, rejection.mend))),
                )
            )
    missing = report.selection.missing if report.selection else ()
    value: dict[str, Any] = {
        "ok": exit_code == 0,
        "session": report.session,
        "meter": report.choice and report.choice.meter.name,
        "grade": report.choice and report.choice.meter.grade,
        "not_used": [_rejection_as_json(rejection) for rejection in report.choice.rejections]
        if report.choice
        else [],
        "results": [_result_as_json(done) for done in report.done],
        "failed": [_failure_as_json(item) for item in report.failed],
        "failed_before": [_failure_as_json(item) for item in report.failed_before],
        "put_off": [{"job": item.key, "sentence": item.sentence} for item in report.put_off],
        "left_out": [{"job": item.key, "sentence": item.sentence} for item in missing],
        "stopped": report.stopped
        and {
            "code": report.stopped.code,
            "sentence": report.stopped.sentence,
            "what_to_do": report.stopped.what_to_do,
        },
        "nothing_left": report.is_nothing_left,
        "most_useful_next": report.next_job and report.next_job.key,
    }
    if failure is not None:
        value["error"] = {"code": failure[0], "sentence": failure[1], "exit_code": exit_code}
    output.answer(value)


def _grade_sentences(report: RunReport) -> list[str]:
    """What the energies of the results rest on: one sentence, or one for each of the watts that were assumed."""
    from joulemark.meters.estimate import provenance_of

    if report.choice is None or not report.done:
        return []
    meter = report.choice.meter
    counts: dict[str, int] = {}
    for done in report.done:  # one session has one meter, but its runs may have assumed other watts
        sensor = done.result.bundle.statement().predicate.sensor
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


def _end_sentences(output: CommandOutput, report: RunReport) -> list[str]:
    """Why the run was stopped, whether nothing counts, and what is most useful next."""
    from joulemark.cli.plan_words import nothing_left_in_words
    from joulemark.errors import EXIT_NOT_COUNTED

    sentences = []
    if (stopped := report.stopped) is not None:
        advice = (stopped.what_to_do or "").rstrip(".")
        sentences += [
            _("Stopped: the same finding would apply to every further job. {code}: {sentence}").format(
                code=stopped.code, sentence=finding_in_words(stopped.code, stopped.sentence)
            ),
            *([_("What to do: {advice}.").format(advice=advice)] if advice else []),
            _(
                "Then run the same command again: it continues with the other jobs; `--fresh` "
                "repeats these too. `--force` continues despite the finding."
            ),
        ]
        sentences = [" ".join(sentences)]
    if report.exit_code == EXIT_NOT_COUNTED:
        sentences.append(
            _(
                "None of these results counts. `joulemark results` lists the findings; `joulemark "
                "appeal` asks a moderator to review a verdict."
            )
        )
    if report.is_nothing_left:
        sentences.append(nothing_left_in_words())
        if any(done.result.state == "waiting" for done in report.done):
            sentences.append(_("`joulemark submit` sends the results that are still waiting."))
    if (job := report.next_job) is not None:
        sentences.append(
            ngettext(
                "Most useful next: {key}, so far measured by {count} contributor.",
                "Most useful next: {key}, so far measured by {count} contributors.",
                job.contributors,
            ).format(key=output.fitted(job.key), count=job.contributors)
            if job.contributors
            else _("Most useful next: {key}, not measured by anyone yet.").format(key=output.fitted(job.key))
        )
        if job.runs_here:
            sentences.append(
                _("The same command starts with it.")
                if report.order is not None and report.order.name == "needed"
                else _("The same command with `--needed` starts with it.")
            )
    return sentences


def _rejection_as_json(rejection: Rejection) -> dict[str, str | None]:
    return {
        "meter": rejection.meter,
        "reason": rejection.reason,
        "sentence": rejection.sentence,
        "mend": rejection.mend,
    }


def _failure_as_json(failed: Failed) -> dict[str, str]:
    return {"job": failed.key, "code": failed.code, "sentence": failed.sentence}


def _result_entry(done: Done) -> ResultEntry:
    """A result as the list shows it."""
    from joulemark.cli.result_lines import ResultEntry
    from joulemark.session.comparison import own_energy_words, short_comparison

    sent = done.result.state if done.delivery is None else done.delivery.how
    standing = done.standing
    codes = tuple(dict.fromkeys(finding.code for finding in standing.findings)) if standing else ()
    return ResultEntry(
        state=done.verdict or sent,
        job=done.key,
        energy=own_energy_words(done.result.bundle.statement().predicate),
        comparison=short_comparison(standing) if standing else None,
        codes=codes or tuple(finding.code for finding in done.unfit),
        place=standing.short_url
        if standing
        else _("stored as {digest}").format(digest=done.result.digest[:16]),
    )


def _result_as_json(done: Done) -> dict[str, Any]:
    from msgspec import to_builtins

    predicate = done.result.bundle.statement().predicate
    refusal = done.result.note.refusal
    return {
        "result_id": done.result.digest,
        "job": done.key,
        "file": str(done.result.path),
        "state": done.result.state,
        "resumed": done.resumed,
        "grade": predicate.sensor.grade,
        "stated_watts": predicate.sensor.stated_watts,
        "energy_per_query_j": predicate.totals.energy_per_query_j,
        "queries": predicate.totals.queries,
        "windows": len(predicate.windows),
        "refusal": refusal and {"code": refusal.code, "sentence": refusal.sentence},
        "code": done.delivery and done.delivery.code,
        "sentence": done.delivery and done.delivery.sentence,
        "verdict": done.verdict,
        "found_unfit": [{"code": finding.code, "sentence": finding.sentence} for finding in done.unfit],
        "standing": done.standing and to_builtins(done.standing),
    }
