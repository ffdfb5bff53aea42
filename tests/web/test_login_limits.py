"""Wrong passwords at the login: limited by name and network, logged without a secret; strangers lock nobody out."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from joulemark_site.moderators import known_browsers, login_attempts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.client_response import ClientResponse

pytestmark = pytest.mark.django_db

NAME = "zaphod"
PASSWORD = "a-long-enough-passphrase"  # noqa: S105 - of a test
WRONG = "hunter2-is-what-they-typed"
LOGIN = "/admin/login/"
HOME_NETWORK = "198.51.100.7"


@pytest.fixture(autouse=True)
def behind_a_proxy(settings: Any) -> None:
    """Addresses come from one proxy; passwords are hashed fast."""
    settings.PROXIES = 1
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def moderator(behind_a_proxy: None) -> User:
    return User.objects.create_user(NAME, password=PASSWORD, is_staff=True)


def log_in(password: str, *, address: str, name: str = NAME, client: Client | None = None) -> ClientResponse:
    """One attempt at the login, as the proxy passes it on."""
    return (client or Client()).post(
        LOGIN,
        {"username": name, "password": password, "next": "/admin/"},
        headers={"X-Forwarded-For": f"192.0.2.1, {address}"},
    )


def is_in(answer: ClientResponse) -> bool:
    return answer.status_code == 302 and answer["Location"] == "/admin/"


def lines(caplog: pytest.LogCaptureFixture, code: str) -> list[str]:
    return [message for message in caplog.messages if message.startswith(f"{code} ")]


def test_forty_wrong_passwords_from_one_address(moderator: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answers = [log_in(WRONG, address="203.0.113.5") for _ in range(40)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 36
    locked = answers[-1]
    assert locked["Retry-After"] == "900"
    assert login_attempts.CODE in locked.content.decode()
    assert lines(caplog, "JM-LOGIN-FAILED") == [f"JM-LOGIN-FAILED wrong password or code for '{NAME}'"] * 4
    assert len(lines(caplog, "JM-LOGIN-LOCKED")) == 36
    assert not is_in(log_in(PASSWORD, address="203.0.113.200")), "a limit is one of the network"
    assert is_in(log_in(PASSWORD, address=HOME_NETWORK)), "elsewhere the right password is right"
    assert lines(caplog, "JM-LOGIN") == [f"JM-LOGIN {NAME} logged in"]
    written = caplog.text + "".join(map(str, AccessAttempt.objects.values_list()))
    for secret in (WRONG, PASSWORD, "203.0.113", "198.51.100"):
        assert secret not in written


def test_forty_wrong_passwords_from_forty_networks(moderator: User, caplog: pytest.LogCaptureFixture) -> None:
    browser = Client()
    assert is_in(log_in(PASSWORD, address=HOME_NETWORK, client=browser))
    del browser.cookies["sessionid"]
    answers = [log_in(WRONG, address=f"203.0.{number}.5") for number in range(40)]
    assert [answer.status_code for answer in answers] == [200] * 29 + [429] * 11
    assert [len(lines(caplog, code)) for code in ("JM-LOGIN-FAILED", "JM-LOGIN-LOCKED")] == [29, 11]
    assert is_in(log_in(PASSWORD, address="192.0.2.200", client=browser)), (
        "their own browser, wherever they are"
    )
    assert not is_in(log_in(PASSWORD, address="192.0.2.200")), "a new browser waits, or asks the operator"
    call_command("unlock_login", NAME)
    assert is_in(log_in(PASSWORD, address="192.0.2.200"))


def test_a_network_that_tries_many_names_is_limited_and_a_known_browser_in_it_is_not(moderator: User) -> None:
    browser = Client()
    assert is_in(log_in(PASSWORD, address=HOME_NETWORK, client=browser))
    del browser.cookies["sessionid"]
    answers = [log_in(WRONG, address="198.51.100.99", name=f"name {number}") for number in range(40)]
    assert [answer.status_code for answer in answers] == [200] * 19 + [429] * 21
    assert not is_in(log_in(PASSWORD, address=HOME_NETWORK))
    assert is_in(log_in(PASSWORD, address=HOME_NETWORK, client=browser))


def test_a_right_password_that_leads_nowhere_is_no_failure(moderator: User, settings: Any) -> None:
    settings.SECOND_FACTOR = "required"
    for _ in range(7):
        assert "JM-SECOND-FACTOR" in log_in(PASSWORD, address=HOME_NETWORK).content.decode()
    assert AccessAttempt.objects.get().failures_since_start == 0


def test_a_limit_ends_after_its_time_even_if_somebody_goes_on(moderator: User) -> None:
    for _ in range(40):
        log_in(WRONG, address="203.0.113.5")
    AccessAttempt.objects.update(attempt_time=timezone.now() - login_attempts.COOL_OFF - timedelta(seconds=1))
    assert is_in(log_in(PASSWORD, address="203.0.113.5"))
    assert not AccessAttempt.objects.exists(), "what is over is forgotten"


def test_a_stolen_cookie_is_good_for_as_few_passwords(moderator: User) -> None:
    browser = Client()
    log_in(PASSWORD, address=HOME_NETWORK, client=browser)
    del browser.cookies["sessionid"]
    statuses = [log_in(WRONG, address="203.0.113.5", client=browser).status_code for _ in range(8)]
    assert statuses == [200] * 4 + [429] * 4


@pytest.mark.parametrize("cookie", ["", "nonsense", "x:y:z"])
def test_a_made_up_cookie_makes_no_browser_known(moderator: User, cookie: str) -> None:
    client = Client()
    client.cookies[known_browsers.COOKIE] = cookie
    statuses = [log_in(WRONG, address="203.0.113.5", client=client).status_code for _ in range(5)]
    assert statuses[-1] == 429


def test_what_nobody_is_called_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    log_in("x", address="203.0.113.5", name=WRONG)
    assert lines(caplog, "JM-LOGIN-FAILED") == [
        "JM-LOGIN-FAILED wrong password or code for a name that nobody has"
    ]
    assert WRONG not in "".join(map(str, AccessAttempt.objects.values_list()))


def test_the_page_is_in_both_languages(moderator: User) -> None:
    for _ in range(5):
        log_in(WRONG, address="203.0.113.5")
    client = Client(headers={"Accept-Language": "ru"})
    page = log_in(WRONG, address="203.0.113.5", client=client).content.decode()
    assert "Слишком много неверных паролей" in page
    assert login_attempts.CODE in page


def test_the_cookie_is_for_the_login_alone(moderator: User) -> None:
    cookie = log_in(PASSWORD, address=HOME_NETWORK).cookies[known_browsers.COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/", True, "Lax")


def views(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        where = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, where)
        elif isinstance(pattern, URLPattern):
            yield where, pattern


def test_there_is_no_other_login() -> None:
    named = {
        where for where, pattern in views(get_resolver().url_patterns) if "login" in f"{where} {pattern.name}"
    }
    assert named == {"admin/login/"}
