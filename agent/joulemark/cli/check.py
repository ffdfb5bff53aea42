"""`joulemark check FILE`: apply the rules to a result on this machine.

Offline; needs no key, no platform and no models. The rules that compare with what only a platform knows are named and
not asked.
"""

from __future__ import annotations

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.errors import EXIT_NOT_VERIFIED, EXIT_OK, NotVerified, UsageError
from joulemark.platform_words import quoted_in_words
from joulemark.translation import gettext as _
from joulemark.translation import marked

TYPE_CHECKING = False  # not from typing: importing that is a tenth of this command's start
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from joulemark.record.statement import Statement
    from joulemark.record.trace import Trace
    from joulemark.rules.judge import Judgement
    from joulemark.suite import Suite

PAGE = "docs/rules.md"
WORDS = {
    "accepted": marked("the rules that can be applied locally accept it"),
    "quarantined": marked("a platform would quarantine it until a moderator decides"),
    "rejected": marked("a platform would reject it"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """One file, and where its suite is."""
    parser.add_argument("file", metavar="FILE", help="a result, *.joulemark.json")
    parser.add_argument(
        "--suite",
        metavar="SUITE",
        help=_(
            "the suite of the result: a name, or a folder such as ./suite (default: the one that the "
            "result names)"
        ),
    )


def execute(arguments: Namespace) -> int:
    """0 when it is accepted, 3 when it is not or was changed; UsageError (2) when there is no such file or suite."""
    result_id, statement, trace = _verified(arguments.file)
    suite = _suite(statement, arguments.suite)

    from joulemark.rules.judge import RULES_VERSION
    from joulemark.session.home_rules import PLATFORM_ONLY, judge_at_home

    judged = judge_at_home(statement, trace, suite)
    output = CommandOutput(as_json=arguments.json)
    output.say(f"{in_words(judged.state):<11} {arguments.file}: {_(WORDS[judged.state])}")
    findings = _findings(judged)
    for finding in findings:
        _tell(output, finding)
    output.say(_("applied by the platform only: {codes}").format(codes=", ".join(PLATFORM_ONLY)))
    output.answer(
        {
            "ok": judged.state == "accepted",
            "result_id": result_id,
            "rules_version": RULES_VERSION,
            "state": judged.state,
            "findings": findings,
            "asked_by_the_platform_only": list(PLATFORM_ONLY),
        }
    )
    return EXIT_OK if judged.state == "accepted" else EXIT_NOT_VERIFIED


def _verified(name: str) -> tuple[str, Statement, Trace]:
    """Id, statement and trace of the result in a file. Raises UsageError, or NotVerified when it was changed."""
    from pathlib import Path

    from joulemark.record import bundle as bundles
    from joulemark.record.errors import RecordError
    from joulemark.record.limits import MAX_BUNDLE_BYTES
    from joulemark.record.trace import parse

    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise UsageError(_("{name} cannot be read: {why}.").format(name=name, why=error.strerror)) from error
    try:
        bundle = bundles.parse(data)
        statement, raw = bundles.verified(bundle)
        return bundle.digest(), statement, parse(raw)
    except RecordError as error:
        raise NotVerified(
            _("{name} is not verified ({code}): {error}").format(name=name, code=error.code, error=error),
            code=error.code,
        ) from error


def _findings(judged: Judgement) -> list[dict[str, Any]]:
    from joulemark.rules.advice import what_to_do
    from joulemark.rules.judge import RULES

    rules = {rule.code: rule for rule in RULES}
    return [
        {
            "code": finding.code,
            "severity": str(finding.severity),
            "rule": rules[finding.code].title,
            "sentence": finding.sentence,
            "evidence": dict(finding.evidence),
            "what_to_do": what_to_do(finding.code),
            "page": f"{PAGE}#{rules[finding.code].anchor}",
        }
        for finding in judged.findings
    ]


def _tell(output: CommandOutput, finding: dict[str, Any]) -> None:
    sentence = quoted_in_words(finding["code"], finding["sentence"])
    output.say(f"\n{finding['code']} ({in_words(finding['severity'])}) {sentence}")
    output.say(_("  rule        {title}").format(title=_(finding["rule"])))
    if finding["evidence"]:
        facts = ", ".join(f"{name} = {value}" for name, value in finding["evidence"].items())
        output.say(_("  evidence    {facts}").format(facts=facts))
    if finding["what_to_do"]:
        output.say(_("  what to do  {advice}").format(advice=_(finding["what_to_do"])))
    output.say(_("  details     {page}").format(page=finding["page"]))


def _suite(statement: Statement, name: str | None) -> Suite | None:
    """The one that is named, else the installed or fetched one with the digest that the result names, else None."""
    from joulemark import config as configs
    from joulemark.session.suite_source import find_suite, find_suite_of_digest

    if name is not None:
        return find_suite(name, config=configs.load()).suite
    ran = statement.predicate.suite
    return find_suite_of_digest(ran.name, ran.digest, config=configs.load())
