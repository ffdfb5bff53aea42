"""How every list of results is narrowed: by what was measured on what, by whom, and where it stands."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite, Task, hardware_named
from measurements.contributors.models import Key
from measurements.downloads.resource import Filter
from measurements.downloads.resource_columns import MEASURED_GRADES, keys_of, named_filter
from measurements.downloads.resource_query import read_one_of
from measurements.intake.models import State

STATES = tuple(word for word, _ in State.choices)


def result_filters(*, version: str) -> tuple[Filter, ...]:
    """The filters of a list of submissions; `version` is what it calls the version of the suite."""
    return (
        _results("suite", "Suite.", lambda word: Suite.objects.filter(name=word), "result__suite"),
        _results(
            version,
            "Version of the suite.",
            lambda word: Suite.objects.filter(version=word),
            "result__suite",
        ),
        _results("task", "Task.", lambda word: Task.objects.filter(slug=word), "result__task"),
        _results("dataset", "Data set.", lambda word: DataSet.objects.filter(slug=word), "result__dataset"),
        _results("model", "Model.", lambda word: AiModel.objects.filter(slug=word), "result__model"),
        _results(
            "hardware",
            "Hardware class, by its name or its code.",
            lambda word: HardwareClass.objects.filter(hardware_named(word)),
            "result__hardware_class",
        ),
        _results(
            "contributor",
            "Contributor's pseudonym.",
            lambda word: Key.objects.filter(contributor__pseudonym=word),
            "key",
        ),
        named_filter("scope", "What the energy covers.", lambda word: Q(result__scope=word)),
        named_filter("stratum", "Configuration.", lambda word: Q(result__stratum=word)),
        Filter(
            name="grade",
            read=read_one_of(MEASURED_GRADES),
            description="Measured or estimated.",
            condition=lambda word: Q(result__grade=word),
            choices=MEASURED_GRADES,
        ),
        Filter(
            name="state",
            read=read_one_of(STATES),
            description="Where the result stands.",
            condition=lambda word: Q(state=word),
            choices=STATES,
        ),
    )


def _results(name: str, description: str, rows: Any, through: str) -> Filter:
    """By a name of the catalogue, which is looked up first.

    A planner that sees it behind a join does not know how many results have it, and may read all of them for one that
    none has.
    """

    def condition(word: str) -> Q:
        keys = list(keys_of(rows(word)).values_list("pk", flat=True))
        return Q(**{through: keys[0]}) if len(keys) == 1 else Q(**{f"{through}__in": keys})

    return named_filter(name, description, condition)
