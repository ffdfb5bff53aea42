"""Who withdraws a result is told which releases keep it: by the answer, its page and the list of retired ones."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks

from joulemark.record.codec import decode
from joulemark.record.messages import ReleasesHolding, ResultStatus
from joulemark_simulation import records
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.ledger.release_entries import ReleaseEntries, ReleaseSpan, read_release_entries
from measurements.ledger.sequencer import sequence
from measurements.releases.services import publish_release
from tests.client_response import Post
from tests.laws import law
from tests.web.test_contributor_requests import withdrawal

GAPS = st.lists(st.integers(1, 5), max_size=8)


@pytest.mark.laws
@law()
@given(GAPS, st.integers(0, 45), st.none() | st.integers(0, 45))
def test_a_release_holds_an_entry_before_its_size_and_not_the_withdrawal_behind_it(
    gaps: list[int], index: int, later: int | None
) -> None:
    """Against a look at every release."""
    sizes = [sum(gaps[: number + 1]) for number in range(len(gaps))]
    names = [f"release-{size}" for size in sizes]
    holding = [
        name
        for name, size in zip(names, sizes, strict=True)
        if index < size and not (later is not None and later < size)
    ]
    expected = ReleaseSpan(count=len(holding), first=holding[0], last=holding[-1]) if holding else None
    assert ReleaseEntries(names=names, tree_sizes=sizes).holding(index, without=later) == expected


@pytest.mark.django_db
def test_who_withdraws_is_told_what_stays(
    enrolled: Post, client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bundle = records.bundle()
    with django_capture_on_commit_callbacks(execute=True):
        assert enrolled("results", bundle.to_bytes()).status_code == 202
    result_id = bundle.digest()
    pages = f"/en/results/{result_id}/", f"/ru/results/{result_id}/"
    sequence()
    assert "holds it and never changes" not in client.get(pages[0]).text
    first = publish_release()
    sequence()
    assert "holds it and never changes" not in client.get(pages[0]).text, (
        "a result that counts has more statements"
    )
    second = publish_release()
    sequence()
    answer = decode(enrolled("withdrawals", withdrawal(result_id)).content, ResultStatus, what="status")
    kept = ReleasesHolding(count=2, first=first.name, last=second.name)
    assert answer.releases == kept
    sequence()
    third = publish_release()
    sequence()
    assert read_release_entries().names == [first.name, second.name, third.name]
    status = decode(client.get(f"/api/v1/results/{result_id}").content, ResultStatus, what="status")
    assert status.releases == kept, "a release of after the withdrawal counts it no more"
    for page, word in ((pages[0], "never change"), (pages[1], "не меняются")):
        text = " ".join(client.get(page).text.split())
        assert f"{first.name}" in text
        assert third.name not in text
        assert word in text
    for language in ("en", "ru"):
        text = " ".join(client.get(f"/{language}/retirements/?state=withdrawn").text.split())
        assert f"{first.name} … {second.name}" in text
        assert third.name not in text.partition("<tbody>")[2].partition("</tbody>")[0]


@pytest.mark.django_db
def test_a_result_that_is_not_withdrawn_has_no_such_list_in_its_status(client: Client) -> None:
    demo_catalog()
    row = make_result(Run(by="ada"))
    publish_release()
    sequence()
    assert (
        decode(client.get(f"/api/v1/results/{row.pk}").content, ResultStatus, what="status").releases is None
    )
