"""Display names at the door, on pages, and those that were there before there was a rule."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from joulemark.record.codec import encode
from joulemark.record.display_name import name_key
from joulemark_simulation import records
from measurements.contributors.models import Contributor
from tests.client_response import ClientResponse, Post

MIGRATION = import_module("measurements.contributors.migrations.0003_names_that_pass_for_nobody_else")


def enrol(post: Post, number: int, name: str | None) -> ClientResponse:
    """The door's answer to a key with this name."""
    return post("enrolments", encode(records.enrolment(key=records.signing_key(number), name=name)))


@pytest.mark.parametrize("name", ["v-0123456789ab", "simulated-1", "Operator", "\u3164", "  "])
def test_a_name_that_passes_for_something_else_is_refused_and_nothing_is_kept(
    enrolled: Post, name: str
) -> None:
    answer = enrol(enrolled, 2, name)
    assert (answer.status_code, answer.json()["code"]) == (400, "JM-NAME")
    assert Contributor.objects.count() == 1


def test_a_contributor_cannot_be_renamed_to_what_could_not_be_enrolled(enrolled: Post) -> None:
    assert enrol(enrolled, 2, "Ada").status_code == 201
    assert enrol(enrolled, 2, "Moderator").json()["code"] == "JM-NAME"
    assert enrol(enrolled, 1, "\u0410d\u0430").json()["code"] == "JM-NAME-TAKEN"
    assert enrol(enrolled, 2, "Ada B.").status_code == 201
    assert enrol(enrolled, 1, "ada").status_code == 201, "a name that was given up is free"


def test_several_contributors_may_have_no_name(enrolled: Post) -> None:
    assert [enrol(enrolled, number, None).status_code for number in (2, 3)] == [201, 201]


def test_of_the_names_that_are_there_those_are_shown_that_pass_for_nobody_else(enrolled: Post) -> None:
    names = ["Ada", "Moderator", "\u0410DA", "simulated-5-0a1b2c-0000", "simulated-1", "v-0123456789ab", None]
    for number, name in enumerate(names, start=2):
        assert enrol(enrolled, number, None).status_code == 201
        pseudonym = Contributor.objects.latest("pk").pseudonym
        Contributor.objects.filter(pseudonym=pseudonym).update(display_name=name)
    MIGRATION.key_the_names(apps, None)
    MIGRATION.key_the_names(apps, None)
    shown = [str(row) for row in Contributor.objects.order_by("pk")][1:]
    kept = [name if name in shown else None for name in names]
    assert kept == ["Ada", None, None, "simulated-5-0a1b2c-0000", None, None, None]
    assert all(word.startswith("v-") for word, name in zip(shown, kept, strict=True) if name is None)
    assert Contributor.objects.get(display_name="Ada").name_key == name_key("ada")
