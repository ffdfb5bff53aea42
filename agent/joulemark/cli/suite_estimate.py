"""`joulemark suite estimate`: time, disk and memory of a suite's cells, from what others have published."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.naming import named_suite
from joulemark.cli.suite_words import gigabytes_in_words, obstacles_in_words
from joulemark.cli.table import print_table
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from joulemark.cli.output import CommandOutput
    from joulemark.session.order import JobOrder
    from joulemark.suite import Suite
    from joulemark.suite.estimate import JobEstimate, Total

LEAST = marked("the suite's shortest windows")
"""What minutes rest on where no time is published."""


def execute(arguments: Namespace, output: CommandOutput) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises NothingToDo and other AgentErrors, or SuiteError."""
    from fnmatch import fnmatchcase

    from joulemark.errors import NothingToDo
    from joulemark.suite.describe import plain
    from joulemark.suite.estimate import REFERENCE_GPU, estimate, total

    suite = named_suite(arguments, output)
    pattern = arguments.only
    order = _order(arguments, suite)
    rows = [row for row in estimate(suite) if pattern is None or fnmatchcase(row.job, pattern)]
    places = {key: place for place, key in enumerate(order.keys)}
    rows.sort(key=lambda row: places.get(row.job, len(places)))
    rows, left_out = _select_rows(suite, rows, memory_gb=arguments.memory, time_h=arguments.hours)
    if not rows and left_out:
        raise NothingToDo(
            _("No job of {name} is left. {reason}").format(
                name=suite.name, reason=next(iter(left_out.values()))
            )
        )
    if not rows:
        raise NothingToDo(
            _("No job of {name} matches {pattern!r}. `joulemark suite show` lists them.").format(
                name=suite.name, pattern=pattern
            )
        )
    print_table(
        output,
        (_("job"), _("GPU minutes"), _("at most"), _("weights on disk"), _("in memory"), _("source of time")),
        [_table_row(row) for row in rows],
    )
    together = total(suite, rows)
    for sentence in [
        *obstacles_in_words(row.obstacle for row in rows),
        *_option_sentences(arguments, order, rows),
        *_total_sentences(together, suite, len(rows)),
    ]:
        output.say(sentence)
    for sentence, number in Counter(left_out.values()).items():
        output.say(
            ngettext(
                "Left out: {number} job. {sentence}", "Left out: {number} jobs. {sentence}", number
            ).format(number=number, sentence=sentence)
        )
    return 0, {
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "gpu": REFERENCE_GPU,
        "order": order.name,
        "half_width_goal": suite.protocol.half_width_target,
        "left_out": [{"job": key, "sentence": sentence} for key, sentence in left_out.items()],
        "cells": [plain(row) for row in rows],
        "total": plain(together),
        "memory_covers": "weights",
        "disk_covers": "weights",
    }


def _table_row(row: JobEstimate) -> tuple[str, ...]:
    if row.obstacle is not None:
        return (row.job, "-", "-", "-", "-", _("does not run"))
    return (
        row.job,
        _minutes(row.least_minutes if row.gpu_minutes is None else row.gpu_minutes),
        _minutes(row.most_gpu_minutes),
        gigabytes_in_words(row.disk_bytes),
        gigabytes_in_words(row.memory_bytes),
        in_words(row.basis or LEAST),
    )


def _order(arguments: Namespace, suite: Suite) -> JobOrder:
    """The order of the rows. Raises Unreachable or Refused where the platform's was asked for."""
    from joulemark import config as configs
    from joulemark.session.options import Options
    from joulemark.session.order import job_order

    budget_s = None if arguments.hours is None else arguments.hours * 3600
    return job_order(configs.load(), Options(order=arguments.order, budget_s=budget_s), suite)


