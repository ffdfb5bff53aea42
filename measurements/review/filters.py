"""Which results a list shows: the same filter for the page and for the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_filters  # type: ignore[import-untyped]

from measurements.catalog.models import hardware_named
from measurements.display.choices import RESULT_GRADES
from measurements.intake.models import State, Submission

if TYPE_CHECKING:
    from django.db.models import QuerySet


class ResultFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """By suite, task, data set, model, hardware, grade, contributor and state; each a plain equality."""

    suite = django_filters.CharFilter(field_name="result__suite__name", label="Suite name")
    version = django_filters.CharFilter(field_name="result__suite__version", label="Suite version")
    task = django_filters.CharFilter(field_name="result__task__slug", label="Task")
    dataset = django_filters.CharFilter(field_name="result__dataset__slug", label="Data set")
    model = django_filters.CharFilter(field_name="result__model__slug", label="Model")
    hardware = django_filters.CharFilter(
        method="by_hardware", label="Hardware class, by its slug or its code"
    )
    scope = django_filters.CharFilter(field_name="result__scope", label="Scope of the energy")
    stratum = django_filters.CharFilter(field_name="result__stratum", label="Configuration stratum")
    contributor = django_filters.CharFilter(
        field_name="key__contributor__pseudonym", label="Contributor's pseudonym"
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

    def by_hardware(self, queryset: QuerySet[Submission], _name: str, value: str) -> QuerySet[Submission]:
        """Results on one hardware class: a slug names it once its name is confirmed, its code always."""
        return queryset.filter(hardware_named(value, through="result__hardware_class__"))
