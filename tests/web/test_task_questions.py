"""Twenty questions of readers, answered on the site by following links and sending forms, and by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from tests.page_reading import Element, read_page
from tests.web.task_rows import CARDS, Line, lines, populate_summarizers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client
    from pytest_django import DjangoDbBlocker

Best = "Callable[[Line], Any]"


@pytest.fixture(scope="module", autouse=True)
def summarizers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The rows of all questions, written once and taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        populate_summarizers()
        yield
        transaction.set_rollback(True)


class Reader:
    """Somebody with a browser: follows links by their words, fills forms in by their labels."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.open("/")

    def open(self, address: str) -> None:
        """Open an address, and where it leads to."""
        answer = self._client.get(address, follow=True)
        assert answer.status_code == 200, (address, answer.status_code)
        last = answer.redirect_chain[-1][0] if answer.redirect_chain else address
        self.path = last.partition("?")[0]
        self.page = read_page(answer.content.decode()).root

    def follow(self, words: str) -> None:
        """The first link with these words."""
        link = next(link for link in self.page.all("a") if link.text == words)
        href = link.attributes["href"]
        self.open(f"{self.path}{href}" if href.startswith("?") else href)

    def send(self, form_id: str, **wishes: str) -> None:
        """Send a form with these labels filled in and all else as it stands."""
        form = next(form for form in self.page.all("form") if form.attributes.get("id") == form_id)
        values = dict(_values(form))
        labels = {label.text: label.attributes["for"] for label in form.all("label")}
        names = {field.attributes.get("id", ""): field.attributes["name"] for field in _fields(form)}
        for label, wish in wishes.items():
            field_id = labels[LABELS[label]]
            values[names[field_id]] = _option(form, field_id, wish)
        query = "&".join(f"{name}={value}" for name, value in values.items())
        self.open(f"{form.attributes['action']}?{query}")

    @property
    def rows(self) -> list[Element]:
        """The table's rows."""
        bodies = self.page.all("tbody")
        return bodies[0].all("tr") if bodies else []

    @property
    def first(self) -> tuple[str, str]:
        """The model and the card of the first row."""
        row = self.rows[0]
        card = next(slug for slug, (title, _, _) in CARDS.items() if title in row.text)
        return row.first("span", "model").text.lower(), card


LABELS = {
    "series": "Series", "dataset": "Data set", "hardware": "Hardware", "grade": "Grade", "scope": "Scope",
    "text": "Text", "kind": "Kind of model", "owner": "Owner", "family": "Family", "licence": "Licence",
    "least_size": "Parameters, at least", "most_size": "Parameters, at most", "score": "Score",
    "quality": "Quality, at least as good as", "memory": "Peak memory of the run, GB at most",
    "card": "Memory of the card, GB at most", "latency": "Median latency, seconds at most", "unit": "Unit",
    "order": "Order", "tier": "Tier",
}  # fmt: skip


def _fields(form: Element) -> list[Element]:
    return [field for tag in ("input", "select") for field in form.all(tag)]


def _values(form: Element) -> Iterator[tuple[str, str]]:
    """What a browser sends of a form that nobody has touched."""
    for field in form.all("input"):
        yield field.attributes["name"], field.attributes.get("value", "")
    for select in form.all("select"):
        options = select.all("option")
        chosen = next((option for option in options if "selected" in option.attributes), options[0])
        yield select.attributes["name"], chosen.attributes["value"]


def _option(form: Element, field_id: str, wish: str) -> str:
    """The value of the option with these words; of a line of text the words."""
    for select in form.all("select"):
        if select.attributes["id"] == field_id:
            return next(o.attributes["value"] for o in select.all("option") if o.text == wish)
    return wish


