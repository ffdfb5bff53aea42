"""From a row of a data set to a query."""

from __future__ import annotations

from functools import singledispatch

from joulemark.suite import DataSet, Photo, Prompt, Row, Sentence, Text
from joulemark.translation import gettext as _
from joulemark.workloads.base import Query
from joulemark.workloads.photos import open_photo


@singledispatch
def query_of(row: Row, dataset: DataSet) -> Query:
    """The query that a row of `dataset` makes. Raises WorkloadError when a file it points to is not right."""
    raise TypeError(
        _("{id} has rows of an unknown kind: {name}").format(id=dataset.id, name=type(row).__name__)
    )


@query_of.register
def _sentence(row: Sentence, dataset: DataSet) -> Query:
    reference = row.topic if dataset.label_field == "topic" else row.sentiment
    return Query(row.id, {"text": row.text}, reference)


@query_of.register
def _prompt(row: Prompt, _dataset: DataSet) -> Query:
    return Query(row.id, {"text": row.prompt}, row.accepted)


@query_of.register
def _text(row: Text, _dataset: DataSet) -> Query:
    return Query(row.id, {"text": row.text}, row.summary)


@query_of.register
def _photo(row: Photo, _dataset: DataSet) -> Query:
    return Query(row.id, {"image": open_photo(row)}, row.accepted)
