"""Every question with one filter that the lists of the API can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse

from measurements.downloads.resource import Filter, Resource
from measurements.downloads.urls import urlpatterns
from tests.web.populated import Values


def resources() -> dict[str, Resource]:
    """Each list of the API by the name of its addresses."""
    found = {}
    for each in urlpatterns:
        resource = getattr(getattr(each.callback, "view_class", None), "resource", None)
        if isinstance(resource, Resource) and each.name == f"api-{resource.name}-list":
            found[each.name] = resource
    return found


def words_of(each: Filter, words: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What a filter is asked for: each of its choices, or the words that are given for it."""
    if each.choices:
        return each.choices
    assert each.name in words, f"say which values of {each.name} there are"
    return words[each.name]


def questions(values: Values, words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Addresses of each list: as it is, in each order, and narrowed by each value of each filter."""
    for name, resource in resources().items():
        where = reverse(name, args=[values[part][0] for part in resource.parameters])
        yield where
        for sort in resource.sorts:
            if sort != "quality":  # needs a score beside it, and its table is not large
                yield f"{where}?sort={sort}"
        for each in resource.filters:
            for word in words_of(each, words):
                beside = {"task": words["task"][0]} if each.name in ("metric", "min_quality") else {}
                yield f"{where}?{urlencode({**beside, each.name: word})}"
