"""Models, hardware classes and data sets as lists that a reader filters; each in a total order, to be paged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from measurements.catalog.cached_rows import datasets_by_key
from measurements.catalog.models import AiModel, HardwareClass, NameState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from measurements.catalog.models import DataSet

MAX_FAMILIES = 500


def find_models(*, text: str = "", kind: str = "", family: str = "") -> QuerySet[AiModel]:
    """Models whose name, owner or family has every word of `text`; by name."""
    models = AiModel.objects.order_by("slug")
    for word in text.split():
        models = models.filter(
            Q(title__icontains=word)
            | Q(slug__icontains=word)
            | Q(owner__icontains=word)
            | Q(family__icontains=word)
        )
    chosen = {name: value for name, value in (("kind", kind), ("family", family)) if value}
    return models.filter(**chosen)


def model_families() -> list[str]:
    """Every family that a model has, by name."""
    families = AiModel.objects.exclude(family="").order_by("family").values_list("family", flat=True)
    return list(families.distinct()[:MAX_FAMILIES])


def find_hardware(*, text: str = "", kind: str = "") -> QuerySet[HardwareClass]:
    """Hardware classes whose confirmed name or code has every word of `text`; by kind and code name."""
    classes = HardwareClass.objects.order_by("kind", "slug")
    for word in text.split():
        named = Q(title__icontains=word, name_state=NameState.CONFIRMED) | Q(code__icontains=word)
        classes = classes.filter(named | Q(architecture__icontains=word, name_state=NameState.CONFIRMED))
    return classes.filter(kind=kind) if kind else classes


def listed_datasets() -> list[DataSet]:
    """Every data set with its task, task by task; shared by all callers."""
    return sorted(
        datasets_by_key().values(),
        key=lambda dataset: (dataset.task.position, dataset.task.slug, dataset.slug),
    )
