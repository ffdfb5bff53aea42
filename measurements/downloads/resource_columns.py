"""Columns that several resources have, and how each is read: names of subjects, the key of a cell, its series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, CharField, Q, Value, When
from django.db.models.functions import Cast, Concat

from joulemark.release.tables import Column
from measurements.boards.board_query import BadValue, parse_text
from measurements.catalog.models import AiModel, DataSet, HardwareClass, NameState, Suite, hardware_named
from measurements.display.choices import RESULT_GRADES
from measurements.downloads.resource import Filter
from measurements.downloads.resource_query import read_name, read_one_of
from measurements.published.terms import LICENCE

MEASURED_GRADES = tuple(word for word, _ in RESULT_GRADES)
LICENCE_OF_ROW = Value(LICENCE, output_field=CharField())


def hardware_slug(through: str = "") -> Case:
    """The name of a hardware class once it is confirmed, else its code; `through` leads to the class."""
    return Case(
        When(**{f"{through}name_state": NameState.CONFIRMED}, then=f"{through}slug"),
        default=f"{through}code",
        output_field=CharField(),
    )


def hardware_title() -> Case:
    """The name of a hardware class in words once it is confirmed, else its code."""
    return Case(When(name_state=NameState.CONFIRMED, then="title"), default="code", output_field=CharField())


def series_slug() -> Concat:
    """The part of a board's address that a row of a suite and a grade has."""
    return Concat("suite__name", Value("-"), "suite__version", Value("-"), "grade", output_field=CharField())


def joined(*names: str) -> Concat:
    """Columns as one word with `~` in between, by which an address names a row."""
    parts: list[Any] = []
    for name in names:
        parts += [Value("~"), Cast(name, CharField())]
    return Concat(*parts[1:], output_field=CharField())


OF_SUBJECT: dict[str, Any] = {
    "suite": "suite__name",
    "suite_version": "suite__version",
    "suite_digest": "suite__digest",
    "task": "dataset__task__slug",
    "dataset": "dataset__slug",
    "model": "model__slug",
    "hardware_code": "hardware_class__code",
    "hardware": hardware_slug("hardware_class__"),
    "licence": LICENCE_OF_ROW,
}
"""How rows that point to the catalogue have the columns of their subject."""

HARDWARE = Column(
    "hardware", "string", "Hardware class by its name once that is confirmed, else by its code."
)


def keys_of(rows: Any) -> Any:
    """The keys of rows of the catalogue, as a subquery that the database runs once."""
    return rows.order_by().values("pk")


def read_series(name: str, text: str) -> tuple[str, str, str]:
    """The suite's name, its version and the grade of a series such as `demo-1-measured`. Raises BadValue."""
    of_suite, _, grade = text.rpartition("-")
    suite, _, version = of_suite.rpartition("-")
    if grade not in MEASURED_GRADES or not suite or not version or read_name(name, text) != text:
        raise BadValue(
            f"“{text[:80]}” is no series of volunteers' results: it is a suite, its version and "
            f"{' or '.join(MEASURED_GRADES)}, such as demo-1-measured."
        )
    return suite, version, grade


def named_filter(name: str, description: str, condition: Any, *, is_free: bool = False) -> Filter:
    """A filter by a name: of the catalogue, or one of which there are any number (`is_free`)."""
    return Filter(name=name, read=read_name, description=description, condition=condition, is_free=is_free)


SERIES = Filter(
    name="series",
    read=read_series,
    description="Suite, version and grade, such as `demo-1-measured`.",
    condition=lambda of: Q(suite__in=keys_of(Suite.objects.filter(name=of[0], version=of[1])), grade=of[2]),
)
TASK = named_filter(
    "task", "Task.", lambda word: Q(dataset__in=keys_of(DataSet.objects.filter(task__slug=word)))
)
DATASET = named_filter(
    "dataset", "Data set.", lambda word: Q(dataset__in=keys_of(DataSet.objects.filter(slug=word)))
)
MODEL = named_filter("model", "Model.", lambda word: Q(model__in=keys_of(AiModel.objects.filter(slug=word))))
HARDWARE_CLASS = named_filter(
    "hardware",
    "Hardware class, by its name or its code.",
    lambda word: Q(hardware_class__in=keys_of(HardwareClass.objects.filter(hardware_named(word)))),
)
SCOPE = named_filter("scope", "What the energy covers.", lambda word: Q(scope=word))
GRADE = Filter(
    name="grade",
    read=read_one_of(MEASURED_GRADES),
    description="Measured or estimated.",
    condition=lambda word: Q(grade=word),
    choices=MEASURED_GRADES,
)


def free_text(name: str, description: str, columns: Sequence[str]) -> Filter:
    """A filter by words that a reader writes, each of which stands in one of some columns."""

    def condition(text: str) -> Q:
        every = Q()
        for word in text.split():
            in_any = Q()
            for column in columns:
                in_any |= Q(**{f"{column}__icontains": word})
            every &= in_any
        return every

    return Filter(name=name, read=parse_text, description=description, condition=condition, is_free=True)


def word_of(name: str, description: str) -> Filter:
    """A filter by a column of rows that are in no database."""
    return Filter(name=name, read=read_name, description=description)


def one_of(name: str, description: str, choices: Sequence[str]) -> Filter:
    """The same by a column that has one of a closed list of words."""
    return Filter(name=name, read=read_one_of(choices), description=description, choices=tuple(choices))