def _option_sentences(arguments: Namespace, order: JobOrder, rows: Sequence[JobEstimate]) -> list[str]:
    """What the options made of the rows, also where it is nothing."""
    from joulemark.cli.plan_words import order_in_words

    sentences = []
    if arguments.hours is not None:
        sentences.append(
            _("Chosen for {hours:g} h. {order}").format(hours=arguments.hours, order=order_in_words(order))
        )
    elif arguments.order is not None:
        sentences.append(order_in_words(order))
    unknown = sum(row.memory_bytes is None for row in rows)
    if arguments.memory is not None and unknown:
        sentences.append(
            ngettext(
                "`--memory` does not leave {count} job out: the size of its weights is not known.",
                "`--memory` does not leave {count} jobs out: the sizes of their weights are not known.",
                unknown,
            ).format(count=unknown)
        )
    return sentences


def _select_rows(
    suite: Suite, rows: list[JobEstimate], *, memory_gb: float | None, time_h: float | None
) -> tuple[list[JobEstimate], dict[str, str]]:
    """The rows that fit, and the others' reasons by job key.

    What memory a cell needs is not always known: it stays then. Cells that do not run take no time.
    """
    from joulemark.session.budget import Pace

    pace, fitting, left_out = Pace(suite), [], {}
    left_s = None if time_h is None else time_h * 3600
    for row in rows:
        seconds = pace.seconds(row.job) if row.obstacle is None else 0.0
        if memory_gb is not None and row.memory_bytes is not None and row.memory_bytes > memory_gb * 1e9:
            left_out[row.job] = _("Their weights do not fit in {memory:g} GB.").format(memory=memory_gb)
        elif left_s is not None and seconds > left_s:
            left_out[row.job] = _("They do not end within {hours:g} h after those before them.").format(
                hours=time_h
            )
        else:
            fitting.append(row)
            left_s = None if left_s is None else left_s - seconds
    return fitting, left_out


def _total_sentences(total: Total, suite: Suite, rows: int) -> list[str]:
    """Each number with what it covers."""
    from joulemark.suite.estimate import least_seconds

    sentences = [_("{cells} of {rows} jobs can run.").format(cells=total.cells, rows=rows)]
    if total.cells_by_basis:
        bases = ", ".join(f"{in_words(basis)} ({number})" for basis, number in total.cells_by_basis.items())
        sentences.append(
            _(
                "In total at least {gpu_minutes:.1f} GPU hours on one A100-SXM4-80GB, with times "
                "from: {bases}."
            ).format(gpu_minutes=total.gpu_minutes / 60, bases=bases)
        )
    if total.cells_without_time:
        sentences.append(
            ngettext(
                "{count} job has no published time: its minutes are the minimum duration of the "
                "suite's windows and rests, {minutes:.1f}, without loading the model.",
                "{count} jobs have no published time: their minutes are the minimum duration of the "
                "suite's windows and rests, {minutes:.1f} in total, without loading the models.",
                total.cells_without_time,
            ).format(
                count=total.cells_without_time,
                minutes=total.cells_without_time * least_seconds(suite.protocol) / 60,
            )
        )
    if total.models:
        sentences.append(
            ngettext(
                "On disk {size}: the weights of {count} model, without data sets.",
                "On disk {size}: the weights of {count} models, each once, without data sets.",
                total.models,
            ).format(size=gigabytes_in_words(total.disk_bytes), count=total.models)
        )
    if total.models_without_disk:
        sentences.append(
            ngettext(
                "The size of the weights of {count} model is not known.",
                "The sizes of the weights of {count} models are not known.",
                total.models_without_disk,
            ).format(count=total.models_without_disk)
        )
    protocol = suite.protocol
    goal = _(
        "Target for each job, not measured here: a mean within ±{goal:.3g} %, in {least} to {most} "
        "windows; a run may end before it is reached."
    ).format(goal=100 * protocol.half_width_target, least=protocol.windows_min, most=protocol.windows_max)
    return [*sentences, _("More than the weights is held in memory."), goal]


def _minutes(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
