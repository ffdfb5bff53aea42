"""`joulemark doctor`: what can be measured here, what cannot, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.session.diagnosis import Diagnosis

COLOURS = {
    "measured": "green",
    "ok": "green",
    "estimated": "yellow",
    "warning": "yellow",
    "noisy": "red",
    "not available": "red",
}
MIN_DETAIL = 40
"""Cells that a finding's sentence needs beside its name; where they are not there it stands below."""
FOLDED_INDENT = 4


def add_arguments(parser: ArgumentParser) -> None:
    """Which suite's jobs to look at."""
    parser.add_argument(
        "--suite", default="demo", metavar="NAME", help=_("the suite to check for (default: demo)")
    )
    parser.add_argument(
        "--quick", action="store_true", help=_("skip watching the GPU at rest and probing its energy counter")
    )


def execute(arguments: Namespace) -> int:
    """0 when `joulemark run` would give a result, else 7."""
    from dataclasses import asdict

    from joulemark import config as configs
    from joulemark.errors import EXIT_IMPOSSIBLE, EXIT_OK
    from joulemark.session.checkup import can_measure, can_run, check

    output = CommandOutput(as_json=arguments.json)
    if not arguments.quick:
        output.aside(_("If there is a GPU, it is watched at rest and its counter is probed: about 90 s."))
    findings = check(configs.load(), arguments.suite, quick=arguments.quick)
    ready, offline = can_run(findings), can_measure(findings)
    if not output.as_json:
        _draw(findings, width=output.width)
    if ready:
        output.say(_("Ready: `joulemark run` can measure here."))
    elif offline:
        output.say(
            _(
                "Not ready: `joulemark run` needs an enrolled key and a platform that answers; the "
                "table says what to do. `joulemark run --offline` can measure without them."
            )
        )
    else:
        output.say(_("Not ready: nothing can be measured here; the table says what is missing."))
    output.answer(
        {"ok": ready, "can_measure_offline": offline, "findings": [asdict(finding) for finding in findings]}
    )
    return EXIT_OK if ready else EXIT_IMPOSSIBLE


def _draw(findings: tuple[Diagnosis, ...], *, width: int | None) -> None:
    """Each finding, and below it what mends it. On a terminal no line is wider than that; a pipe gets whole lines."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    from joulemark.cli.progress import Screen
    from joulemark.cli.progress_text import shortened

    console = Screen()
    rows = [(in_words(finding.area), finding.what, in_words(finding.state)) for finding in findings]
    areas, names, states = (max(map(cell_len, column)) for column in zip(*rows, strict=True))
    indent = areas + names + states + 6
    is_folded = width is not None and width - indent < MIN_DETAIL
    if width is not None and is_folded:
        indent = FOLDED_INDENT
        names = min(names, width - areas - states - 4)
    for finding, (area, what, state) in zip(findings, rows, strict=True):
        name = shortened(what, names, encoding=console.encoding)
        head = Text(f"{set_cell_size(area, areas)}  {set_cell_size(name, max(names, cell_len(name)))}  ")
        head.append(state, style=COLOURS[finding.state])
        details = _lines_within(finding.detail, width, indent)
        if not is_folded:
            head.append(f"{'':<{states - cell_len(state)}}  {details.pop(0).lstrip()}")
        if finding.mend is not None:
            details += _lines_within(_("fix: {mend}").format(mend=finding.mend), width, indent)
        for line in (head, *map(Text, details)):
            console.print(line, soft_wrap=True)


def _lines_within(text: str, width: int | None, indent: int) -> list[str]:
    """A text behind `indent` cells, in lines of `width` that end between words; one line where there is no width."""
    from textwrap import wrap

    begin = " " * indent
    if width is None:
        return [begin + text]
    return wrap(
        text,
        width,
        initial_indent=begin,
        subsequent_indent=begin,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
