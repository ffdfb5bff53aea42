"""`joulemark suite list | show | estimate | pin | fetch | clean | answer`: what suites are, cost and need."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.output import Output
from joulemark.cli.values import gigabytes, hours, positive
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Sequence

    from joulemark.config import Config
    from joulemark.record.suite_offers import OfferedSuite, SuiteOffers
    from joulemark.suite import Suite
    from joulemark.suite.estimate import Estimate, Total

ACTIONS = {
    "list": marked("the suites that are installed or were fetched, and with --ask those of the platform"),
    "show": marked("a suite's tasks, data sets, models and cells"),
    "estimate": marked("GPU minutes, disk and memory of each cell, from published times"),
    "pin": marked("ask the hub which revisions a suite's names mean, and write a pinned copy"),
    "fetch": marked("download the pinned models and data sets of a suite"),
    "clean": marked(
        "free the models, data sets and suites that this agent fetched and that no open job needs"
    ),
    "answer": marked(
        "ask a pinned suite's models on this machine, and write a copy that states their answers as known"
    ),
}


def add_arguments(parser: ArgumentParser) -> None:
    """An action, and what it needs."""
    actions = parser.add_subparsers(dest="action", metavar=_("ACTION"), title=_("actions"), required=True)
    for name, summary in ACTIONS.items():
        what = _(summary)
        action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name not in ("list", "clean"):
            what = (
                _("a suite's name or a folder such as ./suite")
                if name == "pin"
                else _("a suite's name, NAME@VERSION, or a folder such as ./suite")
            )
            action.add_argument("suite", metavar="SUITE", help=what)
        elif name == "list":
            action.add_argument(
                "--ask", action="store_true", help=_("ask the platform which suites it hands out")
            )
        if name in ("estimate", "fetch", "answer"):
            action.add_argument(
                "--only",
                metavar="GLOB",
                help=_("only cells whose TASK/DATASET/MODEL fits, such as '*/gpt2*'"),
            )
        if name == "estimate":
            action.add_argument(
                "--memory",
                type=gigabytes,
                metavar="GB",
                help=_("only cells whose weights fit into so much memory of the device"),
            )
            action.add_argument(
                "--hours",
                type=hours,
                metavar="H",
                help=_(
                    "only cells that end within H hours, taken in the suite's order as by `joulemark run "
                    "--budget`"
                ),
            )
        if name == "clean":
            action.add_argument(
                "--all", action="store_true", help=_("all that this agent fetched, also what open jobs need")
            )
            action.add_argument("--yes", action="store_true", help=_("free it without asking"))
        if name in ("pin", "answer"):
            action.add_argument(
                "--out", required=True, metavar="FOLDER", help=_("a new folder for the suite's copy")
            )
        if name == "answer":
            action.add_argument(
                "--queries",
                type=positive,
                default=8,
                metavar="N",
                help=_("so many of each cell (default: 8)"),
            )
            action.add_argument(
                "--device",
                choices=("cpu", "cuda"),
                default="cpu",
                help=_("where the models run (default: cpu)"),
            )
        if name in ("pin", "fetch"):
            action.add_argument(
                "--hub", metavar="URL", help=_("the hub's origin (default: HF_ENDPOINT, else huggingface.co)")
            )
        action.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help=_("JSON on stdout, everything else on stderr"),
        )


def execute(arguments: Namespace) -> int:
    """0; 2 for a suite or folder that cannot be used, 5 when the hub gives no usable answer or not all of it.

    `fetch` also 3 for a file with another digest than was pinned, 8 for a cache that is full or cannot be written.
    `answer` also 7 when not every cell gave an answer.
    """
    from joulemark.errors import UsageError
    from joulemark.suite import SuiteError

    output, code = Output(as_json=arguments.json), 0
    try:
        if arguments.action == "fetch":
            from joulemark.cli import suite_fetch

            code, answer = suite_fetch.execute(arguments, output)
        elif arguments.action == "clean":
            from joulemark.cli import suite_clean

            code, answer = suite_clean.execute(arguments, output)
        elif arguments.action == "answer":
            from joulemark.cli import suite_answer

            code, answer = suite_answer.execute(arguments, output)
        else:
            answer = {"list": _list, "show": _show, "estimate": _estimate, "pin": _pin}[arguments.action](
                arguments, output
            )
    except SuiteError as error:
        raise UsageError(str(error)) from error
    output.answer({"ok": True, **answer})
    return code


def _list(arguments: Namespace, output: Output) -> dict[str, Any]:
    from joulemark import config as configs
    from joulemark.session import suite_source

    config = configs.load()
    offers = suite_source.ask_offers(config) if arguments.ask else None
    found = [(_("software"), suite) for suite in _installed()]
    found += [(config.origin, suite) for suite in suite_source.fetched_suites(config)]
    _table(
        output,
        (_("suite"), _("version"), _("cells"), _("revisions"), _("from"), _("title")),
        [
            (suite.name, suite.version, str(len(suite.jobs)), _state(suite), source, suite.title)
            for source, suite in found
        ],
    )
    answer: dict[str, Any] = {"suites": [_listed(suite, source) for source, suite in found]}
    return answer if offers is None else answer | _offered(offers, config, output)


def _installed() -> list[Suite]:
    from joulemark.suite import load_suite, suite_names

    return [load_suite(name) for name in suite_names()]


def _listed(suite: Suite, source: str) -> dict[str, Any]:
    from joulemark.suite.describe import counts

    return {
        "name": suite.name,
        "version": suite.version,
        "title": suite.title,
        "digest": suite.digest,
        "pinned": suite.is_pinned,
        "from": source,
        "counts": counts(suite),
    }


def _offered(offers: SuiteOffers, config: Config, output: Output) -> dict[str, Any]:
    """What the platform hands out, and what it could."""
    from joulemark.session.suite_store import stored_files
    from joulemark.suite.describe import plain

    fetched = {suite.digest for suite in offers.suites if stored_files(config.folders, suite.digest)}
    output.say("")
    output.say(_("{origin} hands out:").format(origin=config.origin))
    _table(
        output,
        (_("suite"), _("version"), _("cells that run"), _("weights"), _("state"), _("title")),
        [
            (
                suite.name,
                suite.version,
                _("{part} of {whole}").format(part=suite.runnable_cells, whole=suite.cells),
                _size(suite.weights_bytes),
                ", ".join(_offer_state(suite, fetched)),
                suite.title,
            )
            for suite in offers.suites
        ],
    )
    for waiting in offers.unpinned:
        output.say(
            _("Not pinned there: {name}. Its operator pins it with `manage.py pin_suite {name}`.").format(
                name=waiting.name
            )
        )
    return {
        "platform": config.origin,
        "offered": [plain(suite) | {"fetched": suite.digest in fetched} for suite in offers.suites],
        "unpinned": [plain(waiting) for waiting in offers.unpinned],
    }


def _offer_state(suite: OfferedSuite, fetched: set[str]) -> list[str]:
    return [
        _("current") if suite.current else _("former"),
        *([_("fetched")] if suite.digest in fetched else []),
    ]


def _show(arguments: Namespace, output: Output) -> dict[str, Any]:
    from joulemark.suite.describe import describe
    from joulemark.suite.words import limits_in_words, preparation_in_words

    suite = _found(arguments, output)
    described = describe(suite)
    output.say(f"{suite.name} {suite.version}: {suite.title}")
    output.say(_("digest {digest}, revisions {state}").format(digest=suite.digest, state=_state(suite)))
    output.say(
        _(
            "{tasks} tasks, {datasets} data sets, {task_specific_models} task-specific and "
            "{general_purpose_models} general-purpose models, {task_specific_cells} + {general_purpose_cells} cells"
        ).format(**described["counts"])
    )
    output.say("")
    _table(
        output,
        (_("data set"), _("task"), _("from"), _("split"), _("licence"), _("preparation")),
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
    _table(
        output,
        (_("model"), _("kind"), _("parameters"), _("licence"), _("from")),
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
    _table(
        output,
        (_("cell"), _("limits")),
        [
            (job.key, limits_in_words(job) if suite.obstacle(job) is None else _("does not run"))
            for job in suite.jobs
        ],
    )
    for sentence in _obstacles(suite.obstacle(job) for job in suite.jobs):
        output.say(sentence)
    return described


def _found(arguments: Namespace, output: Output) -> Suite:
    """The suite that is meant: out of the software or a folder, or as a platform handed it out."""
    from joulemark import config as configs
    from joulemark.session.suite_source import find_suite

    found = find_suite(arguments.suite, config=configs.load())
    if found.sentence:
        output.aside(found.sentence)
    return found.suite


def _estimate(arguments: Namespace, output: Output) -> dict[str, Any]:
    from fnmatch import fnmatchcase

    from joulemark.errors import NothingToDo
    from joulemark.suite.describe import plain
    from joulemark.suite.estimate import REFERENCE_GPU, estimate, total

    suite = _found(arguments, output)
    wanted = arguments.only
    rows = [row for row in estimate(suite) if wanted is None or fnmatchcase(row.job, wanted)]
    rows, left_out = _narrowed(suite, rows, memory_gb=arguments.memory, time_h=arguments.hours)
    if not rows and left_out:
        raise NothingToDo(
            _("No cell of {name} is left. {reason}").format(
                name=suite.name, reason=next(iter(left_out.values()))
            )
        )
    if not rows:
        raise NothingToDo(
            _("No cell of {name} fits {pattern!r}. `joulemark suite show` lists them.").format(
                name=suite.name, pattern=wanted
            )
        )
    _table(
        output,
        (_("cell"), _("GPU minutes"), _("at most"), _("weights on disk"), _("in memory"), _("time from")),
        [
            (row.job, _number(row.gpu_minutes), _number(row.most_gpu_minutes), _size(row.disk_bytes),
             _size(row.memory_bytes), in_words(row.basis) if row.basis else row.unknown.get("gpu_minutes", ""))
            if row.obstacle is None else (row.job, "-", "-", "-", "-", _("does not run"))
            for row in rows
        ],
    )  # fmt: skip
    together = total(suite, rows)
    for sentence in [*_obstacles(row.obstacle for row in rows), *_totals(together, len(rows))]:
        output.say(sentence)
    for sentence, number in Counter(left_out.values()).items():
        output.say(
            ngettext(
                "Left out: {number} cell. {sentence}", "Left out: {number} cells. {sentence}", number
            ).format(number=number, sentence=sentence)
        )
    return {
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "gpu": REFERENCE_GPU,
        "left_out": [{"job": key, "sentence": sentence} for key, sentence in left_out.items()],
        "cells": [plain(row) for row in rows],
        "total": plain(together),
        "memory_covers": "weights",
        "disk_covers": "weights",
    }


def _narrowed(
    suite: Suite, rows: list[Estimate], *, memory_gb: float | None, time_h: float | None
) -> tuple[list[Estimate], dict[str, str]]:
    """The rows that fit, and the others' reasons by job key.

    What memory a cell needs is not always known: it stays then. Cells that do not run take no time.
    """
    from joulemark.session.budget import Pace

    pace, fitting, left_out = Pace(suite), [], {}
    left_s = None if time_h is None else time_h * 3600
    for row in rows:
        seconds = pace.seconds(row.job) if row.obstacle is None else 0.0
        if memory_gb is not None and row.memory_bytes is not None and row.memory_bytes > memory_gb * 1e9:
            left_out[row.job] = _("Their weights do not fit into {memory:g} GB.").format(memory=memory_gb)
        elif left_s is not None and seconds > left_s:
            left_out[row.job] = _(
                "They do not end within {hours:g} h together with those before them."
            ).format(hours=time_h)
        else:
            fitting.append(row)
            left_s = None if left_s is None else left_s - seconds
    return fitting, left_out


def _obstacles(sentences: Iterable[str | None]) -> list[str]:
    """Why cells do not run, each reason once with the number of its cells."""
    counts = Counter(sentence for sentence in sentences if sentence is not None)
    return [
        ngettext(
            "{number} cell does not run. {sentence}", "{number} cells do not run. {sentence}", number
        ).format(number=number, sentence=sentence)
        for sentence, number in counts.items()
    ]


def _totals(total: Total, rows: int) -> list[str]:
    """Each number with what it covers."""
    said = [_("{cells} of {rows} cells can run.").format(cells=total.cells, rows=rows)]
    if total.cells_by_basis:
        bases = ", ".join(f"{in_words(basis)} ({number})" for basis, number in total.cells_by_basis.items())
        said.append(
            _(
                "Together at least {gpu_minutes:.1f} GPU hours on one A100-SXM4-80GB, with times from: "
                "{bases}."
            ).format(gpu_minutes=total.gpu_minutes / 60, bases=bases)
        )
    if total.cells_without_time:
        said.append(
            ngettext(
                "{count} cell has no published time.",
                "{count} cells have no published time.",
                total.cells_without_time,
            ).format(count=total.cells_without_time)
        )
    if total.models:
        said.append(
            ngettext(
                "On disk {size}: the weights of {count} model; data sets come on top.",
                "On disk {size}: the weights of {count} models, each once; data sets come on top.",
                total.models,
            ).format(size=_size(total.disk_bytes), count=total.models)
        )
    if total.models_without_disk:
        said.append(
            ngettext(
                "What the weights of {count} model take on disk is not known.",
                "What the weights of {count} models take on disk is not known.",
                total.models_without_disk,
            ).format(count=total.models_without_disk)
        )
    return [*said, _("In memory there is more than the weights.")]


def _pin(arguments: Namespace, output: Output) -> dict[str, Any]:
    from joulemark.hub.pinned_copy import write_pinned_copy
    from joulemark.suite.describe import plain

    suite, lock = write_pinned_copy(
        arguments.suite, folder=arguments.out, hub=arguments.hub, say=output.aside
    )
    output.say(
        _("{out}: {name} {version}, digest {digest}").format(
            out=arguments.out, name=suite.name, version=suite.version, digest=suite.digest
        )
    )
    gone = len(lock.unavailable)
    output.say(
        _("Pinned: {models} models, {datasets} data sets; not available: {gone}.").format(
            models=len(lock.models), datasets=len(lock.datasets), gone=gone
        )
    )
    for entry in lock.unavailable:
        output.say(f"{entry.reason}: {entry.sentence}")
    return {
        "folder": arguments.out,
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "pinned": suite.is_pinned,
        "models": len(lock.models),
        "datasets": len(lock.datasets),
        "unavailable": [plain(entry) for entry in lock.unavailable],
    }


def _state(suite: Suite) -> str:
    return _("pinned") if suite.is_pinned else _("not pinned")


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _size(value: int | None) -> str:
    return "?" if value is None else _("{value:.2f} GB").format(value=value / 1e9)


def _table(output: Output, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their longest word; the last one runs on."""
    if output.as_json:
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)][:-1]
    for row in (heads, *rows):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        output.say("  ".join([*cells, row[-1]]).rstrip())
