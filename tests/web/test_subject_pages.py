"""Pages about models, hardware, data sets and suites: their numbers, what is not known, links to them everywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from joulemark.rules.judge import RULES
from joulemark.suite import load_suite
from joulemark.suite.archive import encode_archive
from joulemark.suite.loader import files_of, folder_of
from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards import hardware_common, model_rivals
from measurements.boards.hardware_common import compare_cards
from measurements.boards.model_history import read_changes
from measurements.boards.model_needs import read_model_needs
from measurements.boards.model_rivals import rivalries
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.boards.subject_rows import SubjectRows
from measurements.catalog.models import AiModel, HardwareClass
from measurements.contributors.models import Contributor
from measurements.intake.models import State
from measurements.intake.suite_services import hand_out_suite
from tests.addresses import addresses
from tests.page_reading import Element, read_page
from tests.web.populated import populate, questions
from tests.web.test_pages_texts import check

if TYPE_CHECKING:
    from django.test import Client

CARDS = ("GPU X", "GPU Y")
MODEL, OTHER = f"/en/models/{SPECIFIC}/", f"/en/models/{GENERAL}/"


@pytest.fixture
def crowd(db: None) -> None:
    """Eight people ran both models on two cards; on the first each takes twice the energy."""
    demo_catalog()
    call_command("load_published", verbosity=0)
    people = ("ada", "grace", "mary", "emmy", "lise", "rosa", "sofia", "hedy")
    for place, by in enumerate(people):
        for card, factor in zip(CARDS, (2.0, 1.0), strict=True):
            for model, energy, right in ((SPECIFIC, 0.5, 0.9), (GENERAL, 6.0, 0.5)):
                bias = 1 + place / 200
                make_result(
                    Run(
                        by=by, device=f"{by} {card}", model=model, energy_per_query_j=energy * factor * bias,
                        grade="measured", scope="gpu", hardware=card, quality=(("accuracy", right),),
                    )
                )  # fmt: skip
    refresh_stale_cells()


def html(client: Client, address: str, *, status: int = 200) -> str:
    """A page in both languages; the English one is returned."""
    for language in ("ru", "en"):
        answer = client.get(address.replace("/en/", f"/{language}/", 1))
        assert answer.status_code == status, address
        text = answer.content.decode()
        check(text)
    return text


def test_a_model_has_its_facts_its_values_and_the_reasons_for_what_is_not_known(
    client: Client, crowd: None
) -> None:
    text = html(client, OTHER)
    model = AiModel.objects.get(slug=GENERAL)
    assert text.count("<h1>") == 1
    assert f"<title>{model.title}: energy per answer, task by task" in text
    assert model.licence in text
    assert "no source that is read here states it" in text
    for cell in Cell.objects.filter(model=model).select_related("hardware_class"):
        assert f'href="/en/hardware/{cell.hardware_class.public_slug}/"' in text
    assert 'href="/en/suites/demo-1/"' in text
    assert '"@type": "Dataset"' in text or '"@type":"Dataset"' in text
    html(client, "/en/models/nobody/nothing/", status=404)


def test_a_model_that_is_beaten_names_what_beats_it(client: Client, crowd: None) -> None:
    cells = list(Cell.objects.filter(model__slug=GENERAL).select_related("model"))
    beside = rivalries(cells)
    assert beside is not None
    for cell in cells:
        (better,) = beside[cell.pk].better
        assert better.contender.model == SPECIFIC
        assert better.relative.value == pytest.approx(0.5 / 6.0, rel=1e-6)
    text = html(client, OTHER)
    assert f'href="/en/compare/models/?model={SPECIFIC}&amp;model={GENERAL}"' in text
    assert "No model surely beats" in html(client, MODEL)


def test_a_better_score_is_not_beaten_by_less_energy_alone(crowd: None) -> None:
    Cell.objects.filter(model__slug=GENERAL).update(
        quality=[
            {
                "metric": "accuracy", "value": 0.95, "n": 64, "n_questions": 64, "higher_is_better": True,
                "low": 0.87, "high": 0.98, "interval": "wilson", "no_interval": None,
            }
        ]
    )  # fmt: skip
    cells = list(Cell.objects.filter(model__slug=GENERAL).select_related("model"))
    beside = rivalries(cells)
    assert beside is not None
    assert [rivalry.n_better for rivalry in beside.values()] == [0] * len(cells)


def test_too_many_rivals_are_not_compared_and_the_page_says_so(
    client: Client, crowd: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_rivals, "MAX_RIVALS", 1)
    assert "Too many models have values" in html(client, OTHER)


def test_a_model_says_how_its_values_changed(client: Client, crowd: None) -> None:
    make_result(
        Run(
            by="ada",
            device="ada GPU X",
            energy_per_query_j=9.0,
            grade="measured",
            scope="gpu",
            hardware="GPU X",
        )
    )
    refresh_stale_cells()
    model = AiModel.objects.get(slug=SPECIFIC)
    latest, *earlier = read_changes(model)
    assert latest.before_j is not None
    assert latest.after_j is not None
    assert latest.after_j == Cell.objects.get(model=model, hardware_class__slug="gpu-x").energy_per_query_j
    assert latest.relative_change == pytest.approx(latest.after_j / latest.before_j - 1)
    assert all(change.before_j is None for change in earlier if change.row.hardware == "gpu-y")
    assert "How its values changed" in html(client, MODEL)


def test_a_model_says_what_is_missing(client: Client, crowd: None) -> None:
    hand_out_suite(archive=encode_archive(files_of(folder_of("demo"))))
    model = AiModel.objects.get(slug=SPECIFIC)
    needs = read_model_needs(model)
    jobs = [job for job in load_suite("demo").jobs if job.model == SPECIFIC]
    assert needs.n_jobs == len(jobs)
    untouched = {missing.job.dataset.slug for missing in needs.work if missing.is_untouched}
    assert SENTIMENT in untouched
    assert TOPICS not in untouched
    assert f"joulemark run --suite demo --only text_classification/{SENTIMENT}/{SPECIFIC}" in html(
        client, MODEL
    )


def test_a_card_is_compared_by_common_models(client: Client, crowd: None) -> None:
    first, second = (HardwareClass.objects.get(title=card) for card in CARDS)
    (row,) = compare_cards(first).rows
    assert (row.hardware, row.ratio.n_models, row.ratio.n_values) == (second, 2, 2)
    assert row.ratio.ratio == pytest.approx(2.0)
    assert row.ratio.low is not None
    assert row.ratio.low < 2.0
    (back,) = compare_cards(second).rows
    assert back.ratio.ratio == pytest.approx(0.5)
    assert {pair.model for pair in row.named} == {SPECIFIC, GENERAL}
    text = html(client, "/en/hardware/gpu-x/")
    assert 'href="/en/hardware/gpu-y/"' in text
    assert "Step and lag are not known" in text
    assert "Nobody has published how its power sensor compares" in text
    for contributor in Contributor.objects.all():
        assert f'href="/en/contributors/{contributor.pseudonym}/"' in text
    html(client, "/en/hardware/nothing/", status=404)


def test_too_many_common_values_are_not_divided(
    client: Client, crowd: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware_common, "MAX_VALUES", 1)
    assert "Too many values are common" in html(client, "/en/hardware/gpu-x/")


def test_lists_are_found_by_text_and_choice_and_refuse_what_they_do_not_know(
    client: Client, crowd: None
) -> None:
    assert MODEL in html(client, "/en/models/?q=minilm")
    assert OTHER not in html(client, "/en/models/?q=minilm")
    assert MODEL not in html(client, "/en/models/?kind=general-purpose&q=smollm2")
    assert "No model fits" in html(client, "/en/models/?q=nobody-has-this-name")
    assert "JM-LIST-PARAMETER" in html(client, "/en/models/?colour=red", status=400)
    assert "JM-QUERY-VALUE" in html(client, "/en/models/?kind=red", status=400)
    assert "JM-QUERY-VALUE" in html(client, "/en/hardware/?kind=red", status=400)
    assert "/en/hardware/gpu-x/" in html(client, "/en/hardware/?kind=gpu&q=gpu+x")


def test_a_page_has_a_hundred_models(client: Client, crowd: None) -> None:
    AiModel.objects.bulk_create(
        AiModel(slug=f"made/m-{n:03d}", title=f"m-{n:03d}", kind="task-specific") for n in range(230)
    )
    first, last = html(client, "/en/models/?q=made"), html(client, "/en/models/?q=made&page=3")
    assert first.count('class="model"') == 100
    assert last.count('class="model"') == 30
    assert 'href="?q=made&amp;page=2"' in first


def test_rows_of_a_subject_are_cells_and_then_figures(crowd: None) -> None:
    rows = SubjectRows(dataset__task__slug="text_classification")
    every = list(rows)
    assert len(rows) == len(every) == rows.n_cells + rows.n_figures
    assert [row.cell is not None for row in every] == [True] * rows.n_cells + [False] * rows.n_figures
    for first in range(0, len(every) + 3, 3):
        assert [row.row for row in rows[first : first + 3]] == [row.row for row in every[first : first + 3]]


def test_a_data_set_and_a_suite_say_what_is_in_them(client: Client, crowd: None) -> None:
    hand_out_suite(archive=encode_archive(files_of(folder_of("demo"))))
    suite = load_suite("demo")
    text = html(client, f"/en/datasets/text_classification/{TOPICS}/")
    assert 'href="/en/suites/demo-1/"' in text
    assert 'href="/en/boards/demo-1-measured/text_classification/"' in text
    assert "joulemark run --suite demo --only text_classification/" in text
    text = html(client, "/en/suites/demo-1/")
    assert suite.digest in text
    for model in suite.models:
        assert f'href="/en/models/{model.id}/"' in text
    for dataset in suite.datasets:
        assert f'href="/en/datasets/{dataset.task}/{dataset.id}/"' in text
    assert "demo-1" in html(client, "/en/suites/")
    html(client, "/en/suites/nothing-1/", status=404)
    html(client, "/en/datasets/text_classification/nothing/", status=404)


def test_pages_cost_no_more_queries_with_more_rows(client: Client, crowd: None) -> None:
    hand_out_suite(archive=encode_archive(files_of(folder_of("demo"))))
    addresses_here = [
        *("/en/models/", MODEL, "/en/hardware/", "/en/hardware/gpu-x/", "/en/datasets/", "/en/suites/"),
        *(f"/en/datasets/text_classification/{TOPICS}/", "/en/suites/demo-1/"),
    ]
    before = {address: queries_of(client, address) for address in addresses_here}
    for number in range(12):
        for by in ("ada", "grace"):
            make_result(
                Run(by=by, device=f"{by}{number}", grade="measured", scope="gpu", hardware=f"GPU Z{number}")
            )
    refresh_stale_cells()
    for address, n_before in before.items():
        n_after = queries_of(client, address)
        assert n_after <= n_before + 1, address
        assert n_after <= 12, (address, n_after)


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    read = [query["sql"] for query in queries if "answer_cache" not in query["sql"]]
    return len(read)


def cells_of(page: Element) -> list[Element]:
    return [*page.all("td"), *page.all("th")]


def unlinked(cell: Element, names: list[str]) -> list[str]:
    """The names that stand in a cell outside of a link; text in a command or a plot is none."""
    found = []
    for text, around in cell.texts():
        if any(element.tag in ("a", "svg", "pre") for element in around):
            continue
        found += [name for name in names if re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w/.-])", text)]
    return found


def test_every_model_card_contributor_and_rule_in_a_table_leads_to_its_page(client: Client, db: None) -> None:
    values = populate()
    make_result(
        Run(by="mallory", device="m", state=State.REJECTED, findings=(("JM-TOTALS", "reject", "No."),))
    )
    titles = list(AiModel.objects.filter(slug__in=(SPECIFIC, GENERAL)).values_list("title", flat=True))
    titles += [row.public_title for row in HardwareClass.objects.filter(kind="cpu")]
    names = [
        *titles,
        *Contributor.objects.values_list("pseudonym", flat=True),
        *(rule.code for rule in RULES),
    ]
    faults, pages, cells = [], 0, 0
    for address in addresses(values):
        if not address.startswith("/en/") or address.startswith("/en/embed/"):
            continue  # a frame in another site's page has one link, to the page itself
        question = questions().get(address)
        answer = client.get(f"{address}?{question}" if question else address)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        pages += 1
        for cell in cells_of(read_page(answer.content.decode()).root):
            cells += 1
            faults += [(address, name, cell.text) for name in unlinked(cell, names)]
    assert faults == []
    assert pages > 35
    assert cells > 500


def test_what_a_page_links_to_is_there(client: Client, crowd: None) -> None:
    for address in (
        MODEL,
        "/en/hardware/gpu-x/",
        f"/en/datasets/text_classification/{TOPICS}/",
        "/en/suites/demo-1/",
    ):
        links = set(
            re.findall(
                r'href="(/en/(?:models|hardware|datasets|suites|contributors)/[^"#?]*)"',
                html(client, address),
            )
        )
        assert links
        for link in sorted(links):
            assert client.get(unquote(link)).status_code == 200, (address, link)
