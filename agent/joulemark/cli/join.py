"""`joulemark join ORIGIN`: the key, the platform, what this machine measures, and what `joulemark run` will do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.cli.values import hours
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from joulemark.session.diagnosis import Diagnosis
    from joulemark.session.joining import SuiteChoice

NEXT = "joulemark run"
LABEL = 10
"""Cells of a line's first word, with the space behind it; what it says stays beside it where the terminal is narrow."""
FAULTS = frozenset({"not available", "noisy", "warning"})


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments: the platform; options for what is chosen automatically otherwise."""
    parser.add_argument("origin", metavar="ORIGIN", help=_("the platform, such as https://example.org"))
    parser.add_argument(
        "--name",
        help=_("a name to show beside your results (1 to 60 characters; default: none)"),
    )
    parser.add_argument(
        "--passphrase",
        action="store_true",
        help=_("protect a new key with a passphrase: prompted for twice, or read from JOULEMARK_PASSPHRASE"),
    )
    parser.add_argument(
        "--suite",
        metavar="NAME",
        help=_(
            "the suite for `joulemark run` (default: of those that the platform hands out, the one "
            "with the most jobs that fit this card)"
        ),
    )
    parser.add_argument(
        "--hours", type=hours, metavar="H", help=_("how long one `joulemark run` may last (default: 3)")
    )


def execute(arguments: Namespace) -> int:
    """0 when `joulemark run` can go on; 7 when nothing can be measured here yet, though the platform knows the key."""
    from joulemark import config as configs
    from joulemark.errors import EXIT_IMPOSSIBLE
    from joulemark.session import joining
    from joulemark.session.checkup import check_machine, is_fit, measures_gpu
    from joulemark.session.enrolment import check_name, own_key

    output = CommandOutput(as_json=arguments.json)
    config = configs.load(origin=arguments.origin)
    configs.require_no_other(config)
    check_name(arguments.name)
    identity = own_key(config.folders, locked=arguments.passphrase)
    sends = (
        _("Joining {origin}: only your public key is sent.")
        if arguments.name is None
        else _('Joining {origin}: only your public key and the name "{name}" are sent.')
    )
    output.aside(sends.format(origin=config.origin, name=arguments.name))
    enrolled, is_new = joining.known_or_enrolled(config, identity, name=arguments.name)
    joining.remember_platform(config)
    output.say(
        (
            _("platform  {origin}, enrolled as {contributor}")
            if is_new
            else _("platform  {origin}, already enrolled as {contributor}")
        ).format(origin=config.origin, contributor=enrolled.contributor),
        hang=LABEL,
    )
    output.say(
        _("key       {key} (keep a copy; whoever has it can sign as you)").format(key=config.folders.key),
        hang=LABEL,
    )
    output.aside(_("Inspecting this machine; this loads torch once."))
    findings = check_machine(config, quick=True)
    _say_findings(output, findings)
    answer: dict[str, Any] = {
        "ok": False,
        "origin": config.origin,
        "contributor": enrolled.contributor,
        "key_id": identity.key_id,
        "public_key": identity.public_key,
        "key_file": str(config.folders.key),
        "findings": [_row(finding) for finding in findings],
        "suite": None,
        "passed_over": [],
        "plan": None,
        "next": f"joulemark join {config.origin}",
    }
    if not is_fit(findings):
        output.say(
            _("Not ready: fix the above, then run `joulemark join {origin}` again.").format(
                origin=config.origin
            )
        )
        output.answer(answer)
        return EXIT_IMPOSSIBLE
    time_h = joining.EVENING_HOURS if arguments.hours is None else arguments.hours
    choice, passed = joining.choose_suite(
        config, on_gpu=measures_gpu(findings), hours=time_h, named=arguments.suite
    )
    for suite in passed:
        output.say(_("Not chosen: {name}. {sentence}").format(name=suite.name, sentence=suite.sentence))
    answer["passed_over"] = [{"suite": suite.name, "sentence": suite.sentence} for suite in passed]
    if choice is None:
        output.say(
            _("Not ready: fix the above, then run `joulemark join {origin}` again.").format(
                origin=config.origin
            )
        )
        output.answer(answer)
        return EXIT_IMPOSSIBLE
    joining.remember_choice(config, choice, hours=time_h)
    output.answer({**answer, **_chosen(output, choice, time_h)})
    return 0


def _chosen(output: CommandOutput, choice: SuiteChoice, time_h: float) -> dict[str, Any]:
    """Say what of the suite fits, and what the next command is; the part of the answer that says so."""
    from joulemark.cli.plan_words import (
        duration,
        nothing_left_in_words,
        order_in_words,
        plan_as_json,
        summary,
        times_in_words,
    )

    suite, forecast = choice.suite, choice.forecast
    cells = len(suite.jobs)
    output.say(
        _("suite     {name} {version}: {title}").format(
            name=suite.name, version=suite.version, title=suite.title
        ),
        hang=LABEL,
    )
    output.say(
        _("fits      {fitting} of {cells} jobs run on {device}, about {time} in total").format(
            fitting=choice.fitting,
            cells=cells,
            device=forecast.gpu or _("this processor"),
            time=duration(choice.all_seconds),
        ),
        hang=LABEL,
    )
    if forecast.finished:
        output.say(
            ngettext(
                "finished  {count} job, measured before",
                "finished  {count} jobs, measured before",
                len(forecast.finished),
            ).format(count=len(forecast.finished)),
            hang=LABEL,
        )
    limit = _("up to {hours:g} h").format(hours=time_h) if choice.is_standard else _("no time limit")
    output.say(_("next run  {plan} ({limit})").format(plan=summary(forecast), limit=limit), hang=LABEL)
    order = [order_in_words(forecast.order)] if forecast.cells else []
    for sentence in (*order, *times_in_words(forecast)):
        output.say(f"{'':<{LABEL}}{sentence}", hang=LABEL)
    if not choice.is_standard:
        sentence = _("Without `--suite`, a run measures {name}, which downloads nothing.")
        output.say(f"{'':<{LABEL}}{sentence.format(name=suite.name)}")
    next_command = NEXT
    if forecast.is_nothing_left:
        next_command = "joulemark results"
        output.say(nothing_left_in_words())
    output.say(_("Next: {next}").format(next=next_command))
    return {
        "ok": True,
        "suite": {
            "name": suite.name,
            "version": suite.version,
            "digest": suite.digest,
            "cells": cells,
            "cells_that_fit": choice.fitting,
            "seconds_of_all": choice.all_seconds,
            "is_standard": choice.is_standard,
        },
        "hours": time_h if choice.is_standard else None,
        "plan": plan_as_json(forecast),
        "next": next_command,
    }


def _say_findings(output: CommandOutput, findings: Sequence[Diagnosis]) -> None:
    """What is measured, by what; then what is not, and how to mend it. What is well is not told."""
    for finding in findings:
        if finding.area == "device" and finding.what == "facts" and finding.state == "ok":
            output.say(_("device    {detail}").format(detail=finding.detail), hang=LABEL)
    measured = [finding for finding in findings if finding.state == "measured"]
    for finding in measured or [finding for finding in findings if finding.state == "estimated"]:
        output.say(f"{in_words(finding.state):<9} {finding.detail}", hang=LABEL)
    for finding in findings:
        if finding.state in FAULTS:
            label = _("not available") if finding.state == "not available" else in_words(finding.state)
            line = f"{label:<9} {finding.what}: {finding.detail}"
            mend = [] if finding.mend is None else [_("To fix it: {mend}").format(mend=finding.mend)]
            output.say(" ".join([line, *mend]), hang=LABEL)


def _row(finding: Diagnosis) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(finding)
