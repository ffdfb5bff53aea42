"""A data set's preparation and a job's limits as a reader's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joulemark.suite.schema import DataSet, Limits


def preparation_in_words(dataset: DataSet) -> str:
    """What is done with a row before it is asked about, step by step; a dash where nothing is."""
    return ", ".join(_steps(dataset)) or "–"  # noqa: RUF001 - a dash for "nothing", as in the other tables


def limits_in_words(limits: Limits) -> str:
    """How the answer is bounded; a dash where the task has no bounds of its own."""
    return ", ".join(_bounds(limits)) or "–"  # noqa: RUF001 - as above


def _steps(dataset: DataSet) -> Iterator[str]:
    if dataset.take is not None:
        yield f"{dataset.take} rows read"
    if dataset.drop_rows:
        yield f"rows dropped that are {' or '.join(_spelled(row) for row in dataset.drop_rows)}"
    if dataset.keep is not None:
        yield f"first {dataset.keep} kept"
    if dataset.join_tokens:
        yield "words joined by spaces"
    if dataset.remove_characters is not None:
        yield f"`{dataset.remove_characters}` removed"
    if dataset.cut_words is not None:
        yield f"first {dataset.cut_words} words"
    if dataset.mask is not None:
        yield {"append": "mask appended", "replace-last": "last word masked"}[dataset.mask]
    if dataset.images_by_url:
        yield "addresses of pictures, which are not fetched: no cell runs"
    if dataset.resize is not None:
        yield f"{dataset.resize.width} x {dataset.resize.height} pixels by nearest neighbour, RGB"


def _bounds(limits: Limits) -> Iterator[str]:
    if limits.max_new_tokens is not None:
        yield f"at most {limits.max_new_tokens} new token{'s' if limits.max_new_tokens > 1 else ''}"
    if limits.min_length is not None:
        yield f"min_length {limits.min_length}"
    if limits.max_length is not None:
        yield f"max_length {limits.max_length}"
    if limits.decoding is not None:
        yield from _decoding(limits)
    if limits.summary_sentences is not None:
        yield f"{limits.summary_sentences} sentences"
    if limits.image_width is not None:
        yield f"{limits.image_width} x {limits.image_height} pixels"
    if limits.steps is not None:
        yield f"{limits.steps} steps"
    if limits.threshold is not None:
        yield f"scores above {limits.threshold}"


def _decoding(limits: Limits) -> Iterator[str]:
    if limits.decoding == "sample":
        drawn = "tokens drawn" if limits.top_k is None else f"tokens drawn among the {limits.top_k} likeliest"
        yield drawn if limits.temperature is None else f"{drawn} at temperature {limits.temperature}"
    else:
        yield "greedy" if limits.decoding == "greedy" else "decoding as the model's configuration says"
    if limits.task_settings is not None:
        yield f"its own settings for {limits.task_settings}"


def _spelled(row: str) -> str:
    return "empty" if not row else f"`{row}`"
