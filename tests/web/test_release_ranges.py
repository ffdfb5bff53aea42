"""Ranges of the log in releases: settled once no row of theirs changes by itself, written again where one did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.intake.models import State, Submission
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.releases.services import publish_release
from measurements.review import moderation
from measurements.review.models import Appeal, Verdict
from tests.web.release_reading import manifest_of, rows_of

pytestmark = pytest.mark.django_db

LATER_RULES = "later"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of releases, which is empty, of a platform whose ranges are narrow."""
    monkeypatch.setattr("joulemark.release.layout.LEAVES_PER_PART", 4)
    demo_catalog()
    return tmp_path / "releases"


def _are_settled(root: Path, name: str) -> dict[tuple[int, int], bool]:
    return {file.leaves: file.settled for file in manifest_of(root, name).bundles}


def _paths(root: Path, name: str) -> dict[tuple[int, int], str]:
    files = manifest_of(root, name).tables["results"].of_form("parquet")
    return {file.leaves: file.path for file in files if file.leaves is not None}


def _row(root: Path, name: str, result_id: str) -> dict[str, Any]:
    rows = rows_of(root, manifest_of(root, name), "results")
    return next(row for row in rows if row["result_id"] == result_id)


def test_a_range_waits_until_the_rules_of_today_have_judged_all_of_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make_result(Run(by=f"person {number}", device=f"{number}"))
    before = _are_settled(root, publish_release().name)
    full = [leaves for leaves in before if leaves[1] - leaves[0] == 4]
    assert full
    assert all(before[leaves] for leaves in full)

    for module in ("measurements.review.services", "measurements.releases.range_writer"):
        monkeypatch.setattr(f"{module}.RULES_VERSION", LATER_RULES)
    waiting = _are_settled(root, publish_release().name)
    assert not any(waiting[leaves] for leaves in full), "numbers of former rules may still change"

    for submission in Submission.objects.all():
        Verdict.objects.create(
            submission=submission,
            rules_version=LATER_RULES,
            state=submission.state,
            cause="new-rules",
            occasion=LATER_RULES,
            findings=[],
            judged_at=timezone.now(),
            leaf=append_leaf(kind=LeafKind.VERDICT, subject=submission.pk, facts={}),
        )
    judged = _are_settled(root, publish_release().name)
    assert all(judged[leaves] for leaves in full)


def test_what_is_withdrawn_is_judged_no_more_and_holds_no_range_up(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawn = make_result(Run(by="ada"))
    Submission.objects.filter(pk=withdrawn.pk).update(state=State.WITHDRAWN)
    for module in ("measurements.review.services", "measurements.releases.range_writer"):
        monkeypatch.setattr(f"{module}.RULES_VERSION", LATER_RULES)
    make_result(Run(by="grace"))
    Verdict.objects.exclude(submission=withdrawn).update(rules_version=LATER_RULES)
    assert all(
        is_settled or leaves[1] - leaves[0] < 4
        for leaves, is_settled in _are_settled(root, publish_release().name).items()
    )


def test_a_rejected_result_that_a_moderator_accepts_gets_its_numbers_in_the_next_release(root: Path) -> None:
    rejected = make_result(Run(by="mallory", state=State.REJECTED))
    make_result(Run(by="ada"))
    first = publish_release().name
    assert _row(root, first, rejected.pk)["not_derived"] == "rejected"
    assert _row(root, first, rejected.pk)["energy_per_query_j"] is None
    leaves = next(
        leaves for leaves in _paths(root, first) if leaves[0] <= (rejected.leaf.index or 0) < leaves[1]
    )
    assert _are_settled(root, first)[leaves]

    Appeal.objects.create(
        submission=rejected,
        words="It was measured.",
        filed_at=timezone.now(),
        decide_by=timezone.now(),
        leaf=append_leaf(kind=LeafKind.APPEAL, subject=rejected.pk, facts={}),
    )
    moderation.decide(
        submission=rejected,
        moderator=User.objects.create(username="a moderator"),
        state=State.ACCEPTED,
        reason="appeal-granted",
    )
    second = publish_release().name
    row = _row(root, second, rejected.pk)
    assert (row["not_derived"], row["energy_per_query_j"]) == (None, rejected.result.energy_per_query_j)
    assert _are_settled(root, second)[leaves]
    assert _paths(root, second)[leaves] != _paths(root, first)[leaves]
    third = publish_release().name
    assert _paths(root, third)[leaves] == _paths(root, second)[leaves], "and is settled again"


def test_rows_say_why_they_have_no_numbers(root: Path) -> None:
    waiting = make_result(Run(by="ada", state=State.RECEIVED))
    withdrawn = make_result(Run(by="ada", state=State.RECEIVED))
    Submission.objects.filter(pk=withdrawn.pk).update(state=State.WITHDRAWN)
    rejected = make_result(Run(by="mallory", state=State.REJECTED))
    unreadable = make_result(Run(by="eve", state=State.REJECTED))
    Submission.objects.filter(pk=unreadable.pk).update(bundle=b"{}")
    name = publish_release().name
    why = {
        key: _row(root, name, submission.pk)["not_derived"]
        for key, submission in (
            ("waiting", waiting), ("withdrawn", withdrawn), ("rejected", rejected), ("unreadable", unreadable),
        )
    }  # fmt: skip
    assert why == {
        "waiting": "not-judged",
        "withdrawn": "not-judged",
        "rejected": "rejected",
        "unreadable": "not-readable",
    }
