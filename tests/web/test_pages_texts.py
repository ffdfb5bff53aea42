"""Pages in both languages: complete, valid, and harmless whatever a contributor calls themselves."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils.translation import gettext, override

from joulemark.consensus.agreement import Tier
from joulemark.consensus.centre import ENOUGH
from joulemark.impact import intensity
from joulemark.impact.claims import Verdict, checked_claims
from joulemark.impact.equivalences import equivalences
from joulemark.impact.parity import Cause
from joulemark.impact.quantity import READER
from joulemark.record.requests import WithdrawalReason
from joulemark.suite import load_suite, suite_names
from joulemark.suite.published import load_study
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel
from measurements.display import titles
from measurements.display.numbers import THIN, whole
from measurements.display.places import REGIONS
from measurements.display.templatetags.figures import parity_cause, tier_name, verdict_name
from measurements.impact import texts as impact_texts
from measurements.intake.models import State, Submission
from measurements.pages.templatetags.verdicts import decision_reason, next_step, state_name, withdrawal_reason
from measurements.review.models import ModerationReason
from tests.page_reading import DATA_BLOCK

if TYPE_CHECKING:
    from django.test import Client

ROOT = Path(__file__).parents[2]
RUSSIAN = ROOT / "platform" / "joulemark_site" / "locale" / "ru" / "LC_MESSAGES" / "django.po"
EVIL = "<script>alert(1)</script>'; DROP TABLE x; --"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OTHER_SCRIPT = r'<script(?! src="/static/site/[\w.-]+" defer></script>)'
"""Any script that is not a file of ours."""
SELF_CLOSED = {"path", "circle", "line", "rect"}


class Balanced(HTMLParser):
    """Fails when an element is closed that is not open, or an id comes twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        identity = dict(attrs).get("id")
        assert identity is None or identity not in self.ids, f"id {identity} comes twice"
        self.ids |= {identity} if identity else set()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID | SELF_CLOSED, f"<{tag}/> is not void"

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"


def check(html: str) -> None:
    """The page is balanced, has no script but files of ours, no inline style, and nothing of other hosts but links."""
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert not re.search(OTHER_SCRIPT, DATA_BLOCK.sub("", html))
    assert not re.search(r'\bstyle="', html)
    assert not re.search(
        r'<(?:link(?! rel="(?:canonical|alternate)")|img|script)[^>]+(?:href|src)="https?://', html
    )


@pytest.fixture
def results(db: None) -> list[Submission]:
    """Every state, every grade, and names out of an attacker's book."""
    demo_catalog()
    call_command("load_published", verbosity=0)
    made = [
        make_result(Run(windows=6)),
        make_result(Run(model=GENERAL, energy_per_query_j=6.0)),
        make_result(Run(grade="measured", scope="gpu", hardware="GPU X")),
        make_result(
            Run(by="mallory", display_name=EVIL, device="m", energy_per_query_j=0.7, flags=("not-steady",))
        ),
        make_result(Run(state=State.REJECTED, findings=(("JM-EVIL", "reject", EVIL),))),
        make_result(
            Run(state=State.QUARANTINED, findings=(("JM-ODD", "quarantine", "Odd."),), hardware="GPU Y")
        ),
        make_result(Run(state=State.RECEIVED, windows=300)),
    ]
    refresh_stale_cells()
    return made


REFUSED = "?colour=red"
PAGES = [
    "/", "/boards/", "/boards/study-2024/text_classification/", "/boards/study-2024/image_generation/",
    "/boards/demo-1-estimated/text_classification/", "/boards/demo-1-measured/text_classification/",
    "/compare/", "/compare/text_classification/", "/results/", "/results/?state=rejected", "/about/", "/claims/",
    "/impact/", "/impact/?query=own&place=DEU", "/impact/?query=image_generation&queries_per_day=3&users=7&place=FRA",
    "/needed/", "/published/study-2024/", "/changes/demo-1-estimated/text_classification/",
    "/tasks/text_classification/",
    "/tasks/text_classification/?unit=gco2e&region=DEU&year=2024",
    f"/tasks/text_classification/{REFUSED}", "/tasks/text_classification/?kind=general-purpose&sort=-least",
    "/rules/", "/retirements/", "/retirements/?state=withdrawn", "/checkpoints/", "/glossary/", "/privacy/",
    "/accessibility/", "/compare/models/",
    "/models/", "/models/?kind=general-purpose", "/hardware/", "/hardware/amd-ryzen-7-5800x/", "/hardware/gpu-x/",
    f"/models/{SPECIFIC}/", f"/models/{GENERAL}/", "/models/facebook/bart-large-cnn/",
    "/datasets/", "/datasets/text_classification/demo-topics/", "/datasets/text_classification/imdb/",
    "/suites/", "/suites/demo-1/",
    "/accessibility/", "/compare/models/", "/api/", "/method/", "/trust/", "/source-code/",
    "/standards/", "/search/", "/search/?q=classification", "/search/?q=%3Cscript%3E",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "With fewer than eight independent contributors the value is their median",
                "Tukey's biweight",
                "95 of 100",
            ),
        ),
        (
            "ru",
            ("Пока независимых участников меньше восьми, значение — их медиана", "бивес Тьюки", "95 случаях"),
        ),
    ],
)
def test_what_a_number_means_is_what_the_code_does(
    client: Client, language: str, words: tuple[str, ...]
) -> None:
    assert ENOUGH == 8
    page = unescape(client.get("/method/", headers={"Accept-Language": language}).content.decode())
    for said in words:
        assert said in page
    assert "lowest and highest contributor" not in page


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_page_is_well_formed(client: Client, results: list[Submission], language: str) -> None:
    for path in [*PAGES, *(f"/results/{submission.pk}/" for submission in results)]:
        answer = client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == (400 if path.endswith(REFUSED) else 200), path
        html = answer.content.decode()
        assert f'<html lang="{language}">' in html
        assert ("Сравнение" in html) == (language == "ru")
        check(html)
    embedded = client.get(f"/{language}/embed/boards/demo-1-measured/text_classification/").content.decode()
    assert ("измерено" in embedded) == (language == "ru")
    check(embedded)


