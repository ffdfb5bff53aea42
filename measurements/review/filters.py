"""Which results a list shows: the same filter for the page and for the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters  # type: ignore[import-untyped]

from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite, Task, hardware_named
from measurements.contributors.models import Key
from measurements.display.choices import RESULT_GRADES
from measurements.intake.models import State, Submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet


class NamedRows:
    """Rows that an address names, as the keys by which results point to them.

    They are looked up first: a planner that sees a name behind a join does not know how many results have it, and may
    read them all for one that none has.
    """

    def __init__(self, rows: Callable[[str], QuerySet[Any]], through: str) -> None:
        self._rows = rows
        self._through = through

    def __call__(self, queryset: QuerySet[Submission], _name: str, value: str) -> QuerySet[Submission]:
        """Those of `queryset` that point to a row of this name."""
        keys = list(self._rows(value).values_list("pk", flat=True))
        if len(keys) == 1 and self._through.startswith(OF_RESULTS):
            return latest_in_index(queryset.filter(**{self._through: keys[0]}))
        return queryset.filter(**{f"{self._through}__in": keys}) if keys else queryset.none()


OF_RESULTS = "result__"
"""Begins the lookups of a result's own columns."""
WORDS = ("scope", "stratum", "grade")
"""Filters by words in a result's own columns."""


def latest_in_index(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    """The same rows in the same order, by the time that stands in the results' own table.

    There an index has the latest results with one value, so that a page costs the same however many there are, and
    however long ago the last one came. Several values have no common order: they are looked for from the latest on.
    """
    return submissions.order_by("-result__received_at", "result_id")


class ResultFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """By suite, task, data set, model, hardware, grade, contributor and state; each a plain equality."""

    suite = django_filters.CharFilter(
        method=NamedRows(lambda name: Suite.objects.filter(name=name), "result__suite"), label="Suite name"
    )
    version = django_filters.CharFilter(
        method=NamedRows(lambda name: Suite.objects.filter(version=name), "result__suite"),
        label="Suite version",
    )
    task = django_filters.CharFilter(
        method=NamedRows(lambda name: Task.objects.filter(slug=name), "result__task"), label="Task"
    )
    dataset = django_filters.CharFilter(
        method=NamedRows(lambda name: DataSet.objects.filter(slug=name), "result__dataset"), label="Data set"
    )
    model = django_filters.CharFilter(
        method=NamedRows(lambda name: AiModel.objects.filter(slug=name), "result__model"), label="Model"
    )
    hardware = django_filters.CharFilter(
        method=NamedRows(
            lambda name: HardwareClass.objects.filter(hardware_named(name)), "result__hardware_class"
        ),
        label="Hardware class, by its slug or its code",
    )
    scope = django_filters.CharFilter(field_name="result__scope", label="Scope of the energy")
    stratum = django_filters.CharFilter(field_name="result__stratum", label="Configuration stratum")
    contributor = django_filters.CharFilter(
        method=NamedRows(lambda name: Key.objects.filter(contributor__pseudonym=name), "key"),
        label="Contributor's pseudonym",
    )
    grade = django_filters.ChoiceFilter(
        field_name="result__grade",
        choices=RESULT_GRADES,
        label="Measured or estimated",
    )
    state = django_filters.ChoiceFilter(choices=State.choices, label="State")

    class Meta:
        model = Submission
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Submission]) -> QuerySet[Submission]:
        """Those chosen, latest first."""
        chosen: QuerySet[Submission] = super().filter_queryset(queryset)
        return latest_in_index(chosen) if any(self.form.cleaned_data.get(name) for name in WORDS) else chosen
