"""A run's plan in words and in JSON: its cells, times, downloads, what is left out; and the question before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.questions import ask, can_ask
from joulemark.cli.table import print_table
from joulemark.errors import ConsentMissing, Declined
from joulemark.session.forecast import by_basis
from joulemark.session.plan import by_sentence, in_words
from joulemark.suite.estimate import REFERENCE_GPU
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from joulemark.cli.output import CommandOutput
    from joulemark.session.budget import Basis
    from joulemark.session.forecast import Forecast, PlannedCell
    from joulemark.session.options import Order
    from joulemark.session.order import JobOrder

ORDER_WORDS: dict[Order, str] = {
    "needed": marked("Order: what the platform needs most comes first."),
    "tasks": marked("Order: one job of each task in turn."),
    "suite": marked("Order: that of the suite."),
}


def summary(forecast: Forecast) -> str:
    """Cells, time, downloads and free disk in one line, such as `12 cells, about 3.1 h, 41.0 GB to download`."""
    parts = [_cells(len(forecast.cells)), _("about {time}").format(time=duration(forecast.seconds))]
    if forecast.needs_download:
        parts.append(_("{size} to download").format(size=downloads_in_words(forecast)))
        free = forecast.downloads.free_bytes
        parts.append(_("free space unknown") if free is None else _("{free} free").format(free=size(free)))
    return ", ".join(parts)


def downloads_in_words(forecast: Forecast) -> str:
    """The bytes of the models, and how many data sets come on top of them."""
    names = len(set(forecast.unsized))
    if not names:
        return size(forecast.download_bytes)
    if not forecast.download_bytes:
        return ngettext("{count} data set", "{count} data sets", names).format(count=names)
    return ngettext("{size} and {count} data set", "{size} and {count} data sets", names).format(
        size=size(forecast.download_bytes), count=names
    )


def require_consent(output: CommandOutput, forecast: Forecast, *, yes: bool) -> bool:
    """Ask on a terminal whether to download what the plan needs; whether anything was asked.

    Nothing is asked where nothing is downloaded, or with `yes`. Raises ConsentMissing where there is no terminal, and
    Declined.
    """
    if yes or not forecast.needs_download:
        return False
    line = summary(forecast)
    if not can_ask():
        raise ConsentMissing(
            _(
                "{line}: this run has to download files, and there is no terminal to ask on. Add "
                "`--yes` to continue, or print the plan with `--dry-run`."
            ).format(line=line)
        )
    for sentence in times_in_words(forecast):
        output.aside(sentence)
    if not ask(_("{line}. Continue?").format(line=line)):
        raise Declined(_("Nothing was downloaded and nothing measured."))
    return True


def print_plan(output: CommandOutput, forecast: Forecast) -> None:
    """The plan as a table, then its sums, then what is not in it and why."""
    suite = forecast.selection.suite
    where = forecast.gpu or _("this processor")
    output.say(
        _("Plan: suite {name} {version} on {where}, meter {meter}.").format(
            name=suite.name, version=suite.version, where=where, meter=forecast.meter
        )
    )
    rows = [
        (str(number), cell.job.key, f"{cell.seconds / 60:.1f}", _cell_download(cell))
        for number, cell in enumerate(forecast.cells, start=1)
    ]
    heads = ("", _("job"), _("minutes"), _("download"))
    if rows:
        print_table(output, heads, rows, name_column=1, numbers=(0, 2))
    order = [order_in_words(forecast.order)] if rows else []
    output.say(" ".join([f"{summary(forecast)}.", *order]))
    for sentence in times_in_words(forecast):
        output.say(sentence)
    if forecast.finished:
        output.say(
            _("Already finished in this session: {cells}.").format(cells=_cells(len(forecast.finished)))
        )
    if forecast.is_nothing_left:
        output.say(nothing_left_in_words())
    for failed in forecast.failed_before:
        output.say(
            _("Not repeated: {key}. {sentence}").format(
                key=output.fitted(failed.key, beside=1), sentence=failed.sentence
            )
        )
    for label, missing in ((_("Postponed"), forecast.put_off), (_("Left out"), forecast.selection.missing)):
        for sentence, keys in by_sentence(missing).items():
            output.say(f"{label}: {in_words([output.fitted(key, beside=1) for key in keys])}. {sentence}")


def order_in_words(order: JobOrder) -> str:
    """Which cells come first."""
    if order.is_substitute:
        return _("The platform does not state what it needs: one job of each task in turn.")
    return _(ORDER_WORDS[order.name])


def nothing_left_in_words() -> str:
    """That all cells of a session are measured, and what can be done next."""
    return _(
        "Nothing is left to measure in this session. `joulemark results` shows the verdicts, "
        "`--fresh` measures everything again, and `--suite NAME` selects another suite (`joulemark "
        "suite list --ask` lists them)."
    )


def times_in_words(forecast: Forecast) -> list[str]:
    """What the times rest on, one sentence for each basis."""
    counts = by_basis(forecast.cells)
    sentences: dict[Basis, str] = {
        "reference GPU": _("Times of {cells}: the minimum on the reference GPU, {gpu}.")
        if forecast.gpu == REFERENCE_GPU
        else _("Times of {cells}: the minimum on the reference GPU, {gpu}; {device} differs."),
        "measured here": _(
            "Times of {cells}: those of the reference GPU, {gpu}, scaled by the finished jobs here."
        ),
        "least of the suite": _(
            "Times of {cells}: the minimum duration of the suite's windows and rests; no published "
            "time exists for the model."
        ),
    }
    device = forecast.gpu or _("this processor")
    return [
        sentences[basis].format(cells=_cells(number), gpu=REFERENCE_GPU, device=device)
        for basis, number in counts.items()
    ]


def plan_as_json(forecast: Forecast) -> dict[str, Any]:
    """The plan as a JSON document: bytes, seconds, and a reason for each cell that is not in it."""
    suite = forecast.selection.suite
    return {
        "suite": {"name": suite.name, "version": suite.version, "digest": suite.digest},
        "gpu": forecast.gpu,
        "meter": forecast.meter,
        "order": forecast.order.name,
        "reference_gpu": REFERENCE_GPU,
        "cells": [
            {
                "job": cell.job.key,
                "seconds": cell.seconds,
                "time_from": cell.basis,
                "download_bytes": cell.download_bytes,
                "downloads_of_unknown_size": list(cell.unsized),
            }
            for cell in forecast.cells
        ],
        "seconds": forecast.seconds,
        "download_bytes": forecast.download_bytes,
        "downloads_of_unknown_size": sorted(set(forecast.unsized)),
        "cache": None if forecast.downloads.cache is None else str(forecast.downloads.cache),
        "free_bytes": forecast.downloads.free_bytes,
        "finished": list(forecast.finished),
        "failed_before": [
            {"job": failed.key, "code": failed.code, "sentence": failed.sentence}
            for failed in forecast.failed_before
        ],
        "put_off": [{"job": item.key, "sentence": item.sentence} for item in forecast.put_off],
        "left_out": [{"job": item.key, "sentence": item.sentence} for item in forecast.selection.missing],
    }


def duration(seconds: float) -> str:
    """A duration in words: `40 s`, `12 min` or `3.1 h`."""
    if seconds < 99.5:
        return _("{number:.0f} s").format(number=seconds)
    if seconds < 99.5 * 60:
        return _("{number:.0f} min").format(number=seconds / 60)
    return _("{number:.1f} h").format(number=seconds / 3600)


def size(size_bytes: int) -> str:
    """Bytes in kB, MB or GB, by powers of ten."""
    for template, number in ((_("{number:.1f} GB"), 1e9), (_("{number:.1f} MB"), 1e6)):
        if size_bytes >= number:
            return template.format(number=size_bytes / number)
    return _("{number:.1f} kB").format(number=size_bytes / 1e3)


def _cells(number: int) -> str:
    return ngettext("{count} job", "{count} jobs", number).format(count=number)


def _cell_download(cell: PlannedCell) -> str:
    parts = [size(cell.download_bytes)] if cell.download_bytes else []
    return " + ".join([*parts, *cell.unsized]) or "-"
