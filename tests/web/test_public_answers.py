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
    """Every address but those of monitors, and those that only lead on to the reader's language."""
    return [
        address for address in addresses(values) if address not in OF_MONITORS | {"/api/", "/api/v1/docs/"}
    ]


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
def test_the_language_is_that_of_the_path_and_nothing_else_decides(client: Client, values: Values) -> None:
    n_read = n_translated = 0
    for address in of_readers(values):
        accepted = [client.get(address, headers={"Accept-Language": language}) for language in LANGUAGES]
        chosen = client.get(address, headers={"Cookie": "django_language=ru"})
        bodies = [body(answer) for answer in accepted]
        assert bodies[0] == body(chosen), f"{address}: no cookie chooses a language"
        vary = {name.strip() for name in accepted[0].get("Vary", "").split(",")}
        if accepted[0].status_code != 200:
            continue
        assert not {"Accept-Language", "Cookie"} & vary, (address, vary)
        assert bodies[0] == bodies[1], f"{address} has the language of its path, or none"
        n_read += 1
        if address.startswith("/en/"):
            n_translated += body(client.get(f"/ru/{address.removeprefix('/en/')}")) != bodies[0]
    assert n_read > n_translated > 10


def test_every_other_form_has_its_token(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/admin/login/", {"username": "m", "password": "m"})
    assert answer.status_code == 403
    assert "csrftoken" in client.get("/admin/login/").cookies
