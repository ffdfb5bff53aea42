"""Addresses that nobody should ask for: never a 500, and under /api/ always a problem document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps import apps

from joulemark_simulation.result_rows import GENERAL, Run, demo_catalog, make_result
from joulemark_site.security import STRICT, policy
from measurements.boards.services import refresh_stale_cells
from tests.web.populated import populate

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
BIDI = "\u202eevil\u200b"
NUMBER = "9" * 400


@pytest.fixture
def board() -> str:
    """A board with two hardware classes for one data set, the one named by a stranger; its address."""
    demo_catalog()
    make_result(Run(by="ada"))
    make_result(Run(by="grace", hardware=BIDI, display_name=BIDI, device="g"))
    refresh_stale_cells()
    return "/boards/demo-1-estimated/text_classification/"


@pytest.mark.parametrize(
    "path",
    [
        "/boards/demo/%00/", "/boards/%00/text_classification/", "/compare/%00/", "/compare/%FF/", "/results/%00/",
        f"/compare/{'x' * 4000}/", "/boards/demo/%F0%9F%92%A9/", "/boards/../x/",
        "/api/v1/boards/study-2024/%00.csv", "/api/v1/boards/study-2024/%00.json", "/api/v1/boards/%00/x/",
        "/api/v1/comparisons/%00.json", "/api/v1/comparisons/%00.csv", "/api/v1/comparisons/%00/",
        "/api/v1/results/%00/bundle", "/api/v1/%00",
    ],
)  # fmt: skip
def test_an_address_that_is_no_name_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == (400 if "%00" in path else 404)


@pytest.mark.parametrize("where", ["/results/", "/api/v1/results/"])
@pytest.mark.parametrize(
    "query",
    ["model=%00", "contributor=a%00", "state=%00", "grade=%00", "page=%00", f"page={NUMBER}", f"page=-{NUMBER}",
     "page=1e999", f"page_size={NUMBER}", "page_size=%00", "format=%00", "page=%EF%BC%91", "suite=%FF", "version=%00",
     f"page={'9' * 5000}", "model=%ED%A0%80"],
)  # fmt: skip
def test_no_query_is_our_mistake(client: Client, board: str, where: str, query: str) -> None:
    expected = {414} if len(query) > 4094 else {400} if "%00" in query else {200, 400, 404}
    assert client.get(f"{where}?{query}").status_code in expected


@pytest.mark.parametrize("path", ["nope", "results/zz/bundle", "boards/UPPER/x.csv", "boards/a/b/c/d"])
def test_an_unknown_address_of_the_api_is_a_problem_document(client: Client, path: str) -> None:
    answer = client.get(f"/api/v1/{path}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    body = answer.json()
    assert (body["code"], body["status"], body["title"]) == ("JM-HTTP-404", 404, "Not found")
    assert body["type"] == "urn:joulemark:problem:jm-http-404"
    assert body["detail"].endswith(".")


def test_a_crash_of_the_api_is_a_problem_document(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> None:
        raise RuntimeError("a test")

    monkeypatch.setattr("measurements.downloads.api.list_boards", crash)
    client.raise_request_exception = False
    answer = client.get("/api/v1/boards/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert (answer.json()["code"], answer.json()["title"]) == ("JM-HTTP-500", "Our mistake")
    assert "a test" not in answer.json()["detail"]


def test_a_missing_page_says_our_sentence_or_none(client: Client) -> None:
    ours = client.get("/boards/no/such/").content.decode()
    assert "nothing has been accepted on it yet" in ours
    nobodys = client.get("/nothing/").content.decode()
    assert "Resolver404" not in nobodys
    assert 'class="lead"' not in nobodys


def test_what_a_stranger_wrote_is_isolated_on_every_page(client: Client, board: str) -> None:
    result = client.get("/api/v1/results/").json()["results"][0]["result_id"]
    shown = 0
    make_result(Run(by="grace", model=GENERAL, hardware=BIDI, device="g"))
    refresh_stale_cells()
    for path in (board, "/compare/", "/compare/text_classification/", "/results/", f"/results/{result}/"):
        html = client.get(path).content.decode()
        shown += html.count(BIDI)
        assert html.count(BIDI) == html.count(f"<bdi>{BIDI}</bdi>"), path
    assert shown >= 6


def test_links_to_one_data_set_twice_name_the_hardware(client: Client, board: str) -> None:
    html = client.get(board).content.decode()
    jump = html.split('class="jump"')[1].split("</nav>")[0]
    assert "· <bdi>AMD Ryzen 7 5800X</bdi>" in jump
    assert f"· <bdi>{BIDI}</bdi>" in jump


def test_every_answer_has_the_policy(client: Client, board: str) -> None:
    for path in ("/", board, "/nothing/", "/api/v1/results/", "/api/v1/nope", "/admin/login/"):
        assert client.get(path)["Content-Security-Policy"] == policy(STRICT), path


def test_what_has_a_page_leads_to_it(client: Client) -> None:
    populate()
    models = [model for model in apps.get_models() if hasattr(model, "get_absolute_url")]
    assert {model.__name__ for model in models} >= {"Submission", "Result", "PublishedSeries"}
    for model in models:
        rows = list(model._default_manager.all()[:3])
        assert rows, model
        for row in rows:
            assert client.get(row.get_absolute_url()).status_code == 200, row
