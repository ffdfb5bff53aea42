"""A data set's preparation and a job's limits as a reader's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from joulemark.suite.jobs import Limits
    from joulemark.suite.schema import DataSet


def preparation_in_words(dataset: DataSet) -> str:
    """What is done with a row before it is asked about, step by step; a dash where nothing is."""
    return ", ".join(_steps(dataset)) or "–"  # noqa: RUF001 - a dash for "nothing", as in the other tables


def limits_in_words(limits: Limits) -> str:
    """How the answer is bounded; a dash where the task has no bounds of its own."""
    return ", ".join(_bounds(limits)) or "–"  # noqa: RUF001 - as above


def _steps(dataset: DataSet) -> Iterator[str]:
    if dataset.take is not None:
        yield ngettext("{count} row read", "{count} rows read", dataset.take).format(count=dataset.take)
    if dataset.drop_rows:
        yield _("rows dropped that are {drop_rows}").format(
            drop_rows=_(" or ").join(_spelled(row) for row in dataset.drop_rows)
        )
    if dataset.keep is not None:
        yield _("first {keep} kept").format(keep=dataset.keep)
    if dataset.join_tokens:
        yield _("words joined by spaces")
    if dataset.remove_characters is not None:
        yield _("`{remove_characters}` removed").format(remove_characters=dataset.remove_characters)
    if dataset.cut_words is not None:
        yield ngettext("first {count} word", "first {count} words", dataset.cut_words).format(
            count=dataset.cut_words
        )
    if dataset.mask is not None:
        yield {"append": _("mask appended"), "replace-last": _("last word masked")}[dataset.mask]
    if dataset.images_by_url:
        yield _("addresses of pictures, which are not fetched: no job runs")
    if dataset.resize is not None:
        yield _("{width} x {height} pixels by nearest neighbour, RGB").format(
            width=dataset.resize.width, height=dataset.resize.height
        )


def _bounds(limits: Limits) -> Iterator[str]:
    if limits.max_new_tokens is not None:
        yield ngettext(
            "at most {count} new token", "at most {count} new tokens", limits.max_new_tokens
        ).format(count=limits.max_new_tokens)
    if limits.min_length is not None:
        yield _("min_length {min_length}").format(min_length=limits.min_length)
    if limits.max_length is not None:
        yield _("max_length {max_length}").format(max_length=limits.max_length)
    if limits.decoding is not None:
        yield from _decoding(limits)
    if limits.summary_sentences is not None:
        yield ngettext("{count} sentence", "{count} sentences", limits.summary_sentences).format(
            count=limits.summary_sentences
        )
    if limits.image_width is not None:
        yield _("{image_width} x {image_height} pixels").format(
            image_width=limits.image_width, image_height=limits.image_height
        )
    if limits.steps is not None:
        yield ngettext("{count} step", "{count} steps", limits.steps).format(count=limits.steps)
    yield from _conditions(limits)
    if limits.threshold is not None:
        yield _("scores above {threshold}").format(threshold=limits.threshold)


def _conditions(limits: Limits) -> Iterator[str]:
    if limits.reasoning == "off":
        yield _("reasoning off")
    if limits.reasoning_budget is not None:
        yield ngettext(
            "reasoning of at most {count} token",
            "reasoning of at most {count} tokens",
            limits.reasoning_budget,
        ).format(count=limits.reasoning_budget)
    if limits.dtype is not None:
        yield limits.dtype


def _decoding(limits: Limits) -> Iterator[str]:
    if limits.decoding == "sample":
        drawn = (
            _("tokens drawn")
            if limits.top_k is None
            else _("tokens drawn among the {top_k} likeliest").format(top_k=limits.top_k)
        )
        yield (
            drawn
            if limits.temperature is None
            else _("{drawn} at temperature {temperature}").format(drawn=drawn, temperature=limits.temperature)
        )
    else:
        yield _("greedy") if limits.decoding == "greedy" else _("decoding as the model's configuration says")
    if limits.task_settings is not None:
        yield _("its own settings for {task_settings}").format(task_settings=limits.task_settings)


def _spelled(row: str) -> str:
    return "empty" if not row else f"`{row}`"
