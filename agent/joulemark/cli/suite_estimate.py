"""`joulemark suite estimate`: time, disk and memory of a suite's cells, from what others have published."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.naming import named_suite
from joulemark.cli.suite_words import gigabytes_in_words, obstacles_in_words
from joulemark.cli.table import print_table
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from argparse import Namespace

    from joulemark.cli.output import Output
    from joulemark.suite import Suite
    from joulemark.suite.estimate import Estimate, Total


def execute(arguments: Namespace, output: Output) -> tuple[int, dict[str, Any]]:
    """The exit code and the answer. Raises NothingToDo and other AgentErrors, or SuiteError."""
    from fnmatch import fnmatchcase

    from joulemark.errors import NothingToDo
    from joulemark.suite.describe import plain
    from joulemark.suite.estimate import REFERENCE_GPU, estimate, total

    suite = named_suite(arguments, output)
    pattern = arguments.only
    rows = [row for row in estimate(suite) if pattern is None or fnmatchcase(row.job, pattern)]
    rows, left_out = _select_rows(suite, rows, memory_gb=arguments.memory, time_h=arguments.hours)
    if not rows and left_out:
        raise NothingToDo(
            _("No cell of {name} is left. {reason}").format(
                name=suite.name, reason=next(iter(left_out.values()))
            )
        )
    if not rows:
        raise NothingToDo(
            _("No cell of {name} fits {pattern!r}. `joulemark suite show` lists them.").format(
                name=suite.name, pattern=pattern
            )
        )
    print_table(
        output,
        (_("cell"), _("GPU minutes"), _("at most"), _("weights on disk"), _("in memory"), _("time from")),
        [_table_row(row) for row in rows],
    )
    together = total(suite, rows)
    for sentence in [
        *obstacles_in_words(row.obstacle for row in rows),
        *_total_sentences(together, len(rows)),
    ]:
        output.say(sentence)
    for sentence, number in Counter(left_out.values()).items():
        output.say(
            ngettext(
                "Left out: {number} cell. {sentence}", "Left out: {number} cells. {sentence}", number
            ).format(number=number, sentence=sentence)
        )
    return 0, {
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "gpu": REFERENCE_GPU,
        "left_out": [{"job": key, "sentence": sentence} for key, sentence in left_out.items()],
        "cells": [plain(row) for row in rows],
        "total": plain(together),
        "memory_covers": "weights",
        "disk_covers": "weights",
    }


def _table_row(row: Estimate) -> tuple[str, ...]:
    if row.obstacle is not None:
        return (row.job, "-", "-", "-", "-", _("does not run"))
    return (
        row.job,
        _minutes(row.gpu_minutes),
        _minutes(row.most_gpu_minutes),
        gigabytes_in_words(row.disk_bytes),
        gigabytes_in_words(row.memory_bytes),
        in_words(row.basis) if row.basis else row.unknown.get("gpu_minutes", ""),
    )


def _select_rows(
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


def _total_sentences(total: Total, rows: int) -> list[str]:
    """Each number with what it covers."""
    sentences = [_("{cells} of {rows} cells can run.").format(cells=total.cells, rows=rows)]
    if total.cells_by_basis:
        bases = ", ".join(f"{in_words(basis)} ({number})" for basis, number in total.cells_by_basis.items())
        sentences.append(
            _(
                "Together at least {gpu_minutes:.1f} GPU hours on one A100-SXM4-80GB, with times from: "
                "{bases}."
            ).format(gpu_minutes=total.gpu_minutes / 60, bases=bases)
        )
    if total.cells_without_time:
        sentences.append(
            ngettext(
                "{count} cell has no published time.",
                "{count} cells have no published time.",
                total.cells_without_time,
            ).format(count=total.cells_without_time)
        )
    if total.models:
        sentences.append(
            ngettext(
                "On disk {size}: the weights of {count} model; data sets come on top.",
                "On disk {size}: the weights of {count} models, each once; data sets come on top.",
                total.models,
            ).format(size=gigabytes_in_words(total.disk_bytes), count=total.models)
        )
    if total.models_without_disk:
        sentences.append(
            ngettext(
                "What the weights of {count} model take on disk is not known.",
                "What the weights of {count} models take on disk is not known.",
                total.models_without_disk,
            ).format(count=total.models_without_disk)
        )
    return [*sentences, _("In memory there is more than the weights.")]


def _minutes(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
