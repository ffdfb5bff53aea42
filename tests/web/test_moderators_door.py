"""Where the moderators' pages are served, what is logged of their use, and the headers of every answer."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from joulemark.record.codec import encode
from joulemark_simulation import records
from joulemark_site import environment
from joulemark_site.environment import BadSetting
from measurements.contributors.models import Key
from tests.client_response import Post

pytestmark = pytest.mark.django_db

INSIDE, OUTSIDE = "203.0.113.5", "198.51.100.5"


def status(client: Client, address: str, path: str = "/admin/login/", host: str = "localhost") -> int:
    return client.get(path, headers={"X-Forwarded-For": address, "Host": host}).status_code


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin", "/admin/auth/user/"])
def test_a_network_that_is_not_listed_sees_nothing(client: Client, settings: Any, path: str) -> None:
    settings.PROXIES = 1
    settings.ADMIN_NETWORKS = [ipaddress.ip_network("203.0.113.0/24"), ipaddress.ip_network("2001:db8::/48")]
    assert status(client, OUTSIDE, path) == 403
    assert status(client, INSIDE, path) in (200, 301, 302)
    assert status(client, "2001:db8:0:7::1", path) in (200, 301, 302)
    assert status(client, "2001:db9::1", path) == 403
    assert status(client, "", path) == 403, "who is not known is not inside"
    assert status(client, f"{INSIDE}, {OUTSIDE}", path) == 403, "what a client writes itself is not looked at"
    answer = client.get(path, headers={"X-Forwarded-For": OUTSIDE})
    assert "JM-ADMIN-CLOSED" in answer.content.decode()
    assert status(client, OUTSIDE, "/about/") == 200, "pages are for everybody"


def test_pages_of_moderators_have_a_host_of_their_own(client: Client, settings: Any) -> None:
    settings.ADMIN_HOSTS = ["admin.joulemark.example"]
    settings.ALLOWED_HOSTS = ["localhost", "admin.joulemark.example"]
    assert status(client, INSIDE, host="localhost") == 403
    assert status(client, INSIDE, host="admin.joulemark.example") == 200
    assert status(client, INSIDE, host="ADMIN.joulemark.example:8443") == 200
    russian = client.get("/admin/", headers={"Accept-Language": "ru", "Host": "localhost"}).content.decode()
    assert "Страницы модераторов" in russian


def test_what_a_moderator_does_is_a_line(enrolled: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    user = User.objects.create_user("ford", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_key", "change_key")))
    client = Client()
    client.force_login(user)
    key = Key.objects.get()
    client.get("/admin/contributors/key/")
    client.post("/admin/contributors/key/", {"action": "revoke", "_selected_action": [key.pk]})
    (line,) = [message for message in caplog.messages if message.startswith("JM-ADMIN")]
    assert line == f"JM-ADMIN ford sent /admin/contributors/key/ (revoke of '{key.pk}'): 302"


def test_every_answer_closes_sensors(client: Client, settings: Any) -> None:
    for path in ("/about/", "/api/v1/platform", "/admin/login/"):
        assert "camera=()" in client.get(path)["Permissions-Policy"]
    settings.PERMISSIONS_POLICY = "camera=(self)"
    assert client.get("/about/")["Permissions-Policy"] == "camera=(self)"


@pytest.mark.parametrize("password", ["short-one", "123456789012345", "password1234", "arthur-philip-dent"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, User(username="arthur-philip-dent"))


def test_networks_and_hosts_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOULEMARK_ADMIN_NETWORKS", "203.0.113.0/24, 2001:db8::1")
    assert [str(network) for network in environment.networks("JOULEMARK_ADMIN_NETWORKS")] == [
        "203.0.113.0/24",
        "2001:db8::1/128",
    ]
    for bad in ("203.0.113.5/24", "home", "10.0.0.0/33"):
        monkeypatch.setenv("JOULEMARK_ADMIN_NETWORKS", bad)
        with pytest.raises(BadSetting, match="JOULEMARK_ADMIN_NETWORKS"):
            environment.networks("JOULEMARK_ADMIN_NETWORKS")
    for bad in ("*", "https://admin.example", "admin.example:8443", "a b"):
        monkeypatch.setenv("JOULEMARK_ADMIN_HOSTS", bad)
        with pytest.raises(BadSetting, match="JOULEMARK_ADMIN_HOSTS"):
            environment.host_names("JOULEMARK_ADMIN_HOSTS")


def test_an_enrolment_is_no_admins_line(
    post: Post, catalogue: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert post("enrolments", encode(records.enrolment())).status_code == 201
    assert not [message for message in caplog.messages if message.startswith(("JM-ADMIN", "JM-LOGIN"))]
