"""Rows out of Parquet files, and the names of classes that the hub's libraries write into them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from joulemark.translation import gettext as _
from joulemark.workloads.base import WorkloadError
from joulemark.workloads.preprocess import Row

BATCH_ROWS = 64
"""Rows read at a time: a data set of pictures has megabytes in as many."""


def rows(files: Sequence[Path], columns: Sequence[str]) -> Iterator[Row]:
    """The rows in the files' order, with these columns only, read as they are asked for.

    Raises WorkloadError for a file that is not Parquet or lacks a column.
    """
    for path in files:
        try:
            with ParquetFile(path) as file:
                _require(columns, file.schema_arrow.names)
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=list(columns)):
                    yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path) from error


def class_names(path: Path, column: str) -> tuple[str, ...]:
    """The names of the numbers in a column, or within it, as `datasets` writes them; empty where there are none.

    Raises WorkloadError for a file that is not Parquet.
    """
    try:
        with ParquetFile(path) as file:
            written = (file.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path) from error
    features = json.loads(written).get("info", {}).get("features", {})
    return next(_names(features.get(column)), ())


def _names(feature: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(feature, Mapping):
        if feature.get("_type") == "ClassLabel" and feature.get("names"):
            yield tuple(feature["names"])
        feature = list(feature.values())
    if isinstance(feature, list):
        for within in feature:
            yield from _names(within)


def _require(columns: Sequence[str], available: Sequence[str]) -> None:
    if missing := sorted(set(columns) - set(available)):
        raise WorkloadError(
            _(
                "The data set has no column {missing}, only {known}. Use the revision that the suite pins."
            ).format(missing=missing[0], known=", ".join(sorted(available)))
        )


def _unreadable(path: Path) -> WorkloadError:
    return WorkloadError(
        _("The file {name} cannot be read as Parquet. Fetch the data set again.").format(name=path.name)
    )
