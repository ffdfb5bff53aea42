"""`joulemark doctor`: what can be measured here, what cannot, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.code_words import in_words
from joulemark.cli.output import Output
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.session.checkup import Finding

COLOURS = {
    "measured": "green",
    "ok": "green",
    "estimated": "yellow",
    "warning": "yellow",
    "noisy": "red",
    "not available": "red",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Which suite's jobs to look at."""
    parser.add_argument(
        "--suite", default="demo", metavar="NAME", help=_("the suite to check for (default: demo)")
    )
    parser.add_argument(
        "--quick", action="store_true", help=_("do not watch the GPU at rest nor probe its energy counter")
    )


def execute(arguments: Namespace) -> int:
    """0 when `joulemark run` would give a result, else 7."""
    from dataclasses import asdict

    from joulemark import config as configs
    from joulemark.errors import EXIT_IMPOSSIBLE, EXIT_OK
    from joulemark.session.checkup import can_measure, can_run, check

    output = Output(as_json=arguments.json)
    if not arguments.quick:
        output.aside(_("Where there is a GPU, it is watched at rest and its counter probed: about 90 s."))
    findings = check(configs.load(), arguments.suite, quick=arguments.quick)
    ready, offline = can_run(findings), can_measure(findings)
    if not output.as_json:
        _draw(findings)
    if ready:
        output.say(_("Ready: `joulemark run` can give a result here."))
    elif offline:
        output.say(
            _(
                "Not ready: `joulemark run` needs an enrolled key and a platform that answers; the table says"
                " what to do. Without them, `joulemark run --offline` can measure."
            )
        )
    else:
        output.say(_("Not ready: nothing can be measured here; the table says what is missing."))
    output.answer(
        {"ok": ready, "can_measure_offline": offline, "findings": [asdict(finding) for finding in findings]}
    )
    return EXIT_OK if ready else EXIT_IMPOSSIBLE


def _draw(findings: tuple[Finding, ...]) -> None:
    """One line a finding, and one below it for what mends it; long lines are left to the terminal."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    from joulemark.cli.progress import Screen

    console = Screen()
    rows = [(in_words(finding.area), finding.what, in_words(finding.state)) for finding in findings]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for finding, row in zip(findings, rows, strict=True):
        area, what, state = (set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True))
        line = Text(f"{area}  {what}  ").append(state, style=COLOURS[finding.state])
        console.print(line.append(f"  {finding.detail}"), soft_wrap=True)
        if finding.mend is not None:
            mend = _("mend: {mend}").format(mend=finding.mend)
            console.print(Text(f"{'':<{sum(widths) + 6}}{mend}"), soft_wrap=True)
