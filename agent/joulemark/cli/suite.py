"""`joulemark suite list | show | estimate | pin | fetch | clean | answer`: what suites are, cost and need."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

from joulemark.cli.output import Output
from joulemark.cli.values import gigabytes, hours, positive

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Sequence

    from joulemark.config import Config
    from joulemark.record.suite_offers import SuiteOffers
    from joulemark.suite import Suite
    from joulemark.suite.estimate import Estimate, Total

ACTIONS = {
    "list": "the suites that are installed or were fetched, and with --ask those of the platform",
    "show": "a suite's tasks, data sets, models and cells",
    "estimate": "GPU minutes, disk and memory of each cell, from published times",
    "pin": "ask the hub which revisions a suite's names mean, and write a pinned copy",
    "fetch": "download the pinned models and data sets of a suite",
    "clean": "free the models, data sets and suites that this agent fetched and that no open job needs",
    "answer": "ask a pinned suite's models on this machine, and write a copy that states their answers as known",
}


def add_arguments(parser: ArgumentParser) -> None:
    """An action, and what it needs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    for name, what in ACTIONS.items():
        action = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        if name not in ("list", "clean"):
            version = "" if name == "pin" else ", NAME@VERSION,"
            action.add_argument(
                "suite", metavar="SUITE", help=f"a suite's name{version} or a folder such as ./suite"
            )
        elif name == "list":
            action.add_argument(
                "--ask", action="store_true", help="ask the platform which suites it hands out"
            )
        if name in ("estimate", "fetch", "answer"):
            action.add_argument(
                "--only", metavar="GLOB", help="only cells whose TASK/DATASET/MODEL fits, such as '*/gpt2*'"
            )
        if name == "estimate":
            action.add_argument(
                "--memory",
                type=gigabytes,
                metavar="GB",
                help="only cells whose weights fit into so much memory of the device",
            )
            action.add_argument(
                "--hours",
                type=hours,
                metavar="H",
                help="only cells that end within H hours, taken in the suite's order as by `joulemark run --budget`",
            )
        if name == "clean":
            action.add_argument(
                "--all", action="store_true", help="all that this agent fetched, also what open jobs need"
            )
            action.add_argument("--yes", action="store_true", help="free it without asking")
        if name in ("pin", "answer"):
            action.add_argument(
                "--out", required=True, metavar="FOLDER", help="a new folder for the suite's copy"
            )
        if name == "answer":
            action.add_argument(
                "--queries", type=positive, default=8, metavar="N", help="so many of each cell (default: 8)"
            )
            action.add_argument(
                "--device", choices=("cpu", "cuda"), default="cpu", help="where the models run (default: cpu)"
            )
        if name in ("pin", "fetch"):
            action.add_argument(
                "--hub", metavar="URL", help="the hub's origin (default: HF_ENDPOINT, else huggingface.co)"
            )
        action.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="JSON on stdout, everything else on stderr",
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
    found = [("software", suite) for suite in _installed()]
    found += [(config.origin, suite) for suite in suite_source.fetched_suites(config)]
    _table(
        output,
        ("suite", "version", "cells", "revisions", "from", "title"),
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
    output.say(f"{config.origin} hands out:")
    _table(
        output,
        ("suite", "version", "cells that run", "weights", "state", "title"),
        [
            (
                suite.name,
                suite.version,
                f"{suite.runnable_cells} of {suite.cells}",
                _size(suite.weights_bytes),
                ("current" if suite.current else "former") + (", fetched" if suite.digest in fetched else ""),
                suite.title,
            )
            for suite in offers.suites
        ],
    )
    for waiting in offers.unpinned:
        output.say(
            f"Not pinned there: {waiting.name}. Its operator pins it with `manage.py pin_suite {waiting.name}`."
        )
    return {
        "platform": config.origin,
        "offered": [plain(suite) | {"fetched": suite.digest in fetched} for suite in offers.suites],
        "unpinned": [plain(waiting) for waiting in offers.unpinned],
    }


def _show(arguments: Namespace, output: Output) -> dict[str, Any]:
    from joulemark.suite.describe import describe
    from joulemark.suite.words import limits_in_words, preparation_in_words

    suite = _found(arguments, output)
    described = describe(suite)
    output.say(f"{suite.name} {suite.version}: {suite.title}")
    output.say(f"digest {suite.digest}, revisions {_state(suite)}")
    number = described["counts"]
    output.say(
        f"{number['tasks']} tasks, {number['datasets']} data sets, {number['task_specific_models']} task-specific and "
        f"{number['general_purpose_models']} general-purpose models, {number['task_specific_cells']} + "
        f"{number['general_purpose_cells']} cells"
    )
    output.say("")
    _table(
        output,
        ("data set", "task", "from", "split", "licence", "preparation"),
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
        ("model", "kind", "parameters", "licence", "from"),
        [
            (
                entry.id,
                entry.kind,
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
        ("cell", "limits"),
        [
            (job.key, limits_in_words(job) if suite.obstacle(job) is None else "does not run")
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
        raise NothingToDo(f"No cell of {suite.name} is left. {next(iter(left_out.values()))}")
    if not rows:
        raise NothingToDo(f"No cell of {suite.name} fits {wanted!r}. `joulemark suite show` lists them.")
    _table(
        output,
        ("cell", "GPU minutes", "at most", "weights on disk", "in memory", "time from"),
        [
            (row.job, _number(row.gpu_minutes), _number(row.most_gpu_minutes), _size(row.disk_bytes),
             _size(row.memory_bytes), row.basis or row.unknown.get("gpu_minutes", ""))
            if row.obstacle is None else (row.job, "-", "-", "-", "-", "does not run")
            for row in rows
        ],
    )  # fmt: skip
    together = total(suite, rows)
    for sentence in [*_obstacles(row.obstacle for row in rows), *_totals(together, len(rows))]:
        output.say(sentence)
    for sentence, number in Counter(left_out.values()).items():
        output.say(f"Left out: {number} cells. {sentence}")
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
            left_out[row.job] = f"Their weights do not fit into {memory_gb:g} GB."
        elif left_s is not None and seconds > left_s:
            left_out[row.job] = f"They do not end within {time_h:g} h together with those before them."
        else:
            fitting.append(row)
            left_s = None if left_s is None else left_s - seconds
    return fitting, left_out


def _obstacles(sentences: Iterable[str | None]) -> list[str]:
    """Why cells do not run, each reason once with the number of its cells."""
    counts = Counter(sentence for sentence in sentences if sentence is not None)
    return [f"{number} cells do not run. {sentence}" for sentence, number in counts.items()]


def _totals(total: Total, rows: int) -> list[str]:
    """Each number with what it covers."""
    said = [f"{total.cells} of {rows} cells can run."]
    if total.cells_by_basis:
        bases = ", ".join(f"{basis} ({number})" for basis, number in total.cells_by_basis.items())
        said.append(
            f"Together at least {total.gpu_minutes / 60:.1f} GPU hours on one A100-SXM4-80GB, with times from: {bases}."
        )
    if total.cells_without_time:
        said.append(f"{total.cells_without_time} cells have no published time.")
    if total.models:
        said.append(
            f"On disk {_size(total.disk_bytes)}: the weights of {total.models} models, each once; data sets come "
            "on top."
        )
    if total.models_without_disk:
        said.append(f"What the weights of {total.models_without_disk} models take on disk is not known.")
    return [*said, "In memory there is more than the weights."]


def _pin(arguments: Namespace, output: Output) -> dict[str, Any]:
    from joulemark.hub.pinned_copy import write_pinned_copy
    from joulemark.suite.describe import plain

    suite, lock = write_pinned_copy(
        arguments.suite, folder=arguments.out, hub=arguments.hub, say=output.aside
    )
    output.say(f"{arguments.out}: {suite.name} {suite.version}, digest {suite.digest}")
    gone = len(lock.unavailable)
    output.say(
        f"{len(lock.models)} models and {len(lock.datasets)} data sets are pinned; {gone} could not be."
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
    return "pinned" if suite.is_pinned else "not pinned"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"


def _size(value: int | None) -> str:
    return "?" if value is None else f"{value / 1e9:.2f} GB"


def _table(output: Output, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as their longest word; the last one runs on."""
    if output.as_json:
        return
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)][:-1]
    for row in (heads, *rows):
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        output.say("  ".join([*cells, row[-1]]).rstrip())