def test_what_an_attacker_writes_is_text(client: Client, results: list[Submission]) -> None:
    AiModel.objects.filter(slug=SPECIFIC).update(title=EVIL)
    shown = 0
    for path in [*PAGES, *(f"/results/{submission.pk}/" for submission in results)]:
        html = client.get(path).content.decode()
        assert not re.search(OTHER_SCRIPT, DATA_BLOCK.sub("", html))
        shown += html.count("&lt;script&gt;")
    assert shown >= 5
    assert Submission.objects.count() == len(results)


@pytest.mark.parametrize(
    "query", ["state='%20OR%201=1--", "model=%27;DROP", "page=-1", "page=x", "task=%00", "grade=<b>"]
)
def test_a_strange_query_is_answered(client: Client, results: list[Submission], query: str) -> None:
    answer = client.get(f"/results/?{query}")
    assert answer.status_code == (400 if "%00" in query else 200)
    assert "<b>" not in answer.content.decode()


def test_a_filter_that_makes_no_sense_shows_nothing_rather_than_everything(
    client: Client, results: list[Submission]
) -> None:
    html = client.get("/results/?state=unheard-of").content.decode()
    assert "No result matches the filter" in html


def test_the_language_switch_keeps_the_page(client: Client, results: list[Submission]) -> None:
    page = client.get("/en/results/?state=rejected").content.decode()
    assert '<a href="/ru/results/?state=rejected" hreflang="ru"' in page
    assert "Результаты" in client.get("/ru/results/?state=rejected").content.decode()


def test_a_result_says_how_to_check_it(client: Client, results: list[Submission]) -> None:
    submission = results[0]
    html = client.get(f"/results/{submission.pk}/").content.decode()
    for needed in (
        submission.pk,
        submission.leaf.leaf_hash,
        submission.trace_sha256,
        f"/api/v1/results/{submission.pk}/bundle",
        f"joulemark verify {submission.pk[:12]}.joulemark.json",
        "sha256sum",
    ):
        assert needed in html
    assert "this result has not been accepted" not in html


def test_a_result_says_what_was_read_and_written_and_why_a_metric_is_missing(
    client: Client, db: None
) -> None:
    demo_catalog()
    missing = {"macro-f1": "labels-do-not-meet", "new-metric": "reason-of-a-later-agent"}
    rich = make_result(
        Run(windows=3, tokens=(10_000, 70), peak_memory_bytes=3 * 2**29, not_scored=missing, quality=())
    )
    poor = make_result(Run())
    page = client.get(f"/results/{rich.pk}/").content.decode()
    for needed in (whole(30_000), "210", f"1.50{THIN}GiB", "cannot name most of the classes"):
        assert needed in page
    assert "reason-of-a-later-agent" in page
    russian = client.get(f"/results/{rich.pk}/", headers={"Accept-Language": "ru"}).content.decode()
    for needed in ("Входных токенов", "Выходных токенов", "модель не может назвать"):
        assert needed in russian
    assert "Input tokens" not in client.get(f"/results/{poor.pk}/").content.decode()


def test_only_what_counts_is_said_to_be_part_of_a_value(client: Client, db: None) -> None:
    demo_catalog()
    counts = make_result(Run())
    waits = make_result(Run(state=State.QUARANTINED, findings=(("JM-ODD", "quarantine", "Odd."),)))
    refresh_stale_cells()
    part = "This result contributes to a value"
    assert part in client.get(f"/results/{counts.pk}/").content.decode()
    assert part not in client.get(f"/results/{waits.pk}/").content.decode()


