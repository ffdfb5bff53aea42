"""Pages of evidence: power over time, rules, retirements, contributors, devices, the log, and words about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from joulemark.rules.judge import RULES
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.display.glossary import SECTIONS
from measurements.intake.models import State, Submission
from measurements.ledger.sequencer import sequence
from measurements.review.models import Verdict
from measurements.summaries import power_curves
from measurements.summaries.models import CountedVerdicts, PowerCurve, RuleCount
from measurements.summaries.power_curves import derive_waiting_curves
from measurements.summaries.rule_counts import SETTLING, count_new_verdicts
from tests.web.test_pages_texts import check

if TYPE_CHECKING:
    from django.test import Client

ODD = (("JM-TOTALS", "reject", "Totals do not match."),)


@pytest.fixture
def made(db: None) -> list[Submission]:
    """Two contributors with both models on a device each."""
    demo_catalog()
    made = [
        make_result(
            Run(by=by, display_name=f"Person {by}", device=by, model=model, energy_per_query_j=energy)
        )
        for by in ("ada", "grace")
        for model, energy in ((SPECIFIC, 0.5), (GENERAL, 6.0))
    ]
    refresh_stale_cells()
    return made


def html(client: Client, address: str, *, status: int = 200, language: str = "en") -> str:
    answer = client.get(address.replace("/en/", f"/{language}/", 1))
    assert answer.status_code == status, address
    text = answer.content.decode()
    check(text)
    return text


def test_the_power_of_a_run_is_drawn_once_and_kept(client: Client, made: list[Submission]) -> None:
    address = f"/en/results/{made[0].pk}/"
    text = html(client, address)
    assert 'class="curve counter"' in text
    assert 'class="band window"' in text
    row = PowerCurve.objects.get()
    PowerCurve.objects.update(content=(row.content or {}) | {"n_ticks": 987654})
    assert "987" in html(client, address), "the stored curve is shown, not one that is computed again"
    assert len(text) < 100_000


def test_a_trace_that_is_too_large_for_a_request_is_left_to_the_sweep(
    client: Client, made: list[Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power_curves, "MAX_REQUEST_BYTES", 10)
    address = f"/en/results/{made[0].pk}/"
    monkeypatch.setattr(power_curves, "power_curve", None)  # a request that derived it would fail
    assert "too large to be drawn" in html(client, address)
    monkeypatch.undo()
    assert derive_waiting_curves() == 1
    assert derive_waiting_curves() == 0
    assert 'class="curve counter"' in html(client, address)


def test_a_result_says_which_rules_were_satisfied_and_how_it_moved_its_value(
    client: Client, made: list[Submission]
) -> None:
    text = html(client, f"/en/results/{made[0].pk}/")
    assert text.count('href="/en/rules/#jm-') >= len(RULES)
    assert "With this result it became" in text
    assert "If you sent it" in text
    assert "If somebody else did" in text
    assert "<script" not in text
    later = make_result(Run(by="mary", device="mary", energy_per_query_j=0.9))
    Verdict.objects.filter(submission=later).update(judged_at=timezone.now())
    refresh_stale_cells()
    assert "Before this result the value was" in html(client, f"/en/results/{later.pk}/")


def test_a_result_without_a_verdict_is_followed(client: Client, made: list[Submission]) -> None:
    waiting = make_result(Run(by="mallory", device="m", state=State.RECEIVED))
    answer = client.get(f"/en/results/{waiting.pk}/").content.decode()
    assert f'data-follow="/api/v1/results/{waiting.pk}" data-state="received"' in " ".join(answer.split())
    assert "follow-result" in answer
    assert f'<a href="/en/results/{waiting.pk}/">Reload this page</a>' in answer


def test_verdicts_are_counted_once_and_only_when_they_have_settled(
    client: Client, made: list[Submission]
) -> None:
    make_result(Run(by="mallory", device="m", state=State.REJECTED, findings=ODD))
    now = Verdict.objects.order_by("judged_at").last()
    assert now is not None
    assert count_new_verdicts(now=now.judged_at) < Verdict.objects.count()
    after = now.judged_at + SETTLING
    assert count_new_verdicts(now=after) > 0
    assert count_new_verdicts(now=after) == 0
    assert CountedVerdicts.objects.get().n_verdicts == Verdict.objects.count()
    assert RuleCount.objects.get().code == "JM-TOTALS"
    text = html(client, "/en/rules/")
    for rule in RULES:
        assert f'id="{rule.code.lower()}"' in text
    assert "verdicts: 1" in text


def test_an_unsettled_verdict_holds_back_those_behind_it(made: list[Submission]) -> None:
    """Ids are given before commits, and clocks differ: nothing behind the first unsettled verdict is counted."""
    first, second, *_ = Verdict.objects.order_by("pk")
    now = timezone.now()
    Verdict.objects.filter(pk__gt=first.pk).update(judged_at=now - SETTLING - timedelta(days=1))
    Verdict.objects.filter(pk=second.pk).update(judged_at=now)
    assert count_new_verdicts(now=now) == 1
    assert count_new_verdicts(now=now + SETTLING) == Verdict.objects.count() - 1


def test_retired_results_say_when_and_why(client: Client, made: list[Submission]) -> None:
    gone = make_result(Run(by="mallory", device="m", state=State.REJECTED, findings=ODD))
    text = html(client, "/en/retirements/")
    assert f"/en/results/{gone.pk}/" in text
    assert 'href="/en/rules/#jm-totals"' in text
    assert f"/en/results/{made[0].pk}/" not in text
    assert "There are none." in html(client, "/en/retirements/?state=withdrawn")
    html(client, "/en/retirements/?state=accepted", status=404)


def test_a_contributor_and_a_device_have_pages(client: Client, made: list[Submission]) -> None:
    who = made[0].key.contributor
    text = html(client, f"/en/contributors/{who.pseudonym}/")
    assert who.pseudonym in text
    assert "Person ada" in text
    device = made[0].result.device
    address = f"/en/contributors/{who.pseudonym}/devices/{device.tag[:16]}/"
    assert f'href="{address}"' in text
    text = html(client, address)
    assert device.tag in text
    assert f"/en/results/{made[0].pk}/" in text
    html(client, "/en/contributors/v-000000000000/", status=404)
    html(client, f"/en/contributors/{who.pseudonym}/devices/{'0' * 16}/", status=404)


def test_pages_cost_no_more_queries_with_more_rows(client: Client, made: list[Submission]) -> None:
    who = made[0].key.contributor
    for number in range(6):
        make_result(Run(by="ada", device="ada", energy_per_query_j=0.5 + number / 100))
        make_result(Run(by="ada", device="ada", state=State.REJECTED, findings=ODD))
    refresh_stale_cells()
    addresses = ["/en/rules/", "/en/retirements/", "/en/checkpoints/", f"/en/contributors/{who.pseudonym}/"]
    addresses += [f"/en/contributors/{who.pseudonym}/devices/{made[0].result.device.tag[:16]}/"]
    addresses += [f"/en/compare/models/?model={SPECIFIC}&model={GENERAL}"]
    for address in addresses:
        with CaptureQueriesContext(connection) as queries:
            html(client, address)
        read = [query["sql"] for query in queries if "answer_cache" not in query["sql"]]
        assert len(read) <= 14, (address, len(read), read)


def test_the_log_has_a_page(client: Client, made: list[Submission]) -> None:
    assert "Nothing has been signed yet" in html(client, "/en/checkpoints/")
    checkpoint = sequence()
    assert checkpoint is not None
    text = html(client, "/en/checkpoints/")
    assert checkpoint.root in text
    assert "joulemark audit" in text


@pytest.mark.parametrize(
    "address", ["/en/privacy/", "/en/accessibility/", "/en/glossary/", "/en/rules/", "/en/standards/"]
)
def test_words_about_the_platform_are_in_both_languages(client: Client, db: None, address: str) -> None:
    english, russian = (html(client, address, language=language) for language in ("en", "ru"))
    assert english != russian


def test_the_glossary_is_that_of_the_documents() -> None:
    from tests.catalogues import ROOT
    from tests.contract.test_glossary import ROW

    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [(row["term"], row["meaning"]) for row in ROW.finditer(text)]
    assert rows == [(entry.term, entry.meaning) for section in SECTIONS for entry in section.entries]