MEASURED = "Suite demo 1, measured"
ROUGE = "ROUGE-1"
A100 = "NVIDIA A100-SXM4-80GB"
QUESTIONS: list[tuple[str, str, dict[str, str], Callable[[Line], bool]]] = [
    ("cheapest summarizer", "chooser", {}, lambda _: True),
    ("at least as good as 0.4", "chooser", {"quality": "0.4"}, lambda x: x.subject.rouge >= 0.4),
    ("as good as news-sum, on a 24 GB card", "chooser", {"quality": "0,41", "card": "24"},
     lambda x: x.subject.rouge >= 0.41 and CARDS[x.card][1] <= 24),
    ("better than all small ones", "chooser", {"quality": "0.42"}, lambda x: x.subject.rouge >= 0.42),
    ("the best there is", "chooser", {"quality": "0.46"}, lambda x: x.subject.rouge >= 0.46),
    ("in 8 GB of memory", "chooser", {"memory": "8", "quality": "0.35"},
     lambda x: x.subject.memory_gb <= 8 and x.subject.rouge >= 0.35),
    ("within a tenth of a second", "chooser", {"latency": "0.1"}, lambda x: x.subject.latency_s <= 0.1),
    ("within a second, as good as 0.4", "chooser", {"latency": "1", "quality": "0.4"},
     lambda x: x.subject.latency_s <= 1 and x.subject.rouge >= 0.4),
    ("under Apache 2.0", "chooser", {"licence": "apache-2.0"}, lambda x: x.subject.licence == "apache-2.0"),
    ("under Apache 2.0 and good", "chooser", {"licence": "apache-2.0", "quality": "0.42"},
     lambda x: x.subject.licence == "apache-2.0" and x.subject.rouge >= 0.42),
    ("on a 16 GB card", "chooser", {"card": "16", "quality": "0.3"},
     lambda x: CARDS[x.card][1] <= 16 and x.subject.rouge >= 0.3),
    ("all of it at once", "chooser",
     {"quality": "0.36", "memory": "10", "card": "24", "latency": "1", "licence": "llama3.2"},
     lambda x: x.subject.licence == "llama3.2" and CARDS[x.card][1] <= 24),
    ("general-purpose", "filter", {"kind": "general-purpose"}, lambda x: x.subject.kind == "general-purpose"),
    ("of one owner", "filter", {"owner": "labs"}, lambda x: x.subject.owner == "labs"),
    ("of one family on one card", "filter", {"family": "llama", "hardware": A100},
     lambda x: x.subject.family == "llama" and x.card == "nvidia-a100-sxm4-80gb"),
    ("of 1 to 10 billion parameters", "filter", {"least_size": "1B", "most_size": "10B"},
     lambda x: 10**9 <= x.subject.parameters <= 10**10),
    ("by a word of its name", "filter", {"text": "chat a100"},
     lambda x: "chat" in x.subject.slug and x.card == "nvidia-a100-sxm4-80gb"),
    ("replicated, of the GPU alone", "filter", {"tier": "replicated", "scope": "GPU board"}, lambda _: True),
    ("in joules per output token", "filter", {"unit": "J per output token", "least_size": "1B"},
     lambda x: x.subject.parameters >= 10**9),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("words", "form", "wishes", "fits"), QUESTIONS, ids=[each[0] for each in QUESTIONS])
def test_a_question_is_answered_by_links_and_a_form(
    client: Client, words: str, form: str, wishes: dict[str, str], fits: Callable[[Line], bool]
) -> None:
    reader = Reader(client)
    reader.follow("Boards")
    reader.follow("Summarization")
    defaults = {"series": MEASURED} | ({"order": "energy"} if form == "filter" else {"score": ROUGE})
    reader.send(form, **(defaults | wishes))
    fitting = sorted((line for line in lines() if fits(line)), key=lambda line: line.energy_j)
    assert len(fitting) >= 1, words
    assert len(reader.rows) == len(fitting)
    assert reader.first == (fitting[0].subject.slug, fitting[0].card)


@pytest.mark.django_db
def test_the_heads_of_the_table_sort_and_its_files_are_linked(client: Client) -> None:
    """The twentieth: which of these has the best score, and how much more does it need?"""
    reader = Reader(client)
    reader.follow("Boards")
    reader.follow("Summarization")
    reader.send("filter", series=MEASURED, hardware=A100)
    reader.follow(ROUGE)
    best = max((x for x in lines() if x.card == "nvidia-a100-sxm4-80gb"), key=lambda x: x.subject.rouge)
    assert reader.first == (best.subject.slug, best.card)
    (sorted_head,) = (th for th in reader.page.first("thead").all("th") if "aria-sort" in th.attributes)
    assert sorted_head.attributes["aria-sort"] == "descending"
    assert f"{best.energy_j / 0.5:.0f}" in reader.rows[0].text
    reader.follow(ROUGE)
    (sorted_head,) = (th for th in reader.page.first("thead").all("th") if "aria-sort" in th.attributes)
    assert sorted_head.attributes["aria-sort"] == "ascending"
    assert reader.rows[0].first("span", "model").text.lower() == "tiny-sum"
    files = {a.text: a.attributes["href"] for a in reader.page.first("p", "downloads").all("a")}
    assert set(files) == {"CSV", "JSON", "SVG", "PNG"}
    assert all("hardware=nvidia-a100-sxm4-80gb" in href and "sort=quality" in href for href in files.values())