def test_a_rejected_result_shows_its_codes_and_that_its_numbers_are_claims(
    client: Client, results: list[Submission]
) -> None:
    rejected = next(s for s in results if s.state == State.REJECTED)
    html = client.get(f"/results/{rejected.pk}/").content.decode()
    assert "JM-EVIL" in html
    assert "this result has not been accepted" in html
    assert "JM-EVIL" in client.get("/results/").content.decode()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_errors_have_a_sentence(client: Client, db: None, language: str) -> None:
    for path in ("/nothing/", "/boards/no/such/", "/compare/no/", f"/results/{'0' * 64}/"):
        answer = client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 404
        check(answer.content.decode())
        assert ("Страница не найдена" in answer.content.decode()) == (language == "ru")


def test_a_crash_shows_our_page(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> None:
        raise RuntimeError("a test")

    monkeypatch.setattr("measurements.pages.board_list.list_boards", crash)
    client.raise_request_exception = False
    answer = client.get("/boards/")
    assert answer.status_code == 500
    assert "No result is lost" in answer.content.decode()


def test_an_empty_platform_says_what_to_do(client: Client, db: None) -> None:
    assert "load_published" in client.get("/").content.decode()
    assert client.get("/results/").status_code == 200


PROPER_NAME = re.compile(
    r"BookCorpus|C4|CIFAR-10|CIFAR-100|CNN/Daily Mail|COCO 2017|CPPE-5|CoNLL-2003|DiffusionDB|ImageNet-1k|ImageReward"
    r"|OSCAR|ReCoRD|RedCaps|Rotten Tomatoes|SAMSum|SQuAD|SQuAD 2\.0|SST-2|SciQ|Visual Genome|WikiANN|WikiText-103|XSum"
    r"|GLUE SST-2|Imagenette|LibriSpeech test-clean|NanoNQ"
)
"""Data sets that are called the same in every language."""


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_code_has_its_words(language: str) -> None:
    """A code without words would be a page that fails when it comes up for the first time."""
    with override(language):
        words = [decision_reason(reason) for reason in ModerationReason.values]
        words += [state_name(state) for state in State.values]
        words += [next_step(state) for state in State.values]
        words += [withdrawal_reason(reason) for reason in get_args(WithdrawalReason)]
        words += [tier_name(tier) for tier in (*get_args(Tier), "published")]
        words += [verdict_name(verdict) for verdict in get_args(Verdict)]
        words += [parity_cause(cause) for cause in get_args(Cause)]
    assert all(words)
    if language == "ru":
        assert all(re.search("[а-я]", word) for word in words)  # noqa: RUF001


def test_every_text_that_comes_as_data_is_listed_for_translation() -> None:
    study = load_study()
    data = {*(task.title for task in study.tasks), *(caveat.text for caveat in study.caveats)}
    data |= {*(source.title for source in study.sources), *(source.how for source in study.sources)}
    for suite in map(load_suite, suite_names()):
        data |= {suite.title, *(task.title for task in suite.tasks)}
        data |= {dataset.title for dataset in suite.datasets}
    data = {text for text in data if not PROPER_NAME.fullmatch(text)}
    assert data - {*titles.TITLES, *titles.STUDY_TEXTS} == set()
    with override("ru"):
        assert all(gettext(text) != text for text in data)
    assert list(settings.LOCALE_PATHS) == [RUSSIAN.parents[2]]


def test_every_text_of_the_impact_room_is_listed_for_translation() -> None:
    claims = checked_claims()
    texts = {text for claim in claims for text in (claim.statement, claim.sentence)}
    sources = {claim.source.title for claim in claims if not claim.source.url and not claim.source.checked}
    units = {claim.unit for claim in claims}
    everyday = {entry.title for entry in equivalences().values()}
    assert texts == {*impact_texts.CLAIM_TEXTS}
    assert sources | {READER.title} <= {*impact_texts.CLAIM_SOURCES}
    assert units == {*impact_texts.UNITS}
    assert everyday == {*impact_texts.EQUIVALENCES}
    assert {intensity.about().caveat} == {*impact_texts.CAVEATS}
    assert {row.name for row in intensity.rows() if row.kind == "region"} == {*REGIONS}
    with override("ru"):
        for text in {*texts, *sources, *units, *everyday, intensity.about().caveat, *REGIONS}:
            assert gettext(text) != text
            assert set(re.findall(r"{\w+}", gettext(text))) == set(re.findall(r"{\w+}", text)), text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Rule violated: The device rests between windows."), ("ru", "«Покой между окнами соблюдается»")],
)
def test_a_findings_rule_is_said_in_words_beside_its_code(client: Client, language: str, words: str) -> None:
    demo_catalog()
    found = (("JM-REST", "quarantine", "In a rest the device took 90 W."),)
    result = make_result(Run(state=State.QUARANTINED, findings=found))
    page = client.get(f"/results/{result.result_id}/", headers={"accept-language": language})
    html = page.content.decode()
    assert words in html
    assert '<span lang="en">' in html, "the sentence stays as it was judged"
