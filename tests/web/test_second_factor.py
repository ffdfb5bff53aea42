"""A second factor at the login, and sessions that end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from joulemark_site.moderators import second_factor, sessions, site

if TYPE_CHECKING:
    from tests.client_response import ClientResponse

pytestmark = pytest.mark.django_db

NAME, PASSWORD = "trillian", "a-long-enough-passphrase"
WORDS = "Name, password or code is wrong"


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


class App:
    """The moderator's app: it knows the key and has a clock of its own."""

    def __init__(self, device: TOTPDevice) -> None:
        self.device, self.steps = device, 0

    def code(self) -> str:
        """The next code: each call is a step later, within what the server tolerates of its drift."""
        totp = TOTP(self.device.bin_key)
        totp.time = time.time() + 30 * self.steps
        self.steps += 1
        return f"{totp.token():06d}"


def set_up(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[App, list[str]]:
    """`manage.py second_factor set-up` with the moderator at the keyboard; the app and the recovery codes."""

    apps: list[App] = []

    def answer(_question: str) -> str:
        apps.append(App(TOTPDevice.objects.get(user=user, confirmed=False)))
        return apps[0].code()

    monkeypatch.setattr("builtins.input", answer)
    call_command("second_factor", "set-up", user.username)
    printed = capsys.readouterr().out
    assert "otpauth://totp/Joulemark" in printed
    return apps[0], [line.strip() for line in printed.splitlines()[-second_factor.RECOVERY_CODES :]]


def log_in(code: str = "", *, password: str = PASSWORD, client: Client | None = None) -> ClientResponse:
    form = {"username": NAME, "password": password, "second_factor": code, "next": "/admin/"}
    return (client or Client()).post("/admin/login/", form)


def test_who_has_one_comes_in_with_it_alone(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert log_in().status_code == 302, "optional: who has none needs none"
    app, _ = set_up(user, monkeypatch, capsys)
    for wrong in ("", "000000", "abcd"):
        answer = log_in(wrong)
        assert (answer.status_code, WORDS in answer.content.decode()) == (200, True), wrong
    user.totpdevice_set.update(throttling_failure_count=0)  # type: ignore[attr-defined]
    client, code = Client(), app.code()
    assert log_in(code, client=client).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert log_in(code).status_code == 200, "a code is good once"


def test_a_wrong_code_is_answered_like_a_wrong_password(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(user, monkeypatch, capsys)
    texts = [
        log_in("000000").content.decode(),
        log_in("000000", password=NAME).content.decode(),
    ]
    assert [WORDS in text for text in texts] == [True, True]


def test_wrong_codes_are_limited_like_wrong_passwords(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(user, monkeypatch, capsys)
    assert [log_in("000000").status_code for _ in range(6)] == [200] * 4 + [429] * 2


def test_a_recovery_code_is_good_once(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, codes = set_up(user, monkeypatch, capsys)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert log_in(codes[0]).status_code == 302
    assert log_in(codes[0]).status_code == 200
    call_command("second_factor", "recovery-codes", NAME)
    assert log_in(codes[1]).status_code == 200, "the old ones have ended"


def test_who_has_lost_everything_asks_the_operator(
    user: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(user, monkeypatch, capsys)
    call_command("second_factor", "remove", NAME)
    assert log_in().status_code == 302
    call_command("second_factor", "list")
    assert f"{NAME}: none" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no second factor"):
        call_command("second_factor", "remove", NAME)


def test_a_wrong_code_sets_nothing_up(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _question: "000000")
    with pytest.raises(CommandError, match="nothing was changed"):
        call_command("second_factor", "set-up", NAME)
    assert not TOTPDevice.objects.exists()


def test_a_platform_may_require_it(
    user: User, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SECOND_FACTOR = second_factor.REQUIRED
    assert "JM-SECOND-FACTOR" in log_in().content.decode()
    app, _ = set_up(user, monkeypatch, capsys)
    assert log_in(app.code()).status_code == 302
    without = Client()
    without.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert without.get("/admin/").status_code == 302, "a session without it is none"
    settings.SECOND_FACTOR = second_factor.OFF
    assert "second_factor" not in Client().get("/admin/login/").content.decode()


def test_secrets_of_others_are_on_no_page(user: User) -> None:
    assert not [model for model in site.ModeratorsSite()._registry if "otp" in model.__module__]
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    page = client.get("/admin/").content.decode()
    assert "otp_totp" not in page
    assert "/axes/" not in page


@pytest.mark.parametrize(
    ("name", "limit", "seen"),
    [(sessions.BEGUN, "SESSION_COOKIE_AGE", "whole"), (sessions.SEEN, "SESSION_IDLE_S", "idle")],
)
def test_a_session_ends(user: User, settings: Any, name: str, limit: str, seen: str) -> None:
    client = Client()
    assert log_in(client=client).status_code == 302
    assert client.get("/admin/").status_code == 200
    session = client.session
    session[name] -= getattr(settings, limit) - 5
    session.save()
    assert client.get("/admin/").status_code == 200, seen
    session = client.session
    session[name] = int(time.time()) - getattr(settings, limit)
    session.save()
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.get("/admin/").status_code == 302, "and it is gone"


def test_use_keeps_a_session_from_being_idle_without_a_write_for_each_page(user: User) -> None:
    client = Client()
    log_in(client=client)
    session = client.session
    session[sessions.SEEN] -= sessions.SEEN_EVERY_S
    session.save()
    client.get("/admin/")
    assert client.session[sessions.SEEN] >= int(time.time()) - 5
    assert "sessionid" not in client.get("/admin/").cookies


def test_the_session_lasts_twelve_hours(settings: Any) -> None:
    assert (settings.SESSION_COOKIE_AGE, settings.SESSION_IDLE_S) == (12 * 3600, 2 * 3600)
