"""A public answer is the same for all its readers: no cookie, no session and no token, and Vary says what decides."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.addresses import OF_MONITORS
from tests.web.populated import Values, populate
from tests.web.test_caching import addresses, body

LANGUAGES = ("en", "ru")
WORD = "a1b2" * 8
"""Like the key of a session, or a token."""


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


def of_readers(values: Values) -> list[str]:
    """Every address but those of monitors."""
    return [address for address in addresses(values) if address not in OF_MONITORS]


@pytest.mark.laws
def test_no_reader_is_given_or_asked_for_a_cookie(client: Client, values: Values) -> None:
    for address in [*of_readers(values), "/nothing/", "/boards", "/api/v1/nothing"]:
        for cookies in ("", f"sessionid={WORD}; csrftoken={WORD}; messages=x"):
            answer = client.get(address, headers={"Cookie": cookies})
            assert not answer.cookies, address
            assert not answer.wsgi_request.session.accessed, address
            assert "private" not in answer["Cache-Control"], address
            assert b"csrfmiddlewaretoken" not in body(answer), address


@pytest.mark.laws
def test_a_moderator_sees_what_everybody_sees(client: Client, values: Values) -> None:
    moderator = Client()
    moderator.force_login(User.objects.create_superuser("m"))
    for address in of_readers(values):
        assert body(moderator.get(address)) == body(client.get(address)), address


@pytest.mark.laws
def test_vary_names_what_decides_the_language_and_only_where_it_decides(
    client: Client, values: Values
) -> None:
    n_translated = 0
    for address in of_readers(values):
        accepted = [client.get(address, headers={"Accept-Language": language}) for language in LANGUAGES]
        chosen = [
            client.get(address, headers={"Cookie": f"django_language={language}"}) for language in LANGUAGES
        ]
        assert [body(answer) for answer in accepted] == [body(answer) for answer in chosen], address
        vary = {name.strip() for name in accepted[0].get("Vary", "").split(",")}
        if accepted[0].status_code != 200:
            continue
        is_page = accepted[0]["Content-Type"].startswith("text/html")
        assert ({"Accept-Language", "Cookie"} <= vary) == is_page, (address, vary)
        if body(accepted[0]) != body(accepted[1]):
            assert is_page, f"{address} is data, and has one language"
            n_translated += 1
    assert n_translated > 10


def test_the_language_is_switched_without_a_token(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        "/i18n/setlang/",
        {"language": "ru", "next": "/about/"},
        headers={"Origin": "https://elsewhere.example"},
    )
    assert (answer.status_code, answer["Location"], answer["Cache-Control"]) == (302, "/about/", "no-store")
    cookie = answer.cookies["django_language"]
    assert (cookie.value, cookie["samesite"], bool(cookie["httponly"])) == ("ru", "Lax", True)
    assert 'lang="ru"' in client.get("/about/").content.decode()
    away = client.post("/i18n/setlang/", {"language": "en", "next": "https://elsewhere.example/"})
    assert away["Location"] == "/", "it leads to no other host"


def test_every_other_form_has_its_token(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/admin/login/", {"username": "m", "password": "m"})
    assert answer.status_code == 403
    assert "csrftoken" in client.get("/admin/login/").cookies
