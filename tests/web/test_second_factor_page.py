"""A moderator sets up, renews and removes their own second factor in the browser, and nobody else does."""

from __future__ import annotations

import logging
import re
from base64 import b32decode
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import segno
from django.contrib.auth.models import User
from django.test import Client
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from joulemark_site.moderators import second_factor, second_factor_page
from tests.web.test_second_factor import NAME, PASSWORD, WORDS, App, log_in

if TYPE_CHECKING:
    from tests.client_response import ClientResponse

pytestmark = pytest.mark.django_db

GUESSED = "guessed"
PICTURE = 'class="segno"'
PAGE = "/admin/second-factor/"
CODE = re.compile(r"<li><code>(\w+)</code></li>")


@pytest.fixture(autouse=True)
def no_drift_is_learnt(settings: Any) -> None:
    """An app that is a step ahead stays in reach, also where a step ended between its code and the look at it."""
    settings.OTP_TOTP_SYNC = False


@pytest.fixture(autouse=True)
def fast_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def user() -> User:
    return User.objects.create_user(NAME, password=PASSWORD, is_staff=True)


@pytest.fixture
def moderator(user: User) -> Client:
    """A browser in which they have logged in."""
    client = Client()
    assert log_in(client=client).status_code == 302
    return client


def send(client: Client, action: str, code: str = "", password: str = "") -> ClientResponse:
    return client.post(PAGE, {"action": action, "code": code, "password": password})


def text(answer: ClientResponse) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def app_of(page: str) -> App:
    """An app that has the key which is written on the page."""
    found = re.search(r'<code id="key">([A-Z2-7 ]+)</code>', page)
    assert found
    return App(SimpleNamespace(bin_key=b32decode(found[1].replace(" ", ""))))


def enrolled(client: Client) -> tuple[App, list[str]]:
    """Set up as the page leads to it; the app and the recovery codes."""
    app = app_of(text(send(client, "begin", password=PASSWORD)))
    return app, CODE.findall(text(send(client, "confirm", app.code())))


def test_from_nothing_to_a_login_that_needs_a_code(
    moderator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert PAGE in text(moderator.get("/admin/"))
    assert "your password alone lets you in" in text(moderator.get(PAGE))
    page = text(send(moderator, "begin", password=PASSWORD))
    device = TOTPDevice.objects.get()
    assert (
        segno.make_qr(device.config_url, error="m").svg_inline(scale=5, dark="black", light="white") in page
    )
    assert log_in().status_code == 302, "until a code has shown that the app works, nothing has changed"
    app = app_of(page)
    answer = send(moderator, "confirm", app.code())
    codes = CODE.findall(text(answer))
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert "no-store" in answer["Cache-Control"]
    assert moderator.get("/admin/").status_code == 200, "this session goes on"
    assert log_in().status_code == 200
    assert log_in(app.code()).status_code == 302
    StaticDevice.objects.update(throttling_failure_count=0)
    assert log_in(codes[0]).status_code == 302
    assert f"JM-SECOND-FACTOR-CHANGED the second factor of {NAME} was set up" in caplog.messages
    key = "".join(re.findall(r'<code id="key">(.*?)</code>', page)[0].split())
    for secret in (key, PASSWORD, *codes):
        assert secret not in caplog.text
    for secret in (key, *codes):
        assert secret not in text(moderator.get(PAGE)), "neither is shown again"


def test_whoever_sits_at_an_open_session_sets_nothing_up(moderator: Client) -> None:
    page = text(send(moderator, "begin", password=GUESSED))
    assert "The password is wrong." in page
    assert PICTURE not in page
    assert not TOTPDevice.objects.exists()
    statuses = [send(moderator, "begin", password=GUESSED).status_code for _ in range(5)]
    assert statuses == [200] * 3 + [429] * 2


def test_a_wrong_code_confirms_nothing_and_shows_no_key_again(moderator: Client) -> None:
    app = app_of(text(send(moderator, "begin", password=PASSWORD)))
    page = text(send(moderator, "confirm", "000000"))
    assert "The code is wrong" in page
    assert PICTURE not in page
    assert 'id="key"' not in page
    assert not TOTPDevice.objects.filter(confirmed=True).exists()
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert CODE.findall(text(send(moderator, "confirm", app.code())))


def test_nothing_to_confirm(moderator: Client) -> None:
    assert "begin again" in text(send(moderator, "confirm", "123456"))


def test_new_recovery_codes_another_app_and_removal_each_need_a_code(moderator: Client) -> None:
    app, codes = enrolled(moderator)
    for action in ("renew", "remove", "begin"):
        page = text(send(moderator, action, "000000", password=PASSWORD))
        assert "The code is wrong" in page, action
        assert not CODE.findall(page)
        TOTPDevice.objects.update(throttling_failure_count=0)
    assert TOTPDevice.objects.filter(confirmed=True).count() == 1
    renewed = CODE.findall(text(send(moderator, "renew", app.code())))
    assert not set(renewed) & set(codes)
    assert log_in(codes[1]).status_code == 200, "the old ones have ended"
    StaticDevice.objects.update(throttling_failure_count=0)
    other = app_of(text(send(moderator, "begin", renewed[0], password=PASSWORD)))
    assert CODE.findall(text(send(moderator, "confirm", other.code())))
    assert TOTPDevice.objects.count() == 1
    assert "your password alone" in text(send(moderator, "remove", other.code()))
    assert log_in().status_code == 302
    assert moderator.get("/admin/").status_code == 200


def test_what_is_required_is_not_removed(moderator: Client, settings: Any) -> None:
    app, _ = enrolled(moderator)
    settings.SECOND_FACTOR = second_factor.REQUIRED
    assert 'value="remove"' not in text(moderator.get(PAGE))
    assert "replaced and not removed" in text(send(moderator, "remove", app.code()))
    assert TOTPDevice.objects.filter(confirmed=True).exists()


def test_there_is_no_page_where_none_is_asked_for(moderator: Client, settings: Any) -> None:
    settings.SECOND_FACTOR = second_factor.OFF
    assert moderator.get(PAGE).status_code == 404
    assert PAGE not in text(moderator.get("/admin/"))


def test_it_is_for_moderators_alone_and_for_a_form_of_ours(user: User, moderator: Client) -> None:
    assert Client().get(PAGE)["Location"].startswith("/admin/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = moderator.cookies
    assert strict.post(PAGE, {"action": "begin", "password": PASSWORD}).status_code == 403


def test_another_word_than_the_buttons_have_does_nothing(moderator: Client) -> None:
    enrolled(moderator)
    before = list(TOTPDevice.objects.values())
    assert "You have a second factor." in text(send(moderator, "destroy", password=PASSWORD))
    assert list(TOTPDevice.objects.values()) == before
    assert set(second_factor_page.ACTIONS) == {"begin", "confirm", "renew", "remove"}


def test_it_is_in_russian_too(user: User) -> None:
    client = Client(headers={"Accept-Language": "ru"})
    log_in(client=client)
    assert "Второй фактор" in text(client.get(PAGE))
    page = text(send(client, "begin", password=PASSWORD))
    assert "Отсканируйте" in page
    assert WORDS not in page
